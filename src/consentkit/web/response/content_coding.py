"""Content codings: what must be undone before a page can be read, and redone afterwards.

gzip and deflate come with Python; br and zstd are there where their libraries are. Decoders give bounded
pieces, so that a few bytes which stand for gigabytes never do so in memory.
"""

from __future__ import annotations

import importlib
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, Protocol

from consentkit.web.response.charset import Stage

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
