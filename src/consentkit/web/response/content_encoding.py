"""Content codings and charsets of pages: decoded before rewriting, and encoded again afterwards.

gzip and deflate come with Python; br and zstd need a library. Decoders return pieces of bounded size, so that
decompression bombs do not fill the memory.

Most charsets of browsers (WHATWG Encoding) are supersets of ASCII and are rewritten as they are. In UTF-16
and ISO-2022-JP the bytes of ``<`` may mean something else, so they are converted. UTF-16 is named by a header
or a byte order mark. ISO-2022-JP may also be named by a ``<meta>``, which browsers search at different
depths: it is accepted only where all browsers find it; otherwise its escape sequences are broken up.
"""

import codecs
import importlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any, Final, NamedTuple, Protocol

PIECE: Final = 64 * 1024
"""Maximum bytes of a decoded piece, if the library has such a limit."""
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
# "<?x" in UTF-16, which declares it if no charset is named (WHATWG HTML, "prescan a byte stream").
_DECLARATIONS: Final = ((b"<\0?\0x\0", "utf-16-le"), (b"\0<\0?\0x", "utf-16-be"))
_ESCAPE: Final = re.compile(rb"\x1b(?=[$(])")

# A beginning of a page that all browsers read alike up to the declaration: no text, no script, plain tags.
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


# --- content codings


class DecodingError(ValueError):
    """The bytes are not in the coding that the header names."""


