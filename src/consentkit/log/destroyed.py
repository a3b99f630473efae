"""What a log says was erased: that, and nothing else, may be missing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from consentkit.exceptions import LogCorrupt
from consentkit.log.agreeing import checked, entry_of
from consentkit.log.store import Row, View
from consentkit.record import Entry, EntryType


class Destroyed:
    """What erasures and purges say, quick to ask however many they are. False where there are none.

    Attributes:
        indexes: Of the erasures and purges.

    Raises:
        LogCorrupt: One of them is not what its leaf commits to, or speaks of entries after it.
    """

    def __init__(self, view: View) -> None:
        self.indexes: set[int] = set()
        self._erased = {index for entry in self._books(view, "erasure") for index in entry.erased or ()}
        purges = sorted((entry.before or "", entry.stop or 0) for entry in self._books(view, "purge"))
        # For a day count those that end after it: from a place in the order on, the furthest of them.
        self._days = [before for before, _ in purges]
        self._stops = [0, *accumulate((stop for _, stop in reversed(purges)), max)][::-1]

    def __bool__(self) -> bool:
        return bool(self._erased or self._days)

    def demand_gone(self, row: Row, day: str) -> None:
        """Raise LogCorrupt if an entry that has a body was erased, as the log says."""
        if self.names(row.index, day):
            raise LogCorrupt(f"entry {row.index}: it is there, although an entry says that it was erased")

    def demand_unnamed(self, row: Row) -> None:
        """Raise LogCorrupt if something was erased, as the log says, that is never erased."""
        if row.index in self._erased:
            problem = f"an entry says that it was erased, and what is a {row.type} never is"
            raise LogCorrupt(f"entry {row.index}: {problem}")

    def names(self, index: int, day: str) -> bool:
        """Say whether the entry with this index, of this day, was erased."""
        return index in self._erased or index < self._stops[bisect_right(self._days, day)]

    def _books(self, view: View, kind: EntryType) -> Iterator[Entry]:
        for row in view.of_type(kind):
            if row.body is None:
                problem = "its body is missing, and no entry says that it was erased"
                raise LogCorrupt(f"entry {row.index}: {problem}")
            checked(row, row.body)
            entry = entry_of(row.index, row.body)
            if max(entry.erased or (-1,)) >= row.index or (entry.stop or 0) > row.index:
                raise LogCorrupt(f"entry {row.index}: it says that entries after it were erased")
            self.indexes.add(row.index)
            yield entry
