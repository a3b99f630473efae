"""The SQLite store: one file in WAL mode, for any number of processes on one machine."""

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from itertools import starmap
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from consentkit.exceptions import LogCorrupt, LogError, LogMissing, LogUnavailable
from consentkit.log.process import fair_lock, register_at_fork
from consentkit.log.stores import sql
from consentkit.log.stores import sqlite_schema as schema
from consentkit.log.stores.values import Head, RawRow

T = TypeVar("T")

# How long SQLite waits for a lock on the file that a program other than consentkit holds.
BUSY_SECONDS = 2.0

# How long an erasure waits for readers that prevent truncating the write-ahead log.
WAL_SECONDS = 0.5

# Bytes of the largest value that is read.
LARGEST = 64 * 1024 * 1024

# How long a fork waits for a commit under way in another thread.
FORK_SECONDS = 2.0

# FULL: each commit is on disk before it is acknowledged; in WAL mode, NORMAL may lose the latest ones if the
# power fails. Erased rows are overwritten, and no temporary file may keep a copy of them.
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY")

# Result codes of errors in the stored data, not of the file system.
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG)

# Connections of a parent process. SQLite forbids even closing them in the child.
_inherited: list[sqlite3.Connection] = []


class SQLiteView(sql.View):
    """Reads through one connection; its open transaction is the snapshot."""

    contains = "instr(body, ?) > 0"
    as_text = "CAST(body AS TEXT)"
    # The index over visitors contains only the end of an id (see the second migration). The unary plus
    # keeps SQLite from substituting the value for the column, after which it would not use the index.
    is_subject = "substr(subject, -4) = substr(?1, -4) AND subject IS NOT NULL AND +subject = ?1"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def select(self, query: str, *arguments: sql.Argument) -> list[tuple[Any, ...]]:
        """Return what a query finds."""
        return self.connection.execute(query, arguments).fetchall()

    def stream(self, query: str, start: int, *arguments: sql.Argument) -> Iterator[RawRow]:
        """Stream rows from one cursor."""
        return self.connection.execute(f'{query} ORDER BY "index"', (start, *arguments))

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        for hash, content in self.connection.execute("SELECT hash, bytes FROM assets"):
            if not (isinstance(hash, str) and isinstance(content, bytes)):
                raise LogCorrupt("an asset is kept under another kind of value")
            yield hash, content

    def check_tables(self) -> None:
        """Check that the tables are those that a log makes."""
        schema.check_tables(self.connection)

    def check_indexes(self) -> None:
        """Check that the indexes have what the tables have."""
        (found,) = self.connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise LogCorrupt(f"the SQLite file contradicts itself: {found}")


class SQLiteTransaction(sql.Transaction, SQLiteView):
    """Reads and writes after ``BEGIN IMMEDIATE``: SQLite's one lock for writers is the lock on the head."""

    def select_each(self, *queries: sql.Query) -> Iterable[Iterable[tuple[Any, ...]]]:
        """Return what each query finds."""
        return starmap(self.connection.execute, queries)

    def execute(self, *statements: sql.Statement) -> None:
        """Run statements."""
        for statement, arguments in statements:
            self.connection.executemany(statement, arguments)

    def one_of(self, values: Sequence[str] | Sequence[int]) -> tuple[str, sql.Argument]:
        """Return the condition that a column has one of many values: they are passed as one JSON list."""
        return "IN (SELECT value FROM json_each(?))", json.dumps(values)

    def blank(self, indexes: Sequence[int]) -> None:
        """Erase rows. ``secure_delete`` overwrites them in the file; the WAL is truncated after COMMIT."""
        super().blank(indexes)
        # In the same commit: if this process dies before truncating the WAL, the next commit does it.
        self.execute(("UPDATE head SET remains = 1", [()]))


@contextmanager
def translate_errors(kinds: tuple[type[Exception], ...] = (sqlite3.Error, OSError)) -> Iterator[None]:
    """Translate errors of SQLite and the file system (`kinds`) into this package's."""
    try:
        yield
    except UnicodeDecodeError:
        # SQLite's message quotes a schema that is not UTF-8, and Python cannot decode the message.
        raise LogCorrupt("the log's SQLite file failed: a text in it is not UTF-8") from None
    except kinds as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary result code
        # An OperationalError without a code is Python's own: a text is not UTF-8.
        undecodable = isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
        kind = LogCorrupt if undecodable or code in _CORRUPT else LogUnavailable
        problem = str(error).partition(" with text ")[0]  # the text may be a visitor's
        raise kind(f"the log's SQLite file failed: {problem}") from error


