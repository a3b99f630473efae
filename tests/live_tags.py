"""What of a page still asks a gated vendor, judged without this package's rewriter, gate or URL reader.

Trees come from html5lib (the standard of 2020, scripting on and off) and lexbor (current), URLs are read by
ada (the URL parser of Node.js). Of this package only the catalog's answer to "whose host is this?" is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

import ada_url
import html5lib  # type: ignore[import-untyped]
from selectolax.lexbor import LexborHTMLParser

from consentkit.catalog import default_catalog

PAGE = "https://www.site.example/"

_LAZY = ("data-src", "data-lazy-src", "data-original")
_SVG = ("href", "xlink:href")
_LOADS: Mapping[str, tuple[str, ...]] = {
    "audio": ("src", *_LAZY),
    "embed": ("src", *_LAZY),
    "feimage": _SVG,
    "frame": ("src", *_LAZY),
    "iframe": ("src", *_LAZY),
    "image": ("src", *_SVG),
    "img": ("src", *_LAZY),
    "link": ("href",),
    "object": ("data", *_LAZY),
    "script": ("src", *_SVG),
    "source": ("src", *_LAZY),
    "track": ("src",),
    "video": ("src", "poster", *_LAZY),
    "body": ("background",),
    "table": ("background",),
    "td": ("background",),
}
_SETS: Mapping[str, tuple[str, ...]] = {
    "img": ("srcset", "data-srcset"),
    "source": ("srcset", "data-srcset"),
    "link": ("imagesrcset",),
}
_HANDLES = frozenset(
    (
        "audio", "body", "embed", "frame", "frameset", "iframe", "image", "img", "input", "link",
        "object", "script", "source", "style", "svg", "track", "use", "video",
    )
)  # fmt: skip
_FETCHING_LINKS = frozenset(
    (
        "dns-prefetch", "icon", "manifest", "modulepreload", "preconnect", "prefetch", "preload",
        "prerender", "stylesheet",
    )
)  # fmt: skip
_RUNS = frozenset(("", "module", "text/javascript", "application/javascript", "text/ecmascript"))
_RULES = frozenset(("importmap", "speculationrules"))
# Elements of SVG that load or run something; others of it have but their names in common with HTML's.
_DRAWN = frozenset(("a", "animate", "feimage", "image", "script", "set", "style", "svg", "use"))
_SPACE = " \t\n\f\r"
_COMMENT = re.compile(r"^[ \t]*//.*", re.MULTILINE)
# An address in the very place where something is loaded, which leaves no doubt.
_LOADED = re.compile(
    r"(?:\.src\s*=|\bimport\s*\(|\bfetch\s*\(|\bsendBeacon\s*\(|\bimportScripts\s*\()\s*['\"`]((?:https?:)?//[^'\"`]+)['\"`]"
)
_REFRESH = re.compile(r"\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?['\"]?([^'\"]*)", re.I)


class Element(NamedTuple):
    """One element of a tree: lower-case name, attributes, and its text if it is a script."""

    name: str
    attributes: dict[str, str]
    text: str = ""


class Live(NamedTuple):
    """What would ask a vendor: the element, where in it the address stands, and the address."""

    element: str
    place: str
    address: str


def is_gated(address: str, base: str = PAGE) -> bool:
    """Say whether a browser would ask a vendor that needs consent."""
    try:
        url = ada_url.URL(address, base=base)
    except ValueError:
        return False
    if url.protocol not in ("http:", "https:", "ws:", "wss:"):
        return False
    found = default_catalog().match_host(url.hostname.rstrip("."), unquote(url.pathname), url.search[1:])
    return found is not None and found.purpose != "necessary"


def live(page: str) -> list[Live]:
    """Return everything in a page that asks a gated vendor, whichever way it is read."""
    return list(dict.fromkeys(found for reader in _READERS for found in live_in(page, reader)))


def live_in(page: str, reader: str) -> list[Live]:
    """Return what asks a gated vendor as one reader sees it; nothing where the reader itself fails."""
    try:
        tree = list(_READERS[reader](page))
    except (AssertionError, AttributeError, IndexError, KeyError, TypeError, ValueError):
        if reader == "lexbor":
            raise
        return []  # html5lib has faults of its own
    return list(_of_tree(tree))


def _of_tree(tree: list[Element]) -> Iterator[Live]:
    """Judge a tree's elements in order: each is fetched by the base that stands before it."""
    base, final = PAGE, False
    for element in tree:
        if element.name == "base" and "href" in element.attributes and not final:
            base, final = _join(element.attributes["href"]), True
        for place, address in _addresses(element):
            if is_gated(address, base):
                yield Live(element.name, place, address)


def _join(href: str) -> str:
    """Return the base that an address makes (WHATWG HTML 4.2.3)."""
    try:
        url = ada_url.URL(href, base=PAGE)
    except ValueError:
        return PAGE
    return PAGE if url.protocol in ("data:", "javascript:") else str(url.href)


