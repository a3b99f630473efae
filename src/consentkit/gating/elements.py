"""HTML elements: which attributes load or run something, and the edits that make a tag inert or live.

The tables are in ``data/elements.toml``. Tags are made inert by insertions only, without quotes and ``>``:
these are safe even where browsers read the bytes around the tag differently.
"""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from consentkit.rewriter import Attribute, Splice, decode

DATA: Final = tomllib.loads((Path(__file__).parent / "data/elements.toml").read_text("utf-8"))
"""The tables of ``data/elements.toml``."""
_WORDS: Final = DATA["words"]


def _split(text: str) -> frozenset[bytes]:
    return frozenset(text.encode().split())


def _table(name: str, keys: str, values: str) -> Mapping[bytes, frozenset[bytes]]:
    return {key: _split(row[values]) for row in DATA[name] for key in _split(row[keys])}


LOADING: Final = _table("loading", "elements", "attributes")
"""Element → attributes whose URLs the browser fetches."""
RARE: Final = _table("rare", "attributes", "elements")
"""End of an attribute's name → elements that are relevant only with it; see `consentkit.rewriter.Handler`."""
ADDRESSED: Final = _table("addressed", "attributes", "elements")
"""Attribute → elements that navigate to it. Relevant only for ``javascript:`` URLs."""
_ALWAYS: Final = LOADING.keys() - frozenset().union(*RARE.values())
NAMES: Final = _split(_WORDS["firing"]) | _ALWAYS | {b"base", b"html"}
"""Elements that are always passed to the gate."""
FRAMES: Final = frozenset({b"iframe", b"frame"})
RUNNING: Final = FRAMES | {b"embed", b"fencedframe", b"meta", b"object", b"portal", b"script"}
"""Elements that run the content of ``javascript:`` and ``data:`` URLs."""
LISTS: Final = _split(_WORDS["lists"])
"""Attributes with several addresses, separated by white space."""
LIVE_TYPES: Final = ("javascript", "module")
"""Types of scripts that browsers run, as returned by `script_type`."""
PREFIX: Final = b"data-consentkit-"
"""Prefix of private attribute names, which browsers and lazy loaders ignore."""

_BOXES: Final = _split(_WORDS["boxes"])
_PARKED: Final = _split(_WORDS["parked"])
_IDLE_LINKS: Final = frozenset(_WORDS["idle_links"].split())
_PARAMS: Final = frozenset(_WORDS["params"].split())
# Names of attributes in which lazy loaders keep an address.
_LAZY: Final = re.compile(
    rb"(?!data-consentkit-)(?:.*lazy|[^-]++-(?:.*(?:bg|background)|src-|(?:original|poster|.*(?:src|set|-image))\Z))"
)
# Further attributes of a frame that must not apply to the placeholder; its name is replaced.
_FRAME_MOVED: Final = frozenset({b"srcdoc", b"sandbox", b"onload", b"name"})
_INVISIBLE: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden"
    r"|(?:^|[;\s])(?:width|height)\s*:\s*(?:0+[01]?|1)(?:px)?\s*(?:;|!|$)",
    re.I,
)
_TINY: Final = re.compile(r"\s*(?:0+[01]?|1)(?![0-9.%])")
# WHATWG MIME Sniffing, "JavaScript MIME type": the whole value must be one of these, parameters excluded.
_JAVASCRIPT: Final = frozenset(
    {f"{top}/{js}script" for top in ("application", "text") for js in ("ecma", "java", "x-ecma", "x-java")}
    | {"text/jscript", "text/livescript", *(f"text/javascript1.{minor}" for minor in range(6))}
)
# Types by which optimisers delay scripts: they run them later, without asking for consent.
_DELAYED: Final = re.compile(
    r"(?!.*(?:template|tmpl|json|[hx]ml|;)).*(?:script|lazy|delay|defer|blocked|partytown|psajs|phast|-module\Z)"
)
_MARKUP: Final = re.compile(rb"<!--(?:[^-]++|-(?!->))*+-->|<!\[CDATA\[|\]\]>|<[a-zA-Z/!?][^>]*+>")


# --- attributes that load


def loads(element: bytes, name: bytes) -> bool:
    """Say whether browsers or lazy loaders fetch the address in an attribute of an element."""
    known = LOADING.get(element)
    if known is None or name in known:
        return known is not None
    return _LAZY.match(name) is not None and (element not in _BOXES or is_background(name))


def is_background(name: bytes) -> bool:
    """Say whether an attribute may contain an address in CSS syntax."""
    return b"bg" in name or b"background" in name


def first(attributes: Iterable[Attribute], name: bytes) -> str | None:
    """Return the value of an attribute as browsers see it; `None` if the tag does not have it.

    Of two attributes of one name the first counts (WHATWG HTML 13.2.5.33).
    """
    for attribute in attributes:
        if attribute.name == name:
            return decode(attribute.value or b"")
    return None


def _word(attributes: Iterable[Attribute], name: bytes) -> str:
    return (first(attributes, name) or "").strip().lower()


