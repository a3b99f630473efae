"""What elements load, and how their tags are written so that they do not.

Only insertions are made: they hold no quote and no ``>``, so they are safe however the bytes around the tag
are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from consentkit.rewriter import Attribute, Splice, decode

PREFIX: Final = b"data-consentkit-"
"""Put before the name of every moved attribute: no loader, and no browser, looks for such names."""

MARKER: Final = b"data-consent"
"""The attribute by which a page's author names the purpose or vendor that an element needs."""

_LAZY: Final = frozenset({b"data-src", b"data-lazy-src", b"data-original", b"data-lazy"})
_SRCSETS: Final = frozenset({b"srcset", b"imagesrcset", b"data-srcset", b"data-lazy-srcset"})
_SVG_LINK: Final = frozenset({b"href", b"xlink:href"})

LOADING: Final[Mapping[bytes, frozenset[bytes]]] = {
    name: attributes | _LAZY
    for name, attributes in {
        b"audio": frozenset({b"src"}),
        b"embed": frozenset({b"src"}),
        b"feimage": _SVG_LINK,
        b"frame": frozenset({b"src"}),
        b"iframe": frozenset({b"src"}),
        b"image": frozenset({b"src", b"srcset", b"data-srcset", b"data-lazy-srcset"}) | _SVG_LINK,
        b"img": frozenset({b"src", b"srcset", b"data-srcset", b"data-lazy-srcset"}),
        b"input": frozenset({b"src"}),
        b"link": frozenset({b"href", b"imagesrcset"}),
        b"object": frozenset({b"data"}),
        b"script": frozenset({b"src"}) | _SVG_LINK,
        b"source": frozenset({b"src", b"srcset", b"data-srcset", b"data-lazy-srcset"}),
        b"track": frozenset({b"src"}),
        b"video": frozenset({b"src", b"poster"}),
    }.items()
}
"""Element → attributes whose URLs the browser, or a common lazy loader, fetches."""

FRAMES: Final = frozenset({b"iframe", b"frame"})

# Attributes of a frame that would show, run or confine something in place of the placeholder, and its name.
_FRAME_MOVED: Final = frozenset({b"srcdoc", b"sandbox", b"onload", b"name"})

# Link types that fetch nothing (WHATWG HTML 4.6.7 and the registry of existing rel values).
_IDLE_LINKS: Final = frozenset(
    {"alternate", "amphtml", "author", "bookmark", "canonical", "edituri", "help", "license", "me", "next"}
    | {"nofollow", "noopener", "noreferrer", "pgpkey", "prev", "privacy-policy", "profile", "publisher"}
    | {"search", "shortlink", "tag", "terms-of-service", "webmention", "wlwmanifest"}
)

# WHATWG MIME Sniffing, "JavaScript MIME type": the whole value must be one of these, parameters excluded.
_JAVASCRIPT: Final = frozenset(
    {f"{top}/{name}" for top in ("application", "text") for name in ("ecmascript", "javascript")}
    | {f"{top}/x-{name}" for top in ("application", "text") for name in ("ecmascript", "javascript")}
    | {"text/jscript", "text/livescript"}
    | {f"text/javascript1.{minor}" for minor in range(6)}
)

_SPACE: Final = " \t\n\f\r"
_CANDIDATE: Final = re.compile(r"[ \t\n\f\r,]*([^ \t\n\f\r,][^ \t\n\f\r]*)")
_DESCRIPTORS: Final = re.compile(r"(?:[^(),]++|\([^)]*+\)?+|\))*+")
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


def urls(name: bytes, attributes: Iterable[Attribute]) -> Iterator[str]:
    """Yield every URL that an element would load, duplicates of attributes included.

    Args:
        name: Lower-case name of the element.
        attributes: All attributes of its tag.
    """
    for attribute in attributes:
        if attribute.value is not None and attribute.name in LOADING[name]:
            text = decode(attribute.value)
            if attribute.name in _SRCSETS:
                yield from srcset(text)
            else:
                yield text


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


def move(name: bytes, attributes: Iterable[Attribute]) -> list[Splice]:
    """Give every attribute that loads, shows or runs something its private name."""
    moved = LOADING[name] | (_FRAME_MOVED if name in FRAMES else frozenset())
    return _rename(attributes, moved)


def unhook_base(attributes: Iterable[Attribute]) -> list[Splice]:
    """Take a base's address from it; its target stays."""
    return _rename(attributes, frozenset({b"href"}))


def rename_frame(raw: bytes, name: bytes, number: int) -> Splice:
    """Give a gated frame a name of its own.

    A browser that goes back restores the documents of a page's frames by their names, or by their places
    where they have none, whatever their attributes say: a frame that had shown a vendor would show it again.
    """
    end = 1 + len(name)
    gap = b" " if raw[end : end + 1] == b"/" else b""
    return (end, end, b" name=consentkit-%d" % number + gap)


def stop_script(raw: bytes, attributes: Sequence[Attribute]) -> list[Splice]:
    """Make a script inert: the new type comes first, since the first of two attributes counts."""
    end = len(b"<script")
    # Before a slash the space keeps the value from going on.
    gap = b" " if raw[end : end + 1] == b"/" else b""
    return [(end, end, b" type=text/plain" + gap), *_rename(attributes, LOADING[b"script"] | {b"type"})]


def start_script(attributes: Iterable[Attribute]) -> list[Splice]:
    """Make a script live that was written inert."""
    return _rename(attributes, frozenset({b"type"}))


def _rename(attributes: Iterable[Attribute], names: frozenset[bytes]) -> list[Splice]:
    return [(a.name_start, a.name_start, PREFIX) for a in attributes if a.name in names]


def script_type(attributes: Sequence[Attribute]) -> str:
    """Return ``javascript``, ``module``, or the type of a data block (WHATWG HTML 4.12.1)."""
    declared = first(attributes, b"type")
    if declared is None:
        language = first(attributes, b"language")
        declared = f"text/{language}" if language else ""
    elif declared:
        declared = declared.strip(_SPACE) or "data"
    declared = declared.lower()
    return "javascript" if not declared or declared in _JAVASCRIPT else declared


def is_idle_link(attributes: Sequence[Attribute]) -> bool:
    """Tell whether a `link` fetches nothing, such as ``rel=canonical``."""
    types = (first(attributes, b"rel") or "").lower().split()
    return bool(types) and _IDLE_LINKS.issuperset(types)


def is_visible(attributes: Sequence[Attribute]) -> bool:
    """Tell whether a frame is there to be seen: neither hidden nor the size of a tracking pixel."""
    if first(attributes, b"hidden") is not None:
        return False
    sizes = (first(attributes, b"width"), first(attributes, b"height"))
    if any(size and _TINY.match(size) for size in sizes):
        return False
    return not _INVISIBLE.search(first(attributes, b"style") or "")
