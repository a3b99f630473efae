"""Which attributes of which elements load something, and which tags the rewriter must show for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from consentkit.rewriter import Attribute, decode

_SETS: Final = frozenset({b"srcset", b"data-srcset", b"data-lazy-srcset", b"data-bgset"})
SRCSETS: Final = _SETS | {b"imagesrcset", b"data-background-image-set"}
"""Attributes that hold a list of images."""

BACKGROUNDS: Final = frozenset(
    b"data-bg data-background data-background-image data-lazy-background data-bg-multi".split()
)
"""Attributes that hold an address or a ``url()``."""

LISTS: Final = frozenset({b"ping", b"attributionsrc"})
"""Attributes that hold addresses with white space between them."""

PARKED: Final = frozenset(
    b"data-src data-cookieblock-src data-src-cmplz data-cmplz-src data-uc-src uc-src data-cmp-src".split()
)
"""Attributes in which lazy loaders and consent tools keep the address of an element written inert."""

_LAZY: Final = (
    frozenset(b"data-lazy-src data-original data-lazy data-lazyload data-orig-src data-iesrc".split())
    | frozenset(b"data-rocket-src data-litespeed-src data-pmdelayedsrc data-pagespeed-lazy-src".split())
    | frozenset(b"data-iframe-src data-video-src data-flickity-lazyload data-poster".split())
    | PARKED
    | BACKGROUNDS
)
_SVG_LINK: Final = frozenset({b"href", b"xlink:href"})
_SRC: Final = frozenset({b"src"})
_IMAGE: Final = _SRC | _SETS | {b"attributionsrc"}
_BACKGROUND: Final = frozenset({b"background"})
_TABLE: Final = frozenset(b"table thead tbody tfoot tr td th".split())
_MOTION: Final = frozenset({b"values", b"to", b"from", b"by"})
_ANIMATED: Final = frozenset({b"animate", b"set"})

LOADING: Final[Mapping[bytes, frozenset[bytes]]] = {
    name: attributes | _LAZY
    for name, attributes in {
        b"audio": _SRC,
        b"embed": _SRC,
        b"feimage": _SVG_LINK,
        b"fencedframe": _SRC,
        b"frame": _SRC,
        b"iframe": _SRC,
        b"image": _IMAGE | _SVG_LINK,
        b"img": _IMAGE,
        b"input": _SRC,
        b"link": frozenset({b"href", b"imagesrcset", b"data-href"}),
        b"object": frozenset({b"data"}),
        b"portal": _SRC,
        b"script": _SRC | _SVG_LINK | {b"attributionsrc"},
        b"source": _SRC | _SETS,
        b"track": _SRC,
        b"video": _SRC | {b"poster"},
    }.items()
} | {
    b"a": LISTS,
    b"area": LISTS,
    b"body": _BACKGROUND,
    b"meta": frozenset({b"content"}),
    b"param": frozenset({b"value"}),
    **dict.fromkeys(_TABLE, _BACKGROUND),
    **dict.fromkeys(_ANIMATED, _MOTION),
}
"""Element → attributes whose URLs the browser, or a common lazy loader, fetches."""

RARE: Final[Mapping[bytes, frozenset[bytes]]] = {
    b"attributionsrc": frozenset({b"a", b"area"}),
    b"background": _TABLE,
    b"http-equiv": frozenset({b"meta"}),
    b"onload": frozenset({b"svg", b"use"}),
    b"ping": frozenset({b"a", b"area"}),
}
"""Attribute → elements that matter only with it: see `consentkit.rewriter.Handler.rare`."""

ADDRESSED: Final[Mapping[bytes, frozenset[bytes]]] = {
    b"action": frozenset({b"form"}),
    b"formaction": frozenset({b"button", b"input"}),
    b"href": frozenset({b"a", b"area"}),
    b"xlink:href": frozenset({b"a"}),
    **dict.fromkeys(_MOTION, _ANIMATED),
}
"""Attribute → elements whose visitors go there. It matters only where it is a ``javascript:`` address."""

# Elements that load nothing, and whose handlers run without the visitor's doing.
_FIRING: Final = _ANIMATED | frozenset(
    b"animatemotion animatetransform details frameset marquee style".split()
)
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
