"""Charsets in which ``<`` may be another byte: undone before a page can be read, and redone afterwards.

Of the charsets that browsers know (WHATWG Encoding) these are UTF-16 and ISO-2022-JP. The first is named by a
header or a mark at the beginning. The second may also be named by a ``<meta>``, for which browsers look at
different depths: where nothing else names a charset, its escape sequences count as such only if all browsers
find the ``<meta>``, and are broken otherwise.
"""

from __future__ import annotations

import codecs
import re
from typing import Final, Protocol

from consentkit.asgi.iso2022 import Iso2022Decoder, Iso2022Encoder

PRESCAN: Final = 1024
"""Bytes at the beginning in which every browser looks for a charset (WHATWG HTML, section 13.2.3.2)."""

# Labels of the WHATWG Encoding Standard (section 4.2) for charsets in which "<" may be another byte.
_WIDE: Final = {
    b"utf-16": "utf-16-le", b"utf-16le": "utf-16-le", b"unicode": "utf-16-le", b"ucs-2": "utf-16-le",
    b"iso-10646-ucs-2": "utf-16-le", b"csunicode": "utf-16-le", b"unicodefeff": "utf-16-le",
    b"utf-16be": "utf-16-be", b"unicodefffe": "utf-16-be",
    b"iso-2022-jp": "iso-2022-jp", b"csiso2022jp": "iso-2022-jp",
}  # fmt: skip
_UTF_8: Final = frozenset((b"utf-8", b"utf8"))
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_ESCAPE: Final = re.compile(rb"\x1b(?=[$(])")

# A beginning that all browsers read alike up to the declaration: no text, no script, nothing odd in a tag.
_REST = rb"(?:[^<>\"']++|\"[^<>\"]*+\"|'[^<>']*+')*+>"
_LABEL = rb"(?:iso-2022-jp|csiso2022jp)"
_TYPE = rb"content=[\"']text/html; ?charset=" + _LABEL + rb"[\"']"
_HTTP = rb"http-equiv=[\"']?content-type[\"']?"
_DECLARED: Final = re.compile(
    rb"(?:\s++|<!--(?!-?>)(?:(?!--).)*+-->|<!doctype" + _REST + rb"|<(?:html|head|link|base)\b" + _REST
    + rb"|<meta\b(?![^>]*charset)" + _REST + rb"|<title>(?:(?!</title>).)*+</title>)*+"
    + rb"<meta\s+(?:charset=[\"']?" + _LABEL + rb"[\"']?"
    + rb"|" + _HTTP + rb"\s+" + _TYPE + rb"|" + _TYPE + rb"\s+" + _HTTP + rb")\s*/?>",
    re.I | re.S,
)  # fmt: skip


class Stage(Protocol):
    """One step of a pipeline of bytes."""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes and return what is decided by now."""

    def close(self) -> bytes:
        """End the stream and return the rest."""


class Decode:
    """Turn UTF-16 into UTF-8."""

    def __init__(self, charset: str) -> None:
        self._decoder = codecs.getincrementaldecoder(charset)("replace")

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        return self._decoder.decode(data).encode("utf-8", "replace")

    def close(self) -> bytes:
        """Decode what is left."""
        return self._decoder.decode(b"", True).encode("utf-8", "replace")


class Encode:
    """Turn UTF-8 into UTF-16."""

    def __init__(self, charset: str) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._encoder = codecs.getincrementalencoder(charset)()

    def feed(self, data: bytes) -> bytes:
        """Encode the next bytes."""
        return self._encoder.encode(self._decoder.decode(data))

    def close(self) -> bytes:
        """Encode what is left."""
        return self._encoder.encode(self._decoder.decode(b"", True), True)


class Recoded:
    """Undo a charset before a stage, and redo it behind."""

    def __init__(self, charset: str, inner: Stage) -> None:
        self._inner = inner
        self._decode: Stage
        self._encode: Stage
        if charset == "iso-2022-jp":
            self._decode, self._encode = Iso2022Decoder(), Iso2022Encoder()
        else:
            self._decode, self._encode = Decode(charset), Encode(charset)

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes."""
        return self._encode.feed(self._inner.feed(self._decode.feed(data)))

    def close(self) -> bytes:
        """End the page."""
        rest = self._inner.feed(self._decode.close()) + self._inner.close()
        return self._encode.feed(rest) + self._encode.close()


class Unnamed:
    """A page in some charset that is neither UTF-8 nor named as one of those above.

    Args:
        inner: Reads and writes ASCII-compatible bytes.
        declares: Whether a ``<meta>`` may count.
    """

    def __init__(self, inner: Stage, *, declares: bool) -> None:
        self._inner = inner
        self._declares = declares
        self._named = False
        self._begin = self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes."""
        if self._declares and len(self._begin) < PRESCAN:
            self._begin += data[: PRESCAN - len(self._begin)]
        data, self._held = self._held + data, b""
        at = -1 if self._named else data.find(b"\x1b")
        if at < 0:
            return self._inner.feed(data)
        return self._inner.feed(data[:at]) + self._escaped(data[at:], last=False)

    def close(self) -> bytes:
        """End the page."""
        return (self._escaped(self._held, last=True) if self._held else b"") + self._inner.close()

    def _escaped(self, data: bytes, *, last: bool) -> bytes:
        """Go on from an escape: as ISO-2022-JP, with it broken, or not before the beginning is there."""
        if self._declares and _DECLARED.match(self._begin):
            self._inner, self._declares, self._named = Recoded("iso-2022-jp", self._inner), False, True
            return self._inner.feed(data)
        if self._declares and len(self._begin) < PRESCAN and not last:
            self._held = data
            return b""
        self._declares = False
        if data.endswith(b"\x1b") and not last:
            data, self._held = data[:-1], b"\x1b"
        return self._inner.feed(_ESCAPE.sub(b"", data))


class Charset:
    """Wrap a rewriter for pages in any charset.

    A byte order mark beats the label (WHATWG Encoding Standard, section 6): the first bytes are waited for.

    Args:
        label: The charset of the ``Content-Type``, or nothing.
        inner: Reads and writes ASCII-compatible bytes.
    """

    def __init__(self, label: bytes, inner: Stage) -> None:
        self._label = label
        self._inner = inner
        self._begin = b""
        self._stage: Stage | None = None

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes of the page."""
        if self._stage is None:
            data = self._begin + data
            if len(data) < 3 and any(mark.startswith(data) for mark, _ in _MARKS):
                self._begin = data
                return b""
            self._stage = self._settle(data)
        return self._stage.feed(data)

    def close(self) -> bytes:
        """End the page."""
        if self._stage is not None:
            return self._stage.close()
        self._stage = self._settle(self._begin)
        return self._stage.feed(self._begin) + self._stage.close()

    def _settle(self, data: bytes) -> Stage:
        marked = next((charset for mark, charset in _MARKS if data.startswith(mark)), None)
        charset = marked or _WIDE.get(self._label)
        if charset == "utf-8" or (charset is None and self._label in _UTF_8):
            return self._inner
        if charset is not None:
            return Recoded(charset, self._inner)
        return Unnamed(self._inner, declares=not self._label)
