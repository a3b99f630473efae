"""The visitor's language among those that are available."""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache

FALLBACK = "en"


@lru_cache(maxsize=1024)
def _negotiate(header: bytes, available: frozenset[str]) -> str:
    by_tag = {locale.lower(): locale for locale in available}
    for wanted in _preferences(header.decode("latin-1")):
        # RFC 4647, section 3.4 (lookup): cut the range from its end until something fits.
        while wanted:
            if wanted in by_tag:
                return by_tag[wanted]
            wanted = wanted.rpartition("-")[0]
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
            weighted.append((weight, tag.strip().lower()))
    return [tag for _, tag in sorted(weighted, key=lambda item: -item[0])]
