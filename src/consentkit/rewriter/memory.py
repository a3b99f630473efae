"""Passages that were read before: pages of one site repeat themselves.

A passage is plain markup as far as the next start tag that matters. What was found in it depends on its
bytes alone, so it is remembered; it is found again by the bytes around its beginning, and believed only if
all of its bytes are the same.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_BYTES: Final = 16 << 20
"""Bytes of passages that are remembered for handlers that ask for the same tags; then it starts anew."""
OVERHEAD: Final = 320
"""Bytes that Python takes for the objects of one passage."""
BEFORE: Final = 64
AHEAD: Final = 32
"""Bytes around the beginning of a passage by which it is looked for."""


class Passage(NamedTuple):
    """What was read once.

    Attributes:
        text: All bytes up to the end of the tag.
        start: Offset of the tag in them.
        length: Their number.
        raw: The tag.
        name: Its lower-case name.
        kind: What it does to what follows it; see :mod:`consentkit.rewriter.context`.
    """

    text: bytes
    start: int
    length: int
    raw: bytes
    name: bytes
    kind: int


class Passages:
    """A memo of passages, bounded by their size."""

    def __init__(self) -> None:
        self._known: dict[bytes, Passage] = {}
        self._size = 0
        self.get = self._known.get

    def remember(self, key: bytes, passage: Passage) -> None:
        """Keep a passage under the bytes from ``BEFORE`` before its beginning to ``AHEAD`` behind it."""
        size = passage.length + len(passage.raw) + len(key) + OVERHEAD
        former = self._known.get(key)
        self._size += size - (former.length + len(former.raw) + len(key) + OVERHEAD if former else 0)
        if self._size > MAX_BYTES:
            self.clear()
            self._size = size
        self._known[key] = passage

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()
        self._size = 0
