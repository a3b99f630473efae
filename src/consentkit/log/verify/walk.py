"""Full verification: one pass over all rows, checking leaves, tree, entries, counts and head.

Memory is bounded: what is kept are the erased indexes and the daily counts, not the entries. The error names
the lowest index at which something is wrong.
"""

from collections import ChainMap
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import compress, count, islice, repeat
from operator import attrgetter, is_, ne
from typing import Any

from consentkit.consent.notice import Notice, Shown
from consentkit.exceptions import LogCorrupt, LogError, ProofInvalid
from consentkit.log.daily_counts import DailyCounts, read_corrections
from consentkit.log.operations import PERSONAL
from consentkit.log.process import Advance, silent
from consentkit.log.seen import check_continued
from consentkit.log.stores.sql import View
from consentkit.log.stores.values import Head, RawRow, Row
from consentkit.log.verify.entry_checks import (
    MISSING,
    check_decisions,
    check_entry,
    check_publication,
    count_key,
    decode_entry,
)
from consentkit.log.verify.erasures import Erasures
from consentkit.record.entry import Entry
from consentkit.record.leaf import read_leaf
from consentkit.tlog.note import Checkpoint, VerifierKey, open_checkpoint, read_checkpoint
from consentkit.tlog.tree import EMPTY_ROOT, HASH_BYTES, TILE_WIDTH, Grown, TileId, append, frontier, root

# What a batch needs fits into the processor's cache: larger batches take a tenth longer.
_AT_A_TIME = 2 * TILE_WIDTH

_notice_of = attrgetter("notice")

# Sorts after every day.
_LAST = "\U0010ffff"


def verify(
    view: View,
    *,
    keys: Sequence[VerifierKey] = (),
    saved: Checkpoint | None = None,
    only_new: bool = False,
    progress: Advance = silent,
) -> Head:
    """Verify a log. Arguments, result and errors as of `LogReader.check`."""
    if only_new and saved is None:
        raise LogError("what is new can only be told from a saved checkpoint")
    try:
        view.check_tables()
        head = view.head()
        _check_signature(head, keys)
        if saved is not None:
            _check_saved(view, head, saved, only_new=only_new)
        walk = _Walk(view, saved.size if saved is not None and only_new else 0)
        rows = view.raw_rows(walk.start, head.size)
        while batch := list(islice(rows, _AT_A_TIME)):
            walk.take(batch)
            progress(len(batch))
        walk.finish(head)
    except TypeError as error:
        # SQLite keeps any kind of value in any column.
        raise LogCorrupt(f"a column of the log holds another kind of value: {error}") from error
    return head


