"""A cache of passages, since the pages of a site have much in common.

A passage is plain markup up to the next selected start tag. Its result depends on its bytes only. It is
cached the second time it is seen, looked up by the bytes around its beginning, and used only if all of its
bytes are equal. Passages that repeatedly follow each other are joined to a longer one, so that a mostly known
page is compared instead of parsed.
"""

from typing import Final

import msgspec

from consentkit.exceptions import RewriteError
from consentkit.rewriter.grammar import Buffer

MAX_BYTES: Final = 16 << 20
"""Maximum bytes of passages in one memory; then it is cleared."""
MAX_PASSAGE: Final = 1 << 20
"""Maximum bytes of a cached passage."""
OVERHEAD: Final = 320
"""Estimated bytes of Python's objects for one passage."""
MAX_SEEN: Final = 1 << 15
"""Maximum keys of passages that were seen once."""
BEFORE: Final = 64
AHEAD: Final = 32
"""Bytes around the beginning of a passage that are its key."""

_UNLIMITED: Final = 1 << 30


class Passage(msgspec.Struct, eq=False):
    """A cached passage.

    Attributes:
        text: All bytes up to the end of the tag.
        length: Number of its bytes.
        start: Offset of the tag in them.
        raw: The tag.
        name: Its lower-case name.
        kind: Its effect on the bytes after it; see :mod:`consentkit.rewriter.selection`.
        count: Selected tags in it.
        limit: Maximum count of a joined passage that begins with it; halved when a page differed.
        longer: The joined passage that begins with it, if there is one.
    """

    text: bytes
    length: int
    start: int
    raw: bytes
    name: bytes
    kind: int
    count: int = 1
    limit: int = _UNLIMITED
    longer: "Passage | None" = None


Run = list[tuple[int, Passage]]
"""Known passages that follow each other, with offsets. The handler answered `None` to all but the last."""


class Passages:
    """The passages of one scan expression, bounded by size.

    Attributes:
        size: Bytes of all passages.
    """

    def __init__(self) -> None:
        self.size: int = 0
        self._known: dict[bytes, Passage] = {}
        self._seen: set[int] = set()
        self._key = b""

    def find(self, buffer: Buffer, pos: int, *, joined: bool) -> Passage | None:
        """Return the known passage that begins at ``pos``; a joined one only if ``joined``."""
        self._key = key = _key(buffer, pos)
        passage = self._known.get(key)
        if passage is None:
            return None
        longer = passage.longer
        if longer is not None and joined:
            if buffer.startswith(longer.text, pos):
                return longer
            if len(buffer) - pos >= longer.length:
                # The page differs: allow shorter joined passages only.
                passage.longer, passage.limit = None, longer.count >> 1
                self.size -= _size(longer)
        return passage if buffer.startswith(passage.text, pos) else None

    def note(self, buffer: Buffer, pos: int, end: int, tag: tuple[int, bytes, bytes, int]) -> None:
        """Store the passage that was parsed after the last :meth:`find` returned `None`.

        ``tag`` is its last tag: offset, bytes, name and kind.
        """
        if end - pos > MAX_PASSAGE:
            return
        mark = hash(self._key)
        if mark not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen.add(mark)
            return
        start, raw, name, kind = tag
        former = self._known.get(self._key)
        passage = Passage(bytes(buffer[pos:end]), end - pos, start - pos, raw, name, kind)
        self._replace(former, passage)
        if former is not None and former.longer is not None:
            self.size -= _size(former.longer)
        self._known[self._key] = passage

    def join(self, buffer: Buffer, run: Run) -> None:
        """Join the passages of a run, as many as the first one's limit allows at a time."""
        count = begin = limit = 0
        for pos, passage in run:
            if not count:
                begin, limit = pos, passage.limit
            count += passage.count
            if count >= limit:
                self._join(buffer, begin, passage, pos, count)
                count = 0
        if count:
            self._join(buffer, begin, passage, pos, count)

    def _join(self, buffer: Buffer, begin: int, last: Passage, pos: int, count: int) -> None:
        """Join the passages from ``begin`` up to the one at ``pos``."""
        head = self._known.get(_key(buffer, begin)) if pos > begin else None
        end = pos + last.length
        if head is None or count > head.limit or end - begin > MAX_PASSAGE:
            return
        former = head.longer
        if former is None or former.count < count:
            text, start = bytes(buffer[begin:end]), pos + last.start - begin
            head.longer = Passage(text, end - begin, start, last.raw, last.name, last.kind, count, head.limit)
            self._replace(former, head.longer)

    def _replace(self, former: Passage | None, passage: Passage) -> None:
        self.size += _size(passage) - (_size(former) if former is not None else 0)
        if self.size > MAX_BYTES:
            self._known.clear()
            self.size = _size(passage)


class Memory:
    """The cache shared by handlers with the same answers.

    Attributes:
        plain: Passages of plain markup.
        head: Passages of documents' heads.
    """

    def __init__(self) -> None:
        self.plain: Passages = Passages()
        self.head: Passages = Passages()
        self._names: frozenset[bytes] | None = None

    def serve(self, names: frozenset[bytes]) -> None:
        """Record the handler's names, which must be the same each time.

        Raises:
            RewriteError: They are not.
        """
        if self._names is None:
            self._names = names
        elif self._names is not names and self._names != names:
            raise RewriteError("handlers that ask for different tags share a memory")


def _key(buffer: Buffer, pos: int) -> bytes:
    return bytes(buffer[pos - BEFORE if pos > BEFORE else 0 : pos + AHEAD])


def _size(passage: Passage) -> int:
    return passage.length + len(passage.raw) + BEFORE + AHEAD + OVERHEAD
