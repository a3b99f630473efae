"""Reading a SQLite log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from itertools import starmap
from typing import Any

from consentkit.exceptions import LogCorrupt
from consentkit.log.sqlite.schema import demand_form
from consentkit.log.store import Head, RawRow, Row
from consentkit.log.view import ROW, Argument, SQLView
from consentkit.record import EntryType


class SQLiteView(SQLView):
    """Reads through one connection; its open transaction makes it one moment's state."""

    contains = "instr(body, ?) > 0"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def head(self) -> Head:
        """Return the tree's head."""
        return head_of(self._connection)

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream rows as they come."""
        query = f'{ROW} WHERE "index" BETWEEN ? AND ? ORDER BY "index"'
        return self._connection.execute(query, (start, stop - 1))

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them."""
        return rows_of_subject(self._connection, subject, last)

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``."""
        query = f"{ROW} WHERE type = ? AND type <> 'decision' ORDER BY \"index\""
        return starmap(Row, self._connection.execute(query, (type,)))

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset."""
        for hash, content in self._connection.execute("SELECT hash, bytes FROM assets"):
            if not (isinstance(hash, str) and isinstance(content, bytes)):
                raise LogCorrupt("an asset is kept under another kind of value")
            yield hash, content

    def demand_form(self) -> None:
        """Check that the tables are those that a log makes, and that nothing else acts on them."""
        demand_form(self._connection)

    def demand_indexes(self) -> None:
        """Check that the indexes have what the tables have."""
        (found,) = self._connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise LogCorrupt(f"the SQLite file contradicts itself: {found}")

    def _select(self, query: str, *arguments: Argument) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, arguments).fetchall()


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
    query = f'{ROW} WHERE {which} ORDER BY "index" DESC LIMIT ?2'
    return list(starmap(Row, connection.execute(query, (subject, -1 if last is None else last))))[::-1]
