"""Charsets in which ``<`` may be another byte: undone before a page can be read, and redone afterwards.

Of the charsets that browsers know (WHATWG Encoding) these are UTF-16 and ISO-2022-JP. The first is named by a
header or a mark at the beginning. The second may also be named by a ``<meta>``, for which browsers look at
different depths: where nothing else names a charset, its escape sequences count as such only if all browsers
find the ``<meta>``, and are broken otherwise.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from typing import Final, Protocol

PRESCAN: Final = 1024
"""Bytes at the beginning in which every browser looks for a charset (WHATWG HTML, section 13.2.3.2)."""

_JAPANESE: Final = "iso2022_jp"
# Labels of the WHATWG Encoding Standard (section 4.2) for charsets in which "<" may be another byte.
_WIDE: Final = {
    b"utf-16": "utf-16-le", b"utf-16le": "utf-16-le", b"unicode": "utf-16-le", b"ucs-2": "utf-16-le",
    b"iso-10646-ucs-2": "utf-16-le", b"csunicode": "utf-16-le", b"unicodefeff": "utf-16-le",
    b"utf-16be": "utf-16-be", b"unicodefffe": "utf-16-be",
    b"iso-2022-jp": _JAPANESE, b"csiso2022jp": _JAPANESE,
}  # fmt: skip
UTF_8: Final = frozenset((b"utf-8", b"utf8"))
"""Labels of UTF-8."""
_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# What says UTF-16 where no charset is named (WHATWG HTML, "prescan a byte stream").
_DECLARATIONS: Final = ((b"<\0?\0x\0", "utf-16-le"), (b"\0<\0?\0x", "utf-16-be"))
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


class Recoded:
    """Turn a charset into UTF-8 before a stage, and back behind it; what it lacks becomes references.

    What goes out is read as what the stage wrote, however browsers read what came in: an escape that begins
    no sequence is not kept.
    """

    def __init__(self, charset: str, inner: Stage) -> None:
        self._inner = inner
        # With half-width kana, which browsers know as well but Python does not write.
        self._escapes = charset == _JAPANESE
        wider = "iso2022_jp_ext" if self._escapes else charset
        self._decoder = codecs.getincrementaldecoder(wider)("replace")
        self._reader = codecs.getincrementaldecoder("utf-8")("replace")
        self._encoder = codecs.getincrementalencoder(charset)("xmlcharrefreplace")

    def feed(self, data: bytes) -> bytes:
        """Take the next bytes."""
        return self._encode(self._inner.feed(self._decode(data)))

    def close(self) -> bytes:
        """End the page."""
        rest = self._inner.feed(self._decode(b"", last=True)) + self._inner.close()
        return self._encode(rest, last=True)

    def _decode(self, data: bytes, *, last: bool = False) -> bytes:
        text = self._decoder.decode(data, last)
        text = text.replace("\x1b", "\ufffd") if self._escapes else text
        return text.encode("utf-8", "replace")

    def _encode(self, data: bytes, *, last: bool = False) -> bytes:
        return self._encoder.encode(self._reader.decode(data, last), last)


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
            self._inner, self._declares, self._named = Recoded(_JAPANESE, self._inner), False, True
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
            if len(data) < 6 and any(mark.startswith(data) for mark, _ in (*_MARKS, *_DECLARATIONS)):
                self._begin = data
                return b""
            self._stage, data = self._settle(data)
        return self._stage.feed(data)

    def close(self) -> bytes:
        """End the page."""
        if self._stage is not None:
            return self._stage.close()
        self._stage, data = self._settle(self._begin)
        return self._stage.feed(data) + self._stage.close()

    def _settle(self, data: bytes) -> tuple[Stage, bytes]:
        """Choose what the page goes through, by its first bytes; return it with what goes in first."""
        charset = _find(_MARKS, data) or _WIDE.get(self._label)
        if charset == "utf-8" or (charset is None and self._label in UTF_8):
            return self._inner, data
        declared = _find(_DECLARATIONS, data)
        if charset is None and declared is not None:
            # Whether a label is one only browsers know; if it is, the page is nothing.
            charset, data = (declared, data) if not self._label else (None, data[1:])
        if charset is not None:
            return Recoded(charset, self._inner), data
        return Unnamed(self._inner, declares=not self._label), data


def _find(marks: Sequence[tuple[bytes, str]], data: bytes) -> str | None:
    return next((charset for mark, charset in marks if data.startswith(mark)), None)
