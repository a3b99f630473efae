"""The PostgreSQL store: a log in one schema, for any number of processes and machines.

Writers take turns by the lock on the head's row alone. Other databases with PostgreSQL's protocol should
work, including those that abort conflicting transactions instead of blocking them.
"""

import random
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.errors import FeatureNotSupported, SyntaxError
from psycopg.sql import SQL, Identifier

from consentkit.exceptions import LogError, LogMissing
from consentkit.log.stores import postgres_schema as schema
from consentkit.log.stores import sql
from consentkit.log.stores.postgres_pool import (
    ANSWER_SECONDS,
    READ_SECONDS,
    LimitedConnection,
    Pool,
    commit,
    may_repeat,
    read_address,
    translate_errors,
)
from consentkit.log.stores.values import Head, RawRow

T = TypeVar("T")

# Maximum connections of a process. Separate pools, so that readers never block writers.
WRITING = 4
READING = 8

# After waiting for the head's lock, a writer must see what was committed meanwhile. Stricter levels would
# abort it instead.
ISOLATION = IsolationLevel.READ_COMMITTED

# Retries of a transaction that the server aborted because of a conflict, and the longest pause before one.
RETRIES = 20
PAUSE_SECONDS = 0.1

# A client that vanishes in a transaction frees the head after IDLE; one that waits for it fails after LOCK.
LOCK_TIMEOUT = "10s"
IDLE_TIMEOUT = "5s"

# Rows and assets in memory at once.
PAGE_ROWS = 2000
PAGE_ASSETS = 16

# From so many rows on, COPY is used: it takes two more round trips than statements in the pipeline.
COPY_FROM_ROWS = 8

_COPY = f"COPY entries ({sql.COLUMNS}) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = ("int8", *["text"] * 4, *["bytea"] * 3)

# Settings of the transaction, not of the session: poolers in transaction mode would mix up sessions. They
# also override a role's synchronous_commit = off: an acknowledged entry must be on disk.
_READ = "SELECT set_config('search_path', %s, true)"
_WRITE = (
    f"{_READ}, set_config('lock_timeout', %s, true),"
    " set_config('idle_in_transaction_session_timeout', %s, true),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END, true)"
)


class PostgresView(sql.View):
    """Reads through one connection; its open transaction is the snapshot."""

    contains = "position(? IN body) > 0"
    as_text = "convert_from(body, 'UTF8')"
    is_subject = "subject = ?"

    def __init__(self, connection: Connection, head: Head, schema: str) -> None:
        """Args: connection: in a transaction that sees one moment's state; head: as it was read then."""
        self.connection = connection
        self._head = head
        self._schema = schema

    def head(self) -> Head:
        """Return the head as it was when the transaction began."""
        return self._head

    def select(self, query: str, *arguments: sql.Argument) -> list[tuple[Any, ...]]:
        """Return a query's rows; none for text with a NUL, which PostgreSQL cannot store."""
        if any(isinstance(argument, str) and "\0" in argument for argument in arguments):
            return []
        return self.connection.execute(_spelt(query), arguments, binary=True).fetchall()

    def stream(self, query: str, start: int, *arguments: sql.Argument) -> Iterator[RawRow]:
        """Stream rows in pages, without a cursor that a reader could leave open on the server."""
        page = PAGE_ROWS
        while page == PAGE_ROWS:
            rows = self.select(f'{query} ORDER BY "index" LIMIT ?', start, *arguments, PAGE_ROWS)
            yield from rows
            page = len(rows)
            start = rows[-1][0] + 1 if rows else start

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        last = ""
        query = "SELECT hash, bytes FROM assets WHERE hash > ? ORDER BY hash LIMIT ?"
        while page := self.select(query, last, PAGE_ASSETS):
            yield from page
            last = page[-1][0]

    def check_tables(self) -> None:
        """Check that the tables are those that a log makes."""
        schema.check_tables(self.connection, self._schema)

    def check_indexes(self) -> None:
        """Check nothing: use the server's extension amcheck for that."""


