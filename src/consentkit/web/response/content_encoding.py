"""Content codings: what must be undone before a page can be read, and redone afterwards.

gzip and deflate come with Python; br and zstd are there where their libraries are. Decoders give bounded
pieces, so that a few bytes which stand for gigabytes never do so in memory.
"""

from __future__ import annotations

import codecs
import importlib
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final, Protocol

PIECE: Final = 64 * 1024
"""Bytes that a decoder gives at once, as far as its library can be told."""

_SLICE = 16 * 1024  # bytes of coded input looked at together: what is left over of it is copied at each piece
_ZSTD_SLICE = 64  # holds at most sixteen blocks of 128 KiB (RFC 8878, section 3.1.1.2)
_WINDOW = 8 * 1024 * 1024  # RFC 9659, section 3


class DecodingError(ValueError):
    """The bytes are not in the coding that they are said to be in."""


class Decoder(Protocol):
    """Undoes a content coding."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that the next bytes stand for.

        Raises:
            DecodingError: They are in another coding.
        """


class Encoder(Protocol):
    """Redoes a content coding."""

    def feed(self, data: bytes) -> bytes:
        """Encode the next bytes."""

    def flush(self) -> bytes:
        """Return what is kept back, so that everything fed can be read."""

    def close(self) -> bytes:
        """End the stream and return the rest."""


class Inflate:
    """Decode gzip, or deflate with or without its zlib header (RFC 9110, section 8.4.1)."""

    def __init__(self, coding: bytes) -> None:
        self._bits = 31 if coding == b"gzip" else 15
        self._engine = zlib.decompressobj(self._bits)
        self._begun = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that the next bytes stand for; see `Decoder`."""
        if self._bits == 15 and not self._begun and data and not _has_header(data):
            self._engine = zlib.decompressobj(-15)
        self._begun = self._begun or bool(data)
        try:
            for at in range(0, len(data), _SLICE):
                yield from self._slice(data[at : at + _SLICE])
        except zlib.error as error:
            raise DecodingError(str(error)) from error

    def _slice(self, data: bytes) -> Iterator[bytes]:
        out = b""
        while data or len(out) == PIECE:
            if self._engine.eof:
                if self._bits != 31:
                    return  # nothing follows a deflate stream, and nothing of it goes out
                self._engine = zlib.decompressobj(31)  # members follow each other (RFC 1952, section 2.2)
            out = self._engine.decompress(data, PIECE)
            data = self._engine.unconsumed_tail or self._engine.unused_data
            yield out


def _has_header(data: bytes) -> bool:
    """Look for the header of zlib: compression method 8 and a check sum of 31 (RFC 1950, section 2.2)."""
    return data[0] & 0x0F == 8 and (len(data) == 1 or (data[0] * 256 + data[1]) % 31 == 0)


class Deflate:
    """Encode gzip or deflate."""

    def __init__(self, coding: bytes) -> None:
        self._engine = zlib.compressobj(6, zlib.DEFLATED, 31 if coding == b"gzip" else 15)
        self.feed: Callable[[bytes], bytes] = self._engine.compress
        self.close: Callable[[], bytes] = self._engine.flush

    def flush(self) -> bytes:
        """Return what is kept back; see `Encoder`."""
        return self._engine.flush(zlib.Z_SYNC_FLUSH)


class Unbrotli:
    """Decode br (RFC 7932)."""

    def __init__(self) -> None:
        self._library = _brotli()
        self._engine = self._library.Decompressor()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that the next bytes stand for; see `Decoder`."""
        try:
            for at in range(0, len(data), _SLICE):
                out = self._engine.process(data[at : at + _SLICE], output_buffer_limit=PIECE)
                while out:
                    yield out
                    ended = self._engine.is_finished()
                    out = b"" if ended else self._engine.process(b"", output_buffer_limit=PIECE)
        except self._library.error as error:
            raise DecodingError(str(error)) from error


class Brotli:
    """Encode br. Its best quality is for files that are packed once."""

    def __init__(self) -> None:
        self._engine = _brotli().Compressor(quality=4, lgwin=19)
        self.feed: Callable[[bytes], bytes] = self._engine.process
        self.flush: Callable[[], bytes] = self._engine.flush
        self.close: Callable[[], bytes] = self._engine.finish


