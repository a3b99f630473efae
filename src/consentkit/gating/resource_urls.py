"""Finds addresses and scripts in a page: in attributes, ``data:`` and ``javascript:`` URLs, and JSON.

Attributes are read as browsers and lazy loaders read them. Every expression is possessive or bounded.
"""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

from consentkit.gating.elements import ADDRESSED, LISTS, is_background, loads
from consentkit.rewriter import Attribute, decode

_CANDIDATE: Final = re.compile(r"[ \t\n\f\r,]*+([^ \t\n\f\r,][^ \t\n\f\r]*+)")
_DESCRIPTORS: Final = re.compile(r"(?:[^(),]++|\([^)]*+\)?+|\))*+")
# WHATWG HTML 4.2.5.3, "shared declarative refresh steps".
_REFRESH: Final = re.compile(
    r"[ \t\n\f\r]*+[0-9.]*+[ \t\n\f\r]*+[;,]?+[ \t\n\f\r]*+(?:[uU][rR][lL][ \t\n\f\r]*+=[ \t\n\f\r]*+)?+"
    r"(?:\"([^\"]*+)|'([^']*+)|(.*+))",
    re.S,
)
# The same as in Chromium, which accepts more kinds of white space.
_LENIENT: Final = re.compile(_REFRESH.pattern.replace(r"[ \t\n\f\r]", r"\s"), re.S)
_CSS_URL: Final = re.compile(r"url\(\s*+['\"]?+([^'\")]*+)", re.I)

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = re.compile(r"[\t\n\r]")
_RUN_SCHEME: Final = re.compile(r"(javascript|data):", re.I)
_MARKUP: Final = re.compile(rb"[<\\]")
_BASE64: Final = re.compile(r";[ ]*+base64[ ]*+\Z", re.I)
# Firefox sniffs "*/*".
_HTML: Final = frozenset(("text/html", "*/*"))
_XML: Final = re.compile(r"text/(?:xml|xsl)|application/(?:xml|mathml-presentation)|[^/]*/[^/]*\+xml")
# Encodings that are not ASCII-compatible (WHATWG Encoding).
_STRANGE: Final = re.compile(r"charset\s*=\s*[\"']?\s*(?:utf-?16|unicode|ucs-?2|iso-2022|csiso2022|hz)", re.I)
_ESCAPE: Final = re.compile(rb"\x1b[$(]")
_BYTE_ORDER_MARKS: Final = (b"\xfe\xff", b"\xff\xfe", b"<\0?\0", b"\0<\0?")
# Something that an SVG image in a ``data:`` URL needs to run or fetch anything. There are no relative URLs in
# it, so a fetch needs a scheme. XML is not parsed here.
_ACTIVE: Final = re.compile(
    rb"script|\bon[a-z]+\s*=|(?:https?|wss?|data):(?!//www\.w3\.org/)|(?<!:)//|[&\\]"
    rb"|<!(?!DOCTYPE[^\[>]*>)|<\?xml-",
    re.I,
)

# A URL pattern with a known host: the site's own, or one written out (URL Pattern, "constructor string").
_READABLE: Final = re.compile(r"[/?.]|https?://[A-Za-z0-9.-]++(?::[0-9]++)?+/")
# Parts of a URL pattern that do not concern the host.
_HOSTLESS: Final = frozenset({"hash", "pathname", "search"})


# --- attributes


def attribute_urls(element: bytes, attributes: Iterable[Attribute]) -> Iterator[str]:
    """Yield every URL that an element loads, including those of duplicate attributes.

    Args:
        element: Its lower-case name.
        attributes: All attributes of its tag.
    """
    for attribute in attributes:
        if attribute.value is not None and loads(element, attribute.name):
            yield from _value_urls(element, attribute.name, decode(attribute.value))


def _value_urls(element: bytes, name: bytes, text: str) -> Iterable[str]:
    if name.endswith(b"set"):
        return srcset_urls(text)
    if name in LISTS:
        return text.split()
    if is_background(name):
        return _CSS_URL.findall(text) or [text]
    if element == b"meta":
        return refresh_urls(text)
    return text.split(";") if name == b"values" else [text]


