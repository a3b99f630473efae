"""The store for many machines: a schema in a PostgreSQL database, any number of processes anywhere.

Writers take turns by the lock on the head's row, and by nothing else, so that what speaks PostgreSQL's
protocol and SQL will do, also where transactions that are in each other's way are undone instead of waiting.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

import psycopg
from psycopg import Connection, IsolationLevel
from psycopg.errors import FeatureNotSupported, SyntaxError
from psycopg.sql import SQL, Identifier

from consentkit.exceptions import LogCorrupt, LogError, LogMissing, LogUnavailable
from consentkit.log.postgres import schema
from consentkit.log.postgres.errors import OutcomeUnknown, commit, foreign_errors, may_repeat
from consentkit.log.postgres.pool import Pool, read_address
from consentkit.log.postgres.transaction import PostgresTransaction, PostgresView
from consentkit.log.store import Head, Script

T = TypeVar("T")

# Connections of a process at once. Who reads keeps nobody from writing.
WRITING = 4
READING = 8

# Whoever waited for the lock on the head then sees all that was written before.
ISOLATION = IsolationLevel.READ_COMMITTED

# How often a transaction is begun anew that was undone for another's sake, with pauses of at most so long.
RETRIES = 20
PAUSE_SECONDS = 0.1

# Settings of a transaction, which poolers in between pass on: settings of a session they do not. Whoever
# vanishes in mid-transaction frees the head soon; what was acknowledged is on disk.
_WRITE = (
    "SELECT set_config('search_path', %s, true), set_config('lock_timeout', '10s', true),"
    " set_config('idle_in_transaction_session_timeout', '5s', true),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'"
    " ELSE current_setting('synchronous_commit') END, true)"
)
_READ = "SELECT set_config('search_path', %s, true)"
_HEAD = "SELECT size, root, checkpoint, open_days FROM head"


class PostgresStore:
    """Keeps a log in one schema of a database (the contract is `store.Store`)."""

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
        self._writing = Pool(self._connect, most=WRITING)
        self._reading = Pool(self._connect, most=READING)
        self._prepared = False

    def transact(self, script: Script[T]) -> T:
        """Run a script in one transaction."""
        if self._read_only:
            raise LogError("the log was opened for reading only")
        with foreign_errors():
            self._prepare()
            try:
                return self._run(script)
            except OutcomeUnknown:
                return self._repeat(script)

    @contextmanager
    def snapshot(self) -> Iterator[PostgresView]:
        """Open a view of the present state."""
        with foreign_errors():
            self._prepare()
            with self._reading.connection() as connection:
                yield PostgresView(connection, self._begin(connection, write=False))
                connection.rollback()

    def rehearse(self) -> Head | None:
        """Lock the head, write to it, put nothing into every other table, and roll that back."""
        with foreign_errors(), self._writing.connection() as connection:
            found = schema.version(connection, self._address.schema)
            if not found:
                schema.demand_makeable(connection, self._address.schema)
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

    def tidy(self) -> None:
        """Have the server free what destroyed rows have held."""
        table = Identifier(self._address.schema, "entries")
        with foreign_errors(), self._writing.connection() as connection:
            connection.autocommit = True
            # Engines without VACUUM free by themselves.
            with suppress(FeatureNotSupported, SyntaxError):
                connection.execute(SQL("VACUUM {}").format(table))
            connection.autocommit = False

    def close(self) -> None:
        """Close this process's connections."""
        self._writing.close()
        self._reading.close()

    def _run(self, script: Script[T]) -> T:
        with self._writing.connection() as connection:
            for attempt in range(RETRIES):
                try:
                    return self._once(connection, script)
                except psycopg.Error as error:
                    if not may_repeat(error):
                        raise
                    connection.rollback()
                time.sleep(random.uniform(0, min(PAUSE_SECONDS, 0.002 * 2**attempt)))
            return self._once(connection, script)

    def _once(self, connection: Connection, script: Script[T]) -> T:
        head = self._begin(connection, write=True)
        outcome = script(PostgresTransaction(connection, head))
        commit(connection)
        return outcome

    def _repeat(self, script: Script[T]) -> T:
        """Settle an unknown outcome: the lock waits for the first try's end, the same ids are taken once."""
        try:
            with foreign_errors():
                return self._run(script)
        except LogUnavailable as error:
            problem = f"whether a batch is recorded is not known: {error}"
            raise LogUnavailable(problem, unknown=True) from error

    def _begin(self, connection: Connection, *, write: bool) -> Head:
        """Begin a transaction and read the head: to write it is locked, to read all is as of this moment."""
        with connection.pipeline():
            if not write:
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # Named last, temporary tables stand in for none of the log's.
            path = f'"{self._address.schema}", pg_temp'
            connection.execute(_WRITE if write else _READ, (path,))
            head = connection.execute(f"{_HEAD} FOR UPDATE" if write else _HEAD, binary=True)
            version = connection.execute("SELECT version FROM schema_version")
        if schema.demand_known(version.fetchone()) < schema.VERSION:
            raise LogUnavailable("the log has an older schema: the next decision updates it")
        found = head.fetchone()
        if found is None:
            raise LogCorrupt("the log has no tree head")
        size, root, checkpoint, open_days = found
        return Head(size=size, root=root, checkpoint=checkpoint, open_days=tuple(open_days.split()))

    def _prepare(self) -> None:
        if self._prepared:
            return
        name = self._address.schema
        if self._read_only:
            with self._reading.connection() as connection:
                if not schema.version(connection, name):
                    raise LogMissing("there is no log in this schema yet")
                connection.rollback()
        else:
            with self._writing.connection() as connection:
                schema.migrate(connection, name)
        self._prepared = True

    def _connect(self) -> Connection:
        # Prepared statements keep the plan of the small table that they met first, and do not outlive a
        # transaction behind every pooler.
        connection = psycopg.connect(**self._address.parameters, prepare_threshold=None)
        connection.isolation_level = ISOLATION
        return connection
