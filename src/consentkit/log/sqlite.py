"""The embedded store: one SQLite file in WAL mode, any number of processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log import schema
from consentkit.log.entry import Item
from consentkit.log.forks import tell_of_forks
from consentkit.log.locks import turn
from consentkit.log.observations import KEPT_DAYS, MOST, Observation
from consentkit.log.plan import Plan, asked, plan
from consentkit.log.sqlite_view import SQLiteView, index_by_id
from consentkit.log.store import Outcome
from consentkit.tlog import append, frontier

T = TypeVar("T")

# How long SQLite waits for a lock that a program other than consentkit holds on the file.
BUSY_SECONDS = 2.0

# How long a fork waits for a commit under way in another thread.
FORK_SECONDS = 2.0

# Connections of a parent process. SQLite forbids even closing them in the child, so they are kept for ever.
_inherited: list[sqlite3.Connection] = []


class SQLiteStore:
    """Keeps a log in one SQLite file (the contract is `store.Store`).

    Commits go through one connection for each process, opened on first use, never inherited. Views open
    connections of their own, read-only.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Args: path: the file, made on first use; read_only: never make, migrate or write it."""
        self._path = path
        self._read_only = read_only
        self._connection: sqlite3.Connection | None = None
        self._prepared = read_only
        self._guard = threading.Lock()
        self._forking: int | None = None
        tell_of_forks(self)

    def before_fork(self) -> None:
        """Close the connection: SQLite's notes of the locks it holds would mislead it in the child."""
        if self._guard.acquire(timeout=FORK_SECONDS):
            self._forking = threading.get_ident()
            self._disconnect()

    def after_fork(self, *, child: bool) -> None:
        """Let commits go on in the parent; forget in the child what could not be closed."""
        if child:
            if self._connection is not None:
                _inherited.append(self._connection)
            self._connection = None
            self._guard = threading.Lock()
        elif self._forking == threading.get_ident():
            self._forking = None
            self._guard.release()

    def commit(self, batch: Sequence[Item]) -> list[Outcome]:
        """Append a batch durably, in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        with self._guard, foreign_errors(), turn(self._path):
            try:
                return self._transact(lambda connection: _record(connection, batch))
            except _OutcomeUnknown:
                return self._repeat(batch)

    def observe(self, counts: Mapping[Observation, int]) -> None:
        """Add to the counts, in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        with self._guard, foreign_errors(), turn(self._path):
            self._transact(lambda connection: _count(connection, counts))

    @contextmanager
    def snapshot(self) -> Iterator[SQLiteView]:
        """Open a view of the present state."""
        with foreign_errors():
            self._prepare()
        # Not OSError: the block that reads may raise its own.
        with foreign_errors((sqlite3.Error,)), closing(self._open_for_reading()) as connection:
            # A transaction holds one snapshot of a WAL database from its first read on.
            connection.execute("BEGIN")
            if schema.version(connection) != schema.VERSION:
                raise LogUnavailable("the log has an older schema: open it for writing once")
            yield SQLiteView(connection)

    def close(self) -> None:
        """Close this process's connection."""
        with self._guard:
            self._disconnect()

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connect()
            connection.execute("BEGIN IMMEDIATE")
            outcome = work(connection)
            _finish(connection)
        except BaseException:
            # Closing rolls back what is open, and nobody trusts a connection that has failed.
            self._disconnect()
            raise
        return outcome

    def _repeat(self, batch: Sequence[Item]) -> list[Outcome]:
        """Settle an unknown outcome: the same ids again are taken once."""
        try:
            return self._transact(lambda connection: _record(connection, batch))
        except (sqlite3.Error, OSError, LogUnavailable) as error:
            raise LogUnavailable(
                f"whether a batch is recorded is not known: {error}", unknown=True
            ) from error

    def _prepare(self) -> None:
        if not self._prepared:
            with self._guard, turn(self._path):
                self._connect()

    def _connect(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open_for_writing(self._path)
            self._prepared = True
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _open_for_reading(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.resolve()))}?mode=ro"
        return sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )


class _OutcomeUnknown(LogUnavailable):
    """COMMIT itself failed: the batch is recorded, or it is not."""


@contextmanager
def foreign_errors(kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError)) -> Iterator[None]:
    """Turn what SQLite and the file system raise (`kinds`) into this package's errors."""
    try:
        yield
    except kinds as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary result code
        wrong = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT)
        kind = LogCorrupt if wrong else LogUnavailable
        raise kind(f"the log's SQLite file failed: {error}") from error


def _open_for_writing(path: Path) -> sqlite3.Connection:
    # Only for a new file: closing a descriptor would drop the locks of other connections to it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        schema.version(connection)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _record(connection: sqlite3.Connection, batch: Sequence[Item]) -> list[Outcome]:
    view = SQLiteView(connection)
    head = view.head()
    made = plan(batch, size=head.size, known=index_by_id(connection, asked(batch)))
    if made.rows:
        _write_rows(connection, made)
        tiles = {tile: view.tile(tile) or b"" for tile in frontier(head.size)}
        grown = append(head.size, tiles, [row.leaf for row in made.rows])
        connection.executemany(
            "INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)",
            [(*tile, hashes) for tile, hashes in grown.tiles.items()],
        )
        connection.execute("UPDATE head SET size = ?, root = ?", (grown.size, grown.root))
    return made.outcomes


def _write_rows(connection: sqlite3.Connection, made: Plan) -> None:
    connection.executemany(
        "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(row.index, row.id, row.at, row.subject, row.body, row.salt, row.leaf) for row in made.rows],
    )
    for bundle in made.bundles:
        connection.execute("INSERT INTO notices VALUES (?, ?)", (bundle.hash, bundle.body))
        connection.executemany("INSERT OR IGNORE INTO assets VALUES (?, ?)", bundle.assets.items())
    connection.executemany(
        "INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (day, regime, locale, notice, action)"
        " DO UPDATE SET count = count + excluded.count",
        [(key.day, key.regime, key.locale, key.notice, key.action, n) for key, n in made.daily.items()],
    )


def _finish(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _OutcomeUnknown(f"the log's SQLite file failed in mid-commit: {error}") from error


def _count(connection: sqlite3.Connection, counts: Mapping[Observation, int]) -> None:
    connection.executemany(
        "INSERT INTO observations VALUES (?, ?, ?, ?) ON CONFLICT (day, kind, key)"
        " DO UPDATE SET count = count + excluded.count",
        [(one.day, one.kind, one.key, count) for one, count in counts.items()],
    )
    for day, kind in {(one.day, one.kind) for one in counts}:
        connection.execute(
            "DELETE FROM observations WHERE day = ?1 AND kind = ?2 AND key NOT IN"
            " (SELECT key FROM observations WHERE day = ?1 AND kind = ?2 ORDER BY count DESC, key LIMIT ?3)",
            (day, kind, MOST),
        )
        connection.execute("DELETE FROM observations WHERE day < date(?, ?)", (day, f"-{KEPT_DAYS} days"))