def srcset_urls(text: str) -> Iterator[str]:
    """Yield the URLs of a ``srcset`` (WHATWG HTML, "parse a srcset attribute")."""
    at = 0
    while match := _CANDIDATE.match(text, at):
        url, at = match[1], match.end()
        if url.endswith(","):
            url = url.rstrip(",")
        elif descriptors := _DESCRIPTORS.match(text, at):
            at = descriptors.end()
        yield url


def refresh_urls(text: str) -> list[str]:
    """Return the possible URLs of a ``<meta http-equiv=refresh>``; the empty one is the page itself."""
    found: dict[str, None] = {}
    for match in filter(None, (_REFRESH.match(text), _LENIENT.match(text))):
        group = match.lastindex or 0
        found[match[group] if group else ""] = None
        if group in (1, 2):
            # In Chromium the URL extends to the last quote of the same kind.
            start = match.start(group)
            end = text.rfind(text[start - 1], start)
            found[text[start : end if end >= 0 else len(text)]] = None
    return list(found)


def attribute_scripts(element: bytes, attributes: Iterable[Attribute]) -> Mapping[bytes, list[bytes]]:
    """Return the scripts in a tag's attributes by attribute name, including duplicates.

    Event handlers are scripts, and so are ``javascript:`` addresses that visitors may follow.

    Args:
        element: Its lower-case name.
        attributes: All attributes of its tag.
    """
    scripts: dict[bytes, list[bytes]] = {}
    for attribute in attributes:
        if attribute.value and (text := _value_script(element, attribute.name, attribute.value)):
            scripts.setdefault(attribute.name, []).append(text)
    return scripts


def _value_script(element: bytes, name: bytes, value: bytes) -> bytes:
    if name.startswith(b"on"):
        return decode(value).encode()
    if element not in ADDRESSED.get(name, ()):
        return b""
    addresses = decode(value).split(";") if name == b"values" else [decode(value)]
    contents = [unwrap(address, element) for address in addresses]
    return b"\n".join(content.text for content in contents if content and content.kind == "script")


# --- URLs that contain their content


class Content(NamedTuple):
    """The content of a ``data:`` or ``javascript:`` URL.

    Attributes:
        kind: Whether it is a script, a document, or cannot be read.
        text: Its bytes.
    """

    kind: Literal["script", "markup", "unreadable"]
    text: bytes = b""


_UNREADABLE: Final = Content("unreadable")


def strip_url(text: str) -> str:
    """Return an address without the characters that browsers remove (WHATWG URL, "basic URL parser")."""
    return _REMOVED.sub("", text.strip(_C0_AND_SPACE))


def unwrap(text: str, element: bytes) -> Content | None:
    """Read the content of a ``data:`` or ``javascript:`` URL (RFC 2397; WHATWG Fetch, "data: URL processor").

    Args:
        text: The URL with character references already decoded.
        element: Lower-case name of the element that has it.

    Returns:
        `None` for other URLs, and if the element does not run such content.
    """
    match = _RUN_SCHEME.match(text := strip_url(text))
    if match is None:
        return None
    rest = text[match.end() :]
    if match[1].lower() == "javascript":
        code = unquote_to_bytes(rest)
        # If the script returns a string, it becomes the document (HTML, "javascript: URLs").
        return Content("script", b"document.write(%s\n)" % code if _MARKUP.search(code) else code)
    header, comma, body = rest.partition("#")[0].partition(",")
    return _read_data(header, body, element) if comma else None


