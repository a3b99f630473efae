"""Which attributes of which elements load something, and which tags the rewriter must show for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from consentkit.rewriter import Attribute, decode

LISTS: Final = frozenset({b"ping", b"attributionsrc"})
"""Attributes that hold addresses with white space between them."""

PARKED: Final = frozenset(
    b"data-src data-cookieblock-src data-src-cmplz data-cmplz-src data-uc-src uc-src data-cmp-src".split()
)
"""Attributes in which lazy loaders and consent tools keep the address of an element written inert."""

# How the names of attributes end, or what they hold, in which lazy loaders keep an address.
_LAZY: Final = re.compile(
    rb"(?!data-consentkit-)(?:.*lazy|[^-]++-(?:.*(?:bg|background)|src-|(?:original|poster|.*(?:src|set|-image))\Z))"
)
_SVG_LINK: Final = frozenset({b"href", b"xlink:href"})
_SRC: Final = frozenset({b"src"})
_IMAGE: Final = _SRC | {b"srcset", b"attributionsrc"}
_BACKGROUND: Final = frozenset({b"background"})
_TABLE: Final = frozenset(b"table colgroup col thead tbody tfoot tr td th".split())
_AMP: Final = (
    b"amp-ad amp-analytics amp-anim amp-audio amp-embed amp-iframe amp-img amp-list amp-pixel amp-script "
    b"amp-state amp-video amp-video-iframe"
).split()
# What lazy loaders give a background, and what may stand around a slot.
_BOXES: Final = frozenset(b"article aside div figure footer header li main section slot span".split())
_BOXED: Final = b"-bg -bg-multi bgset bg-image background-image onslotchange".split()
_MOTION: Final = frozenset({b"values", b"to", b"from", b"by"})
_ANIMATED: Final = frozenset({b"animate", b"set"})

LOADING: Final[Mapping[bytes, frozenset[bytes]]] = {
    **dict.fromkeys(b"audio fencedframe frame iframe input portal track".split(), _SRC),
    **dict.fromkeys(_BOXES, frozenset()),
    **dict.fromkeys(_AMP, _IMAGE | {b"config", b"poster"}),
    **dict.fromkeys(_TABLE, _BACKGROUND),
    **dict.fromkeys(_ANIMATED, _MOTION),
    b"a": LISTS,
    b"area": LISTS,
    b"body": _BACKGROUND,
    b"embed": _SRC | {b"code"},
    b"feimage": _SVG_LINK,
    b"image": _IMAGE | _SVG_LINK,
    b"img": _IMAGE,
    b"link": frozenset({b"href", b"imagesrcset", b"data-href"}),
    b"meta": frozenset({b"content"}),
    b"object": frozenset({b"data"}),
    b"param": frozenset({b"value"}),
    b"script": _SRC | _SVG_LINK | {b"attributionsrc"},
    b"source": _SRC | {b"srcset"},
    b"video": _SRC | {b"poster"},
}
"""Element → attributes whose URLs the browser fetches."""

RARE: Final[Mapping[bytes, frozenset[bytes]]] = {
    b"attributionsrc": frozenset({b"a", b"area"}),
    b"background": _TABLE | _BOXES,
    b"http-equiv": frozenset({b"meta"}),
    b"onload": frozenset({b"svg", b"use"}),
    b"ping": frozenset({b"a", b"area"}),
    **dict.fromkeys(_BOXED, _BOXES),
}
"""End of an attribute's name → elements that matter only with it: see `consentkit.rewriter.Handler.rare`."""

ADDRESSED: Final[Mapping[bytes, frozenset[bytes]]] = {
    b"action": frozenset({b"form"}),
    b"formaction": frozenset({b"button", b"input"}),
    b"href": frozenset({b"a", b"area"}),
    b"xlink:href": frozenset({b"a"}),
    **dict.fromkeys(_MOTION, _ANIMATED),
}
"""Attribute → elements whose visitors go there. It matters only where it is a ``javascript:`` address."""

# Elements that load nothing, and whose handlers run without the visitor's doing.
_FIRING: Final = _ANIMATED.union(b"animatemotion animatetransform details frameset marquee style".split())
_SOMETIMES: Final = frozenset(name for elements in RARE.values() for name in elements)

NAMES: Final = frozenset(LOADING.keys() - _SOMETIMES) | _FIRING | {b"base", b"html"}
"""Elements that are always shown."""

FRAMES: Final = frozenset({b"iframe", b"frame"})

RUNNING: Final = FRAMES | {b"embed", b"fencedframe", b"meta", b"object", b"portal", b"script"}
"""Elements that run what a ``javascript:`` or ``data:`` URL holds."""

# Link types that fetch nothing (WHATWG HTML 4.6.7 and the registry of existing rel values).
_IDLE_LINKS: Final = frozenset(
    {"alternate", "amphtml", "archives", "author", "bookmark", "canonical", "contents", "edituri", "first"}
    | {"help", "hub", "image_src", "index", "last", "license", "me", "next", "nofollow", "noopener"}
    | {"noreferrer", "openid.server", "openid2.provider", "pgpkey", "pingback", "prev", "privacy-policy"}
    | {"profile", "publisher", "search", "self", "shortlink", "start", "syndication", "tag"}
    | {"terms-of-service", "up", "webmention", "wlwmanifest"}
)
# What a param says of what an object shows, where it has no data of its own.
_PARAMS: Final = frozenset({"code", "data", "movie", "src", "url"})

_INVISIBLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden"
    r"|(?:^|[;\s])(?:width|height)\s*:\s*(?:0+[01]?|1)(?:px)?\s*(?:;|!|$)",
    re.I,
)
_TINY: Final = re.compile(r"\s*(?:0+[01]?|1)(?![0-9.%])")


def loads(element: bytes, name: bytes) -> bool:
    """Tell whether what an attribute of an element names is fetched by browsers, or by lazy loaders."""
    known = LOADING.get(element)
    if known is None or name in known:
        return known is not None
    lazy = _LAZY.match(name) is not None
    return lazy and (element not in _BOXES or is_background(name))


def is_background(name: bytes) -> bool:
    """Tell whether an attribute may hold an address as it stands in CSS."""
    return b"bg" in name or b"background" in name


def first(attributes: Iterable[Attribute], name: bytes) -> str | None:
    """Return the value of an attribute as browsers see it, `None` where the tag does not have it."""
    for attribute in attributes:
        if attribute.name == name:
            return decode(attribute.value or b"")
    return None


def is_idle(name: bytes, attributes: Sequence[Attribute]) -> bool:
    """Tell whether an element fetches nothing whatever its addresses, such as ``<link rel=canonical>``."""
    if name == b"link":
        types = (first(attributes, b"rel") or "").lower().split()
        return bool(types) and _IDLE_LINKS.issuperset(types)
    if name == b"meta":
        return _word(attributes, b"http-equiv") != "refresh"
    if name == b"param":
        return _word(attributes, b"name") not in _PARAMS
    return name in _ANIMATED and _word(attributes, b"attributename") not in ("href", "xlink:href")


def _word(attributes: Iterable[Attribute], name: bytes) -> str:
    return (first(attributes, name) or "").strip().lower()


def is_visible(attributes: Sequence[Attribute]) -> bool:
    """Tell whether a frame is there to be seen: neither hidden nor the size of a tracking pixel."""
    if first(attributes, b"hidden") is not None:
        return False
    sizes = (first(attributes, b"width"), first(attributes, b"height"))
    if any(size and _TINY.match(size) for size in sizes):
        return False
    return not _INVISIBLE.search(first(attributes, b"style") or "")
