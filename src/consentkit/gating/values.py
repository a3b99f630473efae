"""The addresses in the value of an attribute, read as browsers and lazy loaders read them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from consentkit.gating.elements import LISTS, is_background, loads
from consentkit.rewriter import Attribute, decode

_CANDIDATE: Final = re.compile(r"[ \t\n\f\r,]*+([^ \t\n\f\r,][^ \t\n\f\r]*+)")
_DESCRIPTORS: Final = re.compile(r"(?:[^(),]++|\([^)]*+\)?+|\))*+")
# WHATWG HTML 4.2.5.3, "shared declarative refresh steps".
_REFRESH: Final = re.compile(
    r"[ \t\n\f\r]*+[0-9.]*+[ \t\n\f\r]*+[;,]?+[ \t\n\f\r]*+(?:[uU][rR][lL][ \t\n\f\r]*+=[ \t\n\f\r]*+)?+"
    r"(?:\"([^\"]*+)|'([^']*+)|(.*+))",
    re.S,
)
# The same in Chromium, which takes vertical tabs and spaces of all kinds off the time.
_LENIENT: Final = re.compile(_REFRESH.pattern.replace(r"[ \t\n\f\r]", r"\s"), re.S)
_CSS_URL: Final = re.compile(r"url\(\s*+['\"]?+([^'\")]*+)", re.I)


def urls(name: bytes, attributes: Iterable[Attribute]) -> Iterator[str]:
    """Yield every URL that an element would load, duplicates of attributes included.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    for attribute in attributes:
        if attribute.value is not None and loads(name, attribute.name):
            yield from _read(name, attribute.name, decode(attribute.value))


def _read(element: bytes, name: bytes, text: str) -> Iterable[str]:
    if name.endswith(b"set"):
        return srcset(text)
    if name in LISTS:
        return text.split()
    if is_background(name):
        return _CSS_URL.findall(text) or [text]
    if element == b"meta":
        return refresh(text)
    if name == b"values":
        return text.split(";")
    return [text]


def srcset(text: str) -> Iterator[str]:
    """Yield the URLs of a `srcset` (WHATWG HTML, "parse a srcset attribute")."""
    at = 0
    while match := _CANDIDATE.match(text, at):
        url, at = match[1], match.end()
        if url.endswith(","):
            url = url.rstrip(",")
        elif descriptors := _DESCRIPTORS.match(text, at):
            at = descriptors.end()
        yield url


def refresh(text: str) -> list[str]:
    """Return what may be the URL of a ``<meta http-equiv=refresh>``, empty for the page itself."""
    found: dict[str, None] = {}
    for match in filter(None, (_REFRESH.match(text), _LENIENT.match(text))):
        group = match.lastindex or 0
        found[match[group] if group else ""] = None
        if group in (1, 2):
            # Chromium goes on to the last quote of the kind.
            start = match.start(group)
            end = text.rfind(text[start - 1], start)
            found[text[start : end if end >= 0 else len(text)]] = None
    return list(found)
