"""The transactions of the log, the same for every store: record, erase, purge, sign."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec.structs import replace

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log.stores.sql import Transaction, View
from consentkit.log.stores.values import Change, Counted, Head, Outcome, Rollup, Row
from consentkit.record.entry import BOOKS, Bundle, Count, Entry, Item, uuid7
from consentkit.record.leaf import commitment, committed_leaf, new_salt, notice_leaf, read_leaf
from consentkit.tlog.tree import TileId, append, frontier, root

Sign: TypeAlias = Callable[[View, Head, int, bytes], str | None]
"""Signs a checkpoint, given the head so far and the new size and root. None if the log has no key."""

PERSONAL = ("decision", "invalidated")
"""Types of entries that purges erase."""


def record(transaction: Transaction, batch: Sequence[Item], sign: Sign) -> list[Outcome]:
    """Append a batch and return the outcome of each item.

    Items whose id is in the log are skipped (their outcome is the existing index). Decisions are rejected if
    their notice is neither in the log nor earlier in the batch. Neither affects other items. Finished days
    get their roll-up.
    """
    # Reading the head takes its lock: from here on nobody else changes the tree.
    head = transaction.head()
    known, tiles = transaction.known(_asked(batch), frontier(head.size))
    plan = Plan(head, known)
    outcomes: list[Outcome] = []
    for item in batch:
        if isinstance(item, Entry) and item.type in BOOKS:
            outcomes.append(LogError(f"entry {item.id}: only the log itself writes what is a {item.type}"))
        else:
            outcomes.append(plan.add(item))
    if plan.rows:
        if days := plan.days_over():
            plan.close(days, transaction.counted)
        _write(transaction, head, plan, tiles, sign)
    return outcomes


def erase(transaction: Transaction, subject: str, *, at: str, sign: Sign) -> int:
    """Erase a visitor's entries, and append an entry that records it; return how many there were.

    Days of these entries without a roll-up get one first, so that the counts can still be checked.
    """
    head = transaction.head()
    rows = transaction.of_subject(subject)
    if not rows:
        return 0
    erased = tuple(row.index for row in rows)
    note = Entry(id=new_id(at), type="erasure", at=at, erased=erased)
    _destroy(transaction, head, erased, {read_leaf(row.leaf).day for row in rows}, note, sign)
    return len(rows)


def purge(transaction: Transaction, before: str, *, start: int, stop: int, at: str, sign: Sign) -> int:
    """Erase decisions before a day (``YYYY-MM-DD``) with `start` ≤ index < `stop`; return how many.

    Call it for ascending ranges: the entry that it appends says that no such decision is left below `stop`.
    """
    head = transaction.head()
    leaves = [(index, read_leaf(leaf)) for index, leaf in transaction.leaves(start, stop, before=before)]
    doomed = [(index, leaf.day) for index, leaf in leaves if leaf.type in PERSONAL and leaf.day < before]
    if not doomed:
        return 0
    note = Entry(id=new_id(at), type="purge", at=at, before=before, stop=min(stop, head.size))
    _destroy(transaction, head, [index for index, _ in doomed], {day for _, day in doomed}, note, sign)
    return len(doomed)


def resign(transaction: Transaction, sign: Sign) -> Head:
    """Sign the head again, as it is; return it."""
    head = transaction.head()
    _, tiles = transaction.known([], frontier(head.size))
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

    def __init__(self, head: Head, known: Mapping[str, int]) -> None:
        """Args: head: the tree's; known: the index of what is to be added and of the notices it names."""
        self.rows: list[Row] = []
        self.bundles: list[Bundle] = []
        self.daily: Counter[Rollup] = Counter()
        self.told: dict[Rollup, int] = {}
        self.open_days: set[str] = set(head.open_days)
        self._open_before = frozenset(head.open_days)
        self._size = head.size
        self._known = dict(known)
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
        else:
            if item.type == "decision":
                if item.notice not in self._known:
                    return LogError(f"entry {item.id} names a notice that is not in the log")
                self.daily[rollup_of(item)] += 1
                self.open_days.add(item.day)
            row = entry_row(item, index)
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

    def close(
        self, days: Iterable[str], daily: Callable[[str], Mapping[Rollup, Counted]], *, at: str = ""
    ) -> None:
        """Append a roll-up for each day: the counts that `daily` returns, plus those of this plan.

        Counts that an earlier roll-up has told and that have not changed are left out, so that many erasures
        of one day do not write all of its counts each time.
        """
        for day in days:
            before = daily(day)
            counts = Counter({key: counted.count for key, counted in before.items()})
            counts.update({key: count for key, count in self.daily.items() if key.day == day})
            told = {key: counted.told for key, counted in before.items()}
            changed = {key: count for key, count in counts.items() if count != told.get(key)}
            if changed:
                self.add(rollup_entry(day, changed, at=at or self._latest))
                self.told |= changed
            self.open_days.discard(day)


def rollup_of(entry: Entry) -> Rollup:
    """Return the roll-up key of a decision."""
    return Rollup(entry.day, entry.regime, entry.locale, entry.notice, entry.action)


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
    """Return the ids and notice hashes of a batch, to be looked up in the log."""
    notices = {item.notice for item in batch if isinstance(item, Entry) and item.notice}
    return sorted(notices.union(item.id for item in batch))


def _destroy(
    transaction: Transaction, head: Head, indexes: Sequence[int], days: set[str], note: Entry, sign: Sign
) -> None:
    # Roll-ups first: once the rows are erased, their counts could not be checked.
    plan = Plan(head, {})
    plan.close(sorted(days & plan.open_days), transaction.counted, at=note.at)
    plan.add(note)
    _, tiles = transaction.known([], frontier(head.size))
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
