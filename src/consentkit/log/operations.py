"""The transactions of the log, the same for every store: record, erase, purge, sign."""

import logging
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log.daily_counts import Tallies, Tally, Wrong, read_corrections
from consentkit.log.stores.sql import Transaction, View
from consentkit.log.stores.values import (
    NOTHING,
    Awaited,
    Change,
    Counted,
    Head,
    Outcome,
    Rollup,
    Row,
    rollup_of,
)
from consentkit.record.entry import BOOKS, Bundle, Count, Entry, Item, uuid7
from consentkit.record.leaf import commitment, committed_leaf, new_salt, notice_leaf, read_leaf
from consentkit.tlog.tree import TileId, append, frontier, root

Sign: TypeAlias = Callable[[View, Head, int, bytes], str | None]
"""Signs a checkpoint, given the head so far and the new size and root. None if the log has no key."""

ERASED_AT_ONCE = 500
"""Entries that one transaction erases: decisions are recorded between two of them."""

PERSONAL = ("decision", "invalidated")
"""Types of entries that purges erase."""

_logger = logging.getLogger("consentkit.log")


def record(
    transaction: Transaction,
    batch: Sequence[Item],
    *,
    sign: Sign,
    tallies: Tallies,
    flight: Awaited | None = None,
) -> list[Outcome]:
    """Append a batch and return the outcome of each item.

    Items whose id is in the log are skipped (their outcome is the existing index). Decisions are rejected if
    their notice is neither in the log nor earlier in the batch. Neither affects other items. Finished days
    get their roll-up. Nothing is appended if nobody waits for the `flight` any more.
    """
    if flight is not None and not flight.awaited:
        raise LogUnavailable("nobody waits for this commit any more")
    # Reading the head takes its lock: from here on nobody else changes the tree.
    head = transaction.head()
    known, erased, tiles = transaction.known(_asked(batch), frontier(head.size))
    plan = Plan(head, known, erased)
    outcomes: list[Outcome] = []
    for item in batch:
        if isinstance(item, Entry) and item.type in BOOKS:
            outcomes.append(
                LogError(f"entry {item.id}: only the log itself writes entries of type {item.type}")
            )
        else:
            outcomes.append(plan.add(item))
    if plan.rows:
        for day in plan.days_over():
            # A day that cannot be counted stays open: its counts are not signed, and decisions go on.
            try:
                plan.close(day, tallies.count(transaction, day))
            except LogCorrupt as error:
                _logger.error("there is no roll-up of %s: %s", day, error)
        _write(transaction, head, plan, tiles, sign)
    return outcomes


def erase(
    transaction: Transaction, rows: Sequence[Row], *, at: str, sign: Sign, tallies: Tallies
) -> list[int]:
    """Erase some of a visitor's entries; return the indexes of those that were not erased yet.

    An entry that records it is appended. Days of these entries without a roll-up get one first, so that the
    counts can still be checked.
    """
    head = transaction.head()
    _, gone, _ = transaction.known([row.id for row in rows], [])
    left = [row for row in rows if row.id not in gone]
    erased = [row.index for row in left]
    if erased:
        note = Entry(id=new_id(at), type="erasure", at=at, erased=tuple(erased))
        days = {read_leaf(row.leaf).day for row in left}
        _destroy(transaction, head, erased, days, note, sign=sign, tallies=tallies)
    return erased


def purge(
    transaction: Transaction, before: str, *, start: int, stop: int, at: str, sign: Sign, tallies: Tallies
) -> list[int]:
    """Erase decisions before a day (``YYYY-MM-DD``) with `start` ≤ index < `stop`; return the indexes.

    Call it for ascending ranges: the entry that it appends says that no such decision is left below `stop`.
    """
    head = transaction.head()
    if doomed := old_decisions(transaction, before, start=start, stop=stop):
        note = Entry(id=new_id(at), type="purge", at=at, before=before, stop=min(stop, head.size))
        _destroy(transaction, head, list(doomed), set(doomed.values()), note, sign=sign, tallies=tallies)
    return list(doomed)


