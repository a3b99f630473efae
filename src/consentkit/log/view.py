"""Reading a log from a SQL database: what the stores' views have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from itertools import starmap
from typing import Any, ClassVar, TypeAlias

from consentkit.exceptions import LogCorrupt
from consentkit.log.observations import Observation
from consentkit.log.store import Rollup, Row, View
from consentkit.tlog.tree import TileId

ROW = 'SELECT "index", id, type, at, subject, body, salt, leaf FROM entries'
"""Selects what a `RawRow` has."""

Argument: TypeAlias = str | int | bytes


class SQLView(View):
    """Reads a log by SQL, as far as the databases speak the same (the contract is `store.View`).

    Attributes:
        contains: The condition that a body contains the bytes of the argument.
    """

    contains: ClassVar[str]

    @abstractmethod
    def _select(self, query: str, *arguments: Argument) -> list[tuple[Any, ...]]:
        """Return what a query finds, in which every ``?`` stands for an argument."""

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream rows in order."""
        return starmap(Row, self.raw_rows(start, self.head().size if stop is None else stop))

    def find(self, id: str) -> Row | None:
        """Return the row of an id."""
        return next(starmap(Row, self._select(f"{ROW} WHERE id = ?", id)), None)

    def search(self, *, day: str, action: str, start: int, before: int, limit: int) -> list[Row]:
        """Return rows, the highest index first."""
        query = f'{ROW} WHERE "index" >= ? AND "index" < ?'
        times = [day, f"{day}U"] if day else []
        if day:
            # Else all entries might be looked at, the newest first, for an old day.
            span = 'SELECT min("index" + 0), max("index" + 0) FROM entries WHERE at BETWEEN ? AND ?'
            ((first, last),) = self._select(span, *times) or [(None, None)]
            if first is None:
                return []
            start, before = max(start, first), min(before, last + 1)
            query += " AND at BETWEEN ? AND ?"
        arguments: list[Argument] = [start, before, *times]
        if action:
            query += f" AND type = 'decision' AND {self.contains}"
            arguments.append(f'"action":"{action}"'.encode())
        return list(starmap(Row, self._select(f'{query} ORDER BY "index" DESC LIMIT ?', *arguments, limit)))

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""
        # A public address may name a larger one than databases have integers for.
        if tile.number >> 63:
            return None
        return self._value('SELECT hashes FROM tiles WHERE level = ? AND "index" = ?', *tile)

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""
        return self._value("SELECT body FROM notices WHERE hash = ?", hash)

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""
        return self._value("SELECT bytes FROM assets WHERE hash = ?", hash)

    def extent(self) -> tuple[int, int]:
        """Return how many tiles and how many notices are kept."""
        query = "SELECT (SELECT count(*) FROM tiles), (SELECT count(*) FROM notices)"
        ((tiles, notices),) = self._select(query)
        return tiles, notices

    def daily(self, since: str = "", until: str = "9999") -> dict[Rollup, int]:
        """Return the counts of decisions by day."""
        query = (
            "SELECT day, regime, locale, notice, action, count FROM daily WHERE day BETWEEN ? AND ?"
            " ORDER BY day, regime, locale, notice, action"
        )
        found = self._select(query, since, until)
        if {tuple(map(type, row)) for row in found} - {(str, str, str, str, str, int)}:
            raise LogCorrupt("the daily counts hold another kind of value")
        return {
            Rollup(day=day, regime=regime, locale=locale, notice=notice, action=action): count
            for day, regime, locale, notice, action, count in found
        }

    def observations(self, kind: str, since: str = "", until: str = "9999") -> dict[Observation, int]:
        """Return the counts of a kind by day."""
        query = (
            "SELECT day, key, count FROM observations WHERE kind = ? AND day BETWEEN ? AND ?"
            " ORDER BY day, key"
        )
        found = self._select(query, kind, since, until)
        if {tuple(map(type, row)) for row in found} - {(str, str, int)}:
            raise LogCorrupt("what was observed holds another kind of value")
        return {Observation(day=day, kind=kind, key=key): count for day, key, count in found}

    def _value(self, query: str, *arguments: Argument) -> bytes | None:
        found = self._select(query, *arguments)
        if found and not isinstance(found[0][0], bytes):
            raise LogCorrupt("a tile, notice or asset of the log is not bytes")
        return found[0][0] if found else None
