"""Reading a PostgreSQL log, and one transaction on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import starmap
from typing import Any

from msgspec.structs import astuple
from psycopg import Connection

from consentkit.log.observations import KEPT_DAYS, MOST, Observation
from consentkit.log.store import Change, Counted, Head, RawRow, Rollup, Row
from consentkit.log.view import ROW, Argument, SQLView
from consentkit.record.entry import EntryType
from consentkit.tlog.tree import TileId

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


# COPY costs two round trips more than statements that are sent along with the others.
COPY_FROM_ROWS = 8

_COLUMNS = '("index", id, type, at, subject, body, salt, leaf)'
_TYPES = ("int8", *["text"] * 4, *["bytea"] * 3)


class PostgresTransaction:
    """Reads and writes inside the open transaction of a connection (the contract is `store.Transaction`)."""

    def __init__(self, connection: Connection, head: Head) -> None:
        """Args: connection: with a transaction that holds the lock on the head; head: as it was read then."""
        self._connection = connection
        self._head = head

    def head(self) -> Head:
        """Return the head."""
        return self._head

    def known(
        self, ids: Sequence[str], tiles: Iterable[TileId]
    ) -> tuple[dict[str, int], dict[TileId, bytes]]:
        """Return the index of each id, and the tiles, that there are."""
        wanted = list(tiles)
        with self._connection.pipeline():
            indexes = self._connection.execute(
                'SELECT id, "index" FROM entries WHERE id = ANY(%s)', (list(ids),)
            )
            hashes = self._connection.execute(
                'SELECT level, "index", hashes FROM tiles WHERE (level, "index") IN'
                " (SELECT * FROM unnest(%s::integer[], %s::bigint[]))",
                ([tile.level for tile in wanted], [tile.number for tile in wanted]),
                binary=True,
            )
        return dict(indexes), {TileId(level, number): found for level, number, found in hashes}

    def daily(self, day: str) -> Mapping[Rollup, Counted]:
        """Return a day's counts, and what of them roll-ups have told."""
        query = "SELECT regime, locale, notice, action, count, told FROM daily WHERE day = %s"
        return {
            Rollup(day=day, regime=regime, locale=locale, notice=notice, action=action): Counted(count, told)
            for regime, locale, notice, action, count, told in select(self._connection, query, day)
        }

    def of_subject(self, subject: str) -> list[Row]:
        """Return the rows of one visitor."""
        return rows_of_subject(self._connection, subject)

    def leaves(self, start: int, stop: int, *, before: str) -> list[tuple[int, bytes]]:
        """Return index and leaf of rows from before a day."""
        return self._connection.execute(
            'SELECT "index", leaf FROM entries WHERE "index" >= %s AND "index" < %s AND at < %s',
            (start, stop, before),
            binary=True,
        ).fetchall()

    def write(self, change: Change) -> None:
        """Write what a script adds."""
        rows = list(map(astuple, change.rows))
        if len(rows) >= COPY_FROM_ROWS:
            self._copy(rows)
            rows = []
        with self._connection.pipeline(), self._connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO entries {_COLUMNS} VALUES (%s, %s, %s, %s, %s, %b, %b, %b)", rows
            )
            for bundle in change.bundles:
                cursor.execute("INSERT INTO notices VALUES (%s, %b)", (bundle.hash, bundle.body))
                cursor.executemany(
                    "INSERT INTO assets VALUES (%s, %b) ON CONFLICT (hash) DO NOTHING",
                    list(bundle.assets.items()),
                )
            cursor.executemany(
                "INSERT INTO daily (day, regime, locale, notice, action, count)"
                " VALUES (%s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (day, regime, locale, notice, action)"
                " DO UPDATE SET count = daily.count + excluded.count",
                [(*astuple(key), count) for key, count in change.daily.items()],
            )
            cursor.executemany(
                "UPDATE daily SET told = %s"
                " WHERE day = %s AND regime = %s AND locale = %s AND notice = %s AND action = %s",
                [(count, *astuple(key)) for key, count in change.told.items()],
            )
            cursor.executemany(
                'INSERT INTO tiles VALUES (%s, %s, %b) ON CONFLICT (level, "index")'
                " DO UPDATE SET hashes = excluded.hashes",
                [(*tile, hashes) for tile, hashes in change.tiles.items()],
            )
            head = change.head
            cursor.execute(
                "UPDATE head SET size = %s, root = %b, checkpoint = %s, open_days = %s",
                (head.size, head.root, head.checkpoint, " ".join(head.open_days)),
            )

    def sign(self, checkpoint: str) -> None:
        """Replace the head's checkpoint."""
        self._connection.execute("UPDATE head SET checkpoint = %s", (checkpoint,))

    def blank(self, indexes: Sequence[int]) -> None:
        """Destroy what rows hold. VACUUM frees what they held before."""
        self._connection.execute(
            "UPDATE entries SET at = NULL, subject = NULL, body = NULL, salt = NULL"
            ' WHERE "index" = ANY(%s::bigint[])',
            (list(indexes),),
        )

    def count(self, counts: Mapping[Observation, int]) -> None:
        """Add to what was observed."""
        with self._connection.pipeline(), self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO observations VALUES (%s, %s, %s, %s) ON CONFLICT (day, kind, key)"
                " DO UPDATE SET count = observations.count + excluded.count",
                [(*astuple(one), count) for one, count in counts.items()],
            )
            for day, kind in {(one.day, one.kind) for one in counts}:
                cursor.execute(
                    "DELETE FROM observations WHERE day = %(day)s AND kind = %(kind)s AND key NOT IN"
                    " (SELECT key FROM observations WHERE day = %(day)s AND kind = %(kind)s"
                    " ORDER BY count DESC, key LIMIT %(most)s)",
                    {"day": day, "kind": kind, "most": MOST},
                )
            for day in {one.day for one in counts}:
                oldest = date.fromisoformat(day) - timedelta(days=KEPT_DAYS)
                cursor.execute("DELETE FROM observations WHERE day < %s", (oldest.isoformat(),))

    def _copy(self, rows: Sequence[tuple[object, ...]]) -> None:
        with (
            self._connection.cursor() as cursor,
            cursor.copy(f"COPY entries {_COLUMNS} FROM STDIN (FORMAT BINARY)") as copy,
        ):
            copy.set_types(_TYPES)
            for row in rows:
                copy.write_row(row)