def old_decisions(transaction: Transaction, before: str, *, start: int, stop: int) -> dict[int, str]:
    """Return what a purge erases, with `start` ≤ index < `stop`: indexes, each with its day."""
    leaves = [(index, read_leaf(leaf)) for index, leaf in transaction.leaves(start, stop, before=before)]
    return {index: leaf.day for index, leaf in leaves if leaf.type in PERSONAL and leaf.day < before}


def correct(
    transaction: Transaction,
    wrong: Sequence[Wrong],
    added: Mapping[Rollup, Counted],
    *,
    sign: Sign,
    **why: str,
) -> int:
    """Append a correction of each wrong roll-up, and add to the stored daily counts; return how many.

    `why` has the correction's fields ``reason`` and ``at``.
    """
    corrected = read_corrections(transaction)
    notes = [one.correct(new_id(why["at"]), **why) for one in wrong if one.rollup.id not in corrected]
    append_notes(transaction, notes, sign=sign)
    transaction.add_to_daily(added)
    return len(notes)


def append_notes(transaction: Transaction, notes: Sequence[Entry], *, sign: Sign) -> int:
    """Append entries about the log itself; return the index of the first."""
    head = transaction.head()
    plan = Plan(head, {})
    for note in notes:
        plan.add(note)
    if plan.rows:
        _, _, tiles = transaction.known([], frontier(head.size))
        _write(transaction, head, plan, tiles, sign)
    return head.size


def resign(transaction: Transaction, *, sign: Sign) -> Head:
    """Sign the head again, as it is; return it."""
    head = transaction.head()
    _, _, tiles = transaction.known([], frontier(head.size))
    _demand_root(head, tiles)
    checkpoint = sign(transaction, head, head.size, head.root)
    if checkpoint is not None:
        transaction.sign(checkpoint)
    return replace(head, checkpoint=checkpoint)


class Plan:
    """The changes of one transaction.

    Attributes:
        rows: The new rows, numbered from the size of the tree.
        bundles: The notices that are new.
        daily: What to add to the roll-ups.
        told: The counts that the new roll-ups tell.
        open_days: Days with decisions that no roll-up counts.
    """

    def __init__(self, head: Head, known: Mapping[str, int], erased: Container[str] = ()) -> None:
        """Begin with the tree's head.

        Args:
            head: The head.
            known: Index of those items, notices and previous entries that are in the log, by id.
            erased: Ids of those that are erased.
        """
        self.rows: list[Row] = []
        self.bundles: list[Bundle] = []
        self.daily: Counter[Rollup] = Counter()
        self.told: dict[Rollup, int] = {}
        self.open_days: set[str] = set(head.open_days)
        self._open_before = frozenset(head.open_days)
        self._size = head.size
        self._known = dict(known)
        self._erased = erased
        self._latest = ""

    def add(self, item: Item) -> Outcome:
        """Add the next item and return its outcome."""
        self._latest = max(self._latest, item.at)
        if item.id in self._known:
            return self._known[item.id]
        index = self._size + len(self.rows)
        if isinstance(item, Bundle):
            self.bundles.append(item)
            row = publication_row(item, index)
        elif item.type == "notice":
            return LogError("a notice is published as a bundle, not as an entry")
        elif item.type == "decision" and item.notice not in self._known:
            return LogError(f"entry {item.id} names a notice that is not in the log")
        elif item.type == "invalidated" and item.previous and item.previous not in self._known:
            return NOTHING  # what was not honoured has not been recorded either
        else:
            if item.type == "decision":
                self.daily[rollup_of(item)] += 1
                self.open_days.add(item.day)
            # If the visitor was erased while this choice was on its way, it must not bring the id back.
            gone = item.previous in self._erased
            row = entry_row(replace(item, subject=None, previous=None) if gone else item, index)
        self.rows.append(row)
        self._known[item.id] = index
        return index

    def days_over(self) -> list[str]:
        """Return the open days before today, to be closed by roll-ups; none if today is open already.

        Clocks that differ, or a drained outbox, add decisions of earlier days later on. Without the second
        rule, each of these transactions would write another roll-up.
        """
        today = self._latest[:10]
        return [] if today in self._open_before else sorted(day for day in self.open_days if day < today)

    def close(self, day: str, tally: Tally, *, at: str = "") -> None:
        """Append a day's roll-up: its counts so far, plus those of this plan.

        Counts that an earlier roll-up has told and that have not changed are left out, so that many erasures
        of one day do not write all of its counts each time.
        """
        counts = Counter({Rollup(day, *key): count for key, count in tally.since.items()})
        counts.update({key: count for key, count in self.daily.items() if key.day == day})
        told = {Rollup(day, *key): count for key, count in tally.told.items()}
        changed = {key: count + told.get(key, 0) for key, count in counts.items() if count}
        if changed:
            self.add(rollup_entry(day, changed, at=at or self._latest))
            self.told |= changed
        self.open_days.discard(day)


