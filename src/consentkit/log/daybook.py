"""The days' counts, as they follow from the entries: what the roll-ups are checked against.

What was erased is counted nowhere but in roll-ups. Invariant of the log: after the last roll-up of a day no
decision of that day is erased. A roll-up tells the counts that changed since the one before it. So a day's
counts are what its roll-ups told last, and the decisions since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from consentkit.exceptions import LogCorrupt
from consentkit.log.store import Rollup
from consentkit.record.entry import Entry

DayKey: TypeAlias = tuple[str, str, str, str]
"""Regime, locale, notice and action."""


class Daybook:
    """Counts decisions in the order of their entries."""

    def __init__(self) -> None:
        self._closed: dict[str, Counter[DayKey]] = {}
        self._since: dict[str, Counter[DayKey]] = {}
        self._missing: Counter[str] = Counter()

    def count(self, decisions: Iterable[tuple[str, str, str, str, str]]) -> None:
        """Count decisions, each by its day and what follows in `DayKey`."""
        for (day, regime, locale, notice, action), count in Counter(decisions).items():
            self._since.setdefault(day, Counter())[regime, locale, notice, action] += count

    def miss(self, day: str) -> None:
        """Count a decision of which nothing is known but its day."""
        self._missing[day] += 1

    def close(self, index: int, rollup: Entry) -> None:
        """Check a day's roll-up, the entry with this index, and go on from it.

        Raises:
            LogCorrupt: It is not what the entries before it add up to.
        """
        day = rollup.closes or ""
        told = Counter(
            {(one.regime, one.locale, one.notice, one.action): one.count for one in rollup.counts or ()}
        )
        since, missing = self._since.pop(day, Counter()), self._missing.pop(day, 0)
        before = self._closed.setdefault(day, Counter())
        rest = {key: count - before[key] - since[key] for key, count in told.items()}
        is_whole = len(told) == len(rollup.counts or ()) and told.keys() >= since.keys()
        if not is_whole or min(rest.values(), default=0) < 0 or sum(rest.values()) != missing:
            raise LogCorrupt(f"entry {index}: the roll-up of {day} is not what the entries add up to")
        before |= told  # no count is lower than it was

    def check(self, daily: Mapping[Rollup, int], open_days: tuple[str, ...]) -> None:
        """Check the daily counts, and which days no roll-up counts.

        Raises:
            LogCorrupt: They are not what the entries add up to.
        """
        totals = {day: counts.copy() for day, counts in self._closed.items()}
        for day, counts in self._since.items():
            totals.setdefault(day, Counter()).update(counts)
        expected = {(day, *key): count for day, counts in totals.items() for key, count in counts.items()}
        found = {
            (key.day, key.regime, key.locale, key.notice, key.action): count for key, count in daily.items()
        }
        wrong = sorted(
            {key[0] for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)}
        )
        if wrong:
            raise LogCorrupt(f"the daily roll-ups of {wrong[0]} are not what the entries add up to")
        if self._missing.total():
            day = min(self._missing.keys())
            raise LogCorrupt(f"decisions of {day} were erased before they were in a roll-up")
        if tuple(sorted(self._since)) != open_days:
            raise LogCorrupt("the head names other days that no roll-up counts than the entries do")
