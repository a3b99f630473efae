"""Serbian in Latin letters, letter by letter as in Cyrillic ones. Run it to write the locale anew."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

_CYRILLIC = "абвгдђежзијклмнопрстћуфхцчш"
_LATIN = "abvgdđežzijklmnoprstćufhcčš"
_PAIRS = {"љ": "lj", "њ": "nj", "џ": "dž"}
_LETTERS = dict(zip(_CYRILLIC, _LATIN, strict=True)) | _PAIRS
_TABLE = str.maketrans(_LETTERS | {letter.upper(): latin.title() for letter, latin in _LETTERS.items()})


def to_latin(text: str) -> str:
    """Write Serbian text in Latin letters. What is in them already, such as slots, stays."""
    return text.translate(_TABLE)


if __name__ == "__main__":
    folder = Path(str(resources.files("consentkit.banner"))) / "locales"
    (folder / "sr-Latn.toml").write_text(to_latin((folder / "sr.toml").read_text("utf-8")), "utf-8")
