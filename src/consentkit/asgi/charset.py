"""Charsets in which ``<`` may be another byte: undone before a page can be read, and redone afterwards."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import lru_cache
from typing import Protocol


class Stage(Protocol):
    """One step of a pipeline of bytes."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes and return what is decided by now."""

    def close(self) -> bytes:
        """End the stream and return the rest."""


class Decode:
    """Turn a charset that is not ASCII-compatible into UTF-8."""

    def __init__(self, charset: str) -> None:
        self._decoder = codecs.getincrementaldecoder(charset)("replace")

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        return self._decoder.decode(data).encode("utf-8", "replace")

    def close(self) -> bytes:
        """Decode what is left."""
        return self._decoder.decode(b"", True).encode("utf-8", "replace")


class Encode:
    """Turn UTF-8 back into a charset; what it lacks becomes character references."""

    def __init__(self, charset: str) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._encoder = codecs.getincrementalencoder(charset)("xmlcharrefreplace")

    def feed(self, data: bytes) -> bytes:
        """Encode the next bytes."""
        return self._encoder.encode(self._decoder.decode(data))

    def close(self) -> bytes:
        """Encode what is left."""
        return self._encoder.encode(self._decoder.decode(b"", True), True)


# Labels of the WHATWG Encoding Standard (section 4.2) for charsets in which "<" may be another byte.
_WIDE = {
    b"utf-16": "utf-16-le", b"utf-16le": "utf-16-le", b"unicode": "utf-16-le", b"ucs-2": "utf-16-le",
    b"iso-10646-ucs-2": "utf-16-le", b"csunicode": "utf-16-le", b"unicodefeff": "utf-16-le",
    b"utf-16be": "utf-16-be", b"unicodefffe": "utf-16-be",
    b"iso-2022-jp": "iso2022_jp", b"csiso2022jp": "iso2022_jp",
}  # fmt: skip
_MARKS = ((b"\xef\xbb\xbf", None), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def readable_charset(label: bytes) -> bytes:
    """Return the charset in which `Charset` hands on pages of a label."""
    return b"utf-8" if label in _WIDE else label


@lru_cache(maxsize=256)
def charset_of(content_type: bytes) -> bytes:
    """Return the charset parameter of a media type in lower case, or nothing."""
    for part in content_type.split(b";")[1:]:
        name, _, value = part.strip().partition(b"=")
        if name.strip().lower() == b"charset":
            return value.strip().strip(b"\"'").strip().lower()
    return b""


class Charset:
    """Wrap a rewriter for pages in UTF-16 or ISO-2022-JP; other pages pass straight through it.

    A byte order mark beats the label (WHATWG Encoding Standard, section 6): the first bytes are waited for.

    Args:
        label: The charset of the ``Content-Type``, or nothing.
        inner: Reads and writes ASCII-compatible bytes.
    """

    def __init__(self, label: bytes, inner: Stage) -> None:
        self._inner = inner
        self._wide = _WIDE.get(label)
        self._begin: bytes | None = b""
        self._decode: Stage | None = None
        self._encode: Stage | None = None

    @property
    def refused(self) -> bool:
        """Whether the page cannot be read from its beginning on."""
        return bool(getattr(self._inner, "refused", False))

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the page."""
        if self._begin is not None:
            data = self._begin + data
            if len(data) < 3 and any(bom.startswith(data) for bom, _ in _MARKS):
                self._begin = data
                return b""
            self._settle(data)
        if self._decode is None:
            return self._inner.feed(data)
        return self._through(data, lambda stage, part: stage.feed(part))

    def close(self) -> bytes:
        """End the page."""
        out = b""
        if self._begin is not None:
            rest = self._begin
            self._settle(rest)
            out = self._through(rest, lambda stage, part: stage.feed(part))
        return out + self._through(b"", lambda stage, part: stage.feed(part) + stage.close())

    def _settle(self, data: bytes) -> None:
        self._begin = None
        wide = self._wide
        for bom, charset in _MARKS:
            if data.startswith(bom):
                wide = charset
        if wide is not None:
            self._decode, self._encode = Decode(wide), Encode(wide)

    def _through(self, data: bytes, turn: Callable[[Stage, bytes], bytes]) -> bytes:
        if self._decode is None or self._encode is None:
            return turn(self._inner, data)
        return turn(self._encode, turn(self._inner, turn(self._decode, data)))
