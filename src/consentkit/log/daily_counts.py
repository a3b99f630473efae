"""Counts of decisions by day, computed from the entries: what roll-ups are made of and checked against.

Erased decisions are counted in roll-ups only. Invariant of the log: after the last roll-up of a day, no
decision of that day is erased. A roll-up tells the counts that changed since the one before it. So a day's
counts are those that its roll-ups told last, plus the decisions since. A correction replaces what one roll-up
told.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec
from msgspec.structs import astuple, replace

from consentkit.exceptions import LogCorrupt
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Counted, Rollup
from consentkit.log.verify.entry_checks import check_decisions, check_entry, count_key, decode_entry
from consentkit.record.entry import Count, Entry
from consentkit.record.leaf import read_leaf

DayKey: TypeAlias = tuple[str, str, str, str]
"""Regime, locale, notice and action; all empty for erased decisions of which only the day is known."""

UNKNOWN: DayKey = ("", "", "", "")


class Tally(msgspec.Struct):
    """The counts of one day.

    Attributes:
        told: Those in its roll-ups.
        since: Decisions since the last roll-up.
        start: Index from which on decisions are not in `since` yet.
    """

    told: dict[DayKey, int] = {}
    since: Counter[DayKey] = msgspec.field(default_factory=Counter)
    start: int = 0


class Tallies:
    """Counts of days that need a roll-up.

    Counted in a snapshot first, so that the transaction that writes the roll-up counts only what is new.
    """

    def __init__(self) -> None:
        self._tallies: dict[str, Tally] = {}

    def count(self, view: View, day: str) -> Tally:
        """Count a day's decisions.

        Raises:
            LogCorrupt: One of them, or a roll-up, is not what its leaf commits to.
        """
        before, size = self._tallies.get(day, Tally()), view.head().size
        told, last = _told(view, day)
        # From the beginning if the log was rolled back. A copy: other threads may be counting in other views.
        goes_on = last < before.start <= size
        start, since = (before.start, before.since.copy()) if goes_on else (last + 1, Counter[DayKey]())
        for rows in view.decisions_of(day, start, size):
            found = check_decisions([*zip(*rows, strict=True)])
            if found is None:
                raise LogCorrupt(f"a decision of {day} is not what its leaf commits to")
            since.update(map(count_key, found[0]))
        self._tallies[day] = Tally(told, since, size)
        return self._tallies[day]


def read_corrections(view: View) -> dict[str, Entry]:
    """Return the latest correction of each roll-up, by the roll-up's id."""
    found = (decode_entry(row.index, row.body) for row in view.of_type("correction"))
    return {entry.corrects or "": entry for entry in found}


def _told(view: View, day: str) -> tuple[dict[DayKey, int], int]:
    """Return what a day's roll-ups told last, with their corrections, and the last one's index."""
    told: dict[DayKey, int] = {}
    last, rollups, corrections = -1, list[Entry](), dict[str, Entry]()
    for row in view.closing(day):
        check_entry(row, row.body or b"")
        entry = decode_entry(row.index, row.body)
        if row.type == "rollup":
            rollups.append(entry)
            last = row.index
        else:
            corrections[entry.corrects or ""] = entry
    for rollup in rollups:
        told |= _read_counts(corrections.get(rollup.id, rollup))
    return told, last


def _read_counts(entry: Entry) -> dict[DayKey, int]:
    return {(one.regime, one.locale, one.notice, one.action): one.count for one in entry.counts or ()}


class Wrong(msgspec.Struct, frozen=True):
    """A roll-up that is not what the entries add up to, and the counts that it should have told."""

    rollup: Entry
    counts: tuple[Count, ...]

    def correct(self, id: str, *, reason: str, at: str) -> Entry:
        """Make its correction."""
        fields = {"type": "correction", "corrects": self.rollup.id, "counts": self.counts}
        return replace(self.rollup, id=id, at=at, reason=reason, **fields)


