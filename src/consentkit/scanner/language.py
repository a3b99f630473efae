"""Which language a text is in, told by the words of the package's own locales."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final

from consentkit.banner.texts import shipped_locales, shipped_texts

LEAST: Final = 8
"""Words below which nothing is said."""

_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_SURE: Final = 0.6
_SAME: Final = {"no": "nb", "nn": "nb", "iw": "he", "in": "id"}
# Websites of all languages say these.
_SHARED: Final = frozenset({"cookies", "cookie", "ok"})


def primary(tag: str) -> str:
    """Return the language of a tag (BCP 47), without script and region."""
    language = tag.strip().lower().partition("-")[0]
    return _SAME.get(language, language)


def contradicts(text: str, language: str) -> str:
    """Return the language that a text is in, if it is certainly not in the one given; else nothing.

    Args:
        text: Some sentences.
        language: A primary language.
    """
    words = set(_WORD.findall(text.lower())) - _SHARED
    known = _words()
    if len(words) < LEAST or language not in known:
        return ""
    shares = {name: len(words & theirs) / len(words) for name, theirs in known.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] >= _SURE and shares[language] < shares[best] / 2 else ""


@cache
def _words() -> Mapping[str, frozenset[str]]:
    words: dict[str, set[str]] = {}
    for locale in sorted(shipped_locales()):
        for texts in shipped_texts(locale).values():
            found = words.setdefault(primary(locale), set())
            found.update(word for text in texts.values() for word in _WORD.findall(text.lower()))
    return {language: frozenset(found) for language, found in words.items()}
