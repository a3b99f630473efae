"""The embedded store: one SQLite file in WAL mode, any number of processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from consentkit.exceptions import LogCorrupt, LogError, LogMissing, LogUnavailable
from consentkit.log.locks import tell_of_forks, turn
from consentkit.log.sqlite import schema
from consentkit.log.sqlite.transaction import SQLiteTransaction, SQLiteView
from consentkit.log.store import Head, Script

T = TypeVar("T")

# How long SQLite waits for a lock that a program other than consentkit holds on the file.
BUSY_SECONDS = 2.0

# How long an erasure waits for readers that keep the write-ahead log from being cut.
WAL_SECONDS = 0.5

# Bytes of the largest value that is read.
LARGEST = 64 * 1024 * 1024

# How long a fork waits for a commit under way in another thread.
FORK_SECONDS = 2.0

# Result codes that speak of what is stored, not of the file system.
_WRONG = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG)

# Temporary files would be one more place for what is destroyed.
_PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY")

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

    def transact(self, script: Script[T]) -> T:
        """Run a script in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        with self._guard, foreign_errors(), turn(self._path):
            try:
                return self._run(script)
            except _OutcomeUnknown:
                return self._repeat(script)

    def rehearse(self) -> Head | None:
        """Begin a transaction that writes, and roll it back."""
        if not self._path.exists():
            raise LogMissing(f"there is no log at {str(self._path)!r} yet")
        # Without its turn: somebody who never gives it up is to be told of, not waited for.
        with foreign_errors(), closing(_open_existing(self._path)) as connection:
            found = schema.version(connection)
            if not found:
                raise LogMissing(f"there is no log in {str(self._path)!r} yet")
            if found < schema.VERSION:
                return None
            schema.demand_form(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE head SET size = size")
            head = SQLiteTransaction(connection).head()
            connection.execute("ROLLBACK")
            return head

    def tidy(self) -> None:
        """Do nothing: destroyed rows were overwritten. The file keeps its size; only VACUUM would cut it."""

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
                raise LogUnavailable("the log has an older schema: the next decision updates it")
            yield SQLiteView(connection)

    def close(self) -> None:
        """Close this process's connection."""
        with self._guard:
            self._disconnect()

    def _run(self, script: Script[T]) -> T:
        try:
            connection = self._connection or self._connect()
            connection.execute("BEGIN IMMEDIATE")
            transaction = SQLiteTransaction(connection)
            outcome = script(transaction)
            # Whether the write-ahead log may hold what was destroyed, by this process or another.
            (remains,) = connection.execute("SELECT count(*) FROM head WHERE remains").fetchone()
            _finish(connection)
            if remains:
                _clear_remains(connection, wait=transaction.has_destroyed)
        except BaseException:
            # Closing rolls back what is open, and nobody trusts a connection that has failed.
            self._disconnect()
            raise
        return outcome

    def _repeat(self, script: Script[T]) -> T:
        """Settle an unknown outcome: the same ids again are taken once."""
        try:
            return self._run(script)
        except (sqlite3.Error, OSError, LogUnavailable) as error:
            raise LogUnavailable(
                f"whether a batch is recorded is not known: {error}", unknown=True
            ) from error

    def _prepare(self) -> None:
        if not self._prepared:
            with self._guard, turn(self._path):
                if self._connection is None:
                    self._connect()

    def _connect(self) -> sqlite3.Connection:
        self._connection = _open_for_writing(self._path)
        self._prepared = True
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _open_for_reading(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.resolve()))}?mode=ro{'&immutable=1' if self._is_a_copy() else ''}"
        connection = sqlite3.connect(
            uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        # The file may be a stranger's (sqlite.org, "Defense Against The Dark Arts").
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection

    def _is_a_copy(self) -> bool:
        """Say whether nothing can be made beside the file and nobody has it open: SQLite is told of it."""
        wal = self._path.with_name(self._path.name + "-wal")
        return self._read_only and not os.access(self._path.absolute().parent, os.W_OK) and not wal.exists()


class _OutcomeUnknown(LogUnavailable):
    """COMMIT itself failed: the batch is recorded, or it is not."""


@contextmanager
def foreign_errors(kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError)) -> Iterator[None]:
    """Turn what SQLite and the file system raise (`kinds`) into this package's errors."""
    try:
        yield
    except UnicodeDecodeError:
        # SQLite repeats what it cannot read of a schema, and Python cannot read that.
        raise LogCorrupt("the log's SQLite file failed: a text in it is not UTF-8") from None
    except kinds as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary result code
        # Without a code it is Python's: text that is not UTF-8.
        foreign = isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
        wrong = foreign or code in _WRONG
        kind = LogCorrupt if wrong else LogUnavailable
        problem = str(error).partition(" with text ")[0]  # which may be a visitor's
        raise kind(f"the log's SQLite file failed: {problem}") from error


def _open_for_writing(path: Path) -> sqlite3.Connection:
    # Only for a new file: closing a descriptor would drop the locks of other connections to it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        schema.version(connection)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        schema.migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _open_existing(path: Path) -> sqlite3.Connection:
    uri = f"file:{quote(str(path.resolve()))}?mode=rw"
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)


def _finish(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _OutcomeUnknown(f"the log's SQLite file failed in mid-commit: {error}") from error


def _clear_remains(connection: sqlite3.Connection, *, wait: bool) -> None:
    """Cut the write-ahead log. While a reader keeps it from that, the next commit of any process will.

    What was committed is committed: nothing is raised.
    """
    with suppress(sqlite3.Error):
        if _empty_wal(connection, wait=wait):
            connection.execute("UPDATE head SET remains = 0")


def _empty_wal(connection: sqlite3.Connection, *, wait: bool) -> bool:
    """Move all pages into the file and cut the write-ahead log; False while a reader keeps it from that."""
    connection.execute(f"PRAGMA busy_timeout = {int(WAL_SECONDS * 1000) if wait else 0}")
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
    return not busy
