"""Reading a SQLite log, and one transaction on it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import starmap
from typing import Any

from msgspec.structs import astuple

from consentkit.exceptions import LogCorrupt
from consentkit.log.observations import KEPT_DAYS, MOST, Observation
from consentkit.log.sqlite.schema import demand_form
from consentkit.log.store import Change, Counted, Head, RawRow, Rollup, Row
from consentkit.log.view import ROW, Argument, SQLView
from consentkit.record.entry import EntryType
from consentkit.tlog.tree import TileId


class SQLiteTransaction:
    """Reads and writes inside the open transaction of a connection (the contract is `store.Transaction`).

    Attributes:
        has_destroyed: Whether rows were blanked.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Args: connection: after ``BEGIN IMMEDIATE``, which is what locks the head."""
        self._connection = connection
        self.has_destroyed: bool = False

    def head(self) -> Head:
        """Read the head."""
        found = self._connection.execute("SELECT size, root, checkpoint, open_days FROM head").fetchone()
        if found is None:
            raise LogCorrupt("the log has no tree head")
        size, root, checkpoint, open_days = found
        if tuple(map(type, found)) not in ((int, bytes, str, str), (int, bytes, type(None), str)):
            raise LogCorrupt("the tree's head holds another kind of value")
        return Head(size=size, root=root, checkpoint=checkpoint, open_days=tuple(open_days.split()))

    def known(
        self, ids: Sequence[str], tiles: Iterable[TileId]
    ) -> tuple[dict[str, int], dict[TileId, bytes]]:
        """Return the index of each id, and the tiles, that there are."""
        hashes: dict[TileId, bytes] = {}
        query = 'SELECT hashes FROM tiles WHERE level = ? AND "index" = ?'
        for tile in tiles:
            for (found,) in self._connection.execute(query, tile):
                if not isinstance(found, bytes):
                    raise LogCorrupt("a tile of the log is not bytes")
                hashes[tile] = found
        query = 'SELECT id, "index" FROM entries WHERE id IN (SELECT value FROM json_each(?))'
        return dict(self._connection.execute(query, (json.dumps(ids),))), hashes

    def daily(self, day: str) -> Mapping[Rollup, Counted]:
        """Return a day's counts, and what of them roll-ups have told."""
        cursor = self._connection.execute(
            "SELECT regime, locale, notice, action, count, told FROM daily WHERE day = ?", (day,)
        )
        return {
            Rollup(day=day, regime=regime, locale=locale, notice=notice, action=action): Counted(count, told)
            for regime, locale, notice, action, count, told in cursor
        }

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Row]:
        """Return the rows of one visitor, or the last of them, in order."""
        # Without the sign, SQLite would put the value in place of the column, and not know its index again.
        which = "substr(subject, 1, 4) = substr(?1, 1, 4) AND subject IS NOT NULL AND +subject = ?1"
        query = f'{ROW} WHERE {which} ORDER BY "index" DESC LIMIT ?2'
        return list(starmap(Row, self._connection.execute(query, (subject, -1 if last is None else last))))[
            ::-1
        ]

    def leaves(self, start: int, stop: int, *, before: str) -> list[tuple[int, bytes]]:
        """Return index and leaf of rows from before a day."""
        return self._connection.execute(
            'SELECT "index", leaf FROM entries WHERE "index" >= ? AND "index" < ? AND at < ?',
            (start, stop, before),
        ).fetchall()

    def write(self, change: Change) -> None:
        """Write what a script adds."""
        execute, run = self._connection.execute, self._connection.executemany
        run(
            'INSERT INTO entries ("index", id, type, at, subject, body, salt, leaf)'
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            map(astuple, change.rows),
        )
        for bundle in change.bundles:
            execute("INSERT INTO notices VALUES (?, ?)", (bundle.hash, bundle.body))
            run("INSERT OR IGNORE INTO assets VALUES (?, ?)", bundle.assets.items())
        for key, count in change.daily.items():
            execute(
                "INSERT INTO daily (day, regime, locale, notice, action, count) VALUES (?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (day, regime, locale, notice, action)"
                " DO UPDATE SET count = count + excluded.count",
                (*astuple(key), count),
            )
        for key, count in change.told.items():
            execute(
                "UPDATE daily SET told = ?"
                " WHERE day = ? AND regime = ? AND locale = ? AND notice = ? AND action = ?",
                (count, *astuple(key)),
            )
        for tile, hashes in change.tiles.items():
            execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", (*tile, hashes))
        head = change.head
        execute(
            "UPDATE head SET size = ?, root = ?, checkpoint = ?, open_days = ?",
            (head.size, head.root, head.checkpoint, " ".join(head.open_days)),
        )

    def sign(self, checkpoint: str) -> None:
        """Replace the head's checkpoint."""
        self._connection.execute("UPDATE head SET checkpoint = ?", (checkpoint,))

    def blank(self, indexes: Sequence[int]) -> None:
        """Destroy what rows hold; ``secure_delete`` overwrites it in the file (see `schema`)."""
        self.has_destroyed = True
        self._connection.execute(
            "UPDATE entries SET at = NULL, subject = NULL, body = NULL, salt = NULL"
            ' WHERE "index" IN (SELECT value FROM json_each(?))',
            (json.dumps(list(indexes)),),
        )
        self._connection.execute("UPDATE head SET remains = 1")

    def count(self, counts: Mapping[Observation, int]) -> None:
        """Add to what was observed."""
        self._connection.executemany(
            "INSERT INTO observations VALUES (?, ?, ?, ?) ON CONFLICT (day, kind, key)"
            " DO UPDATE SET count = count + excluded.count",
            [(*astuple(one), count) for one, count in counts.items()],
        )
        for day, kind in {(one.day, one.kind) for one in counts}:
            self._connection.execute(
                "DELETE FROM observations WHERE day = ?1 AND kind = ?2 AND key NOT IN"
                " (SELECT key FROM observations WHERE day = ?1 AND kind = ?2"
                " ORDER BY count DESC, key LIMIT ?3)",
                (day, kind, MOST),
            )
            self._connection.execute(
                "DELETE FROM observations WHERE day < date(?, ?)", (day, f"-{KEPT_DAYS} days")
            )


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