def _read_data(header: str, body: str, element: bytes) -> Content | None:
    mime = header.partition(";")[0].strip(" ").lower()
    kind = _data_kind(mime, element)
    if kind is None:
        return None
    data = unquote_to_bytes(body)
    if _BASE64.search(header):
        try:
            # With or without padding (WHATWG Infra, "forgiving-base64 decode").
            bare = data.translate(None, b"\t\n\f\r ").rstrip(b"=")
            data = base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
        except ValueError:
            return _UNREADABLE
    # An escape may switch to another charset (ISO-2022-JP).
    is_strange = _STRANGE.search(header.replace("\\", "")) or _ESCAPE.search(data)
    if is_strange or data.startswith(_BYTE_ORDER_MARKS):
        return _UNREADABLE
    if _XML.fullmatch(mime) and kind == "markup":
        return _UNREADABLE if _ACTIVE.search(data) else None
    return Content(kind, data)


def _data_kind(mime: str, element: bytes) -> Literal["script", "markup"] | None:
    if element == b"script":
        return "script"
    # Elements for plug-ins may take the type from an attribute if the URL has none.
    untyped = element in (b"object", b"embed") and not mime
    return "markup" if untyped or mime in _HTML or _XML.fullmatch(mime) else None


# --- scripts that are lists of addresses, in JSON


def listed_urls(list_type: str, text: bytes) -> list[str] | None:
    """Return the addresses in a script that is a list of addresses, as written.

    Args:
        list_type: The script's type: a key of `LIST_TYPES`.
        text: The script's text.

    Returns:
        `None` if it is not JSON, or covers any link of the page.
    """
    try:
        return [item for item in LIST_TYPES[list_type](_parse(text)) if isinstance(item, str)]
    except (ValueError, RecursionError):
        return None


def rewrite_import_map(text: bytes, is_denied: Callable[[str], bool], stub: str) -> bytes | None:
    """Return an import map with a stub in place of denied addresses; `None` if it cannot be read.

    Args:
        is_denied: Says whether an address, as written, is denied.
        stub: URL of the stub module. Denied folders become this URL with a slash after it; all URLs below
            that must return the module, too.
    """
    try:
        whole = _parse(text)
        for imports in _import_tables(whole):
            for name, address in imports.items():
                if isinstance(address, str) and is_denied(address):
                    # A missing entry would end the script that imports it.
                    imports[name] = stub + "/" * name.endswith("/")
        # "</script>" must not occur in it.
        written = json.dumps(whole, ensure_ascii=False).replace("<", r"\u003c")
        return written.encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError):
        return None


def _parse(text: bytes) -> dict[str, Any]:
    return _table(json.loads(text.decode("utf-8", "surrogateescape")))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _import_tables(table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the tables of an import map (WHATWG HTML 8.1.6.2): specifiers and their addresses."""
    yield from map(_table, (table.get("imports"), *_table(table.get("scopes")).values()))


def _speculations(table: Mapping[str, Any]) -> Iterator[object]:
    """Yield the addresses of speculation rules (WHATWG HTML 7.6.1)."""
    for rule in map(_table, (rule for rules in table.values() for rule in _list(rules))):
        yield from _list(rule.get("urls"))
        if "where" in rule or rule.get("source") == "document":
            yield from _link_patterns(_table(rule.get("where")))


def _link_patterns(where: Mapping[str, Any]) -> Iterable[object]:
    """Return the URL patterns of a condition; raise `ValueError` if it may match any link."""
    if "or" in where:
        return [pattern for part in _list(where["or"]) for pattern in _link_patterns(_table(part))]
    given = where.get("href_matches")
    listed = given if isinstance(given, list) else [given]
    patterns = [one for one in listed if not (isinstance(one, dict) and one.keys() <= _HOSTLESS)]
    if all(isinstance(pattern, str) and _READABLE.match(pattern) for pattern in patterns):
        return patterns
    for part in _list(where.get("and")):
        with suppress(ValueError):
            return _link_patterns(_table(part))
    raise ValueError("any link")


LIST_TYPES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[object]]]] = {
    "importmap": lambda table: [address for imports in _import_tables(table) for address in imports.values()],
    "speculationrules": _speculations,
    # WICG, "Subresource loading with Web Bundles".
    "webbundle": lambda row: [row.get("source"), *_list(row.get("scopes")), *_list(row.get("resources"))],
}
"""Types of such scripts, in lower case, each with the function that finds its addresses."""
