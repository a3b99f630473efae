"""Verifying a log: leaves against tree, entries against leaves, counts against entries, head against key.

One pass, in bounded memory: what is kept is the books (what was erased, each day's counts), not the entries.
The lowest index at which something is wrong is named.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice, starmap
from typing import TypeAlias

from consentkit.consent import Notice, Shown
from consentkit.exceptions import LogCorrupt, LogError, ProofInvalid
from consentkit.log.operations import PERSONAL
from consentkit.log.stores.base import Head, RawRow, Row
from consentkit.log.stores.sql import View
from consentkit.log.verify.accounting import Daybook, Destroyed
from consentkit.log.verify.entry_checks import (
    agreeing,
    check_filing,
    checked,
    decoded,
    entry_of,
    read_leaf_of,
    says_no_more,
)
from consentkit.record import notice_leaf
from consentkit.tlog import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_WIDTH,
    Checkpoint,
    Grown,
    TileId,
    VerifierKey,
    append,
    frontier,
    open_checkpoint,
    read_checkpoint,
    root,
)

Progress: TypeAlias = Callable[[int, int], None]
"""Is told how many entries were checked, and how many of these are erased, since it was last told."""

_AT_A_TIME = 16 * TILE_WIDTH

# No text comes after it.
_LAST = "\U0010ffff"


def silent(count: int, erased: int) -> None:
    """Show no progress."""


def verify(
    view: View,
    *,
    keys: Sequence[VerifierKey] = (),
    saved: Checkpoint | None = None,
    only_new: bool = False,
    progress: Progress = silent,
) -> Head:
    """Verify a log. Arguments, result and errors as of `LogReader.check`."""
    if only_new and saved is None:
        raise LogError("what is new can only be told from a saved checkpoint")
    start = saved.size if saved is not None and only_new else 0
    try:
        return _verify(view, keys, saved, start, progress)
    except TypeError as error:
        # SQLite keeps any kind of value in any column.
        raise LogCorrupt(f"a column of the log holds another kind of value: {error}") from error


def _verify(
    view: View, keys: Sequence[VerifierKey], saved: Checkpoint | None, start: int, progress: Progress
) -> Head:
    view.check_tables()
    head = view.head()
    _check_signature(head, keys)
    if saved is not None:
        _check_growth(head, saved)
    walk = _Walk(view, saved, start)
    rows = view.raw_rows(start, head.size)
    while batch := list(islice(rows, _AT_A_TIME)):
        progress(len(batch), walk.take(batch))
    walk.finish(head)
    return head


class _Walk:
    """The way through all rows, lowest index first."""

    def __init__(self, view: View, saved: Checkpoint | None, start: int) -> None:
        self._view = view
        self._saved = saved
        self._destroyed = Destroyed(view)
        self._daybook = Daybook()
        self._from_zero = start == 0
        self._notices = {row.id for row in view.of_type("notice") if row.index < start}
        self._tiles = {tile: view.tile(tile) or b"" for tile in frontier(start)}
        head = root(start, self._tiles) if start else EMPTY_ROOT
        self._grown = Grown(start, head, {})
        self._check_saved({})

    def take(self, rows: Sequence[RawRow]) -> int:
        """Check the next rows; return how many of them were erased."""
        indexes, _, types, _, _, bodies, _, leaves = zip(*rows, strict=True)
        self._check_order(indexes, leaves)
        self._grow(list(leaves))
        done = 0
        others = [
            at
            for at, (kind, body) in enumerate(zip(types, bodies, strict=True))
            if kind != "decision" or body is None
        ]
        for at in others:
            self._decisions(rows[done:at])
            self._other(Row(*rows[at]))
            done = at + 1
        self._decisions(rows[done:])
        return bodies.count(None)

    def _check_order(self, indexes: Sequence[int], leaves: Sequence[bytes]) -> None:
        start = self._grown.size
        if indexes != tuple(range(start, start + len(indexes))):
            index = next(index for index, found in enumerate(indexes, start) if found != index)
            raise LogCorrupt(f"entry {index} is missing")
        if set(map(type, leaves)) != {bytes}:
            index = next(index for index, leaf in enumerate(leaves, start) if type(leaf) is not bytes)
            raise LogCorrupt(f"entry {index}: its leaf is not bytes")

    def finish(self, head: Head) -> None:
        """Check what must agree once all rows are known."""
        grown, view = self._grown, self._view
        if grown.size < head.size:
            raise LogCorrupt(f"entry {grown.size} is missing: the head says {head.size} entries")
        if (grown.size, grown.root) != (head.size, head.root):
            raise LogCorrupt(
                f"the head says {head.size} entries, the leaves give {grown.size} or another root"
            )
        for start, stop in ((-(2**63), 0), (head.size, 2**63)):
            for row in view.rows(start, stop):
                raise LogCorrupt(f"entry {row.index} is beyond the head, which says {head.size} entries")
        self._check_last_tiles()
        for hash, content in view.assets():
            if sha256(content).hexdigest() != hash:
                raise LogCorrupt(f"the asset {hash} has another content")
        if self._from_zero:
            self._check_extent(head)
            self._daybook.check(view.daily(until=_LAST), head.open_days)

    def _decisions(self, rows: Sequence[RawRow]) -> None:
        """Check decisions that are there: at once, and one by one only to name the first that is wrong."""
        if not rows:
            return
        facts = agreeing(rows) or [checked(row, row.body or b"") for row in starmap(Row, rows)]
        if self._destroyed:
            for row, one in zip(starmap(Row, rows), facts, strict=True):
                self._destroyed.demand_gone(row, one.at[:10])
        if not self._notices.issuperset([one.notice for one in facts]):
            index = next(
                row[0] for row, one in zip(rows, facts, strict=True) if one.notice not in self._notices
            )
            raise LogCorrupt(f"entry {index}: the notice it names was not published before it")
        self._daybook.count([(one.at[:10], one.regime, one.locale, one.notice, one.action) for one in facts])

    def _other(self, row: Row) -> None:
        if row.type not in PERSONAL:
            self._destroyed.demand_unnamed(row)
        if row.body is None:
            self._erased(row)
        elif row.type == "notice":
            self._notice(row, row.body)
        else:
            facts = checked(row, row.body)
            if row.type in PERSONAL:
                self._destroyed.demand_gone(row, facts.at[:10])
            elif row.type in ("erasure", "purge") and row.index not in self._destroyed.indexes:
                raise LogCorrupt(f"entry {row.index}: it is not found by its type")
            if row.type == "rollup" and self._from_zero:
                self._daybook.close(row.index, entry_of(row.index, row.body))

    def _notice(self, row: Row, body: bytes) -> None:
        facts = decoded(row, body)
        if row.leaf != notice_leaf(facts.at[:10], facts.notice) or not says_no_more(body, facts):
            raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
        check_filing(row, facts)
        bundle = self._view.notice(row.id) or b""
        if row.salt is not None or sha256(bundle).hexdigest() != row.id:
            raise LogCorrupt(f"entry {row.index}: the notice it publishes is missing or another")
        shown = Notice.loads(bundle) or Shown()  # what is no notice of ours names no files
        for name, hash in shown.assets.items():
            if self._view.asset(hash) is None:
                raise LogCorrupt(f"entry {row.index}: the notice's {name} is missing")
        self._notices.add(row.id)

    def _erased(self, row: Row) -> None:
        leaf = read_leaf_of(row)
        if leaf.type not in PERSONAL or not self._destroyed.names(row.index, leaf.day):
            raise LogCorrupt(f"entry {row.index}: its body is missing, and no entry says that it was erased")
        if (row.type, row.at, row.subject, row.salt) != (leaf.type, None, None, None):
            raise LogCorrupt(f"entry {row.index}: it was erased, and something of it is left or changed")
        if leaf.type == "decision":
            self._daybook.miss(leaf.day)

    def _grow(self, leaves: list[bytes]) -> None:
        grown = append(self._grown.size, self._tiles, leaves)
        self._check_tiles(grown.tiles)
        self._grown = grown
        self._check_saved(grown.tiles)
        known = ChainMap(grown.tiles, self._tiles)
        self._tiles = {tile: known[tile] for tile in frontier(grown.size)}

    def _check_tiles(self, tiles: Mapping[TileId, bytes]) -> None:
        """A tile that grows further while checking must agree as far as it goes."""
        for tile, hashes in tiles.items():
            stored = self._view.tile(tile) or b""
            if len(stored) > TILE_WIDTH * HASH_BYTES:
                raise LogCorrupt(f"tile {tile.level}/{tile.number} has more hashes than a tile")
            if stored.startswith(hashes):
                continue
            if tile.level == 0:
                at = tile.number * TILE_WIDTH + _first_difference(stored, hashes)
                raise LogCorrupt(f"entry {at}: tile 0/{tile.number} has not the hash of its leaf")
            raise LogCorrupt(f"tile {tile.level}/{tile.number} is not what the leaves give")

    def _check_last_tiles(self) -> None:
        """Behind the hashes of the tree there are no others."""
        size = self._grown.size
        for tile in frontier(size):
            if self._view.tile(tile) != self._tiles[tile]:
                raise LogCorrupt(f"tile {tile.level}/{tile.number} has more hashes than the leaves give")
        for level, count in enumerate([*_widths(size), 0]):
            after = TileId(level, -(-count // TILE_WIDTH))
            if self._view.tile(after) is not None:
                raise LogCorrupt(f"tile {after.level}/{after.number} is beyond the leaves")

    def _check_extent(self, head: Head) -> None:
        """What the tree needs is there; then nothing else is, if it is not more."""
        tiles, notices = self._view.extent()
        if tiles != sum(-(-width // TILE_WIDTH) for width in _widths(head.size)):
            raise LogCorrupt("there are tiles besides those of the tree")
        if notices != len(self._notices):
            raise LogCorrupt("there are notices besides those that entries publish")

    def _check_saved(self, tiles: Mapping[TileId, bytes]) -> None:
        saved = self._saved
        if saved is None or self._grown.size < saved.size:
            return
        if root(saved.size, ChainMap(dict(tiles), self._tiles)) != saved.root:
            raise LogCorrupt(
                f"the first {saved.size} entries are not those of the saved checkpoint: history was rewritten"
            )
        self._saved = None


def _widths(size: int) -> Iterator[int]:
    """Yield how many hashes each level of tiles has, from the leaves up."""
    while size:
        yield size
        size //= TILE_WIDTH


def _first_difference(stored: bytes, hashes: bytes) -> int:
    starts = range(0, len(hashes), HASH_BYTES)
    pairs = enumerate((stored[at : at + HASH_BYTES], hashes[at : at + HASH_BYTES]) for at in starts)
    return next(number for number, (one, other) in pairs if one != other)


def _check_signature(head: Head, keys: Sequence[VerifierKey]) -> None:
    if head.checkpoint is None:
        # A log is signed with its first entry.
        if keys and head.size:
            raise LogCorrupt("the head is not signed")
        return
    try:
        checkpoint = open_checkpoint(head.checkpoint, keys) if keys else read_checkpoint(head.checkpoint)
    except ProofInvalid as error:
        raise LogCorrupt(f"the head's checkpoint does not hold: {error}") from error
    if (checkpoint.size, checkpoint.root) != (head.size, head.root):
        raise LogCorrupt(
            f"the head says {head.size} entries, its checkpoint {checkpoint.size} or another root"
        )


def _check_growth(head: Head, saved: Checkpoint) -> None:
    if head.size < saved.size:
        raise LogCorrupt(
            f"the log has {head.size} entries, the saved checkpoint {saved.size}: it was rolled back"
        )
    if head.checkpoint is not None and read_checkpoint(head.checkpoint).origin != saved.origin:
        raise LogCorrupt("the saved checkpoint is of another log")
