"""A cache of rewritten pages, by their original bytes and everything about the visitor that affects them.

The key has only the length and a sample of the bytes; then all bytes are compared, which is much cheaper than
hashing them. A page is kept from the second time on that its key is seen, so that pages which never repeat
cost no memory.
"""

from collections.abc import Hashable
from typing import Final

import msgspec

MAX_BYTES: Final = 32 * 1024 * 1024
MAX_ENTRIES: Final = 1024
MAX_ENTRY: Final = MAX_BYTES // 8
"""Maximum bytes of all pages, and of one page: original and rewritten bytes together."""
MAX_SEEN: Final = 4096
"""Maximum keys of pages that were seen once. When the set is full, it is cleared."""
_SAMPLE = 64


class CachedPage(msgspec.Struct, eq=False):
    """A page before and after rewriting.

    Args:
        before: The app's bytes.
        after: The bytes sent.
        report: The debug header's value.
        asked: Regime and language of its banner, to be counted; empty if there is none.
        used: Whether it was used since the last eviction check.
    """

    before: bytes
    after: bytes
    report: str
    asked: str = ""
    used: bool = False

    @property
    def size(self) -> int:
        """Bytes of both."""
        return len(self.before) + len(self.after)


def page_key(body: bytes, shape: Hashable) -> Hashable:
    """Make a page's key; different pages may have the same, so `find` compares the bytes.

    Args:
        body: The app's bytes.
        shape: Everything else that affects the result.
    """
    middle = len(body) >> 1
    return len(body), body[middle : middle + _SAMPLE], shape


class PageCache:
    """Keeps pages that the app sends in one message.

    Attributes:
        hits: Pages found.
        misses: Pages not found.
        size: Bytes kept.
    """

    def __init__(self) -> None:
        self.hits: int = 0
        self.misses: int = 0
        self.size: int = 0
        self._kept: dict[Hashable, CachedPage] = {}
        self._seen: set[int] = set()

    def find(self, key: Hashable, body: bytes) -> CachedPage | None:
        """Return the page made from exactly these bytes, or `None`."""
        kept = self._kept.get(key)
        if kept is None or kept.before != body:
            self.misses += 1
            return None
        self.hits += 1
        kept.used = True
        return kept

    def keep(self, key: Hashable, page: CachedPage) -> None:
        """Store a page if its key was seen before; evict pages that were not used for long."""
        mark = hash(key)
        if mark not in self._seen:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen.add(mark)
        elif page.size <= MAX_ENTRY:
            self._drop(key)
            self._kept[key] = page
            self.size += page.size
            while self.size > MAX_BYTES or len(self._kept) > MAX_ENTRIES:
                self._evict()

    def _evict(self) -> None:
        """Drop the oldest page that was not used since the last check (the clock algorithm)."""
        oldest = next(iter(self._kept))
        page = self._kept[oldest]
        if page.used:
            page.used = False
            self._kept[oldest] = self._kept.pop(oldest)
        else:
            self._drop(oldest)

    def _drop(self, key: Hashable) -> None:
        page = self._kept.pop(key, None)
        self.size -= page.size if page else 0

    def account(self) -> bytes:
        """Return hits, misses and size for the debug header."""
        return b"hits=%d; misses=%d; bytes=%d" % (self.hits, self.misses, self.size)