class DailyCounts:
    """The counts of all days, added up in the log's order."""

    def __init__(self, corrections: Mapping[str, Entry]) -> None:
        """Args: corrections: by the id of the roll-up that each of them corrects."""
        self._corrections = dict(corrections)
        self._closed: dict[str, dict[DayKey, int]] = {}
        self._since: dict[str, Counter[DayKey]] = {}
        self._missing: Counter[str] = Counter()

    def add(self, decisions: Iterable[tuple[str, DayKey]]) -> None:
        """Count decisions, each given as its day and its key."""
        for (day, key), count in Counter(decisions).items():
            self._since.setdefault(day, Counter())[key] += count

    def add_erased(self, day: str) -> None:
        """Count an erased decision, of which only the day is known."""
        self._missing[day] += 1

    def close(self, rollup: Entry) -> Wrong | None:
        """Check a roll-up, or its correction, and continue counting from it.

        Returns:
            None if it matches the entries before it; otherwise it is replaced by what they add up to.
        """
        correction = self._corrections.pop(rollup.id, rollup)
        day = rollup.closes or ""
        told = _read_counts(correction)
        since, missing = self._since.pop(day, Counter()), self._missing.pop(day, 0)
        before = self._closed.setdefault(day, {})
        rest = {key: count - before.get(key, 0) - since[key] for key, count in told.items()}
        is_whole = len(told) == len(correction.counts or ()) and told.keys() >= since.keys()
        wrong = None
        if not is_whole or min(rest.values(), default=0) < 0 or sum(rest.values()) != missing:
            since[UNKNOWN] += missing
            told = {key: before.get(key, 0) + count for key, count in since.items() if count}
            wrong = Wrong(rollup, tuple(sorted(Count(*key, count) for key, count in told.items())))
        before |= told
        return wrong

    def totals(self) -> dict[Rollup, Counted]:
        """Return what the stored daily counts should be."""
        counts: Counter[Rollup] = Counter()
        for by_day in (self._closed, self._since):
            for day, found in by_day.items():
                counts.update({Rollup(day, *key): count for key, count in found.items()})
        return {
            key: Counted(count, self._closed.get(key.day, {}).get(astuple(key)[1:], 0))
            for key, count in counts.items()
        }

    def check(self, daily: Mapping[Rollup, Counted], open_days: tuple[str, ...]) -> None:
        """Check the stored daily counts, and the head's list of days without a roll-up.

        Raises:
            LogCorrupt: They do not match the entries.
        """
        totals = self.totals()
        wrong = sorted(key.day for key in totals.keys() | daily.keys() if totals.get(key) != daily.get(key))
        if wrong:
            how = "`consentkit log correct` puts them right"
            raise LogCorrupt(f"the daily roll-ups of {wrong[0]} are not what the entries add up to: {how}")
        if self._missing.total():
            day = min(self._missing)
            raise LogCorrupt(f"decisions of {day} were erased before they were in a roll-up")
        if tuple(sorted(self._since)) != open_days:
            raise LogCorrupt("the head names other days that no roll-up counts than the entries do")
        if self._corrections:
            raise LogCorrupt(f"a correction names {min(self._corrections)}, which is no roll-up before it")


def audit(view: View) -> tuple[list[Wrong], dict[Rollup, Counted]]:
    """Add the whole log up.

    Returns:
        The roll-ups that are wrong and not corrected, and what has to be added to the stored daily counts.
    """
    counts, wrong = DailyCounts(read_corrections(view)), list[Wrong]()
    for row in view.rows():
        if row.type == "decision" and row.body is None:
            counts.add_erased(read_leaf(row.leaf).day)
        elif row.type == "decision":
            one = check_entry(row, row.body or b"")
            counts.add([(one.at[:10], count_key(one))])
        elif row.type == "rollup" and (found := counts.close(decode_entry(row.index, row.body))):
            wrong.append(found)
    return wrong, differences(view.daily(), counts.totals())


def differences(stored: Mapping[Rollup, Counted], true: Mapping[Rollup, Counted]) -> dict[Rollup, Counted]:
    """Return what has to be added to stored daily counts to make them the true ones."""
    none = Counted(0)
    pairs = {key: (stored.get(key, none), true.get(key, none)) for key in stored.keys() | true.keys()}
    return {key: Counted(is_.count - was.count, is_.told - was.told) for key, (was, is_) in pairs.items()}
