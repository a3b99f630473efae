"""What a page's author says an element needs: this package's marker, and those of the tools people come from.

Each tool marks tags in its own words. Most are written inert (``type=text/plain``, the address parked in an
attribute that no browser reads) and woken up by the tool's script; here the server does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from consentkit.gating.elements import FRAMES, LOADING, PARKED, first
from consentkit.gating.scripts import is_javascript, script_type
from consentkit.rewriter import Attribute, decode

OWN: Final = b"data-consent"
"""The attribute by which a page's author names the purpose or vendor that an element needs."""

WORDS: Final[Mapping[str, str]] = {
    "advertisement": "marketing",
    "advertising": "marketing",
    "c0001": "necessary",
    "c0002": "analytics",
    "c0003": "functional",
    "c0004": "marketing",
    "c0005": "marketing",
    "essential": "necessary",
    "functionality": "functional",
    "ignore": "necessary",
    "native": "functional",
    "performance": "analytics",
    "preferences": "functional",
    "prefs": "functional",
    "script": "marketing",
    "social": "marketing",
    "statistic": "analytics",
    "statistics": "analytics",
    "statistics-anonymous": "analytics",
    "stats": "analytics",
    "targeting": "marketing",
}
"""What the tools call the usual purposes. A policy's own purpose of that name comes first."""

_ONETRUST: Final = re.compile(r"optanon-category-([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)\Z")
_COMPLIANZ: Final = re.compile(
    r"cmplz-(script|stats|statistics|statistics-anonymous|marketing|prefs|preferences|native)\Z"
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
    """

    names: tuple[str, ...] = ()
    service: str = ""
    inert: bool = False
    sure: bool = True
    exact: bool = False


def read_marker(name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    """Read the marker of a tag, the first of the tools' in the order of the table below.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    inert = is_inert(name, attributes)
    values = {attribute.name: attribute for attribute in reversed(attributes)}
    for mark, read in _TOOLS.items():
        if mark in values:
            marker = read(decode(values[mark].value or b"").strip(), name, attributes, inert)
            if marker is not None:
                return marker
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
    for attribute in attributes:
        if attribute.name == b"data-type":
            kind = decode(attribute.value or b"").strip().lower()
            return attribute if kind == "module" or is_javascript(kind) else None
    return None


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


def _classes(text: str, name: bytes, attributes: Sequence[Attribute], inert: bool) -> Marker | None:
    """Read OneTrust's and Complianz's classes; a class of OneTrust's may name several groups."""
    for word in text.split():
        if match := _ONETRUST.match(word):
            groups = match[1].lower().split("-")
            return Marker(
                tuple("c" + word.lstrip("0").zfill(4) if word.isdigit() else word for word in groups),
                inert=inert,
            )
        if inert and (match := _COMPLIANZ.match(word)):
            return Marker((match[1],), first(attributes, b"data-service") or "", True)
    return None


_Read = Callable[[str, bytes, Sequence[Attribute], bool], Marker | None]

_TOOLS: Final[Mapping[bytes, _Read]] = {
    OWN: _plain,
    b"data-cookieconsent": _words,  # Cookiebot
    b"data-cookieyes": _words,
    b"data-usercentrics": _service,
    b"data-category": _category,  # vanilla-cookieconsent 3, Complianz
    b"data-cookiecategory": _category,  # vanilla-cookieconsent 2
    b"data-name": _klaro,
    b"class": _classes,  # OneTrust, Complianz
}
