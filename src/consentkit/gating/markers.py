"""Markers: reads the purpose or vendor that a tag names, in our attribute or in another consent tool's.

Each tool has its own attributes. Most marked tags are written inert (``type=text/plain``, the address in an
attribute that browsers ignore) and activated by the tool's script; here the server activates them.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from consentkit.gating.elements import DATA, FRAMES, LOADING, find_parked, first, is_inert
from consentkit.rewriter import Attribute, decode

WORDS: Final = {word: purpose for purpose, words in DATA["purposes"].items() for word in words.split()}
"""The tools' names for the usual purposes. A purpose of the policy with the same name takes precedence."""

_ONETRUST: Final = re.compile(r"optanon-category-([A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)\Z")
_COMPLIANZ: Final = re.compile(
    r"cmplz-(script|stats|statistics(?:-anonymous)?|marketing|pref(?:erence)?s|native)\Z"
)


class Marker(NamedTuple):
    """The purposes and vendors that a tag says it needs.

    Attributes:
        names: Names of purposes or vendors; all of them are needed.
        service: The name of a service, which may be one of the vendors.
        inert: Whether the tag is written inert.
        sure: Whether only consent tools use this attribute; otherwise it counts only if its value is known.
        exact: Whether the names are ids of the policy, not names of another tool.
        tools: The tools that use this attribute; empty for this package's own.
    """

    names: tuple[str, ...] = ()
    service: str = ""
    inert: bool = False
    sure: bool = True
    exact: bool = False
    tools: frozenset[str] = frozenset()


def read_marker(name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    """Read the marker of a tag: the first in the order of the table below.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    values = {attribute.name: attribute for attribute in reversed(attributes)}
    for mark, read, tools in _MARKS:
        if mark in values:
            marker = read(decode(values[mark].value or b"").strip(), name, attributes)
            if marker is not None:
                return marker._replace(inert=is_inert(name, attributes), tools=frozenset(tools.split()))
    return None


def _words(text: str, name: bytes, attributes: Sequence[Attribute]) -> Marker:
    """Read Cookiebot's list, or CookieYes' ``cookieyes-<purpose>``."""
    names = [word.strip().lower().removeprefix("cookieyes-") for word in text.split(",")]
    return Marker(tuple(filter(None, names)) or ("",))


def _category(text: str, name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    """Read the category of vanilla-cookieconsent and Complianz. Many pages use the attribute otherwise."""
    if not (name == b"script" or name in FRAMES) or not is_inert(name, attributes):
        return None
    return Marker((text.lower(),), first(attributes, b"data-service") or "", sure=name == b"script")


def _klaro(text: str, name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    if name not in LOADING or not is_inert(name, attributes):
        return None
    if name == b"script":
        return Marker(service=text, sure=first(attributes, b"data-type") is not None)
    parked = find_parked(name, attributes)
    elsewhere = parked is not None and "//" in decode(parked.value or b"")
    return Marker(service=text, sure=False) if elsewhere else None


def _onetrust(text: str, name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    """Read OneTrust's class, which may name several groups: ``optanon-category-2-C0004``."""
    for group in filter(None, map(_ONETRUST.match, text.split())):
        words = group[1].lower().split("-")
        return Marker(tuple("c" + word.lstrip("0").zfill(4) if word.isdigit() else word for word in words))
    return None


def _complianz(text: str, name: bytes, attributes: Sequence[Attribute]) -> Marker | None:
    group = next(filter(None, map(_COMPLIANZ.match, text.split())), None)
    if group is None or not is_inert(name, attributes):
        return None
    return Marker((group[1],), first(attributes, b"data-service") or "")


_Read = Callable[[str, bytes, Sequence[Attribute]], Marker | None]

_MARKS: Final[Sequence[tuple[bytes, _Read, str]]] = (
    (b"data-consent", lambda text, *_: Marker((text,), exact=True), ""),
    (b"data-cookieconsent", _words, "cookiebot"),
    (b"data-cookieyes", _words, "cookieyes"),
    (b"data-usercentrics", lambda text, *_: Marker(service=text), "usercentrics"),
    (b"data-category", _category, "complianz vanilla-cookieconsent"),
    (b"data-cookiecategory", _category, "vanilla-cookieconsent"),
    (b"data-name", _klaro, "klaro"),
    (b"class", _onetrust, "onetrust"),
    (b"class", _complianz, "complianz"),
)
"""Attributes of markers, their parsers, and the tools that use them; the first is our own."""
