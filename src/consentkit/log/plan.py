"""From a batch of items to the rows that a store must write: pure, the same for every store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from consentkit.exceptions import LogError
from consentkit.log.store import Counted, Head, Outcome, Rollup, Row
from consentkit.record import (
    BOOKS,
    Bundle,
    Count,
    Entry,
    Item,
    commitment,
    committed_leaf,
    new_salt,
    notice_leaf,
    uuid7,
)


class Plan:
    """What one transaction appends.

    Attributes:
        outcomes: For each item that was added, in order.
        rows: The new rows, numbered from the size of the tree.
        bundles: The notices that are new.
        daily: What to add to the roll-ups.
        told: The counts that the new roll-ups tell.
        open_days: Days with decisions that no roll-up counts.
    """

    def __init__(self, head: Head, known: Mapping[str, int]) -> None:
        """Args: head: the tree's; known: index by id, for every id that `asked` named."""
        self.outcomes: list[Outcome] = []
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
        """Decide what becomes of the next item."""
        outcome = self._outcome(item)
        self.outcomes.append(outcome)
        self._latest = max(self._latest, item.at)
        return outcome

    def take(self, item: Item) -> None:
        """Decide what becomes of the next item, which comes from outside: the log writes its books itself."""
        if isinstance(item, Entry) and item.type in BOOKS:
            problem = f"only the log itself writes what is a {item.type}"
            self.outcomes.append(LogError(f"entry {item.id}: {problem}"))
        else:
            self.add(item)

    @property
    def days_over(self) -> list[str]:
        """Days to be closed by a roll-up: they have decisions that none counts, and a later day just came.

        That is so once for each day. Were it so whenever a later day is in the log, a clock that is ahead
        or behind, or an outbox, would have a roll-up written with every transaction.
        """
        today = self._latest[:10]
        return [] if today in self._open_before else sorted(day for day in self.open_days if day < today)

    def close(
        self, days: Iterable[str], daily: Callable[[str], Mapping[Rollup, Counted]], *, at: str = ""
    ) -> None:
        """Append a roll-up for each day: what `daily` counts, and what this plan adds to that.

        What an earlier roll-up has told and has not changed is left out: many roll-ups of one day, as many
        erasures need them, are together no longer than the decisions that they count.
        """
        for day in days:
            counts, told = Counter[Rollup](), {}
            for key, counted in daily(day).items():
                counts[key], told[key] = counted.count, counted.told
            counts.update({key: count for key, count in self.daily.items() if key.day == day})
            changed = {key: count for key, count in counts.items() if count != told.get(key)}
            if changed:
                self.add(rollup_entry(day, changed, at=at or self._latest))
                self.told |= changed
            self.open_days.discard(day)

    def _outcome(self, item: Item) -> Outcome:
        if item.id in self._known:
            return self._known[item.id]
        if isinstance(item, Bundle):
            self.bundles.append(item)
            return self._number(publication_row(item, self._size + len(self.rows)))
        if item.type == "notice":
            return LogError("a notice is published as a bundle, not as an entry")
        if item.type == "decision":
            if item.notice not in self._known:
                return LogError(f"entry {item.id} names a notice that is not in the log")
            self.daily[rollup_of(item)] += 1
            self.open_days.add(item.day)
        return self._number(entry_row(item, self._size + len(self.rows)))

    def _number(self, row: Row) -> int:
        self.rows.append(row)
        self._known[row.id] = row.index
        return row.index


def asked(batch: Iterable[Item]) -> list[str]:
    """Name the ids and notice hashes whose presence decides what becomes of a batch."""
    items = list(batch)
    notices = {item.notice for item in items if isinstance(item, Entry) and item.notice}
    return sorted({item.id for item in items} | notices)


def rollup_of(entry: Entry) -> Rollup:
    """Say where a decision is counted."""
    return Rollup(
        day=entry.day, regime=entry.regime, locale=entry.locale, notice=entry.notice, action=entry.action
    )


def rollup_entry(day: str, counts: Mapping[Rollup, int], *, at: str) -> Entry:
    """Make the entry that counts a day's decisions; `at` is now, RFC 3339 in UTC."""
    sums = [
        Count(regime=key.regime, locale=key.locale, notice=key.notice, action=key.action, count=count)
        for key, count in counts.items()
    ]
    return Entry(id=new_id(at), type="rollup", at=at, closes=day, counts=tuple(sorted(sums)))


def new_id(at: str) -> str:
    """Make an entry's id for a time, RFC 3339 in UTC."""
    return uuid7(int(datetime.fromisoformat(at).timestamp() * 1000))


def entry_row(entry: Entry, index: int) -> Row:
    """Make an entry's row, under a salt of its own."""
    body, salt = entry.encode(), new_salt()
    return Row(
        index=index,
        id=entry.id,
        type=entry.type,
        at=entry.at,
        subject=entry.subject,
        body=body,
        salt=salt,
        leaf=committed_leaf(entry.type, entry.day, commitment(salt, body)),
    )


def publication_row(bundle: Bundle, index: int) -> Row:
    """Make the row that publishes a notice: public, so without a salt."""
    entry = bundle.entry()
    return Row(
        index=index,
        id=entry.id,
        type="notice",
        at=entry.at,
        subject=None,
        body=entry.encode(),
        salt=None,
        leaf=notice_leaf(entry.day, bundle.hash),
    )


def plan(
    batch: Sequence[Item],
    *,
    head: Head,
    known: Mapping[str, int],
    daily: Callable[[str], Mapping[Rollup, Counted]],
) -> Plan:
    """Plan a batch's transaction.

    Args:
        batch: What is to be appended.
        head: The tree's head.
        known: Index of each id that `asked` names and the log has.
        daily: Returns a day's counts, and what of them roll-ups have told.
    """
    made = Plan(head, known)
    for item in batch:
        made.take(item)
    if made.rows:
        made.close(made.days_over, daily)
        del made.outcomes[len(batch) :]
    return made
