"""What was read before: pages of one site repeat themselves.

A passage is plain markup as far as the next start tag that matters. What was found in it depends on its
bytes alone, so it is remembered from the second time on that it is seen. It is found again by the bytes
around its beginning, and believed only if all of its bytes are the same. Passages that follow each other
again, with nothing of account in them, are joined to a longer one, so that a page of which most is known is
compared rather than read.
"""

from __future__ import annotations

from typing import Final

from consentkit.exceptions import RewriteError
from consentkit.rewriter.grammar import Buffer

MAX_BYTES: Final = 16 << 20
"""Bytes of passages that are remembered in one memory; then it starts anew."""
MAX_PASSAGE: Final = 1 << 20
"""Bytes of one passage up to which it is remembered."""
OVERHEAD: Final = 320
"""Bytes that Python takes for the objects of one passage."""
MAX_SEEN: Final = 1 << 15
"""Passages of which it is known that they were seen once."""
BEFORE: Final = 64
AHEAD: Final = 32
"""Bytes around the beginning of a passage by which it is looked for."""

_UNLIMITED: Final = 1 << 30


class Passage:
    """What was read once.

    Args:
        text: All bytes up to the end of the tag.
        start: Offset of the tag in them.
        raw: The tag.
        name: Its lower-case name.
        kind: What it does to what follows it; see :mod:`consentkit.rewriter.selection`.
        count: Tags in it that matter.
        limit: Up to how many of them passages may be joined to it: half as many once they differed.

    Attributes:
        length: Number of its bytes.
        longer: The joined passage that begins with it, if there is one.
    """

    count: int
    kind: int
    length: int
    limit: int
    name: bytes
    raw: bytes
    start: int
    text: bytes

    __slots__ = ("count", "kind", "length", "limit", "longer", "name", "raw", "start", "text")

    def __init__(
        self, text: bytes, start: int, raw: bytes, name: bytes, kind: int, count: int = 1,
        limit: int = _UNLIMITED,
    ) -> None:  # fmt: skip
        self.text, self.start, self.length = text, start, len(text)
        self.raw, self.name, self.kind = raw, name, kind
        self.count, self.limit = count, limit
        self.longer: Passage | None = None


class Passages:
    """Passages that one expression found, bounded by their size.

    Attributes:
        size: Bytes that they take.
    """

    def __init__(self) -> None:
        self.size: int = 0
        self._known: dict[bytes, Passage] = {}
        self._seen: set[int] = set()
        self._key = b""

    def find(self, buffer: Buffer, pos: int, *, joined: bool) -> Passage | None:
        """Return the passage that begins here, or `None` where none is known.

        Args:
            buffer: The bytes.
            pos: Where it begins.
            joined: Whether passages that were joined count.
        """
        self._key = key = _key(buffer, pos)
        passage = self._known.get(key)
        if passage is None:
            return None
        longer = passage.longer
        if longer is not None and joined:
            if buffer.startswith(longer.text, pos):
                return longer
            if len(buffer) - pos >= longer.length:
                self._part(passage, longer)
        return passage if buffer.startswith(passage.text, pos) else None

    def note(self, buffer: Buffer, pos: int, end: int, tag: tuple[int, bytes, bytes, int]) -> None:
        """Take note of what was read where the last :meth:`find` found nothing.

        Args:
            buffer: The bytes.
            pos: Where it begins.
            end: Where it ends.
            tag: Where its tag begins, the tag, its name and kind.
        """
        if end - pos > MAX_PASSAGE:
            return
        key, mark = self._key, hash(self._key)
        if mark not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen.add(mark)
            return
        start, raw, name, kind = tag
        former = self._known.get(key)
        if former is not None:
            self.size -= _size(former) + (_size(former.longer) if former.longer else 0)
        passage = Passage(bytes(buffer[pos:end]), start - pos, raw, name, kind)
        self._take(passage)
        self._known[key] = passage

    def join(self, buffer: Buffer, begin: int, last: Passage, pos: int, count: int) -> None:
        """Join passages of no account, and the last of them of whatever account.

        Args:
            buffer: The bytes.
            begin: Where the first of them begins.
            last: The last of them.
            pos: Where that begins.
            count: Tags in all of them that matter.
        """
        head = self._known.get(_key(buffer, begin))
        end = pos + last.length
        if head is None or count > head.limit or end - begin > MAX_PASSAGE:
            return
        former = head.longer
        if former is not None:
            if former.count >= count:
                return
            self.size -= _size(former)
        text, start = bytes(buffer[begin:end]), pos + last.start - begin
        head.longer = Passage(text, start, last.raw, last.name, last.kind, count, head.limit)
        self._take(head.longer)

    def _part(self, head: Passage, longer: Passage) -> None:
        """Forget a joined passage that a page differs from; a shorter one may take its place."""
        head.longer, head.limit = None, longer.count >> 1
        self.size -= _size(longer)

    def _take(self, passage: Passage) -> None:
        self.size += _size(passage)
        if self.size > MAX_BYTES:
            self._known.clear()
            self.size = _size(passage)


class Run:
    """Known passages that follow each other and have nothing of account in them: they may be joined.

    Args:
        passages: Where they are known.
        buffer: The bytes.
    """

    __slots__ = ("_begin", "_buffer", "_count", "_first", "_last", "_passages", "_pos")

    def __init__(self, passages: Passages, buffer: Buffer) -> None:
        self._passages = passages
        self._buffer = buffer
        self._first: Passage | None = None

    def go_on(self, passage: Passage, pos: int) -> None:
        """Take the next passage; it is of no account."""
        if self._first is None:
            self._first, self._begin, self._count = passage, pos, 0
        self._last, self._pos = passage, pos
        self._count += passage.count
        if self._count >= self._first.limit:
            self.end()

    def end(self, passage: Passage | None = None, pos: int = 0) -> None:
        """Join what came one after the other, and the passage of account that ends it, if that is known."""
        if self._first is None:
            return
        self._first = None
        if passage is None:
            passage, pos = self._last, self._pos
        else:
            self._count += passage.count
        if pos > self._begin:
            self._passages.join(self._buffer, self._begin, passage, pos, self._count)


class Memory:
    """What handlers that answer alike remember of the pages they have read.

    Attributes:
        plain: Passages of plain markup.
        head: Passages of documents' heads.
    """

    def __init__(self) -> None:
        self.plain: Passages = Passages()
        self.head: Passages = Passages()
        self._names: frozenset[bytes] | None = None

    def serve(self, names: frozenset[bytes]) -> None:
        """Take note of what is asked for, which must be the same each time.

        Raises:
            RewriteError: It is not.
        """
        if self._names is None:
            self._names = names
        elif self._names is not names and self._names != names:
            raise RewriteError("handlers that ask for different tags share a memory")


def _key(buffer: Buffer, pos: int) -> bytes:
    return bytes(buffer[pos - BEFORE if pos > BEFORE else 0 : pos + AHEAD])


def _size(passage: Passage) -> int:
    return passage.length + len(passage.raw) + BEFORE + AHEAD + OVERHEAD
