"""The media type of a response as browsers read it.

Fetch, "extract a MIME type", and MIME Sniffing, "parse a MIME type" (section 4.4), but for one thing: to
Chromium a type ends at a space, a tab, ``;`` or ``(``, where the standard finds no type at all.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

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
    """Read a ``Content-Type``; of several values, joined by commas, the last that is a type counts."""
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
    """Return the first charset parameter. One without quotes that is empty is none."""
    for parameter in _PARAMETER.finditer(value):
        name, quoted, bare = parameter.groups()
        if name.lower() != b"charset":
            continue
        if quoted is not None:
            return _ESCAPED.sub(rb"\1", quoted).strip(_SPACE).lower()
        if bare and bare.strip(_SPACE):
            return bare.strip(_SPACE).lower()
    return otherwise