def _addresses(element: Element) -> Iterator[tuple[str, str]]:
    """Yield every address that an element asks, with the place where it stands."""
    name, attributes, text = element
    kind = attributes.get("type", "").strip(_SPACE).lower()
    if name == "script" and kind not in _RUNS | _RULES:
        return
    if name == "link" and _FETCHING_LINKS.isdisjoint(attributes.get("rel", "").lower().split()):
        return
    for key in _LOADS.get(name, ()):
        yield from _value(name, key, attributes)
    for key in _SETS.get(name, ()):
        yield from ((key, address) for address in srcset(attributes.get(key, "")))
    yield from _special(name, attributes)
    if name == "script" and kind in _RULES:
        yield from (("text", address) for address in _rules(text))
    elif name == "script":
        yield from (("text", match[1]) for match in _LOADED.finditer(_COMMENT.sub("", text)))


def _rules(text: str) -> Iterator[str]:
    """Yield what may be an address in an import map or in speculation rules, which are JSON."""
    try:
        rules = json.loads(text)
    except (ValueError, RecursionError):
        return
    if isinstance(rules, dict):
        yield from re.findall(r'"((?:https?:)?[\\/]{2}[^"]*)"', json.dumps(rules))


def _value(name: str, key: str, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    value = attributes.get(key)
    if value is None:
        return
    yield key, value
    plain = re.sub(r"[\t\n\r]", "", value.strip("".join(map(chr, range(33))))).lower()
    runs = name in ("iframe", "frame", "script", "embed", "object") and plain.startswith("data:")
    if runs or (name in ("iframe", "frame") and plain.startswith("javascript:")):
        code = unquote(value)
        yield from ((key, match[1]) for match in _LOADED.finditer(code))
        yield from ((key, match[1]) for match in re.finditer(r"\ssrc=['\"]?((?:https?:)?//[^\s'\">]+)", code))


def _special(name: str, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if name in ("a", "area"):
        yield from (("ping", address) for address in attributes.get("ping", "").split())
    if name == "input" and attributes.get("type", "").lower() == "image" and "src" in attributes:
        yield "src", attributes["src"]
    if name == "iframe" and "srcdoc" in attributes:
        yield from (("srcdoc", found.address) for found in live(attributes["srcdoc"]))
    if name == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
        match = _REFRESH.match(attributes.get("content", ""))
        yield "content", match[1] if match else ""
    for key in ("onload", "onerror") if name in _HANDLES else ():
        yield from ((key, match[1]) for match in _LOADED.finditer(attributes.get(key, "")))


def srcset(text: str) -> Iterator[str]:
    """Yield the URLs of a srcset (WHATWG HTML, "parse a srcset attribute"), character by character."""
    at = 0
    while True:
        while at < len(text) and text[at] in _SPACE + ",":
            at += 1
        start = at
        while at < len(text) and text[at] not in _SPACE:
            at += 1
        if start == at:
            return
        url = text[start:at]
        yield url.rstrip(",")
        if url.endswith(","):
            continue
        depth = False
        while at < len(text) and (depth or text[at] != ","):
            depth = text[at] == "(" or (depth and text[at] != ")")
            at += 1


def _html5lib(page: str, scripting: bool) -> Iterator[Element]:
    for node in html5lib.parse(page, scripting=scripting, namespaceHTMLElements=False).iter():
        # Elements of MathML load and run nothing, whatever they are called.
        if isinstance(node.tag, str) and not node.tag.startswith("{http://www.w3.org/1998/Math/MathML}"):
            name = node.tag.rpartition("}")[2].lower()
            if node.tag.startswith("{") and name not in _DRAWN:
                continue
            attributes = {_local(key): value for key, value in node.items()}
            yield Element(name, attributes, "".join(node.itertext()) if name == "script" else "")


def _local(key: str) -> str:
    return key.replace("{http://www.w3.org/1999/xlink}", "xlink:").rpartition("}")[2].lower()


def _lexbor(page: str) -> Iterator[Element]:
    for node in LexborHTMLParser(page).css("*"):
        name = (node.tag or "").lower()
        if name not in _DRAWN and _is_drawn(node):
            continue
        attributes = {key.lower(): value or "" for key, value in node.attributes.items()}
        yield Element(name, attributes, node.text(deep=True) if name == "script" else "")


def _is_drawn(node: Any) -> bool:
    """Say whether an element is one of SVG or MathML: the nearest that decides is not a way back to HTML."""
    while node := node.parent:
        if (node.tag or "").lower() in ("foreignobject", "desc", "title", "mi", "mo", "mn", "ms", "mtext"):
            return False
        if (node.tag or "").lower() in ("svg", "math"):
            return True
    return False


_READERS: Mapping[str, Callable[[str], Iterator[Element]]] = {
    "lexbor": _lexbor,
    "html5lib, scripting": lambda page: _html5lib(page, True),
    "html5lib, no scripting": lambda page: _html5lib(page, False),
}