class _Walk:
    """Checks rows in order from `start` on, and what can be checked only at the end."""

    def __init__(self, view: View, start: int) -> None:
        self.start = start
        self._view = view
        self._erasures = Erasures(view)
        self._counts = DailyCounts(read_corrections(view))
        self._notices = {row.id for row in view.of_type("notice") if row.index < start}
        self._tiles = {tile: view.tile(tile) or b"" for tile in frontier(start)}
        self._grown = Grown(start, root(start, self._tiles) if start else EMPTY_ROOT, {})

    def take(self, rows: Sequence[RawRow]) -> None:
        """Check the next rows."""
        columns = [*zip(*rows, strict=True)]
        indexes, _, types, _, _, bodies, _, leaves = columns
        # The tree first: an entry that does not match it is the more exact finding.
        self._check_order(indexes, leaves)
        self._grow(list(leaves))
        done = 0
        # Few are no decisions, or erased: found without a loop in Python.
        others = set(compress(count(), map(ne, types, repeat("decision"))))
        if None in bodies:
            others.update(compress(count(), map(is_, bodies, repeat(None))))
        for at in sorted(others):
            self._take_decisions([column[done:at] for column in columns])
            self._take_other(Row(*rows[at]))
            done = at + 1
        self._take_decisions([column[done:] for column in columns])

    def finish(self, head: Head) -> None:
        """Check head, last tiles, assets and counts, once all rows were seen."""
        grown, view = self._grown, self._view
        if grown.size < head.size:
            raise LogCorrupt(f"entry {grown.size} is missing: the head says {head.size} entries")
        if (grown.size, grown.root) != (head.size, head.root):
            problem = f"the head says {head.size} entries, the leaves give {grown.size} or another root"
            raise LogCorrupt(problem)
        # Rows with other indexes would be in neither the tree nor any check.
        for start, stop in ((-(2**63), 0), (head.size, 2**63)):
            for row in view.rows(start, stop):
                raise LogCorrupt(f"entry {row.index} is beyond the head, which says {head.size} entries")
        self._check_last_tiles()
        for hash, content in view.assets():
            if sha256(content).hexdigest() != hash:
                raise LogCorrupt(f"the asset {hash} has another content")
        if not self.start:
            self._check_extent(head)
            self._counts.check(view.daily(until=_LAST), head.open_days)

    def _check_order(self, indexes: Sequence[int], leaves: Sequence[bytes]) -> None:
        size = self._grown.size
        if indexes == (*range(size, size + len(indexes)),) and set(map(type, leaves)) == {bytes}:
            return
        for index, (found, leaf) in enumerate(zip(indexes, leaves, strict=True), self._grown.size):
            if found != index:
                raise LogCorrupt(f"entry {index} is missing")
            if type(leaf) is not bytes:
                raise LogCorrupt(f"entry {index}: its leaf is not bytes")

    def _take_decisions(self, columns: Sequence[Sequence[Any]]) -> None:
        """Check decisions that are not erased: all at once; one by one only to name the first wrong one."""
        indexes = columns[0]
        if not indexes:
            return
        found = check_decisions(columns)
        if found is None:
            one_by_one = [check_entry(row, row.body or b"") for row in map(Row, *columns)]
            found = one_by_one, [one.at[:10] for one in one_by_one]
        facts, days = found
        if self._erasures.may_cover(indexes[0], indexes[-1]):
            for row, day in zip(map(Row, *columns), days, strict=True):
                self._erasures.check_present(row, day)
        if not self._notices.issuperset(map(_notice_of, facts)):
            wrong = (
                index for index, one in zip(indexes, facts, strict=True) if one.notice not in self._notices
            )
            raise LogCorrupt(f"entry {next(wrong)}: the notice it names was not published before it")
        self._counts.add(zip(days, map(count_key, facts), strict=True))

    def _take_other(self, row: Row) -> None:
        """Check an entry of another type, or an erased one."""
        if row.type not in PERSONAL:
            self._erasures.check_permanent(row)
        if row.body is None:
            self._take_erased(row)
        elif row.type == "notice":
            self._take_notice(row, row.body)
        else:
            facts = check_entry(row, row.body)
            if row.type in PERSONAL:
                self._erasures.check_present(row, facts.at[:10])
            elif row.type in ("erasure", "purge") and row.index not in self._erasures.indexes:
                raise LogCorrupt(f"entry {row.index}: it is not found by its type")
            if row.type == "rollup" and not self.start:
                self._take_rollup(decode_entry(row.index, row.body), row.index)

    def _take_rollup(self, rollup: Entry, index: int) -> None:
        if self._counts.close(rollup) is not None:
            problem = f"the roll-up of {rollup.closes} is not what the entries add up to"
            raise LogCorrupt(f"entry {index}: {problem} (see `consentkit log correct`)")

    def _take_notice(self, row: Row, body: bytes) -> None:
        check_publication(row, body)
        bundle = self._view.notice(row.id) or b""
        if row.salt is not None or sha256(bundle).hexdigest() != row.id:
            raise LogCorrupt(f"entry {row.index}: the notice it publishes is missing or another")
        shown = Notice.loads(bundle) or Shown()  # an unknown form of notice names no files
        for name, hash in shown.assets.items():
            if self._view.asset(hash) is None:
                raise LogCorrupt(f"entry {row.index}: the notice's {name} is missing")
        self._notices.add(row.id)

    def _take_erased(self, row: Row) -> None:
        try:
            leaf = read_leaf(row.leaf)
        except LogCorrupt as error:
            raise LogCorrupt(f"entry {row.index}: its leaf is not one of a consent log") from error
        if leaf.type not in PERSONAL or not self._erasures.covers(row.index, leaf.day):
            raise LogCorrupt(f"entry {row.index}: {MISSING}")
        if (row.type, row.at, row.subject, row.salt) != (leaf.type, None, None, None):
            raise LogCorrupt(f"entry {row.index}: it was erased, and something of it is left or changed")
        if leaf.type == "decision":
            self._counts.add_erased(leaf.day)

    def _grow(self, leaves: list[bytes]) -> None:
        """Append leaves to the tree, and compare the resulting tiles with the stored ones."""
        grown = append(self._grown.size, self._tiles, leaves)
        for tile, hashes in grown.tiles.items():
            self._check_tile(tile, hashes)
        self._grown = grown
        known = ChainMap(grown.tiles, self._tiles)
        self._tiles = {tile: known[tile] for tile in frontier(grown.size)}

    def _check_tile(self, tile: TileId, hashes: bytes) -> None:
        """Check a stored tile; it may have more hashes than the tree has so far."""
        stored = self._view.tile(tile) or b""
        if len(stored) > TILE_WIDTH * HASH_BYTES:
            raise LogCorrupt(f"tile {tile.level}/{tile.number} has more hashes than a tile")
        if stored.startswith(hashes):
            return
        if tile.level:
            raise LogCorrupt(f"tile {tile.level}/{tile.number} is not what the leaves give")
        starts = range(0, len(hashes), HASH_BYTES)
        wrong = next(at for at in starts if stored[at : at + HASH_BYTES] != hashes[at : at + HASH_BYTES])
        index = tile.number * TILE_WIDTH + wrong // HASH_BYTES
        raise LogCorrupt(f"entry {index}: tile 0/{tile.number} has not the hash of its leaf")

    def _check_last_tiles(self) -> None:
        """Check that stored tiles have no hashes beyond those of the tree."""
        for tile, hashes in self._tiles.items():
            if self._view.tile(tile) != hashes:
                raise LogCorrupt(f"tile {tile.level}/{tile.number} has more hashes than the leaves give")
        for level, width in enumerate([*_widths(self._grown.size), 0]):
            after = TileId(level, -(-width // TILE_WIDTH))
            if self._view.tile(after) is not None:
                raise LogCorrupt(f"tile {after.level}/{after.number} is beyond the leaves")

    def _check_extent(self, head: Head) -> None:
        """Check by counting that there are no further tiles or notices: those needed are known to exist."""
        tiles, notices = self._view.extent()
        if tiles != sum(-(-width // TILE_WIDTH) for width in _widths(head.size)):
            raise LogCorrupt("there are tiles besides those of the tree")
        if notices != len(self._notices):
            raise LogCorrupt("there are notices besides those that entries publish")


def _widths(size: int) -> Iterator[int]:
    """Yield the number of hashes at each level of tiles, from the leaves up."""
    while size:
        yield size
        size //= TILE_WIDTH


def _check_signature(head: Head, keys: Sequence[VerifierKey]) -> None:
    if head.checkpoint is None:
        # An empty log is not signed yet.
        if keys and head.size:
            raise LogCorrupt("the head is not signed")
        return
    try:
        checkpoint = open_checkpoint(head.checkpoint, keys) if keys else read_checkpoint(head.checkpoint)
    except ProofInvalid as error:
        raise LogCorrupt(f"the head's checkpoint does not hold: {error}") from error
    if (checkpoint.size, checkpoint.root) != (head.size, head.root):
        problem = f"the head says {head.size} entries, its checkpoint {checkpoint.size} or another root"
        raise LogCorrupt(problem)


def _check_saved(view: View, head: Head, saved: Checkpoint, *, only_new: bool) -> None:
    if head.checkpoint is not None and read_checkpoint(head.checkpoint).origin != saved.origin:
        raise LogCorrupt("the saved checkpoint is of another log")
    # By the stored tiles: the walk compares them with the leaves.
    if check_continued(view, head, saved) and only_new:
        raise LogError("a break gives up the branch of the saved checkpoint: verify the whole log")
