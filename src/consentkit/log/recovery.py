"""Copies of a log, and the recovery of what another copy of it has that this one lacks.

Two copies of a log have their first entries in common. If this one has nothing else, the rest of the other is
appended as it is, with its checkpoint, and every proof goes on. If both have grown, they have forked: then a
``break`` entry gives the other branch up, and what that has is recorded again under the same ids.
"""

import msgspec

from consentkit.consent.notice import Notice, Shown
from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log.daily_counts import differences
from consentkit.log.operations import Sign, append_notes
from consentkit.log.process import Advance
from consentkit.log.stores.sql import INSERT_ASSET, Transaction, View
from consentkit.log.stores.values import Change, Head, Row
from consentkit.record.entry import BOOKS, Bundle, Entry, Item
from consentkit.tlog.tree import append, frontier, range_root

BATCH = 1_000
"""Entries in memory at once."""


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a recovery has done.

    Attributes:
        copied: Entries that were appended exactly as they were.
        recorded: Entries that were recorded again, after a break.
        lost: Ids of entries of the other copy that could not be kept.
        broken_at: Index of the break; None without one.
    """

    copied: int = 0
    recorded: int = 0
    lost: tuple[str, ...] = ()
    broken_at: int | None = None


def copy(transaction: Transaction, *, source: View, advance: Advance) -> int:
    """Append what another store has beyond this one's head, exactly as it is there; return how many entries.

    Args:
        transaction: Writes to a log that is empty, or the beginning of the other.
        source: The other.
        advance: Shows progress.

    Raises:
        LogCorrupt: The other's entries do not lead to its head.
    """
    end, size = source.head(), transaction.head().size
    begun, (_, _, tiles) = size, transaction.known([], frontier(size))
    while size < end.size:
        rows = list(source.rows(size, min(size + BATCH, end.size)))
        grown = append(size, tiles, [row.leaf for row in rows])
        head = Head(grown.size, grown.root, end.checkpoint, end.open_days)
        bundles = [read_bundle(source, row) for row in rows if row.type == "notice"]
        transaction.write(Change(rows, bundles, {}, {}, grown.tiles, head))
        known, size = {**tiles, **grown.tiles}, grown.size
        tiles = {tile: known[tile] for tile in frontier(size)}
        advance(len(rows))
        if not rows or (size == end.size and grown.root != end.root):
            raise LogCorrupt("the entries to be copied do not lead to the head that was signed")
    transaction.execute((INSERT_ASSET, list(source.assets())))
    transaction.add_to_daily(differences(transaction.daily(), source.daily()))
    for (kind,) in source.select("SELECT DISTINCT kind FROM observations") if not begun else ():
        transaction.count(source.observations(kind))
    return size - begun


def read_bundle(view: View, row: Row) -> Bundle:
    """Read the notice that a row publishes, with its assets.

    Raises:
        LogError: One of them is missing, or is not what its hash says.
    """
    body = view.notice(row.id) or b""
    names = (Notice.loads(body) or Shown()).assets.values()
    assets = {hash: view.asset(hash) or b"" for hash in names}
    return Bundle(hash=row.id, body=body, assets=assets, at=row.at or "")


def count_common(one: View, other: View) -> int:
    """Return how many entries two logs have in common, from the first on: by the roots of their trees."""
    low, high = 0, min(one.head().size, other.head().size)
    while low < high:
        middle = (low + high + 1) // 2
        same = range_root(0, middle, one.tile) == range_root(0, middle, other.tile)
        low, high = (middle, high) if same else (low, middle - 1)
    return low


def salvage(here: View, there: View, common: int) -> tuple[list[Item], tuple[str, ...], list[str]]:
    """Collect what another branch has and this one lacks.

    Returns:
        What can be recorded again, ids of what cannot, and visitors who were erased there and not here.
    """
    items, lost, published = list[Item](), list[str](), set[str]()
    gone = set(_erased_visitors(there, here, common))
    for row in there.rows(common):
        # What was erased, there or here, is not lost, and the books are kept anew.
        if row.at is None or row.subject in gone or row.type in BOOKS or here.find(row.id) is not None:
            continue
        try:
            item = read_bundle(there, row) if row.type == "notice" else Entry.decode(row.body or b"")
        except LogError:
            lost.append(row.id)
            continue
        notice = item.id if isinstance(item, Bundle) else item.notice
        if isinstance(item, Bundle) or not notice or notice in published or here.notice(notice):
            items.append(item)
            published.add(notice)
        else:
            lost.append(row.id)
    return items, tuple(sorted(lost)), _erased_visitors(here, there, common)


def _erased_visitors(here: View, there: View, common: int) -> list[str]:
    """Return the visitors whose entries here, before the fork, were erased there, after it."""
    notes = (Entry.decode(row.body or b"{}") for row in there.of_type("erasure") if row.index >= common)
    indexes = sorted({index for note in notes for index in note.erased or () if index < common})
    return sorted({row.subject for index in indexes for row in here.rows(index, index + 1) if row.subject})


def break_off(transaction: Transaction, *, note: Entry, sign: Sign) -> int:
    """Append the entry that gives a branch up; return its index. Doing so again changes nothing."""
    for row in transaction.of_type("break"):
        if Entry.decode(row.body or b"{}").given_up == note.given_up:
            return row.index
    return append_notes(transaction, [note], sign=sign)