class Unzstd:
    """Decode zstd (RFC 8878), frame by frame."""

    def __init__(self) -> None:
        self._library = _zstd()
        self._engine = self._start()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield all that the next bytes stand for; see `Decoder`."""
        try:
            for at in range(0, len(data), _ZSTD_SLICE):
                rest = data[at : at + _ZSTD_SLICE]
                while rest:
                    if self._engine.eof:
                        self._engine = self._start()
                    yield self._engine.decompress(rest)
                    rest = self._engine.unused_data
        except (self._library.ZstdError, ValueError) as error:
            raise DecodingError(str(error)) from error

    def _start(self) -> Any:
        if hasattr(self._library, "COMPRESSOBJ_FLUSH_BLOCK"):
            return self._library.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        limit = {self._library.DecompressionParameter.window_log_max: _WINDOW.bit_length() - 1}
        return self._library.ZstdDecompressor(options=limit)


class Zstd:
    """Encode zstd."""

    def __init__(self) -> None:
        library = _zstd()
        # Two libraries speak of the same engine in two ways: zstandard, and Python's own since 3.14.
        if block := getattr(library, "COMPRESSOBJ_FLUSH_BLOCK", None):
            engine = library.ZstdCompressor().compressobj()
        else:
            engine = library.ZstdCompressor()
            block = engine.FLUSH_BLOCK
        self.feed: Callable[[bytes], bytes] = engine.compress
        self.flush: Callable[[], bytes] = lambda: bytes(engine.flush(block))
        self.close: Callable[[], bytes] = engine.flush


def _library(*names: str) -> Any:
    for name in names:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return None


@cache
def _brotli() -> Any:
    """Return the library, where it is there and can be told how much to give at once."""
    library = _library("brotli", "brotlicffi")
    return library if hasattr(getattr(library, "Decompressor", None), "can_accept_more_data") else None


@cache
def _zstd() -> Any:
    return _library("compression.zstd", "zstandard")


@cache
def readable() -> frozenset[bytes]:
    """Return the content codings that can be undone here, by their names in headers."""
    found = {b"gzip", b"x-gzip", b"deflate", b"identity"}
    found |= {b"br"} if _brotli() else set()
    return frozenset(found | ({b"zstd"} if _zstd() else set()))


def coding_of(header: bytes) -> bytes | None:
    """Read a ``Content-Encoding``.

    Returns:
        The coding, nothing for none, ``None`` for one that cannot be undone.
    """
    coding = header.strip().lower()
    if coding in (b"", b"identity"):
        return b""
    if coding not in readable():
        return None
    return b"gzip" if coding == b"x-gzip" else coding


def decoder(coding: bytes) -> Decoder:
    """Make a decoder for a coding that `coding_of` returned."""
    return Unbrotli() if coding == b"br" else Unzstd() if coding == b"zstd" else Inflate(coding)


def encoder(coding: bytes) -> Encoder:
    """Make an encoder for a coding that `coding_of` returned."""
    return Brotli() if coding == b"br" else Zstd() if coding == b"zstd" else Deflate(coding)


def acceptable(header: bytes) -> bytes:
    """Narrow an ``Accept-Encoding`` to what can be undone; ``identity`` if nothing is left.

    Never empty: an absent header would allow the app anything (RFC 9110, section 12.5.3).
    """
    parts = (part.strip() for part in header.split(b","))
    kept = (part for part in parts if part.split(b";")[0].strip().lower() in readable())
    return b", ".join(kept) or b"identity"


class CodedBody:
    """What becomes of one page's coded bytes.

    Args:
        stage: Rewrites the page.
        coding: The content coding around it.

    Attributes:
        broken: Whether the rest was cut off.
    """

    def __init__(self, stage: Stage, coding: bytes) -> None:
        self._stage = stage
        self._decoder = decoder(coding)
        self._encoder = encoder(coding)
        self.broken: bool = False

    def turn(self, data: bytes, more: bool) -> bytes:
        """Turn one message.

        What cannot be decoded is cut off, with everything that follows, and not let through.

        Args:
            data: The bytes of the message.
            more: Whether other messages follow.
        """
        if self.broken:
            return b""
        parts: list[bytes] = []
        try:
            for piece in self._decoder.pieces(data):
                parts += (self._encoder.feed(self._stage.feed(piece)),)
        except DecodingError:
            self.broken = True
            return b"".join(parts)
        if not more:
            parts += (self._encoder.feed(self._stage.close()), self._encoder.close())
        elif data:
            parts.append(self._encoder.flush())
        return b"".join(parts)


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
