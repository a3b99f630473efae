"""The kind of a response: whether browsers show it as a document, and with which parser.

Media types are read as in Fetch, "extract a MIME type", and MIME Sniffing, "parse a MIME type" (section 4.4),
with one exception from Chromium: a type ends at a space, a tab, ``;`` or ``(``. By the standard, such a value
is no type at all.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.gating.response_headers import INSPECTED_HEADERS, names_address
from consentkit.web.request import Headers
from consentkit.web.response import cache_headers
from consentkit.web.response.content_encoding import coding_of

HTML: Final = b"text/html"

STREAM: Final = b"text/vnd.turbo-stream.html"
"""HTML for a script, never shown as a page."""

XML: Final = b"+xml"
"""Stands for all types of XML. Scripts in XML run if it is shown as a document."""

GUESSED: Final = b""
"""Stands for missing and unknown types, for which browsers sniff (MIME Sniffing Standard, section 7)."""

UNREADABLE: Final = frozenset((XML, GUESSED))
"""Types that browsers may show as a page and that the gate cannot read."""

BODILESS: Final = frozenset((204, 205, 304))
"""Statuses without content (RFC 9110, section 6.4.1)."""

REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
"""Statuses with which browsers follow ``Location`` (WHATWG Fetch, "redirect status")."""

_XML: Final = frozenset((b"text/xml", b"application/xml", b"text/xsl"))
_ATTACHMENT: Final = re.compile(rb"[ \t]*+attachment[ \t]*+(?:;|\Z)", re.I)
_UNSHOWN: Final = b"application/octet-stream"
_LOOKED_AT = INSPECTED_HEADERS | {b"set-cookie"}
_PAIRS = frozenset((tuple,))
_MARKUP = UNREADABLE | {HTML, STREAM}
_SPACE: Final = b"\t\n\r "
# Fetch, "get, decode, and split": commas in quotes separate nothing.
_VALUE: Final = re.compile(rb'(?:[^",]++|"(?:[^"\\]++|\\.)*+(?:"|\\?+\Z))++', re.S)
_ESSENCE: Final = re.compile(rb"[^;( \t]*+")
_PARAMETER: Final = re.compile(rb';[\t\n\r ]*+([^;=]*+)(?:=(?:"((?:[^"\\]++|\\.)*+)[^;]*+|([^;]*+)))?+', re.S)
_ESCAPED: Final = re.compile(rb"\\(.)", re.S)
_NOTHING: Final = frozenset((b"unknown/unknown", b"application/unknown", b"*/*"))


class MediaType(NamedTuple):
    """A media type.

    Attributes:
        essence: Type and subtype in lower case; empty where browsers look at the bytes (section 7).
        charset: The charset parameter in lower case, or nothing.
    """

    essence: bytes = b""
    charset: bytes = b""


def read_media_type(value: bytes) -> MediaType:
    """Read a ``Content-Type``; of several values, joined by commas, the last valid one counts."""
    essence = charset = b""
    for part in _VALUE.findall(value):
        part = part.strip(_SPACE)
        found = _ESSENCE.match(part)
        named = found[0].lower() if found else b""
        if b"/" not in named or named == b"*/*":
            continue
        charset = _charset(part, charset if named == essence else b"")
        essence = named
    return MediaType(b"" if essence in _NOTHING else essence, charset)


def _charset(value: bytes, otherwise: bytes) -> bytes:
    """Return the first charset parameter; one that is empty and without quotes does not count."""
    for parameter in _PARAMETER.finditer(value):
        name, quoted, bare = parameter.groups()
        if name.lower() != b"charset":
            continue
        if quoted is not None:
            return _ESCAPED.sub(rb"\1", quoted).strip(_SPACE).lower()
        if bare and bare.strip(_SPACE):
            return bare.strip(_SPACE).lower()
    return otherwise


def passes(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a response needs no handling, whatever the request was.

    False in doubt: if pairs are not tuples, or there is not exactly one type.
    """
    typed = False
    for pair in headers:
        if type(pair) is not tuple:
            return False
        name, value = pair[0].lower(), pair[1]
        if name in _LOOKED_AT and (name == b"set-cookie" or names_address(name, value)):
            return False
        if name == b"content-type":
            if typed or _kind(value) in _MARKUP:
                return False
            typed = True
    return typed


def _shown_kind(status: int, headers: Mapping[bytes, bytes]) -> bytes:
    """Return how a browser reads the body: `HTML`, `STREAM`, `XML`, `GUESSED`, or another type.

    `_UNSHOWN` if the browser downloads it or follows a redirect. `headers` are those of `by_name`.
    """
    goes = status in REDIRECTS and headers.get(b"location", b"").strip()
    if goes or _ATTACHMENT.match(headers.get(b"content-disposition", b"")):
        return _UNSHOWN
    kind = _kind(headers.get(b"content-type", b""))
    # Browsers look at the first value alone (WHATWG Fetch, "determine nosniff").
    first = headers.get(b"x-content-type-options", b"").partition(b",")[0]
    return _UNSHOWN if kind == GUESSED and first.strip(b"\t\n\r ").lower() == b"nosniff" else kind


@lru_cache(maxsize=256)
def _kind(content_type: bytes) -> bytes:
    essence = read_media_type(content_type).essence
    return XML if essence in _XML or essence.endswith(b"+xml") else essence


class Read(NamedTuple):
    """How a page is read.

    Attributes:
        kind: Its media type.
        coding: The content coding around it: nothing for none, ``None`` for one that cannot be undone.
        charset: The charset that its media type names, or nothing.
    """

    kind: bytes
    coding: bytes | None
    charset: bytes


class Shown(NamedTuple):
    """Properties of a response that follow from its status and headers.

    Attributes:
        gated: Whether headers name third parties.
        cookies: Whether it sets cookies.
        kind: How a browser reads the body.
        page: How the gate reads it; ``None`` if it is not HTML.
        tagged: Whether it has an entity tag.
        restricted: Whether the site has sent a Content-Security-Policy.
        headers: The page's headers: personal, without those that describe the original bytes.
    """

    gated: bool
    cookies: bool
    kind: bytes
    page: Read | None = None
    tagged: bool = False
    restricted: bool = False
    headers: tuple[tuple[bytes, bytes], ...] = ()


@lru_cache(maxsize=256)
def read_shown(status: int, headers: tuple[tuple[bytes, bytes], ...], vary: tuple[str, ...]) -> Shown:
    """Read a response's properties; `vary` are the request headers that affect pages.

    Cached, since responses repeat their headers.
    """
    named = cache_headers.by_name(headers)
    gated = any(names_address(*pair) for pair in named.items())
    kind = _shown_kind(status, named)
    shown = Shown(gated, b"set-cookie" in named, kind)
    if kind not in (HTML, STREAM):
        return shown
    charset = read_media_type(named.get(b"content-type", b"")).charset
    return shown._replace(
        page=Read(kind, coding_of(named.get(b"content-encoding", b"")), charset),
        tagged=b"etag" in named,
        restricted=b"content-security-policy" in named,
        headers=tuple(cache_headers.personal(headers, vary, rewritten=True)),
    )


def is_part_of_page(status: int, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Say whether a response is a part of a page (RFC 9110, section 14), which cannot be read alone."""
    return status == 206 and read_shown(206, tuple(as_pairs([*headers])), ()).page is not None


def as_pairs(headers: Headers) -> Headers:
    """Return headers whose pairs are tuples of bytes; the same list if they are. Shells may hand in lists."""
    if _PAIRS.issuperset(map(type, headers)):
        return headers
    return [(bytes(name), bytes(value)) for name, value in headers]