class Decoder:
    """Decodes a content coding."""

    slice_bytes = 16 * 1024  # input per step: the engine copies the rest of a step after each piece
    errors: tuple[type[Exception], ...]

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield the decoded pieces of the next bytes.

        Raises:
            DecodingError: They are in another coding.
        """
        try:
            for at in range(0, len(data), self.slice_bytes):
                yield from self._decode(data[at : at + self.slice_bytes])
        except self.errors as error:
            raise DecodingError(str(error)) from error

    def _decode(self, data: bytes) -> Iterator[bytes]:
        raise NotImplementedError


class Inflate(Decoder):
    """Decode gzip, or deflate with or without its zlib header (RFC 9110, section 8.4.1)."""

    errors: tuple[type[Exception], ...] = (zlib.error,)

    def __init__(self, coding: bytes) -> None:
        self._bits = 31 if coding == b"gzip" else 15
        self._engine: Any = None

    def _decode(self, data: bytes) -> Iterator[bytes]:
        if self._engine is None:
            # A header of zlib has compression method 8, and a check sum of 31 (RFC 1950, section 2.2).
            headed = data[0] & 0x0F == 8 and (len(data) == 1 or (data[0] * 256 + data[1]) % 31 == 0)
            self._engine = zlib.decompressobj(self._bits if headed or self._bits == 31 else -15)
        out = b""
        while data or len(out) == PIECE:
            if self._engine.eof:
                if self._bits != 31:
                    return  # bytes after a deflate stream are ignored
                self._engine = zlib.decompressobj(31)  # members follow each other (RFC 1952, section 2.2)
            out = self._engine.decompress(data, PIECE)
            data = self._engine.unconsumed_tail or self._engine.unused_data
            yield out


class Unbrotli(Decoder):
    """Decode br (RFC 7932)."""

    def __init__(self) -> None:
        self.errors: tuple[type[Exception], ...] = (load_brotli().error,)
        self._engine = load_brotli().Decompressor()

    def _decode(self, data: bytes) -> Iterator[bytes]:
        out = self._engine.process(data, output_buffer_limit=PIECE)
        while out:
            yield out
            ended = self._engine.is_finished()
            out = b"" if ended else self._engine.process(b"", output_buffer_limit=PIECE)


class Unzstd(Decoder):
    """Decode zstd (RFC 8878), frame by frame."""

    slice_bytes = 64  # holds at most sixteen blocks of 128 KiB (section 3.1.1.2)

    def __init__(self) -> None:
        self._library = load_zstd()
        self.errors: tuple[type[Exception], ...] = (self._library.ZstdError, ValueError)
        self._engine = self._start()

    def _decode(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._engine.eof:
                self._engine = self._start()
            yield self._engine.decompress(data)
            data = self._engine.unused_data

    def _start(self) -> Any:
        """Begin a frame, whose window is 8 MiB at most (RFC 9659, section 3)."""
        if hasattr(self._library, "COMPRESSOBJ_FLUSH_BLOCK"):
            return self._library.ZstdDecompressor(max_window_size=1 << 23).decompressobj()
        limit = {self._library.DecompressionParameter.window_log_max: 23}
        return self._library.ZstdDecompressor(options=limit)


class Encoder(NamedTuple):
    """Encodes a content coding.

    Attributes:
        feed: Encodes the next bytes.
        flush: Returns what is kept back, so that everything fed can be read.
        close: Ends the stream and returns the rest.
    """

    feed: Callable[[bytes], bytes]
    flush: Callable[[], bytes]
    close: Callable[[], bytes]


def decoder(coding: bytes) -> Decoder:
    """Make a decoder for a coding that `coding_of` returned."""
    return Unbrotli() if coding == b"br" else Unzstd() if coding == b"zstd" else Inflate(coding)


def encoder(coding: bytes) -> Encoder:
    """Make an encoder for a coding that `coding_of` returned."""
    if coding == b"br":
        brotli = load_brotli().Compressor(quality=4, lgwin=19)  # higher qualities are too slow for pages
        return Encoder(brotli.process, brotli.flush, brotli.finish)
    if coding == b"zstd":
        # Two libraries with different interfaces: zstandard, and Python's own since 3.14.
        zstd = load_zstd().ZstdCompressor()
        block = getattr(load_zstd(), "COMPRESSOBJ_FLUSH_BLOCK", None) or zstd.FLUSH_BLOCK
        zstd = zstd.compressobj() if hasattr(zstd, "compressobj") else zstd
        return Encoder(zstd.compress, lambda: bytes(zstd.flush(block)), zstd.flush)
    deflate = zlib.compressobj(6, zlib.DEFLATED, 31 if coding == b"gzip" else 15)
    return Encoder(deflate.compress, lambda: deflate.flush(zlib.Z_SYNC_FLUSH), deflate.flush)


def import_first(*names: str) -> Any:
    """Return the first module that is installed, or ``None``."""
    for name in names:
        with suppress(ImportError):
            return importlib.import_module(name)
    return None


@cache
def load_brotli() -> Any:
    """Return the library for br, if one is installed that can limit its output."""
    library = import_first("brotli", "brotlicffi")
    return library if hasattr(getattr(library, "Decompressor", None), "can_accept_more_data") else None


@cache
def load_zstd() -> Any:
    """Return the library for zstd, if one is installed."""
    return import_first("compression.zstd", "zstandard")


@cache
def readable() -> Mapping[bytes, bytes]:
    """Return the supported content codings by their names in headers."""
    optional = {b"br": load_brotli(), b"zstd": load_zstd()}
    found = {coding: coding for coding, library in optional.items() if library}
    return {b"gzip": b"gzip", b"x-gzip": b"gzip", b"deflate": b"deflate", b"identity": b"", **found}


def coding_of(header: bytes) -> bytes | None:
    """Read a ``Content-Encoding``: empty for none, ``None`` for one that is not supported."""
    return readable().get(header.strip().lower() or b"identity")


def acceptable(header: bytes) -> bytes:
    """Narrow an ``Accept-Encoding`` to supported codings; ``identity`` if nothing is left.

    Never empty: an absent header would allow the app anything (RFC 9110, section 12.5.3).
    """
    parts = (part.strip() for part in header.split(b","))
    kept = (part for part in parts if part.split(b";")[0].strip().lower() in readable())
    return b", ".join(kept) or b"identity"


class CodedBody:
    """Decodes one page, has it rewritten, and encodes it, in bounded memory.

    Args:
        stage: Rewrites the page.
        coding: The content coding around it.

    Attributes:
        broken: Whether the rest was cut off.
    """

    def __init__(self, stage: "Stage", coding: bytes) -> None:
        self._stage = stage
        self._decoder = decoder(coding)
        self._encoder = encoder(coding)
        self.broken: bool = False

    def turn(self, data: bytes, more: bool) -> bytes:
        """Turn the bytes of one message; `more` says whether another follows.

        Bytes that cannot be decoded, and all that follow, are cut off.
        """
        parts: list[bytes] = []
        try:
            for piece in () if self.broken else self._decoder.pieces(data):
                parts += [self._encoder.feed(self._stage.feed(piece))]
        except DecodingError:
            self.broken = True
        if not (more or self.broken):
            parts += self._encoder.feed(self._stage.close()), self._encoder.close()
        elif data and not self.broken:
            parts.append(self._encoder.flush())
        return b"".join(parts)


# --- charsets


class Stage(Protocol):
    """One step of a pipeline of bytes."""

    def feed(self, data: bytes) -> bytes:
        """Process the next bytes and return the output so far."""

    def close(self) -> bytes:
        """End the stream and return the rest."""


class Recoded:
    """Converts to UTF-8 before a stage and back after it; missing characters become references.

    Escapes that begin no sequence are removed, so that browsers read the output as the stage wrote it.
    """

    def __init__(self, charset: str, inner: Stage) -> None:
        self._inner = inner
        # Decoded with the extension for half-width kana, as in browsers; the encoder does not write them.
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
    """A page in an ASCII-compatible charset, unless a ``<meta>`` declares ISO-2022-JP.

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
        """Continue at an escape: convert ISO-2022-JP, break up the escape, or wait for more of the page."""
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

    A byte order mark overrides the label (WHATWG Encoding Standard, section 6), so the first bytes are held.

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
        """Choose the stage by the page's first bytes; return it with the bytes to feed first."""
        charset = _find(_MARKS, data) or _WIDE.get(self._label)
        if charset == "utf-8" or (charset is None and self._label in UTF_8):
            return self._inner, data
        declared = _find(_DECLARATIONS, data)
        if charset is None and declared is not None:
            # With a label unknown here, browsers may read something else: break the declaration.
            charset, data = (declared, data) if not self._label else (None, data[1:])
        if charset is not None:
            return Recoded(charset, self._inner), data
        return Unnamed(self._inner, declares=not self._label), data


def _find(marks: Sequence[tuple[bytes, str]], data: bytes) -> str | None:
    return next((charset for mark, charset in marks if data.startswith(mark)), None)