def rollup_entry(day: str, counts: Mapping[Rollup, int], *, at: str) -> Entry:
    """Make the entry that counts a day's decisions; `at` is now, RFC 3339 in UTC."""
    sums = (Count(key.regime, key.locale, key.notice, key.action, count) for key, count in counts.items())
    return Entry(id=new_id(at), type="rollup", at=at, closes=day, counts=tuple(sorted(sums)))


def new_id(at: str) -> str:
    """Make an entry's id for a time, RFC 3339 in UTC."""
    return uuid7(int(datetime.fromisoformat(at).timestamp() * 1000))


def entry_row(entry: Entry, index: int) -> Row:
    """Make an entry's row, under a salt of its own."""
    body, salt = entry.encode(), new_salt()
    leaf = committed_leaf(entry.type, entry.day, commitment(salt, body))
    return Row(index, entry.id, entry.type, entry.at, entry.subject, body, salt, leaf)


def publication_row(bundle: Bundle, index: int) -> Row:
    """Make the row that publishes a notice: public, so without a salt."""
    entry = bundle.entry()
    leaf = notice_leaf(entry.day, bundle.hash)
    return Row(index, entry.id, "notice", entry.at, None, entry.encode(), None, leaf)


def _asked(batch: Iterable[Item]) -> list[str]:
    """Return the ids that a batch has and names, to be looked up in the log."""
    asked = set[str]()
    for item in batch:
        named = (item.notice, item.previous) if isinstance(item, Entry) else ()
        asked.update(filter(None, (item.id, *named)))
    return sorted(asked)


def _destroy(
    transaction: Transaction,
    head: Head,
    indexes: Sequence[int],
    days: set[str],
    note: Entry,
    *,
    sign: Sign,
    tallies: Tallies,
) -> None:
    # Roll-ups first: once the rows are erased, their counts could not be checked.
    plan = Plan(head, {})
    for day in sorted(days & plan.open_days):
        plan.close(day, tallies.count(transaction, day), at=note.at)
    plan.add(note)
    _, _, tiles = transaction.known([], frontier(head.size))
    _write(transaction, head, plan, tiles, sign)
    transaction.blank(indexes)


def _write(transaction: Transaction, head: Head, plan: Plan, tiles: dict[TileId, bytes], sign: Sign) -> None:
    _demand_root(head, tiles)
    grown = append(head.size, tiles, [row.leaf for row in plan.rows])
    checkpoint = sign(transaction, head, grown.size, grown.root)
    new = Head(grown.size, grown.root, checkpoint, tuple(sorted(plan.open_days)))
    transaction.write(Change(plan.rows, plan.bundles, plan.daily, plan.told, grown.tiles, new))


def _demand_root(head: Head, tiles: Mapping[TileId, bytes]) -> None:
    """Check that the tiles are those of the head: the next checkpoint is computed from them."""
    if root(head.size, tiles) != head.root:
        raise LogCorrupt("the tree's last tiles do not lead to the head's root: somebody has changed them")