class SQLiteStore:
    """Keeps a log in one SQLite file (the contract is `sql.Store`).

    Commits go through one connection for each process, opened on first use, never inherited. Views open
    connections of their own, read-only. Locks are taken in the order guard (threads of this process), turn
    (processes of this machine), SQLite's own.
    """

    def __init__(
        self,
        path: Path,
        *,
        read_only: bool = False,
        connect: Callable[..., sqlite3.Connection] = sqlite3.connect,
    ) -> None:
        """Name the file.

        Args:
            path: The file, made on first use.
            read_only: Never make, migrate or write it.
            connect: Opens the connection that commits go through, as `sqlite3.connect` does.
        """
        self._path = path
        self._read_only = read_only
        self._connect_to = connect
        self._connection: sqlite3.Connection | None = None
        self._prepared = read_only
        # The device and inode that the connection has open.
        self._identity: tuple[int, int] | None = None
        self._guard = threading.Lock()
        self._forking: int | None = None
        register_at_fork(self)

    def before_fork(self) -> None:
        """Close the connection: in the child, SQLite would rely on locks that it no longer holds."""
        if self._guard.acquire(timeout=FORK_SECONDS):
            self._forking = threading.get_ident()
            self._disconnect()

    def after_fork(self, *, child: bool) -> None:
        """Resume commits in the parent; in the child, drop a connection that could not be closed."""
        if child:
            if self._connection is not None:
                _inherited.append(self._connection)
            self._connection = None
            self._guard = threading.Lock()
        elif self._forking == threading.get_ident():
            self._forking = None
            self._guard.release()

    def transact(self, script: sql.Script[T]) -> T:
        """Run a script in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        # SQLite's own waiting is polling: under load, some processes would never get the lock.
        with self._guard, translate_errors(), fair_lock(self._path):
            return sql.run_settled(self._run, script)

    def rehearse(self) -> Head | None:
        """Begin a transaction that writes, and roll it back."""
        if not self._path.exists():
            raise LogMissing(f"there is no log at {str(self._path)!r} yet")
        uri = f"file:{quote(str(self._path.resolve()))}?mode=rw"
        # Without the fair lock: a process that never releases it must be reported, not waited for.
        with translate_errors(), closing(_open(uri)) as connection:
            found = schema.version(connection)
            if not found:
                raise LogMissing(f"there is no log in {str(self._path)!r} yet")
            if found < schema.VERSION:
                return None
            schema.check_tables(connection)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("UPDATE head SET size = size")
            head = SQLiteView(connection).head()
            connection.execute("ROLLBACK")
            return head

    def tidy(self, *, much: bool) -> None:
        """Empty the write-ahead log, which may hold erased rows. In the file itself they were overwritten."""
        with self._guard, translate_errors(), fair_lock(self._path):
            if self._connection is not None:
                _clear_remains(self._connection, wait=True)

    @contextmanager
    def snapshot(self) -> Iterator[SQLiteView]:
        """Open a view of the present state."""
        with translate_errors():
            self._prepare()
        # Not OSError: the caller's block may raise its own.
        with translate_errors((sqlite3.Error,)), closing(self._open_for_reading()) as connection:
            # In WAL mode, a transaction sees one snapshot from its first read on.
            connection.execute("BEGIN")
            if not (version := schema.version(connection)):
                raise LogMissing(f"there is no log in {str(self._path)!r} yet")
            # A generated column, for instance, may take any amount of time and memory to read.
            schema.check_tables(connection)
            sql.check_version(version, schema.VERSION, current=True)
            yield SQLiteView(connection)

    def close(self) -> None:
        """Close this process's connection."""
        with self._guard:
            self._disconnect()

    @translate_errors()
    def _run(self, script: sql.Script[T]) -> T:
        try:
            if self._is_replaced():
                self._disconnect()
            connection = self._connection or self._connect()
            # IMMEDIATE: a deferred transaction that begins with a read can fail when it first writes.
            connection.execute("BEGIN IMMEDIATE")
            outcome = script(SQLiteTransaction(connection))
            # Whether the write-ahead log may still contain erased rows, of this process or another.
            (remains,) = connection.execute("SELECT count(*) FROM head WHERE remains").fetchone()
            if self._is_replaced():
                raise LogUnavailable("the log's SQLite file was removed or replaced during a commit")
            try:
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise sql.OutcomeUnknown(f"the log's SQLite file failed in mid-commit: {error}") from error
            if remains:
                _clear_remains(connection, wait=False)
        except BaseException:
            # Closing rolls back, and a connection that has failed is not used again.
            self._disconnect()
            raise
        return outcome

    def _is_replaced(self) -> bool:
        """Say whether the path names another file than is open: nobody would find what is committed."""
        with suppress(FileNotFoundError):
            found = self._path.stat()
            return self._identity != (found.st_dev, found.st_ino)
        return True

    def _prepare(self) -> None:
        """Make and migrate the tables, once per process; not if it only reads."""
        if not self._prepared:
            with self._guard, fair_lock(self._path):
                if self._connection is None:
                    self._connect()

    def _connect(self) -> sqlite3.Connection:
        # Only for a new file: closing any descriptor of a file drops this process's POSIX locks on it.
        with suppress(FileExistsError):
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        connection = self._connect_to(
            self._path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        try:
            # Before anything is written: the file may be some other database.
            schema.version(connection)
            for pragma in PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            schema.migrate(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._prepared = connection, True
        found = self._path.stat()
        self._identity = found.st_dev, found.st_ino
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _open_for_reading(self) -> sqlite3.Connection:
        options = "mode=ro&immutable=1" if self._is_a_copy() else "mode=ro"
        connection = _open(f"file:{quote(str(self._path.resolve()))}?{options}")
        # The file may be a stranger's (sqlite.org, "Defense Against The Dark Arts").
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        return connection

    def _is_a_copy(self) -> bool:
        """Say whether the file is a copy in a read-only folder, without a WAL.

        Only then is it opened as immutable: SQLite ignores the WAL of an immutable file.
        """
        wal = self._path.with_name(self._path.name + "-wal")
        return self._read_only and not os.access(self._path.absolute().parent, os.W_OK) and not wal.exists()


def _open(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def _clear_remains(connection: sqlite3.Connection, *, wait: bool) -> None:
    """Truncate the write-ahead log. If a reader prevents it, the next commit of any process tries again.

    Raises nothing: the entries are committed.
    """
    with suppress(sqlite3.Error):
        connection.execute(f"PRAGMA busy_timeout = {int(WAL_SECONDS * 1000) if wait else 0}")
        try:
            # TRUNCATE moves all pages into the file and empties the WAL; other modes leave its bytes on disk.
            busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        if not busy:
            connection.execute("UPDATE head SET remains = 0")
