"""Connections to PostgreSQL: URL parsing, a pool, and translation of the driver's errors.

The pool has no thread of its own: the caller opens the connection and gets its error at once. Connections do
not cross a fork: idle ones are closed before it. Those that other threads are using stay the parent's; the
child drops its copy of the socket without sending anything to the server.
"""

import os
import re
import select
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib import resources
from typing import Any, TypeVar
from urllib.parse import unquote
from weakref import finalize

import msgspec
from psycopg import Connection, Error, OperationalError, ProgrammingError
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogUnavailable
from consentkit.log.process import register_at_fork
from consentkit.log.stores.sql import OutcomeUnknown

T = TypeVar("T")

SCHEMA = "consentkit"
"""Where the URL names no other."""

_SCHEMA_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")

# Defaults that the URL may override. A server that has vanished is noticed after about 15 seconds.
_DEFAULTS: Mapping[str, Any] = {
    "application_name": "consentkit",
    "client_encoding": "utf8",
    "connect_timeout": 3,
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 2,
    "tcp_user_timeout": 15_000,
}


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """The address of a log.

    Attributes:
        parameters: libpq's connection parameters, possibly with a password.
        schema: The schema's name; it needs no quotes.
    """

    parameters: Mapping[str, Any]
    schema: str

    def __repr__(self) -> str:
        return f"Address(schema={self.schema!r})"


def read_address(url: str) -> Address:
    """Read a log's URL: a URL of libpq, with ``schema=name`` as a further parameter.

    Raises:
        ConfigurationError: It is invalid. The message does not repeat it: it may contain a password.
    """
    base, _, query = url.partition("?")
    fields = [field for field in query.split("&") if field]
    names = [unquote(field.removeprefix("schema=")) for field in fields if field.startswith("schema=")]
    rest = "&".join(field for field in fields if not field.startswith("schema="))
    schema = names[-1] if names else SCHEMA
    if not _SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise ConfigurationError("expected a schema's name in small ASCII letters, digits and _", path="log")
    try:
        parameters = conninfo_to_dict(f"{base}?{rest}" if rest else base)
    except ProgrammingError:
        how = "where special characters of names and passwords are written as %XX"
        raise ConfigurationError(f"expected postgresql://user@host/database, {how}", path="log") from None
    return Address(parameters=dict(_DEFAULTS) | parameters, schema=schema)


# SQLSTATE (PostgreSQL, appendix A): classes and codes of errors in the stored data, not of the server.
_CORRUPT = ("23", "XX001", "XX002", "42P01", "42703")

# Serialization failure and deadlock: nothing was written, and a retry will work.
_AGAIN = ("40001", "40P01")

# Statement completion unknown: the server does not know whether it has committed.
_UNKNOWN = "40003"


# Parts of libpq's messages and what they mean; the messages themselves name hosts and addresses.
_REASONS = (resources.files("consentkit.log.stores") / "data/postgres/checks/reasons.txt").read_text("utf-8")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Translate the driver's errors into this package's."""
    try:
        yield
    except Error as error:
        kind: type[LogError] = LogUnavailable
        if (error.sqlstate or "").startswith(_CORRUPT):
            kind = LogCorrupt
        elif isinstance(error, NoAnswer):
            kind = OutcomeUnknown  # so that the same is tried on another connection
        raise kind(f"the log's PostgreSQL server failed: {reason(error)}") from error


def reason(error: Error) -> str:
    """Return an error's message without hosts, names and values."""
    if error.diag.message_primary:
        return f"{error.diag.message_primary} ({error.sqlstate})"
    # Errors of connecting have only libpq's text: the server's message comes last, with names in quotes.
    _, refused, why = str(error).rpartition("FATAL:")
    if refused:
        return re.sub(r'"[^"]*"', "…", why.strip().partition("\n")[0])
    known = (line.split(" | ") for line in _REASONS.splitlines())
    return next((words for sign, words in known if sign in str(error)), "the connection broke")


def may_repeat(error: Error) -> bool:
    """Say whether the transaction was aborted because of a conflict and can be retried."""
    return error.sqlstate in _AGAIN


def commit(connection: Connection) -> None:
    """Commit.

    Raises:
        OutcomeUnknown: The connection broke, or the server does not know.
        Error: It was not committed.
    """
    try:
        connection.commit()
    except Error as error:
        if connection.closed or error.sqlstate in (None, _UNKNOWN):
            problem = f"the log's PostgreSQL server failed in mid-commit: {reason(error)}"
            raise OutcomeUnknown(problem) from error
        raise


