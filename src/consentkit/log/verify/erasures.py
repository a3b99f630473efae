"""The index of what erasures and purges have erased."""

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from consentkit.exceptions import LogCorrupt
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Row
from consentkit.log.verify.entry_checks import MISSING, check_entry, decode_entry
from consentkit.record.entry import Entry, EntryType
from consentkit.record.leaf import read_leaf


class Erasures:
    """The index of what erasures and purges erased. Look-ups take logarithmic time.

    Attributes:
        indexes: Indexes of the erasures and purges themselves.

    Raises:
        LogCorrupt: One of them does not match its leaf, or names entries after it.
    """

    def __init__(self, view: View) -> None:
        self.indexes: set[int] = set()
        # One bit for each entry: a set of numbers would grow with what was erased.
        self._erased = bytearray(view.head().size // 8 + 1)
        for entry in self._read(view, "erasure"):
            for index in entry.erased or ():
                if index >> 3 < len(self._erased):
                    self._erased[index >> 3] |= 1 << (index & 7)
        purges = sorted((entry.before or "", entry.stop or 0) for entry in self._read(view, "purge"))
        # A purge covers all days before its own. So for a day: the largest `stop` of purges with a later day,
        # as suffix maxima over the sorted purges.
        self._days = [before for before, _ in purges]
        self._stops = [0, *accumulate((stop for _, stop in reversed(purges)), max)][::-1]

    def may_cover(self, first: int, last: int) -> bool:
        """Say whether an entry from the first to the last index may have been erased."""
        return first < self._stops[0] or any(self._erased[first >> 3 : (last >> 3) + 1])

    def covers(self, index: int, day: str) -> bool:
        """Say whether the entry with this index, of this day, was erased."""
        return self._has(index) or index < self._stops[bisect_right(self._days, day)]

    def _has(self, index: int) -> bool:
        return index >> 3 < len(self._erased) and bool(self._erased[index >> 3] & 1 << (index & 7))

    def check_present(self, row: Row, day: str) -> None:
        """Raise LogCorrupt if an entry that has a body was erased, as the log says."""
        if self.covers(row.index, day):
            raise LogCorrupt(f"entry {row.index}: it is there, although an entry says that it was erased")

    def check_covered(self, row: Row) -> None:
        """Raise LogCorrupt unless an entry without a body was erased, as the log says."""
        if not self.covers(row.index, read_leaf(row.leaf).day):
            raise LogCorrupt(f"entry {row.index}: {MISSING}")

    def check_permanent(self, row: Row) -> None:
        """Raise LogCorrupt if an entry was erased, as the log says, whose type never is."""
        if self._has(row.index):
            problem = f"an entry says that it was erased, and what is a {row.type} never is"
            raise LogCorrupt(f"entry {row.index}: {problem}")

    def _read(self, view: View, kind: EntryType) -> Iterator[Entry]:
        for row in view.of_type(kind):
            if row.body is None:
                raise LogCorrupt(f"entry {row.index}: {MISSING}")
            check_entry(row, row.body)
            entry = decode_entry(row.index, row.body)
            if max(entry.erased or (-1,)) >= row.index or (entry.stop or 0) > row.index:
                raise LogCorrupt(f"entry {row.index}: it says that entries after it were erased")
            self.indexes.add(row.index)
            yield entry
