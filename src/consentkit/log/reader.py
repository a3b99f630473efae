"""`LogReader`: reads entries, notices, counts and proofs of a log, and verifies it."""

import os
import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from functools import lru_cache, partial
from itertools import islice, product
from pathlib import Path
from typing import Self

import msgspec

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log.changes import Changes, read_changes
from consentkit.log.counters import Observation
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.location import (
    check_backup,
    check_file,
    check_folder,
    key_path,
    log_path,
    open_store,
    seen_path,
)
from consentkit.log.process import Advance, silent, sync_folder
from consentkit.log.recovery import TILES_KEPT, copy
from consentkit.log.seen import check_continued
from consentkit.log.signer import Keyring, Signer
from consentkit.log.stores.sql import Store, View
from consentkit.log.stores.values import Head, Rollup, Row, rollup_of
from consentkit.log.verify.walk import verify
from consentkit.record.entry import Entry
from consentkit.record.leaf import read_leaf
from consentkit.tlog.note import Checkpoint, VerifierKey
from consentkit.tlog.proofs import InclusionProof, consistency_proof, inclusion_proof
from consentkit.tlog.tree import MAX_NUMBER, ReadTile, TileId

# Types of id, leaf, body and salt. Checked, since SQLite stores values of any type in any column.
_KINDS = frozenset((str, bytes, *kinds) for kinds in product((bytes, type(None)), repeat=2))

# A lone surrogate, possible in command lines and JSON; no store accepts text with one.
_SURROGATE = re.compile("[\ud800-\udfff]")

# Rows that one search looks at; its result says where the next one begins.
SEARCH_WINDOW = 100_000

EVERY = EntryFilter()
"""Takes every entry."""

