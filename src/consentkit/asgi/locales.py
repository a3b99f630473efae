"""The visitor's language among those that are available."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import Final

FALLBACK: Final = "en"

# Tags for a language that has another here: withdrawn codes (RFC 5646, section 4.5), macrolanguages, and
# Chinese by where which script is written (CLDR, likely subtags).
_CODES: Final = {"iw": "he", "in": "id", "mo": "ro", "no": "nb", "tl": "fil", "zh": "zh-Hans"}
_TRADITIONAL: Final = ("zh-tw", "zh-hk", "zh-mo", "yue", "zh-yue")
_OTHER_NAMES: Final = _CODES | dict.fromkeys(_TRADITIONAL, "zh-Hant")


def find_locale(tag: str, available: Collection[str]) -> str | None:
    """Return the locale for a language, or ``None`` where there is none.

    Args:
        tag: A language tag (BCP 47), such as ``pt-BR``, as a page or a browser names it.
        available: The locales there are.
    """
    return _find(tag[:40], frozenset(available))


@lru_cache(maxsize=1024)
def _find(tag: str, available: frozenset[str]) -> str | None:
    by_tag = {locale.lower(): locale for locale in available}
    return next((by_tag[name] for name in _lookup(tag.strip().lower()) if name in by_tag), None)


def _lookup(tag: str) -> Iterator[str]:
    """Cut a tag from its end until something fits (RFC 4647, section 3.4)."""
    tag = tag.replace("_", "-")
    while tag:
        yield tag
        if tag in _OTHER_NAMES:
            yield _OTHER_NAMES[tag].lower()
        tag = tag.rpartition("-")[0]


@lru_cache(maxsize=1024)
def _negotiate(header: bytes, available: frozenset[str]) -> str:
    for wanted in _preferences(header.decode("latin-1")):
        found = _find(wanted, available)
        if found is not None:
            return found
    return FALLBACK if FALLBACK in available or not available else min(available)


def negotiate(header: bytes, available: Collection[str]) -> str:
    """Choose a locale.

    Args:
        header: ``Accept-Language`` (RFC 9110, section 12.5.4); at most its first 200 characters count.
        available: The locales there are.

    Returns:
        The best of them; English where none fits.
    """
    return _negotiate(header[:200], frozenset(available))


def _preferences(header: str) -> list[str]:
    weighted = []
    for part in header.split(","):
        tag, _, parameter = part.partition(";")
        name, _, value = parameter.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weight = 0.0
        if weight > 0 and tag.strip():
            weighted.append((weight, tag.strip()[:40]))
    return [tag for _, tag in sorted(weighted, key=lambda item: -item[0])]