ANSWER_SECONDS = 2.0
"""How long a server may take to answer a writer: a commit has some more, to try again."""

READ_SECONDS = 10.0
"""How long it may take to answer a reader."""


class NoAnswer(OperationalError):
    """The server has not answered in time, and the connection was closed."""


class LimitedConnection(Connection):
    """A connection that closes itself if the server does not answer in time.

    A server that was stopped, or that has lost its network, keeps a connection open and never answers.

    Attributes:
        limit: How long to wait for an answer, in seconds; None without a limit.
    """

    limit: float | None = None

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        """Wait until the driver's generator has ended, as all the driver's methods do."""
        try:
            return super().wait(gen, interval, timeout or self.limit)
        except OperationalError as error:
            # Neither the server's error nor the network's: the time is over.
            if error.sqlstate is None and not self.closed:
                self.pgconn.finish()
                raise NoAnswer("the server has not answered in time") from error
            raise


WAIT_SECONDS = 5.0
"""How long to wait for a place while all are in use."""

# Connections of a parent process. Never closed here: that would end the parent's session.
_inherited: list[Connection] = []


class Pool:
    """At most so many connections at once. Safe to use from any thread."""

    def __init__(self, connect: Callable[[], LimitedConnection], *, most: int) -> None:
        """Make an empty pool of at most `most` connections at once, each opened by `connect`."""
        self._connect = connect
        self._most = most
        self._places = threading.BoundedSemaphore(most)
        self._guard = threading.Lock()
        self._idle: list[LimitedConnection] = []
        self._busy: set[LimitedConnection] = set()
        finalize(self, _close_all, self._idle)
        register_at_fork(self)

    def before_fork(self) -> None:
        """Close what is idle."""
        self._guard.acquire()
        _close_all(self._idle)

    def after_fork(self, *, child: bool) -> None:
        """Resume; in the child, drop connections that the parent's other threads were using."""
        if child:
            self._places = threading.BoundedSemaphore(self._most)
            _abandon(self._busy)
            self._busy = set()
        self._guard.release()

    @contextmanager
    def connection(self) -> Iterator[LimitedConnection]:
        """Lend a connection. If the block raises, it is closed, which rolls back an open transaction.

        Raises:
            LogUnavailable: All are in use.
            Error: The server refuses the connection.
        """
        # The same object for acquire and release: a fork in between replaces the attribute.
        places = self._places
        if not places.acquire(timeout=WAIT_SECONDS):
            raise LogUnavailable(f"all {self._most} connections to the log's PostgreSQL server are in use")
        try:
            connection = self._take()
            try:
                yield connection
            except BaseException:
                if connection.broken:
                    # Most likely the server is down, so the other connections are broken too.
                    self.close()
                self._give_back(connection, keep=False)
                raise
            self._give_back(connection, keep=not connection.closed)
        finally:
            places.release()

    def close(self) -> None:
        """Close idle connections now, and those in use when they are given back."""
        with self._guard:
            self._busy = set()
            _close_all(self._idle)

    def _take(self) -> LimitedConnection:
        with self._guard:
            # After a restart of the server, idle connections are dead and their first statement would fail.
            while self._idle and _has_ended(self._idle[-1]):
                _close(self._idle.pop())
            connection = self._idle.pop() if self._idle else None
        connection = connection or self._connect()
        with self._guard:
            self._busy.add(connection)
        return connection

    def _give_back(self, connection: LimitedConnection, *, keep: bool) -> None:
        with self._guard:
            # After `close` or a fork it no longer belongs to the pool.
            keep = keep and connection in self._busy
            self._busy.discard(connection)
            if keep:
                self._idle.append(connection)
        if not keep:
            _close(connection)


def _has_ended(connection: LimitedConnection) -> bool:
    """Say whether the server has closed an idle connection: then its socket is readable."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _close(connection: LimitedConnection) -> None:
    with suppress(Error):
        connection.close()


def _close_all(connections: list[LimitedConnection]) -> None:
    while connections:
        _close(connections.pop())


def _abandon(connections: set[LimitedConnection]) -> None:
    # Replaces the child's copy of each socket: closing the connection would send Terminate to the server and
    # end the parent's session.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for connection in connections:
        with suppress(Error, OSError):
            os.dup2(nowhere, connection.fileno(), inheritable=False)
        _inherited.append(connection)
    os.close(nowhere)
