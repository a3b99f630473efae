"""Checking a log against itself: leaves against tree, entries against leaves, counts against entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log.entry import Entry
from consentkit.log.leaf import commitment, committed_leaf, notice_leaf
from consentkit.log.plan import rollup_of
from consentkit.log.store import Head, Rollup, Row, View
from consentkit.tlog import EMPTY_ROOT, TILE_WIDTH, Grown, TileId, append, frontier

_AT_A_TIME = 16 * TILE_WIDTH


def check(view: View) -> Head:
    """Recompute tree, commitments and roll-ups from what is stored, in one pass and bounded memory.

    Returns:
        The head that was found to be right.

    Raises:
        LogCorrupt: The first contradiction, by the index of its entry where it has one.
    """
    head = view.head()
    daily: Counter[Rollup] = Counter()
    tiles: dict[TileId, bytes] = {}
    grown = Grown(0, EMPTY_ROOT, {})
    rows = view.rows()
    while batch := list(islice(rows, _AT_A_TIME)):
        daily.update(_decisions(view, batch, grown.size))
        grown = append(grown.size, tiles, [row.leaf for row in batch])
        _check_tiles(view, grown.tiles)
        tiles.update(grown.tiles)
        tiles = {tile: tiles[tile] for tile in frontier(grown.size)}
    if (grown.size, grown.root) != (head.size, head.root):
        raise LogCorrupt(f"the head says {head.size} entries, the leaves give {grown.size} or another root")
    if daily != view.daily():
        raise LogCorrupt("the daily roll-ups are not what the entries add up to")
    return head


def check_row(view: View, row: Row) -> Entry:
    """Check one row's entry against its leaf, and a notice's bundle against its hash.

    Raises:
        LogCorrupt: They contradict each other.
    """
    try:
        entry = Entry.decode(row.body or b"")
    except LogError as error:
        raise LogCorrupt(f"entry {row.index}: its body is missing or not an entry") from error
    if entry.id != row.id or entry.at != row.at or entry.subject != row.subject:
        raise LogCorrupt(f"entry {row.index}: it is filed under another id, time or subject")
    if row.leaf != _leaf(entry, row):
        raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
    if entry.type == "notice" and sha256(view.notice(entry.id) or b"").hexdigest() != entry.id:
        raise LogCorrupt(f"entry {row.index}: the notice it publishes is missing or another")
    return entry


def _decisions(view: View, rows: Iterable[Row], start: int) -> Iterator[Rollup]:
    for index, row in enumerate(rows, start):
        if row.index != index:
            raise LogCorrupt(f"entry {index} is missing")
        entry = check_row(view, row)
        if entry.type == "decision":
            yield rollup_of(entry)


def _leaf(entry: Entry, row: Row) -> bytes:
    if entry.type == "notice":
        return notice_leaf(entry.day, entry.notice)
    return committed_leaf(entry.type, entry.day, commitment(row.salt or b"", row.body or b""))


def _check_tiles(view: View, tiles: dict[TileId, bytes]) -> None:
    """A tile that grows further while checking must agree as far as it goes."""
    for tile, hashes in tiles.items():
        if not (view.tile(tile) or b"").startswith(hashes):
            raise LogCorrupt(f"tile {tile.level}/{tile.number} is not what the leaves give")
