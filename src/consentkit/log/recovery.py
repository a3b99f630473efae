"""Copies of a log, and the recovery of what another copy of it has that this one lacks.

Two copies of a log have their first entries in common. If this one has nothing else, the rest of the other is
appended as it is, with its checkpoint, and every proof goes on. If both have grown, they have forked: then a
``break`` entry gives the other branch up, and what that has is recorded again under the same ids.
"""

from collections import deque
from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

import msgspec

from consentkit.consent.notice import Notice, Shown
from consentkit.exceptions import LogCorrupt, LogError, ProofInvalid
from consentkit.log.changes import describe_breaks
from consentkit.log.daily_counts import differences
from consentkit.log.operations import Sign, append_notes, old_decisions
from consentkit.log.process import Advance
from consentkit.log.stores.sql import INSERT_ASSET, Transaction, View
from consentkit.log.stores.values import Change, Head, Row
from consentkit.log.verify.entry_checks import check_entry, check_publication, decode_entry
from consentkit.log.verify.erasures import Erasures
from consentkit.record.entry import BOOKS, Bundle, Entry, Item
from consentkit.tlog.proofs import check_inclusion, inclusion_proof
from consentkit.tlog.tree import append, frontier, leaf_hash, range_root

Check: TypeAlias = Callable[[Row], None]
"""Checks a row; raises LogCorrupt."""

TILES_KEPT = 256
"""Tiles cached while several leaves are proved, 8 kB each at most."""

BATCH = 1_000
"""Entries in memory at once."""


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """What a recovery has done.

    Attributes:
        copied: Entries that were appended exactly as they were.
        recorded: Entries that were recorded again, after a break.
        lost: Ids of entries of the other copy that could not be kept.
        unknown: Number of lost entries of which not even the id is known.
        breaks: Indexes of the breaks that were appended.
    """

    copied: int = 0
    recorded: int = 0
    lost: tuple[str, ...] = ()
    unknown: int = 0
    breaks: tuple[int, ...] = ()

    @property
    def lines(self) -> list[str]:
        """What to say about it, a line each."""
        said = [f"{self.copied} entries appended as they were, {self.recorded} recorded again"]
        said.append(describe_breaks(self.breaks) or "no break was needed")
        said += [f"lost: {id}" for id in self.lost]
        if self.unknown:
            said.append(f"lost: {self.unknown} more, of which nothing is left")
        return said


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """What another copy has behind the entries that both have.

    Attributes:
        items: What can be recorded again.
        lost: Ids of what cannot: it is not what was signed, or its notice is missing.
        unknown: Number of entries whose rows are missing.
        erased: Visitors whose entries before the fork were erased there.
        purged_before: The day before which decisions were purged there; empty without a purge.
    """

    items: list[Item]
    lost: tuple[str, ...]
    unknown: int
    erased: list[str]
    purged_before: str


def copy(transaction: Transaction, *, source: View, advance: Advance, check: Check = lambda row: None) -> int:
    """Append what another store has beyond this one's head, exactly as it is there; return how many entries.

    What was erased or purged there is erased here.

    Args:
        transaction: Writes to a log that is empty, or the beginning of the other.
        source: The other.
        advance: Shows progress.
        check: Called with each row.

    Raises:
        LogCorrupt: The other's entries do not lead to its head, or as `check`.
    """
    end, size = source.head(), transaction.head().size
    begun, (_, _, tiles) = size, transaction.known([], frontier(size))
    while size < end.size:
        rows = list(source.rows(size, min(size + BATCH, end.size)))
        deque(map(check, rows), maxlen=0)
        grown = append(size, tiles, [row.leaf for row in rows])
        head = Head(grown.size, grown.root, end.checkpoint, end.open_days)
        bundles = [read_bundle(source, row) for row in rows if row.type == "notice"]
        transaction.write(Change(rows, bundles, {}, {}, grown.tiles, head))
        known, size = {**tiles, **grown.tiles}, grown.size
        tiles = {tile: known[tile] for tile in frontier(size)}
        advance(len(rows))
        if not rows or (size == end.size and grown.root != end.root):
            raise LogCorrupt("the entries to be copied do not lead to the head that was signed")
    if doomed := _erased_since(transaction, begun):
        transaction.blank(doomed)
    transaction.execute((INSERT_ASSET, list(source.assets())))
    transaction.add_to_daily(differences(transaction.daily(), source.daily()))
    for (kind,) in source.select("SELECT DISTINCT kind FROM observations") if not begun else ():
        transaction.count(source.observations(kind))
    return size - begun


def _erased_since(transaction: Transaction, start: int) -> list[int]:
    """Return the entries before an index that erasures and purges from there on have erased."""
    doomed = set[int]()
    for row in transaction.of_type("erasure"):
        doomed.update(Entry.decode(row.body or b"{}").erased or () if row.index >= start else ())
    for row in transaction.of_type("purge"):
        if row.index >= start:
            note = Entry.decode(row.body or b"{}")
            stop = min(start, note.stop or 0)
            doomed.update(old_decisions(transaction, note.before or "", start=0, stop=stop))
    return sorted(index for index in doomed if index < start)


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


def salvage(here: View, there: View, common: int) -> Branch:
    """Collect what another branch has and this one lacks. What its tree does not prove is lost."""
    items, lost, published, rows = list[Item](), list[str](), set[str](), 0
    gone, check, head = set(_erased_visitors(there, here, common)), checker(there), there.head()
    tile = lru_cache(maxsize=TILES_KEPT)(there.tile)
    for row in there.rows(common):
        rows += 1
        # What was erased, there or here, is not lost, and the books are kept anew.
        if row.subject in gone or row.type in BOOKS or here.find(row.id) is not None:
            continue
        try:
            check(row)
            proof = inclusion_proof(row.index, head.size, tile)
            check_inclusion(row.index, head.size, leaf_hash(row.leaf), proof, head.root)
            if row.body is None:
                continue
            item = read_bundle(there, row) if row.type == "notice" else decode_entry(row.index, row.body)
        except (LogError, ProofInvalid):
            lost.append(row.id)
            continue
        notice = item.id if isinstance(item, Bundle) else item.notice
        if isinstance(item, Bundle) or not notice or notice in published or here.notice(notice):
            items.append(item)
            published.add(notice)
        else:
            lost.append(row.id)
    purges = (Entry.decode(row.body or b"{}") for row in there.of_type("purge") if row.index >= common)
    return Branch(
        items=items,
        lost=tuple(sorted(lost)),
        unknown=head.size - common - rows,
        erased=_erased_visitors(here, there, common),
        purged_before=max((entry.before or "" for entry in purges), default=""),
    )


def checker(view: View) -> Check:
    """Return a check of a row's content: it is what its leaf commits to, or it was erased."""
    erasures = Erasures(view)

    def check(row: Row) -> None:
        if row.body is None:
            erasures.check_covered(row)
        elif row.type == "notice":
            check_publication(row, row.body)
        else:
            check_entry(row, row.body)

    return check


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
