"""Reading a SQLite log."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import starmap
from typing import Any

from consentkit.exceptions import LogCorrupt
from consentkit.log.sqlite.schema import demand_form
from consentkit.log.sqlite.transaction import SQLiteTransaction
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
        return SQLiteTransaction(self._connection).head()

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream rows as they come."""
        query = f'{ROW} WHERE "index" BETWEEN ? AND ? ORDER BY "index"'
        return self._connection.execute(query, (start, stop - 1))

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them."""
        return SQLiteTransaction(self._connection).of_subject(subject, last=last)

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
