"""What a page's author says an element needs: this package's marker, and those of the tools people come from.

Each tool marks tags in its own words. Most are written inert (``type=text/plain``, the address parked in an
attribute that no browser reads) and woken up by the tool's script; here the server does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from consentkit.gating.elements import FRAMES, LOADING, PARKED, first
from consentkit.gating.scripts import JAVASCRIPT, script_type
from consentkit.rewriter import Attribute, decode

OWN: Final = b"data-consent"
"""The attribute by which a page's author names the purpose or vendor that an element needs."""

WORDS: Final[Mapping[str, str]] = {
    word: purpose
    for purpose, words in {
        "necessary": "c0001 essential ignore",
        "functional": "c0003 functionality native preferences prefs",
        "analytics": "c0002 performance statistic statistics statistics-anonymous stats",
        "marketing": "advertisement advertising c0004 c0005 script social targeting",
    }.items()
    for word in words.split()
}
"""What the tools call the usual purposes. A policy's own purpose of that name comes first."""

_ONETRUST: Final = re.compile(r"optanon-category-([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)\Z")
_COMPLIANZ: Final = re.compile(
    r"cmplz-(script|stats|statistics(?:-anonymous)?|marketing|pref(?:erence)?s|native)\Z"
)


class Marker(NamedTuple):
    """What a tag says.

    Attributes:
        names: Purposes or vendors, all of which it needs, in this package's words where they are known.
        service: The name of a service, which may be one of the vendors.
        inert: Whether the tag is written so that it loads and runs nothing.
        sure: Whether nothing but a consent tool writes such an attribute; otherwise it is a marker only if
            its name means something.
        exact: Whether the names are ids, not words of another tool.
        tools: Whose marker it may be; nobody's but this package's where there are none.
    """

    names: tuple[str, ...] = ()
    service: str = ""
    inert: bool = False
    sure: bool = True
    exact: bool = False
    tools: frozenset[str] = frozenset()


def read_marker(name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    """Read the marker of a tag, the first of the tools' in the order of the table below.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    inert = is_inert(name, attributes)
    values = {attribute.name: attribute for attribute in reversed(attributes)}
    for mark, read, tools in _MARKS:
        if mark in values:
            marker = read(decode(values[mark].value or b"").strip(), name, attributes, inert)
            if marker is not None:
                return marker._replace(tools=tools)
    return None


def is_inert(name: bytes, attributes: Sequence[Attribute]) -> bool:
    """Tell whether a tag is written so that it loads nothing until its tool wakes it up."""
    if name == b"script":
        return script_type(attributes) == "text/plain"
    own = {b"link": b"href", b"object": b"data"}.get(name, b"src")
    live = (first(attributes, own) or "").strip().lower()
    return parked(name, attributes) is not None and (not live or live.startswith(("about:", "data:image/")))


def parked(name: bytes, attributes: Sequence[Attribute]) -> Attribute | None:
    """Return the attribute in which a tag keeps its address while it is inert."""
    names = PARKED | {b"data-href"} if name == b"link" else PARKED
    return next((attribute for attribute in attributes if attribute.name in names), None)


def parked_type(attributes: Sequence[Attribute]) -> Attribute | None:
    """Return the attribute that holds the type which an inert script shall have."""
    named = next((attribute for attribute in attributes if attribute.name == b"data-type"), None)
    kind = decode(named.value or b"").strip().lower() if named else ""
    return named if kind == "module" or kind in JAVASCRIPT else None


def _plain(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    return Marker((text,), inert=inert, exact=True)


def _words(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    """Read Cookiebot's list, or CookieYes' word behind its own name."""
    names = [word.strip().lower().removeprefix("cookieyes-") for word in text.split(",")]
    return Marker(tuple(word for word in names if word) or ("",), inert=inert)


def _service(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    return Marker((), text, inert)


def _category(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    """Read what vanilla-cookieconsent and Complianz share. Many pages use the attribute for other things."""
    if not inert or (name != b"script" and name not in FRAMES):
        return None
    return Marker((text.lower(),), first(attributes, b"data-service") or "", True, name == b"script")


def _klaro(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    if not inert or name not in LOADING:
        return None
    if name == b"script":
        return Marker((), text, True, first(attributes, b"data-type") is not None)
    kept = parked(name, attributes)
    elsewhere = kept is not None and "//" in decode(kept.value or b"")
    return Marker((), text, True, False) if elsewhere else None


def _onetrust(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    """Read a class of OneTrust's, which may name several groups."""
    for groups in filter(None, map(_ONETRUST.match, text.split())):
        words = groups[1].lower().split("-")
        return Marker(
            tuple("c" + word.lstrip("0").zfill(4) if word.isdigit() else word for word in words), inert=inert
        )
    return None


def _complianz(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    for group in filter(None, map(_COMPLIANZ.match, text.split() if inert else ())):
        return Marker((group[1],), first(attributes, b"data-service") or "", True)
    return None


_Read = Callable[[str, bytes, Sequence[Attribute], bool], Marker | None]

_MARKS: Final[Sequence[tuple[bytes, _Read, frozenset[str]]]] = (
    (OWN, _plain, frozenset()),
    (b"data-cookieconsent", _words, frozenset({"cookiebot"})),
    (b"data-cookieyes", _words, frozenset({"cookieyes"})),
    (b"data-usercentrics", _service, frozenset({"usercentrics"})),
    (b"data-category", _category, frozenset({"complianz", "vanilla-cookieconsent"})),
    (b"data-cookiecategory", _category, frozenset({"vanilla-cookieconsent"})),
    (b"data-name", _klaro, frozenset({"klaro"})),
    (b"class", _onetrust, frozenset({"onetrust"})),
    (b"class", _complianz, frozenset({"complianz"})),
)
"""Attributes by which tags are marked, what reads them, and whose they are."""
