"""The language to speak to a visitor, among those that are spoken."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from typing import Final

from consentkit.banner.languages import MAX_TAG, find_locale, guess_locale

FALLBACK: Final = "en"

MAX_HEADER: Final = 200
"""Bytes of ``Accept-Language`` that count."""

# RFC 9110, sections 12.4.2 and 12.5.4.
_RANGE: Final = re.compile(r"\s*(\*|[a-z][\w.@-]*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]*)?)\s*)?", re.I)


def choose_locale(page: str, header: bytes, available: Collection[str]) -> str:
    """Choose the language to speak: the page's own, then what the browser asks for, then what they may read.

    Args:
        page: The page's language tag, as written; empty where it is not known.
        header: ``Accept-Language`` (RFC 9110, section 12.5.4).
        available: The locales there are.

    Returns:
        One of them; English where none fits.
    """
    return _choose(page[:MAX_TAG], header[: MAX_HEADER + 1], frozenset(available))


@lru_cache(maxsize=1024)
def _choose(page: str, header: bytes, available: frozenset[str]) -> str:
    wanted, refused = _preferences(header)
    acceptable = available - {locale for tag in refused if (locale := find_locale(tag, available))}
    tried = [(page, acceptable), (page, available), *((tag, acceptable) for tag in wanted)]
    for find in (find_locale, guess_locale):
        for tag, among in tried:
            if (found := find(tag, among)) is not None:
                return found
    return FALLBACK if FALLBACK in available or not available else min(available)


def _preferences(header: bytes) -> tuple[list[str], list[str]]:
    """Return the languages that are asked for, best first, and those that are refused (``q=0``)."""
    text = header.decode("latin-1")
    if len(text) > MAX_HEADER:
        text = text.rpartition(",")[0]  # the last may be half of one
    ranges = [found for part in text.split(",") if (found := _RANGE.fullmatch(part))]
    weighed = {found[1]: float(found[2] or 1) for found in reversed(ranges)}
    wanted = sorted((tag for tag in reversed(weighed) if weighed[tag] > 0), key=lambda tag: -weighed[tag])
    if "*" in wanted:
        # Any language will do that is not named: ours is one, and whatever is asked for less comes too late.
        at = wanted.index("*")
        wanted = wanted[:at] + wanted[at + 1 :] if FALLBACK in weighed else wanted[:at]
    less = (tag for tag, weight in weighed.items() if not weight and tag != "*")
    # To refuse a language but one of its regions does not refuse the language.
    return wanted, [tag for tag in less if not any(one.startswith(f"{tag}-") for one in wanted)]