# Rows in memory while entries are counted.
STATS_ROWS = 10_000


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An entry with its leaf, as stored.

    Attributes:
        index: The leaf's index in the tree.
        id: The entry's id; of a notice its hash.
        entry: The entry; None once erased.
        leaf: The leaf's exact bytes.
        body: The entry's exact bytes, to which the leaf commits; None once erased.
        salt: The salt of that commitment; None once erased, and for a notice.
    """

    index: int
    id: str
    entry: Entry | None
    leaf: bytes
    body: bytes | None
    salt: bytes | None

    def is_in(self, chosen: EntryFilter) -> bool:
        """Say whether a filter takes it."""
        return chosen.takes(self.day if chosen.since or chosen.until else "", self.entry)

    @property
    def day(self) -> str:
        """The day of its leaf, ``YYYY-MM-DD``."""
        return read_leaf(self.leaf).day


class Published(msgspec.Struct, frozen=True):
    """A notice's publication: index of its leaf, hash of its bundle (hex), day (``YYYY-MM-DD``)."""

    index: int
    hash: str
    day: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One page of search results.

    Attributes:
        entries: The highest index first.
        before: The argument for the next page; None on the last page.
    """

    entries: Sequence[Recorded]
    before: int | None


class LogReader:
    """Reads a log. Every call reads one snapshot and delays no append."""

    def __init__(self, store: Store, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    def keys(self) -> Keyring | None:
        """Return the log's own keys; None if it has none or they are stored elsewhere.

        Raises:
            ConfigurationError: The key that was named is none, or cannot be read.
        """
        return self._signer.keys()

    def seen(self) -> Head | None:
        """Return the highest head that this machine has seen, unverified; None if it has seen none."""
        return self._signer.seen.head()

    def head(self) -> Head:
        """Return the tree's head."""
        with self._store.snapshot() as view:
            return view.head()

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Stream the entries with `start` ≤ index < `stop`, as they stand when the first is read."""
        with self._store.snapshot() as view:
            for row in view.rows(start, stop):
                yield _recorded(row)

    def at(self, index: int) -> Recorded | None:
        """Return the entry with an index."""
        if not 0 <= index <= MAX_NUMBER:
            return None
        with self._store.snapshot() as view:
            return next(map(_recorded, view.rows(index, index + 1)), None)

    def find(self, id: str) -> Recorded | None:
        """Return the entry with an id, or that publishes the notice with this hash."""
        if _SURROGATE.search(id):
            return None
        with self._store.snapshot() as view:
            row = view.find(id)
            return None if row is None else _recorded(row)

    def look_up(self, name: str) -> Recorded | None:
        """Return the entry that an auditor names by its id, a notice's hash, or an index."""
        found = self.find(name)
        if found is None and name.isascii() and name.isdigit() and len(name) < 19:
            found = self.at(int(name))
        return found

    def of_subject(self, subject: str, *, last: int = MAX_NUMBER) -> list[Recorded]:
        """Return a visitor's entries, the oldest first; with `last`, only so many of the latest."""
        if _SURROGATE.search(subject):
            return []
        with self._store.snapshot() as view:
            return [_recorded(row) for row in view.of_subject(subject, last=last)]

    def destroyed_by(self, index: int) -> Recorded | None:
        """Return the erasure or purge that destroyed the entry with this index."""
        with self._store.snapshot() as view:
            rows = view.rows(index, index + 1)
            return next((note for row in rows for note in _notes_on(view, row)), None)

    def search(self, chosen: EntryFilter, *, before: int | None = None, limit: int = 50) -> Found:
        """Search entries, the highest index first.

        Args:
            chosen: Which entries.
            before: Only those with a lower index.
            limit: At most so many. A search for what is rare may return fewer, and says where to go on.
        """
        with self._store.snapshot() as view:
            size = view.head().size
            before = size if before is None else min(before, size)
            bounded = chosen.since or chosen.until or chosen.subject
            start = 0 if bounded else max(0, before - SEARCH_WINDOW)
            found = list(islice(_matching(view, chosen, start, before, limit), limit))
        more = found[-1].index if len(found) == limit else start
        return Found(entries=found, before=more or None)

    def select(self, chosen: EntryFilter, start: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Stream the entries of a filter with `start` ≤ index < `stop`, in order."""
        found = self.of_subject(chosen.subject) if chosen.subject else self.entries(start, stop)
        for one in found:
            if one.is_in(chosen) and start <= one.index and (stop is None or one.index < stop):
                yield one

    def proof(self, index: int) -> InclusionProof:
        """Prove that the leaf with an index is in the tree of the head's signed checkpoint.

        Raises:
            LogError: There is no such leaf, or the log's checkpoints are not signed.
        """
        return self.proofs([index])[0]

    def proofs(self, indexes: Sequence[int]) -> list[InclusionProof]:
        """Prove several leaves against one checkpoint. Raises as `proof`."""
        with self._store.snapshot() as view:
            head = view.head()
            read = lru_cache(maxsize=TILES_KEPT)(view.tile)
            return [_proof(read, head, index) for index in indexes]

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """Prove that the tree of `old` leaves is a prefix of that of `new` ones, by default the present.

        Raises:
            LogError: There are not that many leaves.
        """
        with self._store.snapshot() as view:
            size = view.head().size
            if not 0 <= old <= size or (new or 0) > size:
                raise LogError(f"the log has {size} entries, not {max(old, new or 0)}")
            return consistency_proof(old, size if new is None else new, view.tile)

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes, 32 bytes each."""
        with self._store.snapshot() as view:
            return view.tile(tile)

    def notices(self) -> list[Published]:
        """Return every notice that was published, in order."""
        with self._store.snapshot() as view:
            return [Published(row.index, row.id, read_leaf(row.leaf).day) for row in view.of_type("notice")]

    def notice(self, hash: str) -> bytes | None:
        """Return the canonical bytes of a notice."""
        with self._store.snapshot() as view:
            return view.notice(hash)

    def asset(self, hash: str) -> bytes | None:
        """Return the bytes of an asset that a notice names."""
        with self._store.snapshot() as view:
            return view.asset(hash)

    def stats(self, chosen: EntryFilter = EVERY) -> Mapping[Rollup, int]:
        """Return the counts of decisions of a filter: from roll-ups if they tell, else from the entries.

        Erased decisions are in roll-ups only.
        """
        with self._store.snapshot() as view:
            if chosen.by_entry:
                found = _matching(view, chosen, 0, view.head().size, STATS_ROWS)
                return Counter(
                    rollup_of(one.entry)
                    for one in found
                    if one.entry is not None and one.entry.type == "decision"
                )
            daily = view.daily(chosen.since, chosen.until or "9999")
        return {key: counted.count for key, counted in daily.items() if chosen.takes_count(key)}

    def observations(self, kind: str, since: str = "", until: str = "9999") -> Mapping[Observation, int]:
        """Return the counts of a kind for days (``YYYY-MM-DD``) from `since` to `until`, both included."""
        with self._store.snapshot() as view:
            return view.observations(kind, since, until)

    def check(
        self,
        *,
        keys: Sequence[VerifierKey] = (),
        saved: Checkpoint | None = None,
        only_new: bool = False,
        progress: Advance = silent,
    ) -> Head:
        """Recompute the whole tree, every commitment and the roll-ups; return the verified head.

        The log must also continue the highest checkpoint that this machine has seen.

        Args:
            keys: Public keys, one of which must have signed the head; if empty, no signature is checked.
            saved: A checkpoint seen earlier, of which the log must be a continuation.
            only_new: Recompute only what came after `saved`. Roll-ups are then not recomputed.
            progress: Called with the number of entries that were checked since it was last called.

        Raises:
            LogCorrupt: The first contradiction.
        """
        with self._store.snapshot() as view:
            head = verify(view, keys=keys, saved=saved, only_new=only_new, progress=progress)
            self._signer.check_seen(view, head, keys)
            return head

    def check_continued(self, saved: Checkpoint) -> Entry | None:
        """Check that the log continues a checkpoint; return the break that gives its branch up, if one does.

        Raises:
            LogCorrupt: It was rolled back, or history was rewritten.
        """
        with self._store.snapshot() as view:
            return check_continued(view, view.head(), saved)

    def changes(self, since: int | Checkpoint = 0) -> Changes:
        """Return what the log has got from an index on, or since a checkpoint that was saved.

        Raises:
            LogCorrupt: The log does not continue the checkpoint, or an entry has no time or type.
        """
        with self._store.snapshot() as view:
            if isinstance(since, Checkpoint):
                given_up = check_continued(view, view.head(), since)
                since = since.size if given_up is None else given_up.common or 0
            try:
                return read_changes(view, since)
            except (TypeError, ValueError) as error:
                raise LogCorrupt("an entry has no type or time (see `consentkit log verify`)") from error

    def backup(self, path: Path, *, progress: Advance = silent) -> Head:
        """Copy the log, as it is now, into a new SQLite file; verify the copy, and return its head.

        Appends go on meanwhile. The file is there once it is complete. An earlier backup is replaced, but not
        with a log that was rolled back.

        Raises:
            LogCorrupt: The copy does not hold, since the log does not. No file is left.
            ConfigurationError, OSError: The file cannot be written, or is no backup that may be replaced.
        """
        path = path.resolve()
        check_folder(path, "backup")
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        keys = self.keys()
        try:
            with closing(open_store(draft, read_only=False)) as target, self._store.snapshot() as view:
                if path.exists():
                    check_backup(path)  # while this log is open, which it must not replace
                    self._signer.check_seen(view, view.head())
                target.transact(partial(copy, source=view, advance=progress))
            with open_log(draft) as copied:
                head = copied.check(keys=() if keys is None else keys.accepted)
            os.replace(draft, path)
            sync_folder(path.parent)
        finally:
            for file in path.parent.glob(f"{draft.name}*"):
                file.unlink()
        return head

    def check_indexes(self) -> None:
        """Check that the database's indexes (by id, visitor, type, day) match its tables.

        PostgreSQL's indexes are not checked; the server has tools for that.

        Raises:
            LogCorrupt: They do not.
        """
        with self._store.snapshot() as view:
            view.check_indexes()

    def close(self) -> None:
        """Close this process's handles; the next use opens them again. The outbox keeps what it has."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_log(url: str | Path, *, key: str | Path | None = None, seen: str | Path | None = None) -> LogReader:
    """Open a log that exists, for reading only.

    Args:
        url: As `ConsentLog` takes it.
        key: As `ConsentLog` takes it.
        seen: As `ConsentLog` takes it.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported, or there is no such file.
        MissingExtra: It names PostgreSQL, and the extra ``postgres`` is not installed.
    """
    path = log_path(url)
    if path is not None:
        check_file(path)
    return LogReader(open_store(url, read_only=True), signer_of(url, key, seen))


def signer_of(url: str | Path, key: str | Path | None, seen: str | Path | None = None) -> Signer:
    """Return the signer of the log at a URL; a SQLite log's files are beside it unless others are named."""
    path = log_path(url)
    kept = Path(seen) if seen is not None else None if path is None else seen_path(path)
    return Signer(key, default=None if path is None else key_path(path), seen=kept)


def _recorded(row: Row) -> Recorded:
    if tuple(map(type, (row.id, row.leaf, row.body, row.salt))) not in _KINDS:
        raise LogCorrupt(f"entry {row.index}: a column of it holds another kind of value")
    entry = None if row.body is None else Entry.decode(row.body)
    return Recorded(index=row.index, id=row.id, entry=entry, leaf=row.leaf, body=row.body, salt=row.salt)


def _matching(view: View, chosen: EntryFilter, start: int, before: int, at_once: int) -> Iterator[Recorded]:
    """Yield the entries of a filter with `start` ≤ index < `before`, the highest first; so many a query."""
    while before > start:
        rows = view.search(chosen, start=start, before=before, limit=at_once)
        before = rows[-1].index if len(rows) == at_once else start
        yield from (one for one in map(_recorded, rows) if one.is_in(chosen))


def _notes_on(view: View, row: Row) -> Iterator[Recorded]:
    """Yield the erasures and purges that name a row."""
    day, number = read_leaf(row.leaf).day, str(row.index).encode()
    for found in view.of_type("erasure"):
        # Decoding is slow: only erasures whose bytes contain the number are decoded.
        if found.index > row.index and (not isinstance(found.body, bytes) or number in found.body):
            note = _recorded(found)
            if note.entry is not None and row.index in (note.entry.erased or ()):
                yield note
    for note in map(_recorded, view.of_type("purge")):
        entry = note.entry
        if entry is not None and day < (entry.before or "") and row.index < (entry.stop or 0):
            yield note


def _proof(read: ReadTile, head: Head, index: int) -> InclusionProof:
    if head.checkpoint is None:
        raise LogError("the log's checkpoints are not signed, so nothing can be proved to others")
    if not 0 <= index < head.size:
        raise LogError(f"the log has no entry {index}: it has {head.size}")
    hashes = inclusion_proof(index, head.size, read)
    return InclusionProof(index, tuple(hashes), head.checkpoint)
