"""Reading a SQLite log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import starmap

from consentkit.exceptions import LogCorrupt
from consentkit.log.entry import EntryType
from consentkit.log.observations import Observation
from consentkit.log.sqlite.schema import demand_form
from consentkit.log.store import Head, RawRow, Rollup, Row
from consentkit.tlog import TileId

_ROW = 'SELECT "index", id, type, at, subject, body, salt, leaf FROM entries'


class SQLiteView:
    """Reads through one connection; its open transaction makes it one moment's state (see `store.View`)."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        """Return the tree's head."""
        return head_of(self._connection)

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream rows in order."""
        end = self.head().size if stop is None else stop
        return starmap(Row, self.raw_rows(start, end))

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream rows as they come."""
        query = f'{_ROW} WHERE "index" BETWEEN ? AND ? ORDER BY "index"'
        return self._connection.execute(query, (start, stop - 1))

    def find(self, id: str) -> Row | None:
        """Return the row of an id."""
        found = self._connection.execute(f"{_ROW} WHERE id = ?", (id,)).fetchone()
        return None if found is None else Row(*found)

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them."""
        return rows_of_subject(self._connection, subject, last)

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``."""
        query = f"{_ROW} WHERE type = ? AND type <> 'decision' ORDER BY \"index\""
        return starmap(Row, self._connection.execute(query, (type,)))

    def search(self, *, day: str, action: str, start: int, before: int, limit: int) -> list[Row]:
        """Return rows, the highest index first."""
        query = f'{_ROW} WHERE "index" >= ? AND "index" < ?'
        times = [day, f"{day}U"] if day else []
        if day:
            # Else all entries would be looked at, the newest first, for an old day.
            span = 'SELECT min(+"index"), max(+"index") FROM entries WHERE at BETWEEN ? AND ?'
            first, last = self._connection.execute(span, times).fetchone()
            if first is None:
                return []
            start, before = max(start, first), min(before, last + 1)
            query += " AND at BETWEEN ? AND ?"
        arguments: list[int | str] = [start, before, *times]
        if action:
            query += " AND type = 'decision' AND instr(body, CAST(? AS BLOB))"
            arguments.append(f'"action":"{action}"')
        query += ' ORDER BY "index" DESC LIMIT ?'
        return list(starmap(Row, self._connection.execute(query, (*arguments, limit))))

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""
        # A public address may name a larger one than SQLite has integers for.
        if tile.number >> 63:
            return None
        return self._value('SELECT hashes FROM tiles WHERE level = ? AND "index" = ?', *tile)

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""
        return self._value("SELECT body FROM notices WHERE hash = ?", hash)

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""
        return self._value("SELECT bytes FROM assets WHERE hash = ?", hash)

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        for hash, content in self._connection.execute("SELECT hash, bytes FROM assets"):
            if not (isinstance(hash, str) and isinstance(content, bytes)):
                raise LogCorrupt("an asset is kept under another kind of value")
            yield hash, content

    def demand_form(self) -> None:
        """Check that the tables are those that a log makes, and that nothing else acts on them."""
        demand_form(self._connection)

    def extent(self) -> tuple[int, int]:
        """Return how many tiles and how many notices are kept."""
        query = "SELECT (SELECT count(*) FROM tiles), (SELECT count(*) FROM notices)"
        tiles, notices = self._connection.execute(query).fetchone()
        return tiles, notices

    def demand_indexes(self) -> None:
        """Check that the indexes have what the tables have."""
        (found,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise LogCorrupt(f"the SQLite file contradicts itself: {found}")

    def daily(self, since: str = "", until: str = "9999") -> dict[Rollup, int]:
        """Return the counts of decisions by day."""
        return daily_of(self._connection, since, until)

    def observations(self, kind: str, since: str = "", until: str = "9999") -> dict[Observation, int]:
        """Return the counts of a kind by day."""
        cursor = self._connection.execute(
            "SELECT day, key, count FROM observations WHERE kind = ? AND day BETWEEN ? AND ?"
            " ORDER BY day, key",
            (kind, since, until),
        )
        found = cursor.fetchall()
        if {tuple(map(type, row)) for row in found} - {(str, str, int)}:
            raise LogCorrupt("what was observed holds another kind of value")
        return {Observation(day=day, kind=kind, key=key): count for day, key, count in found}

    def _value(self, query: str, *arguments: str | int) -> bytes | None:
        found = self._connection.execute(query, arguments).fetchone()
        if found is not None and not isinstance(found[0], bytes):
            raise LogCorrupt("a tile, notice or asset of the log is not bytes")
        return None if found is None else found[0]


def head_of(connection: sqlite3.Connection) -> Head:
    """Return the tree's head."""
    found = connection.execute("SELECT size, root, checkpoint, open_days FROM head").fetchone()
    if found is None:
        raise LogCorrupt("the log has no tree head")
    size, root, checkpoint, open_days = found
    if tuple(map(type, found)) not in ((int, bytes, str, str), (int, bytes, type(None), str)):
        raise LogCorrupt("the tree's head holds another kind of value")
    return Head(size=size, root=root, checkpoint=checkpoint, open_days=tuple(open_days.split()))


def index_by_id(connection: sqlite3.Connection, ids: Sequence[str]) -> dict[str, int]:
    """Return the index of each id that is in the log."""
    query = 'SELECT id, "index" FROM entries WHERE id IN (SELECT value FROM json_each(?))'
    return dict(connection.execute(query, (json.dumps(ids),)))


def rows_of_subject(connection: sqlite3.Connection, subject: str, last: int | None = None) -> list[Row]:
    """Return the rows of one visitor, or the last of them, in order."""
    # Without the sign, SQLite would put the value in place of the column, and not know its index again.
    which = "substr(subject, 1, 4) = substr(?1, 1, 4) AND subject IS NOT NULL AND +subject = ?1"
    query = f'{_ROW} WHERE {which} ORDER BY "index" DESC LIMIT ?2'
    return list(starmap(Row, connection.execute(query, (subject, -1 if last is None else last))))[::-1]


def daily_of(connection: sqlite3.Connection, since: str, until: str) -> dict[Rollup, int]:
    """Return the counts of decisions for days from `since` to `until`, both included."""
    cursor = connection.execute(
        "SELECT day, regime, locale, notice, action, count FROM daily WHERE day BETWEEN ? AND ?"
        " ORDER BY day, regime, locale, notice, action",
        (since, until),
    )
    found = cursor.fetchall()
    if {tuple(map(type, row)) for row in found} - {(str, str, str, str, str, int)}:
        raise LogCorrupt("the daily counts hold another kind of value")
    return {
        Rollup(day=day, regime=regime, locale=locale, notice=notice, action=action): count
        for day, regime, locale, notice, action, count in found
    }