def is_idle(name: bytes, attributes: Sequence[Attribute]) -> bool:
    """Say whether an element never fetches its addresses, such as ``<link rel=canonical>``."""
    if name == b"link":
        types = (first(attributes, b"rel") or "").lower().split()
        return bool(types) and _IDLE_LINKS.issuperset(types)
    if name == b"meta":
        return _word(attributes, b"http-equiv") != "refresh"
    if name == b"param":
        return _word(attributes, b"name") not in _PARAMS
    animated = name in (b"animate", b"set")
    return animated and _word(attributes, b"attributename") not in ("href", "xlink:href")


def is_visible(attributes: Sequence[Attribute]) -> bool:
    """Say whether a frame is visible: not hidden, and larger than a tracking pixel."""
    sizes = (first(attributes, b"width"), first(attributes, b"height"))
    hidden = first(attributes, b"hidden") is not None or any(size and _TINY.match(size) for size in sizes)
    return not (hidden or _INVISIBLE.search(first(attributes, b"style") or ""))


# --- scripts (WHATWG HTML 4.12.1)


def script_type(attributes: Sequence[Attribute]) -> str:
    """Return ``javascript``, ``module``, or the type of a data block."""
    declared = first(attributes, b"type")
    if declared is None:
        language = first(attributes, b"language")
        declared = f"text/{language}" if language else ""
    elif declared:
        declared = declared.strip(" \t\n\f\r") or "data"
    declared = declared.lower()
    return "javascript" if not declared or declared in _JAVASCRIPT or _DELAYED.match(declared) else declared


def foreign_text(text: bytes) -> bytes:
    """Return the text of an SVG script: as written, and once more without tags and comments.

    Browsers run the text directly inside the element, joined across elements and comments in it (SVG 2,
    section 15.2).
    """
    return b"\n".join(decode(part).encode() for part in (text, _MARKUP.sub(b"", text)))


# --- elements written inert for another consent tool


def find_parked(name: bytes, attributes: Sequence[Attribute]) -> Attribute | None:
    """Return the attribute in which an inert tag keeps its address."""
    names = _PARKED | {b"data-href"} if name == b"link" else _PARKED
    return next((attribute for attribute in attributes if attribute.name in names), None)


def find_parked_type(attributes: Sequence[Attribute]) -> Attribute | None:
    """Return the attribute in which an inert script keeps its real type."""
    named = next((attribute for attribute in attributes if attribute.name == b"data-type"), None)
    kind = decode(named.value or b"").strip().lower() if named else ""
    return named if kind == "module" or kind in _JAVASCRIPT else None


def own_address(name: bytes) -> bytes:
    """Return the attribute with the address of a live element."""
    return {b"link": b"href", b"object": b"data"}.get(name, b"src")


def is_inert(name: bytes, attributes: Sequence[Attribute]) -> bool:
    """Say whether a tag is written inert, to be activated by a consent tool."""
    if name == b"script":
        return script_type(attributes) == "text/plain"
    live = _word(attributes, own_address(name))
    is_parked = find_parked(name, attributes) is not None
    return is_parked and (not live or live.startswith(("about:", "data:image/")))


# --- edits


def rename(attributes: Iterable[Attribute], names: Collection[bytes]) -> list[Splice]:
    """Give attributes their private names, duplicates included."""
    return [(a.name_start, a.name_start, PREFIX) for a in attributes if a.name in names]


def move(name: bytes, attributes: Sequence[Attribute]) -> list[Splice]:
    """Give every attribute that loads, shows or runs something its private name."""
    moved = {a.name for a in attributes if loads(name, a.name)}
    return rename(attributes, moved | _FRAME_MOVED if name in FRAMES else moved)


def insert(raw: bytes, name: bytes, attribute: bytes) -> Splice:
    """Put an attribute first; it holds no quote."""
    end = 1 + len(name)
    # Before a slash, a space ends the unquoted value.
    gap = b" " if raw[end : end + 1] == b"/" else b""
    return end, end, b" " + attribute + gap


def stop_script(raw: bytes, attributes: Sequence[Attribute]) -> list[Splice]:
    """Make a script inert: the new type comes first, since the first of two attributes counts."""
    inserted = insert(raw, b"script", b"type=text/plain")
    return tidy([inserted], move(b"script", attributes), rename(attributes, {b"type"}))


def start_script(attributes: Sequence[Attribute]) -> tuple[list[Splice], bool]:
    """Make a script live that was written inert; also return whether insertions suffice."""
    kind, address = find_parked_type(attributes), find_parked(b"script", attributes)
    live = restore(attributes, kind, b"type") if kind else rename(attributes, {b"type"})
    return tidy(live, restore(attributes, address, b"src")), kind is None and address is None


def restore(attributes: Sequence[Attribute], parked: Attribute | None, name: bytes) -> list[Splice]:
    """Rename a parked attribute to its real name.

    Args:
        attributes: All attributes of the tag.
        parked: The attribute that keeps the value, if the tag has one.
        name: The real name.
    """
    if parked is None:
        return []
    return [*rename(attributes, {name}), (parked.name_start, parked.name_end, name)]


def tidy(*edits: Iterable[Splice]) -> list[Splice]:
    """Sort edits by their places, each once."""
    return sorted(dict.fromkeys(edit for some in edits for edit in some))
