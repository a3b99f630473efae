"""Reading a PostgreSQL log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import Any

from psycopg import Connection

from consentkit.log.store import Head, RawRow, Row
from consentkit.log.view import ROW, Argument, SQLView
from consentkit.record import EntryType

# Rows and assets that are in memory at once.
PAGE_ROWS = 2000
PAGE_ASSETS = 16


class PostgresView(SQLView):
    """Reads through one connection; its open transaction makes it one moment's state.

    Streams read page after page, each from where the last one ended: no cursor is left open on the server
    when a reader goes away.
    """

    contains = "position(? IN body) > 0"

    def __init__(self, connection: Connection, head: Head) -> None:
        """Args: connection: in a transaction that sees one moment's state; head: as it was read then."""
        self._connection = connection
        self._head = head

    def head(self) -> Head:
        """Return the tree's head."""
        return self._head

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream rows as they come."""
        return self._stream(f'{ROW} WHERE "index" >= %s AND "index" <= %s', start, stop - 1)

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them."""
        return rows_of_subject(self._connection, subject, last)

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``."""
        query = f"{ROW} WHERE \"index\" >= %s AND type = %s AND type <> 'decision'"
        return starmap(Row, self._stream(query, 0, type))

    def demand_form(self) -> None:
        """Check nothing more: the columns have types."""

    def demand_indexes(self) -> None:
        """Check nothing: that is the server's own business, and its extension amcheck does it."""

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        last = ""
        query = "SELECT hash, bytes FROM assets WHERE hash > %s ORDER BY hash LIMIT %s"
        while page := select(self._connection, query, last, PAGE_ASSETS):
            yield from page
            last = page[-1][0]

    def _select(self, query: str, *arguments: Argument) -> list[tuple[Any, ...]]:
        return select(self._connection, query.replace("?", "%s"), *arguments)

    def _stream(self, query: str, start: int, *arguments: Argument) -> Iterator[RawRow]:
        """Stream rows in order; the query's first argument is the index to begin at."""
        page = PAGE_ROWS
        while page == PAGE_ROWS:
            rows = select(
                self._connection, f'{query} ORDER BY "index" LIMIT %s', start, *arguments, PAGE_ROWS
            )
            yield from rows
            page = len(rows)
            start = rows[-1][0] + 1 if rows else start


def select(connection: Connection, query: str, *arguments: Argument) -> list[tuple[Any, ...]]:
    """Return what a query finds: nothing for a text with a NUL, which PostgreSQL has no way to store."""
    if any(isinstance(argument, str) and "\0" in argument for argument in arguments):
        return []
    return connection.execute(query, arguments, binary=True).fetchall()


def rows_of_subject(connection: Connection, subject: str, last: int | None = None) -> list[Row]:
    """Return the rows of one visitor, or the last of them, in order."""
    query = f'{ROW} WHERE subject = %s ORDER BY "index" DESC'
    found = (
        select(connection, query, subject)
        if last is None
        else select(connection, f"{query} LIMIT %s", subject, last)
    )
    return list(starmap(Row, found))[::-1]
