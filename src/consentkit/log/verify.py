"""Verifying a log: leaves against tree, entries against leaves, counts against entries, head against key.

One pass, in bounded memory: what is kept is the books (what was erased, each day's counts), not the entries.
The lowest index at which something is wrong is named.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import TypeAlias

import msgspec

from consentkit.exceptions import LogCorrupt, LogError, ProofInvalid
from consentkit.log.daybook import Daybook
from consentkit.log.entry import Entry, EntryType
from consentkit.log.leaf import commitment, committed_leaf, notice_leaf, read_leaf
from consentkit.log.scripts import PERSONAL
from consentkit.log.store import Head, Row, View
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

Progress: TypeAlias = Callable[[int], None]

_AT_A_TIME = 16 * TILE_WIDTH


def silent(count: int) -> None:
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
    head = view.head()
    _check_signature(head, keys)
    if saved is not None:
        _check_growth(head, saved, keys)
    if only_new and saved is None:
        raise LogError("what is new can only be told from a saved checkpoint")
    start = saved.size if saved is not None and only_new else 0
    walk = _Walk(view, saved, start)
    rows = view.rows(start, head.size)
    while batch := list(islice(rows, _AT_A_TIME)):
        walk.take(batch)
        progress(len(batch))
    walk.finish(head)
    return head


class _Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What of an entry is checked against something else; decoding all of it would take most of the time."""

    id: str
    type: str
    at: str
    subject: str | None = None
    regime: str = ""
    locale: str = ""
    notice: str = ""
    action: str = ""


_facts = msgspec.json.Decoder(_Facts).decode
_all_facts = msgspec.json.Decoder(list[_Facts]).decode


class _Named(msgspec.Struct):
    assets: dict[str, str] = {}


class _Walk:
    """The way through all rows, lowest index first."""

    def __init__(self, view: View, saved: Checkpoint | None, start: int) -> None:
        self._view = view
        self._saved = saved
        self._destroyed = _Destroyed(view)
        self._daybook = Daybook()
        self._from_zero = start == 0
        self._tiles = {tile: view.tile(tile) or b"" for tile in frontier(start)}
        head = root(start, self._tiles) if start else EMPTY_ROOT
        self._grown = Grown(start, head, {})
        self._check_saved({})

    def take(self, rows: Sequence[Row]) -> None:
        """Check the next rows."""
        start = self._grown.size
        for index, row in enumerate(rows, start):
            if row.index != index:
                raise LogCorrupt(f"entry {index} is missing")
        done = 0
        for at, row in enumerate(rows):
            if row.type != "decision" or row.body is None:
                self._decisions(rows[done:at])
                self._other(row)
                done = at + 1
        self._decisions(rows[done:])
        self._grow([row.leaf for row in rows])

    def finish(self, head: Head) -> None:
        """Check what must agree once all rows are known."""
        grown, view = self._grown, self._view
        if (grown.size, grown.root) != (head.size, head.root):
            raise LogCorrupt(
                f"the head says {head.size} entries, the leaves give {grown.size} or another root"
            )
        for row in view.rows(head.size, 2**62):
            raise LogCorrupt(f"entry {row.index} is beyond the head, which says {head.size} entries")
        for hash, content in view.assets():
            if sha256(content).hexdigest() != hash:
                raise LogCorrupt(f"the asset {hash} has another content")
        if self._from_zero:
            self._daybook.check(view.daily(), head.open_days)

    def _decisions(self, rows: Sequence[Row]) -> None:
        """Check decisions that are there: at once, and one by one only to name the first that is wrong."""
        facts = _agreeing(rows) or [_checked(row, row.body or b"") for row in rows]
        days = [one.at[:10] for one in facts]
        if self._destroyed:
            for row, day in zip(rows, days, strict=True):
                self._destroyed.demand_gone(row, day)
        keys = [(one.regime, one.locale, one.notice, one.action) for one in facts]
        self._daybook.count(zip(days, keys, strict=True))

    def _other(self, row: Row) -> None:
        if row.body is None:
            self._erased(row)
        elif row.type == "notice":
            self._notice(row)
        else:
            facts = _checked(row, row.body)
            if row.type in PERSONAL:
                self._destroyed.demand_gone(row, facts.at[:10])
            if row.type == "rollup" and self._from_zero:
                self._daybook.close(row.index, Entry.decode(row.body))

    def _notice(self, row: Row) -> None:
        facts = _decoded(row, row.body or b"")
        if row.leaf != notice_leaf(facts.at[:10], facts.notice) or facts.id != facts.notice:
            raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
        _check_filing(row, facts)
        body = self._view.notice(row.id) or b""
        if sha256(body).hexdigest() != row.id:
            raise LogCorrupt(f"entry {row.index}: the notice it publishes is missing or another")
        for name, hash in _assets_of(body).items():
            if self._view.asset(hash) is None:
                raise LogCorrupt(f"entry {row.index}: the notice's {name} is missing")

    def _erased(self, row: Row) -> None:
        leaf = read_leaf(row.leaf)
        if not self._destroyed.names(row.index, leaf.day):
            raise LogCorrupt(f"entry {row.index}: its body is missing, and no entry says that it was erased")
        if (row.type, row.at, row.subject, row.salt) != (leaf.type, None, None, None):
            raise LogCorrupt(f"entry {row.index}: it was erased, and something of it is left or changed")
        if leaf.type == "decision":
            self._daybook.miss(leaf.day)

    def _grow(self, leaves: list[bytes]) -> None:
        grown = append(self._grown.size, self._tiles, leaves)
        self._check_tiles(grown.tiles, self._grown.size)
        self._grown = grown
        self._check_saved(grown.tiles)
        known = ChainMap(grown.tiles, self._tiles)
        self._tiles = {tile: known[tile] for tile in frontier(grown.size)}

    def _check_tiles(self, tiles: Mapping[TileId, bytes], start: int) -> None:
        """A tile that grows further while checking must agree as far as it goes."""
        for tile, hashes in tiles.items():
            stored = self._view.tile(tile) or b""
            if stored.startswith(hashes):
                continue
            if tile.level == 0:
                at = tile.number * TILE_WIDTH + _first_difference(stored, hashes)
                raise LogCorrupt(f"entry {at}: tile 0/{tile.number} has not the hash of its leaf")
            raise LogCorrupt(f"tile {tile.level}/{tile.number} is not what the leaves give")

    def _check_saved(self, tiles: Mapping[TileId, bytes]) -> None:
        saved = self._saved
        if saved is None or self._grown.size < saved.size:
            return
        if root(saved.size, ChainMap(dict(tiles), self._tiles)) != saved.root:
            raise LogCorrupt(
                f"the first {saved.size} entries are not those of the saved checkpoint: history was rewritten"
            )
        self._saved = None


