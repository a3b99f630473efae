"""Reading a log: entries, notices, counts, and whether it agrees with itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from consentkit.log.check import check
from consentkit.log.entry import Entry
from consentkit.log.location import demand_file, log_path
from consentkit.log.observations import Observation
from consentkit.log.store import Head, Rollup, Row, Store


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as the log holds it.

    Attributes:
        index: Of its leaf in the tree.
        entry: None once it has been erased.
        leaf: The leaf's exact bytes.
    """

    index: int
    entry: Entry | None
    leaf: bytes


class LogReader:
    """Reads a log. Every call sees one moment's state and delays no append."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def head(self) -> Head:
        """Return the tree's head."""
        with self._store.snapshot() as view:
            return view.head()

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Recorded]:
        """Stream the entries with `start` ≤ index < `stop`, as they stand when the first is read."""
        with self._store.snapshot() as view:
            for row in view.rows(start, stop):
                yield _recorded(row)

    def find(self, id: str) -> Recorded | None:
        """Return the entry with an id, or that publishes the notice with this hash."""
        with self._store.snapshot() as view:
            row = view.find(id)
            return None if row is None else _recorded(row)

    def notice(self, hash: str) -> bytes | None:
        """Return the canonical bytes of a notice."""
        with self._store.snapshot() as view:
            return view.notice(hash)

    def asset(self, hash: str) -> bytes | None:
        """Return the bytes of an asset that a notice names."""
        with self._store.snapshot() as view:
            return view.asset(hash)

    def stats(self, since: str = "", until: str = "9999") -> Mapping[Rollup, int]:
        """Return the counts of decisions for days (``YYYY-MM-DD``) from `since` to `until`, both included."""
        with self._store.snapshot() as view:
            return view.daily(since, until)

    def observations(self, kind: str, since: str = "", until: str = "9999") -> Mapping[Observation, int]:
        """Return the counts of a kind for days (``YYYY-MM-DD``) from `since` to `until`, both included."""
        with self._store.snapshot() as view:
            return view.observations(kind, since, until)

    def check(self) -> Head:
        """Recompute the whole tree, every commitment and the roll-ups; return the head found right.

        Raises:
            LogCorrupt: The first contradiction.
        """
        with self._store.snapshot() as view:
            return check(view)

    def close(self) -> None:
        """Close this process's handles; the next use opens them again. The outbox keeps what it has."""
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_log(url: str | Path) -> LogReader:
    """Open a log that exists, for reading only.

    Args:
        url: As `ConsentLog` takes it.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported, or there is no such file.
    """
    path = log_path(url)
    demand_file(path)
    return LogReader(sqlite_store(path, read_only=True))


def sqlite_store(path: Path, *, read_only: bool) -> Store:
    """Make the store for a file. SQLite is imported here: only who keeps a log pays for it."""
    from consentkit.log.sqlite import SQLiteStore

    return SQLiteStore(path, read_only=read_only)


def _recorded(row: Row) -> Recorded:
    entry = None if row.body is None else Entry.decode(row.body)
    return Recorded(index=row.index, entry=entry, leaf=row.leaf)
