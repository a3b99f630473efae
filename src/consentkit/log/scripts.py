"""What is done within one transaction, the same for every store: record, erase, purge, sign."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from consentkit.exceptions import LogCorrupt
from consentkit.log.plan import Plan, asked, new_id, plan
from consentkit.log.store import Change, Head, Outcome, Transaction
from consentkit.record import Entry, Item, read_leaf
from consentkit.tlog import TileId, append, frontier, root

Sign: TypeAlias = Callable[[Head, int, bytes], str | None]
"""Signs a checkpoint: the head so far, then size and root of the new one. None where the log has no key."""

PERSONAL = ("decision", "invalidated")
"""Types of entries that a retention period ends."""


def record(transaction: Transaction, batch: Sequence[Item], sign: Sign) -> list[Outcome]:
    """Append a batch and say what became of each item.

    Items whose id is already there are dropped (their outcome is the index they have); decisions that name a
    notice which is neither in the log nor before them in the batch are refused; neither keeps the others
    out. Days that are over get their roll-up.
    """
    head = transaction.head()
    known, tiles = transaction.known(asked(batch), frontier(head.size))
    made = plan(batch, head=head, known=known, daily=transaction.daily)
    if made.rows:
        _write(transaction, head, made, tiles, sign)
    return made.outcomes


def erase(transaction: Transaction, subject: str, *, at: str, sign: Sign) -> int:
    """Destroy a visitor's entries, and append the entry that says so; return how many they were.

    Days whose decisions no roll-up counts yet get one first, so that the rates stay checkable.
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
    """Destroy decisions from before a day (``YYYY-MM-DD``) with `start` ≤ index < `stop`; say how many.

    Nothing like it is left below `start`: that is what the entry says which is appended.
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
    checkpoint = sign(head, head.size, head.root)
    if checkpoint is not None:
        transaction.sign(checkpoint)
    return Head(size=head.size, root=head.root, checkpoint=checkpoint, open_days=head.open_days)


def _destroy(
    transaction: Transaction, head: Head, indexes: Sequence[int], days: set[str], note: Entry, sign: Sign
) -> None:
    made = Plan(head, {})
    made.close(sorted(days & made.open_days), transaction.daily, at=note.at)
    made.add(note)
    _, tiles = transaction.known([], frontier(head.size))
    _write(transaction, head, made, tiles, sign)
    transaction.blank(indexes)


def _write(transaction: Transaction, head: Head, made: Plan, tiles: dict[TileId, bytes], sign: Sign) -> None:
    _demand_root(head, tiles)
    grown = append(head.size, tiles, [row.leaf for row in made.rows])
    new = Head(
        size=grown.size,
        root=grown.root,
        checkpoint=sign(head, grown.size, grown.root),
        open_days=tuple(sorted(made.open_days)),
    )
    change = Change(
        rows=made.rows, bundles=made.bundles, daily=made.daily, told=made.told, tiles=grown.tiles, head=new
    )
    transaction.write(change)


def _demand_root(head: Head, tiles: Mapping[TileId, bytes]) -> None:
    """What is signed next is computed from these tiles: they must be those of the head."""
    if root(head.size, tiles) != head.root:
        raise LogCorrupt("the tree's last tiles do not lead to the head's root: somebody has changed them")
