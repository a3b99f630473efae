"""Reading a PostgreSQL log."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import Any, TypeAlias

from psycopg import Connection

from consentkit.exceptions import LogCorrupt
from consentkit.log.entry import EntryType
from consentkit.log.observations import Observation
from consentkit.log.store import Head, RawRow, Rollup, Row
from consentkit.tlog import TileId

# Rows and assets that are in memory at once.
PAGE_ROWS = 2000
PAGE_ASSETS = 16

_ROW = 'SELECT "index", id, type, at, subject, body, salt, leaf FROM entries'

_Argument: TypeAlias = str | int | bytes


class PostgresView:
    """Reads through one connection; its open transaction makes it one moment's state (see `store.View`).

    Streams read page after page, each from where the last one ended: no cursor is left open on the server
    when a reader goes away.
    """

    def __init__(self, connection: Connection, head: Head) -> None:
        """Args: connection: in a transaction that sees one moment's state; head: as it was read then."""
        self._connection = connection
        self._head = head

    def head(self) -> Head:
        """Return the tree's head."""
        return self._head

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream rows in order."""
        end = self._head.size if stop is None else stop
        return starmap(Row, self.raw_rows(start, end))

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream rows as they come."""
        return self._stream(f'{_ROW} WHERE "index" >= %s AND "index" <= %s', start, stop - 1)

    def find(self, id: str) -> Row | None:
        """Return the row of an id."""
        return next(iter(self._rows(f"{_ROW} WHERE id = %s", id)), None)

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them."""
        return rows_of_subject(self._connection, subject, last)

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``."""
        query = f"{_ROW} WHERE \"index\" >= %s AND type = %s AND type <> 'decision'"
        return starmap(Row, self._stream(query, 0, type))

    def search(self, *, day: str, action: str, start: int, before: int, limit: int) -> list[Row]:
        """Return rows, the highest index first."""
        query = f'{_ROW} WHERE "index" >= %s AND "index" < %s'
        times = [day, f"{day}U"] if day else []
        if day:
            # Else all entries might be looked at, the newest first, for an old day.
            span = 'SELECT min("index" + 0), max("index" + 0) FROM entries WHERE at BETWEEN %s AND %s'
            ((first, last),) = select(self._connection, span, *times) or [(None, None)]
            if first is None:
                return []
            start, before = max(start, first), min(before, last + 1)
            query += " AND at BETWEEN %s AND %s"
        arguments: list[_Argument] = [start, before, *times]
        if action:
            query += " AND type = 'decision' AND position(%s IN body) > 0"
            arguments.append(f'"action":"{action}"'.encode())
        return self._rows(f'{query} ORDER BY "index" DESC LIMIT %s', *arguments, limit)

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""
        return self._value('SELECT hashes FROM tiles WHERE level = %s AND "index" = %s', *tile)

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""
        return self._value("SELECT body FROM notices WHERE hash = %s", hash)

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""
        return self._value("SELECT bytes FROM assets WHERE hash = %s", hash)

    def demand_form(self) -> None:
        """Check nothing more: the columns have types."""

    def extent(self) -> tuple[int, int]:
        """Return how many tiles and how many notices are kept."""
        query = "SELECT (SELECT count(*) FROM tiles), (SELECT count(*) FROM notices)"
        ((tiles, notices),) = select(self._connection, query)
        return tiles, notices

    def demand_indexes(self) -> None:
        """Check nothing: that is the server's own business, and its extension amcheck does it."""

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        last = ""
        query = "SELECT hash, bytes FROM assets WHERE hash > %s ORDER BY hash LIMIT %s"
        while page := select(self._connection, query, last, PAGE_ASSETS):
            yield from page
            last = page[-1][0]

    def daily(self, since: str = "", until: str = "9999") -> dict[Rollup, int]:
        """Return the counts of decisions by day."""
        return daily_of(self._connection, since, until)

    def observations(self, kind: str, since: str = "", until: str = "9999") -> dict[Observation, int]:
        """Return the counts of a kind by day."""
        query = (
            "SELECT day, key, count FROM observations WHERE kind = %s AND day BETWEEN %s AND %s"
            " ORDER BY day, key"
        )
        found = select(self._connection, query, kind, since, until)
        return {Observation(day=day, kind=kind, key=key): count for day, key, count in found}

    def _rows(self, query: str, *arguments: _Argument) -> list[Row]:
        return list(starmap(Row, select(self._connection, query, *arguments)))

    def _stream(self, query: str, start: int, *arguments: _Argument) -> Iterator[RawRow]:
        """Stream rows in order; the query's first argument is the index to begin at."""
        page = PAGE_ROWS
        while page == PAGE_ROWS:
            rows = select(
                self._connection, f'{query} ORDER BY "index" LIMIT %s', start, *arguments, PAGE_ROWS
            )
            yield from rows
            page = len(rows)
            start = rows[-1][0] + 1 if rows else start

    def _value(self, query: str, *arguments: _Argument) -> bytes | None:
        found = select(self._connection, query, *arguments)
        if found and not isinstance(found[0][0], bytes):
            raise LogCorrupt("a tile, notice or asset of the log is not bytes")
        return found[0][0] if found else None


def select(connection: Connection, query: str, *arguments: _Argument) -> list[tuple[Any, ...]]:
    """Return what a query finds: nothing for a text with a NUL, which PostgreSQL has no way to store."""
    if any(isinstance(argument, str) and "\0" in argument for argument in arguments):
        return []
    return connection.execute(query, arguments, binary=True).fetchall()


def rows_of_subject(connection: Connection, subject: str, last: int | None = None) -> list[Row]:
    """Return the rows of one visitor, or the last of them, in order."""
    query = f'{_ROW} WHERE subject = %s ORDER BY "index" DESC'
    found = (
        select(connection, query, subject)
        if last is None
        else select(connection, f"{query} LIMIT %s", subject, last)
    )
    return list(starmap(Row, found))[::-1]


def daily_of(connection: Connection, since: str, until: str) -> dict[Rollup, int]:
    """Return the counts of decisions for days from `since` to `until`, both included."""
    query = (
        "SELECT day, regime, locale, notice, action, count FROM daily WHERE day BETWEEN %s AND %s"
        " ORDER BY day, regime, locale, notice, action"
    )
    return {
        Rollup(day=day, regime=regime, locale=locale, notice=notice, action=action): count
        for day, regime, locale, notice, action, count in select(connection, query, since, until)
    }
