"""ISO-2022-JP (WHATWG Encoding, section 12.2), turned into EUC-JP and back without a table of characters.

The same pairs of bytes stand for the same characters in both, but in EUC-JP with their high bits set: there
``<`` is always ``<``. Where browsers show an error there is a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_ASCII, _ROMAN, _KANA, _PAIRS = b"\x1b(B", b"\x1b(J", b"\x1b(I", b"\x1b$B"
_SETS: Final = {_ASCII: _ASCII, _ROMAN: _ROMAN, _KANA: _KANA, _PAIRS: _PAIRS, b"\x1b$@": _PAIRS}
_MARK: Final = b"\xa2\xae"
_SEQUENCE: Final = re.compile(rb"\x1b(?:\([BJI]|\$[@B])|\x1b|[^\x1b]++")
_WRONG: Final = re.compile(rb"[\x0e\x0f\x80-\xff]")
_PAIR: Final = re.compile(rb"([\x21-\x7e]{2})|[\x21-\x7e]?[^\x21-\x7e]|.", re.S)
_RUN: Final = re.compile(rb"[\x00-\x7f]++|(?:[\xa1-\xfe]{2})++|(?:\x8e[\xa1-\xdf])++|.", re.S)
_HIGH: Final = bytes(byte | 0x80 for byte in range(256))
_LOW: Final = bytes(byte & 0x7F for byte in range(256))


class Iso2022Decoder:
    """Turns ISO-2022-JP into EUC-JP."""

    def __init__(self) -> None:
        self._set = _ASCII
        self._switched = False
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Decode the next bytes."""
        data, self._held = self._held + data, b""
        out = bytearray()
        for found in _SEQUENCE.finditer(data):
            token, rest = found[0], data[found.end() : found.end() + 2]
            if token in _SETS:
                out += _MARK if self._switched else b""  # two in a row
                self._set, self._switched = _SETS[token], True
            elif token != b"\x1b":
                self._switched = False
                out += self._text(token, last=not rest)
            elif rest in (b"", b"$", b"("):
                self._held = data[found.start() :]
                break
            else:
                self._switched = False
                out += _MARK
        return bytes(out)

    def close(self) -> bytes:
        """Decode what is left."""
        return _MARK if self._held else b""

    def _text(self, run: bytes, *, last: bool) -> bytes:
        if self._set is _PAIRS:
            return b"".join(self._pairs(run, last))
        if self._set is _KANA:
            return b"".join(b"\x8e%c" % (byte | 0x80) if 0x21 <= byte <= 0x5F else _MARK for byte in run)
        run = _WRONG.sub(_MARK, run)
        return run.replace(b"\\", b"\xa1\xef").replace(b"~", b"\xa1\xb1") if self._set is _ROMAN else run

    def _pairs(self, run: bytes, last: bool) -> Iterator[bytes]:
        for found in _PAIR.finditer(run):
            if found[1]:
                yield found[1].translate(_HIGH)
            elif last and found.end() == len(run) and 0x21 <= run[-1] <= 0x7E:
                self._held = found[0]
            else:
                yield _MARK


class Iso2022Encoder:
    """Turns EUC-JP back into ISO-2022-JP."""

    def __init__(self) -> None:
        self._set = _ASCII
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """Encode the next bytes."""
        data, self._held = self._held + data, b""
        out = bytearray()
        for found in _RUN.finditer(data):
            run = found[0]
            if run[0] < 0x80:
                out += self._switch(_ASCII) + run
            elif len(run) > 1:
                kana = run[0] == 0x8E
                out += self._switch(_KANA if kana else _PAIRS) + run[kana :: 1 + kana].translate(_LOW)
            elif found.end() == len(data):
                self._held = run
            else:
                out += self._switch(_ASCII) + b"?"
        return bytes(out)

    def close(self) -> bytes:
        """Encode what is left."""
        return self._switch(_ASCII)

    def _switch(self, to: bytes) -> bytes:
        if self._set is to:
            return b""
        self._set = to
        return to
