"""The document in a frame's ``srcdoc``, as bytes that can be rewritten, and back."""

from __future__ import annotations

import re
from typing import Final

from consentkit.rewriter import Attribute, Splice, decode

_REFERENCE: Final = re.compile(rb"&#?[0-9a-zA-Z]++;?=?")
# What a reference can stand for: those to C1 controls mean something else (WHATWG HTML 13.2.5.80).
_BEYOND: Final = re.compile("[^\x00-\x9f\udc80-\udcff]")
_ESCAPES: Final = str.maketrans({"&": "&amp;", '"': "&quot;", "'": "&#39;"})


def read_srcdoc(value: bytes) -> bytes:
    """Return the document that stands in an attribute's value.

    In a value that is not UTF-8, references to characters beyond ASCII stay: their bytes would be those of
    another encoding.
    """
    known = _is_utf8(value)

    def resolve(match: re.Match[bytes]) -> bytes:
        text = decode(match[0])
        return text.encode() if known or text.isascii() else match[0]

    return _REFERENCE.sub(resolve, value)


def write_srcdoc(raw: bytes, attribute: Attribute, document: bytes) -> Splice:
    """Put a document in the place of an attribute's value, whatever quotes it has.

    Characters beyond ASCII are written as references, so that they mean the same in every encoding.
    """
    codec = "utf-8" if _is_utf8(document) else "ascii"
    text = document.decode(codec, "surrogateescape").translate(_ESCAPES)
    value = _BEYOND.sub(lambda match: f"&#{ord(match[0])};", text).encode("utf-8", "surrogateescape")
    if raw[attribute.value_start - 1 : attribute.value_start] not in (b'"', b"'"):
        value = b'"' + value + b'"'
    return attribute.value_start, attribute.value_end, value


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