class _Destroyed:
    """What the log says was erased."""

    def __init__(self, view: View) -> None:
        self._erased: set[int] = set()
        self._purges: list[tuple[str, int]] = []
        for entry in _books(view, "erasure"):
            self._erased.update(entry.erased or ())
        for entry in _books(view, "purge"):
            self._purges.append((entry.before or "", entry.stop or 0))
        self._days = max((before for before, _ in self._purges), default="")

    def __bool__(self) -> bool:
        return bool(self._erased or self._purges)

    def demand_gone(self, row: Row, day: str) -> None:
        """Raise LogCorrupt if an entry that has a body was erased, as the log says."""
        if self.names(row.index, day):
            raise LogCorrupt(f"entry {row.index}: it is there, although an entry says that it was erased")

    def names(self, index: int, day: str) -> bool:
        """Say whether the entry with this index, of this day, was erased."""
        if index in self._erased:
            return True
        return day < self._days and any(day < before and index < stop for before, stop in self._purges)


def _books(view: View, kind: EntryType) -> Iterator[Entry]:
    for row in view.of_type(kind):
        if row.body is None:
            raise LogCorrupt(f"entry {row.index}: its body is missing, and no entry says that it was erased")
        _checked(row, row.body)
        entry = Entry.decode(row.body)
        if max(entry.erased or (-1,)) >= row.index or (entry.stop or 0) > row.index:
            raise LogCorrupt(f"entry {row.index}: it says that entries after it were erased")
        yield entry


def _agreeing(rows: Sequence[Row]) -> list[_Facts] | None:
    """Decode decisions if all of them agree with their leaves and the columns that they are filed under."""
    try:
        facts = _all_facts(b"[" + b",".join([row.body or b"" for row in rows]) + b"]")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    leaves = [
        committed_leaf("decision", one.at[:10], commitment(row.salt or b"", row.body or b""))
        for one, row in zip(facts, rows, strict=False)
    ]
    filed = [(row.id, row.type, row.at, row.subject) for row in rows]
    if leaves != [row.leaf for row in rows] or filed != [(f.id, f.type, f.at, f.subject) for f in facts]:
        return None
    return facts


def _checked(row: Row, body: bytes) -> _Facts:
    facts = _decoded(row, body)
    if row.leaf != committed_leaf(row.type, facts.at[:10], commitment(row.salt or b"", body)):
        raise LogCorrupt(f"entry {row.index}: its body is not what its leaf commits to")
    _check_filing(row, facts)
    return facts


def _decoded(row: Row, body: bytes) -> _Facts:
    try:
        return _facts(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise LogCorrupt(f"entry {row.index}: its body is not an entry") from error


def _check_filing(row: Row, facts: _Facts) -> None:
    if (facts.id, facts.type, facts.at, facts.subject) != (row.id, row.type, row.at, row.subject):
        raise LogCorrupt(f"entry {row.index}: it is filed under another id, type, time or subject")


def _assets_of(notice: bytes) -> dict[str, str]:
    try:
        return msgspec.json.decode(notice, type=_Named).assets
    except msgspec.MsgspecError:
        return {}


def _first_difference(stored: bytes, hashes: bytes) -> int:
    starts = range(0, len(hashes), HASH_BYTES)
    pairs = enumerate((stored[at : at + HASH_BYTES], hashes[at : at + HASH_BYTES]) for at in starts)
    return next(number for number, (one, other) in pairs if one != other)


def _check_signature(head: Head, keys: Sequence[VerifierKey]) -> None:
    if head.checkpoint is None:
        if keys:
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


def _check_growth(head: Head, saved: Checkpoint, keys: Sequence[VerifierKey]) -> None:
    if head.size < saved.size:
        raise LogCorrupt(
            f"the log has {head.size} entries, the saved checkpoint {saved.size}: it was rolled back"
        )
    if head.checkpoint is not None and read_checkpoint(head.checkpoint).origin != saved.origin:
        raise LogCorrupt("the saved checkpoint is of another log")
