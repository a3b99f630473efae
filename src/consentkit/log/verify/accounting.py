"""Checks of erasures and purges, and of the daily counts in roll-ups."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from typing import TypeAlias

from msgspec.structs import astuple

from consentkit.exceptions import LogCorrupt
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Rollup, Row
from consentkit.log.verify.entry_checks import MISSING, check_entry, decode_entry
from consentkit.record.entry import Entry, EntryType

DayKey: TypeAlias = tuple[str, ...]
"""Regime, locale, notice and action."""


class Erasures:
    """The index of what erasures and purges erased; false if there are none. Look-ups take logarithmic time.

    Attributes:
        indexes: Indexes of the erasures and purges themselves.

    Raises:
        LogCorrupt: One of them does not match its leaf, or names entries after it.
    """

    def __init__(self, view: View) -> None:
        self.indexes: set[int] = set()
        self._erased = {index for entry in self._read(view, "erasure") for index in entry.erased or ()}
        purges = sorted((entry.before or "", entry.stop or 0) for entry in self._read(view, "purge"))
        # A purge covers all days before its own. So for a day: the largest `stop` of purges with a later day,
        # as suffix maxima over the sorted purges.
        self._days = [before for before, _ in purges]
        self._stops = [0, *accumulate((stop for _, stop in reversed(purges)), max)][::-1]

    def __bool__(self) -> bool:
        return bool(self._erased or self._days)

    def covers(self, index: int, day: str) -> bool:
        """Say whether the entry with this index, of this day, was erased."""
        return index in self._erased or index < self._stops[bisect_right(self._days, day)]

    def check_present(self, row: Row, day: str) -> None:
        """Raise LogCorrupt if an entry that has a body was erased, as the log says."""
        if self.covers(row.index, day):
            raise LogCorrupt(f"entry {row.index}: it is there, although an entry says that it was erased")

    def check_permanent(self, row: Row) -> None:
        """Raise LogCorrupt if an entry was erased, as the log says, whose type never is."""
        if row.index in self._erased:
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


class DailyCounts:
    """Daily counts computed from the entries; roll-ups and the stored counts are checked against them.

    Erased decisions are counted in roll-ups only. Invariant of the log: after the last roll-up of a day, no
    decision of that day is erased. A roll-up tells the counts that changed since the one before it. So a
    day's counts are those that its roll-ups told last, plus the decisions since.
    """

    def __init__(self) -> None:
        self._closed: dict[str, Counter[DayKey]] = {}
        self._since: dict[str, Counter[DayKey]] = {}
        self._missing: Counter[str] = Counter()

    def add(self, decisions: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Count decisions, each given as its day and the fields of `DayKey`."""
        for (day, *key), count in Counter(decisions).items():
            self._since.setdefault(day, Counter())[tuple(key)] += count

    def add_erased(self, day: str) -> None:
        """Count an erased decision, of which only the day is known."""
        self._missing[day] += 1

    def close(self, index: int, body: bytes) -> None:
        """Check the roll-up with this index and body, and continue counting from it.

        Raises:
            LogCorrupt: It does not match the entries before it.
        """
        rollup = decode_entry(index, body)
        day = rollup.closes or ""
        told = Counter({astuple(one)[:-1]: one.count for one in rollup.counts or ()})
        since, missing = self._since.pop(day, Counter()), self._missing.pop(day, 0)
        before = self._closed.setdefault(day, Counter())
        rest = {key: count - before[key] - since[key] for key, count in told.items()}
        is_whole = len(told) == len(rollup.counts or ()) and told.keys() >= since.keys()
        if not is_whole or min(rest.values(), default=0) < 0 or sum(rest.values()) != missing:
            raise LogCorrupt(f"entry {index}: the roll-up of {day} is not what the entries add up to")
        before |= told  # counts never go down, so the union keeps the new ones

    def check(self, daily: Mapping[Rollup, int], open_days: tuple[str, ...]) -> None:
        """Check the stored daily counts, and the head's list of days without a roll-up.

        Raises:
            LogCorrupt: They do not match the entries.
        """
        totals: Counter[Rollup] = Counter()
        for counts_by_day in (self._closed, self._since):
            for day, counts in counts_by_day.items():
                totals.update({Rollup(day, *key): count for key, count in counts.items()})
        wrong = sorted(key.day for key in totals.keys() | daily.keys() if totals.get(key) != daily.get(key))
        if wrong:
            raise LogCorrupt(f"the daily roll-ups of {wrong[0]} are not what the entries add up to")
        if self._missing.total():
            day = min(self._missing)
            raise LogCorrupt(f"decisions of {day} were erased before they were in a roll-up")
        if tuple(sorted(self._since)) != open_days:
            raise LogCorrupt("the head names other days that no roll-up counts than the entries do")