class PostgresTransaction(sql.Transaction, PostgresView):
    """Reads and writes inside a transaction that holds the lock on the head's row."""

    def select_each(self, *queries: sql.Query) -> Iterable[Iterable[tuple[Any, ...]]]:
        """Return what each query finds."""
        with self.connection.pipeline():
            return [self.connection.execute(_spelt(query), given, binary=True) for query, given in queries]

    def execute(self, *statements: sql.Statement) -> None:
        """Run statements, many new rows by COPY and all others in one pipeline."""
        first, rows = statements[0]
        if len(statements) == len(rows) == 1:
            # Not in a pipeline, which loses the server's message if the connection breaks.
            self.connection.execute(_spelt(first), rows[0])
            return
        if first is sql.INSERT_ROWS and len(rows) >= COPY_FROM_ROWS:
            self._copy(rows)
            statements = statements[1:]
        with self.connection.pipeline(), self.connection.cursor() as cursor:
            for statement, arguments in statements:
                cursor.executemany(_spelt(statement), arguments)

    def one_of(self, values: Sequence[str] | Sequence[int]) -> tuple[str, sql.Argument]:
        """Return the condition that a column has one of many values: they are passed as one array."""
        return "= ANY(?)", list(values)  # type: ignore[return-value]

    def _copy(self, rows: Sequence[tuple[Any, ...]]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(_COPY_TYPES)
            for row in rows:
                copy.write_row(row)


def _spelt(statement: str) -> str:
    """Spell a statement's placeholders as the driver does."""
    return statement.replace("?", "%s")


class PostgresStore:
    """Keeps a log in one schema of a database (the contract is `sql.Store`)."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """Name the database. Nothing is opened before the first use.

        Args:
            url: As libpq takes it, with ``schema=name`` where it is not ``consentkit``.
            read_only: Never make, migrate or write anything.

        Raises:
            ConfigurationError: The URL is none.
        """
        self._address = read_address(url)
        self._read_only = read_only
        self._writing = Pool(partial(self._connect, ANSWER_SECONDS), most=WRITING)
        self._reading = Pool(partial(self._connect, READ_SECONDS), most=READING)
        # Migrations and VACUUM take their time.
        self._slow = Pool(partial(self._connect, None), most=1)
        self._prepared = False

    def transact(self, script: sql.Script[T]) -> T:
        """Run a script in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        with translate_errors():
            self._prepare()
        return sql.run_settled(self._run, script)

    @contextmanager
    def snapshot(self) -> Iterator[PostgresView]:
        """Open a view of the present state."""
        with translate_errors():
            self._prepare()
            with self._reading.connection() as connection:
                yield PostgresView(connection, self._begin(connection, write=False), self._address.schema)
                connection.rollback()

    def rehearse(self) -> Head | None:
        """Lock the head, write to it, put nothing into every other table, and roll that back."""
        with translate_errors(), self._writing.connection() as connection:
            found = schema.version(connection, self._address.schema)
            if not found:
                schema.check_creatable(connection, self._address.schema)
                connection.rollback()
                raise LogMissing("there is no log in this schema yet")
            connection.rollback()
            if found < schema.VERSION:
                return None
            head = self._begin(connection, write=True)
            with connection.pipeline():
                connection.execute("UPDATE head SET size = size")
                for table in map(Identifier, schema.FILLED):
                    connection.execute(SQL("INSERT INTO {0} SELECT * FROM {0} WHERE false").format(table))
            connection.rollback()
            return head

    def tidy(self, *, much: bool) -> None:
        """Have the server free what destroyed rows have held; of a few, it does so by itself."""
        if not much:
            return
        table = Identifier(self._address.schema, "entries")
        with translate_errors(), self._slow.connection() as connection:
            # VACUUM must run outside a transaction. Engines without it need none.
            connection.autocommit = True
            with suppress(FeatureNotSupported, SyntaxError):
                connection.execute(SQL("VACUUM {}").format(table))
            connection.autocommit = False

    def close(self) -> None:
        """Close this process's connections."""
        for pool in (self._writing, self._reading, self._slow):
            pool.close()

    @translate_errors()
    def _run(self, script: sql.Script[T]) -> T:
        with self._writing.connection() as connection:
            for attempt in range(RETRIES):
                try:
                    return self._once(connection, script)
                except psycopg.Error as error:
                    if not may_repeat(error):
                        raise
                    connection.rollback()
                # A random pause, so that the same transactions do not collide again.
                time.sleep(random.uniform(0, min(PAUSE_SECONDS, 0.002 * 2**attempt)))
            return self._once(connection, script)

    def _once(self, connection: Connection, script: sql.Script[T]) -> T:
        head = self._begin(connection, write=True)
        outcome = script(PostgresTransaction(connection, head, self._address.schema))
        commit(connection)
        return outcome

    def _begin(self, connection: Connection, *, write: bool) -> Head:
        """Begin a transaction and read the head: locked for writing, as a snapshot for reading."""
        # pg_temp last: otherwise a temporary table could hide one of the log's.
        path = f'"{self._address.schema}", pg_temp'
        with connection.pipeline():
            if write:
                connection.execute(_WRITE, (path, LOCK_TIMEOUT, IDLE_TIMEOUT))
                head = connection.execute(f"{sql.HEAD} FOR UPDATE", binary=True)
            else:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                connection.execute(_READ, (path,))
                head = connection.execute(sql.HEAD, binary=True)
            version = connection.execute("SELECT version FROM schema_version")
        schema.check_row(version.fetchone(), current=True)
        return sql.read_head(head.fetchall())

    def _prepare(self) -> None:
        """Check once that there are tables; a writer makes and migrates them."""
        if self._prepared:
            return
        name = self._address.schema
        if self._read_only:
            with self._reading.connection() as connection:
                if not schema.version(connection, name):
                    raise LogMissing("there is no log in this schema yet")
                schema.check_tables(connection, name)
                connection.rollback()
        else:
            with self._slow.connection() as connection:
                schema.migrate(connection, name)
            self._slow.close()
        self._prepared = True

    def _connect(self, limit: float | None) -> LimitedConnection:
        # No prepared statements: they keep a plan made for a small table, and poolers in transaction mode do
        # not support them.
        connection = LimitedConnection.connect(**self._address.parameters, prepare_threshold=None)
        connection.isolation_level, connection.limit = ISOLATION, limit
        return connection
