"""What a ``javascript:`` or ``data:`` URL holds, where an element runs or shows it."""

from __future__ import annotations

import base64
import re
from typing import Final, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

_C0_AND_SPACE: Final = "".join(map(chr, range(0x21)))
_REMOVED: Final = re.compile(r"[\t\n\r]")
_SCHEME: Final = re.compile(r"(javascript|data):", re.I)
_MARKUP: Final = re.compile(rb"[<\\]")
_BASE64: Final = re.compile(r";[ ]*+base64[ ]*+\Z", re.I)
_SPACES: Final = re.compile(rb"[\t\n\f\r ]+")
# Firefox looks at the bytes of what says that it may be anything.
_HTML: Final = frozenset(("text/html", "*/*"))
_XML: Final = re.compile(r"text/(?:xml|xsl)|application/(?:xml|mathml-presentation)|[^/]*/[^/]*\+xml")
# Encodings in which the bytes are not what they look like (WHATWG Encoding: not ASCII-compatible).
_STRANGE: Final = re.compile(r"charset\s*=\s*[\"']?\s*(?:utf-?16|unicode|ucs-?2|iso-2022|csiso2022|hz)", re.I)
_ESCAPE: Final = re.compile(rb"\x1b[$(]")
_MARKS: Final = (b"\xfe\xff", b"\xff\xfe", b"<\0?\0", b"\0<\0?")
# What a drawing needs to run or fetch something: nothing is relative to a URL like this, so a scheme as well.
# XML has rules of its own, by which nothing is read here.
_ACTIVE: Final = re.compile(
    rb"script|\bon[a-z]+\s*=|(?:https?|wss?|data):(?!//www\.w3\.org/)|(?<!:)//|[&\\]"
    rb"|<!(?!DOCTYPE[^\[>]*>)|<\?xml-",
    re.I,
)


class Inner(NamedTuple):
    """What a URL holds.

    Attributes:
        kind: Whether it is a script or a document, or cannot be told.
        text: Its bytes.
    """

    kind: Literal["script", "markup", "unreadable"]
    text: bytes = b""


UNREADABLE: Final = Inner("unreadable")


def unwrap(text: str, element: bytes) -> Inner | None:
    """Read a URL whose content comes with it (RFC 2397; WHATWG Fetch, "data: URL processor").

    Args:
        text: The URL with character references already decoded.
        element: Lower-case name of the element that has it.

    Returns:
        What it holds; `None` for other URLs, and where an element would run nothing of it.
    """
    text = _REMOVED.sub("", text.strip(_C0_AND_SPACE))
    match = _SCHEME.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    if match[1].lower() == "javascript":
        code = unquote_to_bytes(rest)
        # A text that is the script's value becomes the document (HTML, "javascript: URLs").
        return Inner("script", b"document.write(%s\n)" % code if _MARKUP.search(code) else code)
    header, comma, body = rest.partition("#")[0].partition(",")
    return _data(header, body, element) if comma else None


def _data(header: str, body: str, element: bytes) -> Inner | None:
    mime = header.partition(";")[0].strip(" ").lower()
    kind = _kind(mime, element)
    if kind is None:
        return None
    content = unquote_to_bytes(body)
    if _BASE64.search(header):
        try:
            content = _decode(content)
        except ValueError:
            return UNREADABLE
    # An escape may begin another charset, which the document itself may name (ISO-2022-JP).
    if _STRANGE.search(header.replace("\\", "")) or content.startswith(_MARKS) or _ESCAPE.search(content):
        return UNREADABLE
    if _XML.fullmatch(mime) and kind == "markup":
        return UNREADABLE if _ACTIVE.search(content) else None
    return Inner(kind, content)


def _kind(mime: str, element: bytes) -> Literal["script", "markup"] | None:
    if element == b"script":
        return "script"
    if mime in _HTML or _XML.fullmatch(mime):
        return "markup"
    # A plug-in's element may take the type from an attribute where the URL has none.
    return "markup" if element in (b"object", b"embed") and not mime else None


def _decode(content: bytes) -> bytes:
    """Decode base64 with or without padding (WHATWG Infra, "forgiving-base64 decode")."""
    bare = _SPACES.sub(b"", content).rstrip(b"=")
    return base64.b64decode(bare + b"=" * (-len(bare) % 4), validate=True)
