"""What PostgreSQL and its driver raise, as this package's errors. No message says where the server is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import Connection, Error

from consentkit.exceptions import LogCorrupt, LogUnavailable

# SQLSTATE (PostgreSQL, appendix A): classes and codes that speak of what is stored, not of the server.
_CORRUPT = ("23", "XX001", "XX002", "42P01", "42703")

# Serialization failure and deadlock: nothing was done, and doing it again will work.
_AGAIN = ("40001", "40P01")

# The server itself does not know whether it has committed.
_UNKNOWN = "40003"


class OutcomeUnknown(LogUnavailable):
    """COMMIT was sent and not answered: the batch is recorded, or it is not."""


@contextmanager
def foreign_errors() -> Iterator[None]:
    """Turn what the driver raises into this package's errors."""
    try:
        yield
    except Error as error:
        kind = LogCorrupt if (error.sqlstate or "").startswith(_CORRUPT) else LogUnavailable
        raise kind(f"the log's PostgreSQL server failed: {reason(error)}") from error


def reason(error: Error) -> str:
    """Say what went wrong, without hosts, names and values."""
    if error.diag.message_primary:
        return f"{error.diag.message_primary} ({error.sqlstate})"
    # While connecting, there is libpq's text only; what the server says comes last, its names in quotes.
    _, refused, why = str(error).rpartition("FATAL:")
    if refused:
        return re.sub(r'"[^"]*"', "…", why.strip().partition("\n")[0])
    return "it cannot be reached, or the connection broke"


def may_repeat(error: Error) -> bool:
    """Say whether the transaction was undone for the sake of another one."""
    return error.sqlstate in _AGAIN


def commit(connection: Connection) -> None:
    """Commit.

    Raises:
        OutcomeUnknown: Nobody has said whether it was.
        Error: It was not.
    """
    try:
        connection.commit()
    except Error as error:
        if connection.closed or error.sqlstate in (None, _UNKNOWN):
            problem = f"the log's PostgreSQL server failed in mid-commit: {reason(error)}"
            raise OutcomeUnknown(problem) from error
        raise
