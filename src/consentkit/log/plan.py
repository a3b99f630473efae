"""From a batch of items to the rows that a store must write: pure, the same for every store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from consentkit.exceptions import LogError
from consentkit.log.entry import Bundle, Entry, Item
from consentkit.log.leaf import commitment, committed_leaf, new_salt, notice_leaf
from consentkit.log.store import Outcome, Rollup, Row


class Plan:
    """What one commit does.

    Attributes:
        outcomes: For each item of the batch, in order.
        rows: The new rows, numbered from the size of the tree.
        bundles: The notices that are new.
        daily: What to add to the roll-ups.
    """

    def __init__(self, size: int, known: Mapping[str, int]) -> None:
        """Args: size: leaves in the tree; known: index by id, for every id that `asked` named."""
        self.outcomes: list[Outcome] = []
        self.rows: list[Row] = []
        self.bundles: list[Bundle] = []
        self.daily: Counter[Rollup] = Counter()
        self._size = size
        self._known = dict(known)

    def add(self, item: Item) -> None:
        """Decide what becomes of the next item."""
        self.outcomes.append(self._outcome(item))

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


def plan(batch: Sequence[Item], *, size: int, known: Mapping[str, int]) -> Plan:
    """Plan a batch's commit: `size` leaves are there, `known` gives the index of each `asked` id there is."""
    made = Plan(size, known)
    for item in batch:
        made.add(item)
    return made


def rollup_of(entry: Entry) -> Rollup:
    """Say where a decision is counted."""
    return Rollup(
        day=entry.day, regime=entry.regime, locale=entry.locale, notice=entry.notice, action=entry.action
    )


def entry_row(entry: Entry, index: int) -> Row:
    """Make an entry's row, under a salt of its own."""
    body, salt = entry.encode(), new_salt()
    leaf = committed_leaf(entry.type, entry.day, commitment(salt, body))
    return Row(index=index, id=entry.id, at=entry.at, subject=entry.subject, body=body, salt=salt, leaf=leaf)


def publication_row(bundle: Bundle, index: int) -> Row:
    """Make the row that publishes a notice: public, so without a salt."""
    entry = bundle.entry()
    leaf = notice_leaf(entry.day, bundle.hash)
    return Row(index=index, id=entry.id, at=entry.at, subject=None, body=entry.encode(), salt=None, leaf=leaf)
