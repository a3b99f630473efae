"""Recognises buttons by their labels, and the language of a text, on sites without this package."""

import re
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import msgspec

from consentkit.banner.texts import shipped_locales, shipped_texts

ACTIONS: Final = ("reject", "withdraw", "save", "settings", "accept", "close")

LEAST_WORDS: Final = 8
"""Minimum words of a text to recognise its language."""

WORDS: Final[Mapping[str, Any]] = msgspec.toml.decode(Path(__file__).with_name("labels.toml").read_bytes())
"""``about``: a pattern in the text of every first layer. ``languages``: those whose words of refusal are all
known. Other keys: an action, with beginnings and parts of its labels."""

_CLOSING: Final = frozenset({"x", "×", "✕", "✖", "✗", "⨯", "╳"})
# Key of the package's texts → action of the button with that label.
_KEYS: Final = {
    "accept": "accept", "reject": "reject", "read_more": "settings", "save": "save", "withdraw": "withdraw"
}  # fmt: skip
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SURE: Final = 0.6
_SAME_LANGUAGE: Final = {"no": "nb", "nn": "nb", "iw": "he", "in": "id"}
# Words in websites of all languages.
_SHARED: Final = frozenset({"cookies", "cookie", "ok"})


@lru_cache(maxsize=4096)
def read_label(label: str, *, shipped: bool = True) -> str:
    """Return the action of a control by its label.

    Args:
        label: The label.
        shipped: Whether to recognise the labels of this package's locales as well.

    Returns:
        One of `ACTIONS`, or an empty string.
    """
    if label.strip().lower() in _CLOSING:
        return "close"
    text = _plain(label)
    if shipped and text in _shipped_labels():
        return _shipped_labels()[text]
    return next((action for action in ACTIONS if _matches(text, action)), "")


@lru_cache(maxsize=4096)
def reopens_settings(label: str) -> bool:
    """Say whether a label is that of a control that reopens the settings."""
    text = _plain(label)
    return _matches(text, "reopen") or text in _shipped_openers()


def leads_to_policy(label: str) -> bool:
    """Say whether a label is that of a link to the privacy policy."""
    return _matches(_plain(label), "policy") and not reopens_settings(label)


def mentions_signal(text: str) -> bool:
    """Say whether a text tells visitors that Sec-GPC has been received or honoured."""
    named = r"global privacy control|\bGPC\b|opt-out (?:request|signal) (?:honou?red|processed)"
    honoured = (texts["common"].get("honoured") for texts in _texts())
    return re.search(named, text, re.I) is not None or any(said and said in text for said in honoured)


def _matches(text: str, action: str) -> bool:
    words = WORDS[action]
    if len(text) > 80:
        return False
    starts = any(text == start or text.startswith(start + " ") for start in words["starts"])
    return starts or any(part in text for part in words["has"])


def _plain(label: str) -> str:
    return " ".join(re.sub(r"[^\w\s]", "", re.sub("[_-]", " ", label.lower())).split())


def _texts() -> Iterator[Mapping[str, Mapping[str, str]]]:
    return (shipped_texts(locale) for locale in sorted(shipped_locales()))


@cache
def _shipped_labels() -> Mapping[str, str]:
    return {
        _plain(texts[section][key]): action
        for texts in _texts()
        for section in ("opt-out", "opt-in", "inform", "settings")
        for key, action in _KEYS.items()
        if key in texts[section]
    }


@cache
def _shipped_openers() -> frozenset[str]:
    labels = (texts["common"].get(key, "") for texts in _texts() for key in ("settings", "choices"))
    return frozenset(map(_plain, filter(None, labels)))


# --- languages


def primary_language(tag: str) -> str:
    """Return the language of a tag (BCP 47), without script and region."""
    language = tag.strip().lower().partition("-")[0]
    return _SAME_LANGUAGE.get(language, language)


@lru_cache(maxsize=256)
def contradicting_language(text: str, language: str) -> str:
    """Return the language of a text, if it is certainly not the one given; else an empty string.

    Args:
        text: Some sentences.
        language: A primary language.
    """
    words = set(_WORD.findall(text.lower())) - _SHARED
    known = _words()
    if len(words) < LEAST_WORDS or language not in known:
        return ""
    shares = {name: len(words & theirs) / len(words) for name, theirs in known.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _SURE and shares[language] < shares[best] / 2 else ""


@cache
def _words() -> Mapping[str, set[str]]:
    """Return the words of the package's own texts by language."""
    words: dict[str, set[str]] = {}
    for locale in sorted(shipped_locales()):
        for texts in shipped_texts(locale).values():
            found = words.setdefault(primary_language(locale), set())
            found.update(word for text in texts.values() for word in _WORD.findall(text.lower()))
    return words
