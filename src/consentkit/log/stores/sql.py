"""The interface of a store (`Store`, `View`, `Transaction`), and the SQL that SQLite and PostgreSQL share.

A store has rows, tiles, head, notices and counts; every transaction updates them atomically.
`consentkit.log.operations` decides what is written, the same for every store. A store has no event loop: the
log calls it from worker threads. To add a database, implement `Store`, `View` and `Transaction`.

``?`` is the placeholder for arguments; a store whose driver uses another one translates it. The statements
use syntax common to SQLite and PostgreSQL; other databases may need their own.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import date, timedelta
from importlib import resources
from itertools import chain, starmap
from typing import Any, ClassVar, Protocol, TypeAlias, TypeVar

from msgspec.structs import astuple

from consentkit.exceptions import LogCorrupt, LogUnavailable
from consentkit.log.counters import KEPT_DAYS, MAX_KEYS, Observation
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.stores.values import Change, Counted, Head, RawRow, Rollup, Row
from consentkit.record.entry import EntryType
from consentkit.tlog.tree import TileId

T = TypeVar("T")
Argument: TypeAlias = str | int | bytes | list[str] | list[int] | None
Query: TypeAlias = tuple[str, Sequence[Argument]]
Statement: TypeAlias = tuple[str, Sequence[tuple[Any, ...]]]
"""A statement, and the arguments of each run."""

HEAD = "SELECT size, root, checkpoint, open_days FROM head"
COLUMNS = '"index", id, type, at, subject, body, salt, leaf'
ROW = f"SELECT {COLUMNS} FROM entries"
"""Selects a `RawRow`."""
INSERT_ROWS = f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"

_ROLLUP = "day, regime, locale, notice, action"
# Notices share assets: one with the same hash is already there.
INSERT_ASSET = "INSERT INTO assets VALUES (?, ?) ON CONFLICT (hash) DO NOTHING"
# `daily.count` is qualified because PostgreSQL finds `count` ambiguous.
_ADD_COUNT = (
    f"INSERT INTO daily ({_ROLLUP}, count) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT ({_ROLLUP})"
    " DO UPDATE SET count = daily.count + excluded.count"
)
_ADD_COUNT_AND_TOLD = (
    f"INSERT INTO daily ({_ROLLUP}, count, told) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT ({_ROLLUP})"
    " DO UPDATE SET count = daily.count + excluded.count, told = daily.told + excluded.told"
)
_UPDATE_TOLD = (
    "UPDATE daily SET told = ? WHERE day = ? AND regime = ? AND locale = ? AND notice = ? AND action = ?"
)
# A tile that has grown is written whole: both databases rewrite the row anyway.
_PUT_TILE = (
    'INSERT INTO tiles VALUES (?, ?, ?) ON CONFLICT (level, "index") DO UPDATE SET hashes = excluded.hashes'
)
_UPDATE_HEAD = "UPDATE head SET size = ?, root = ?, checkpoint = ?, open_days = ?"

_LOWEST, _HIGHEST = -(2**63), 2**63 - 1
_WINDOW = 10_000
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


class View(ABC):
    """A snapshot of the log; later appends are not visible in it.

    Attributes:
        contains: SQL condition: a row's body contains the argument's bytes.
        as_text: SQL expression: a row's body as text.
        is_subject: SQL condition: a row belongs to the visitor whose id is the query's first argument.
    """

    contains: ClassVar[str]
    as_text: ClassVar[str]
    is_subject: ClassVar[str]

    @abstractmethod
    def select(self, query: str, *arguments: Argument) -> list[tuple[Any, ...]]:
        """Return what a query finds."""

    @abstractmethod
    def stream(self, query: str, start: int, *arguments: Argument) -> Iterator[RawRow]:
        """Stream the rows that a query selects, by index; its first argument is the lowest one."""

    @abstractmethod
    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset: hash and bytes."""

    @abstractmethod
    def check_tables(self) -> None:
        """Raise LogCorrupt unless the tables are those of a log, with nothing attached to them."""

    @abstractmethod
    def check_indexes(self) -> None:
        """Raise LogCorrupt unless the indexes match the tables."""

    def head(self) -> Head:
        """Return the tree's head; an empty log has size 0 and RFC 6962's empty root."""
        return read_head(self.select(HEAD))

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream the rows with `start` ≤ index < `stop` in order, in bounded memory."""
        return starmap(Row, self.raw_rows(start, self.head().size if stop is None else stop))

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream the same rows as plain tuples: verification needs a `Row` for few of them."""
        return self.stream(f'{ROW} WHERE "index" >= ? AND "index" <= ?', start, stop - 1)

    def find(self, id: str) -> Row | None:
        """Return the row of an entry's id, or of a notice's hash."""
        return next(starmap(Row, self.select(f"{ROW} WHERE id = ?", id)), None)

    def of_subject(self, subject: str, *, last: int = _HIGHEST, before: int = _HIGHEST) -> list[Row]:
        """Return the rows of one visitor with an index below `before`, or the `last` of them, in order."""
        query = f'{ROW} WHERE {self.is_subject} AND "index" < ? ORDER BY "index" DESC LIMIT ?'
        # Descending, so that the limit takes the latest; reversed here.
        found = self.select(query, subject, before, last)
        return list(starmap(Row, reversed(found)))

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``, in order."""
        # The last condition makes the database use the partial index over types.
        query = f"{ROW} WHERE \"index\" >= ? AND type = ? AND type <> 'decision'"
        return starmap(Row, self.stream(query, _LOWEST, type))

    def closing(self, day: str) -> Iterator[Row]:
        """Stream the roll-ups of a day (``YYYY-MM-DD``), and their corrections, in order."""
        kinds = f"type IN ('rollup', 'correction') AND type <> 'decision' AND {self.contains}"
        query = f'{ROW} WHERE "index" >= ? AND {kinds}'
        return starmap(Row, self.stream(query, _LOWEST, f'"closes":"{day}"'.encode()))

    def decisions_of(self, day: str, start: int, stop: int) -> Iterator[list[RawRow]]:
        """Stream the decisions of a day that are not erased, with `start` ≤ index < `stop`, in batches."""
        times = (day, f"{day}U")
        # What is new since a count is found by its index: looking for the day would read all of the day.
        first, last = self._span(*times, start) if stop - start > _WINDOW else (start, stop)
        query = f'{ROW} WHERE "index" >= ? AND "index" < ? AND type = \'decision\' AND at BETWEEN ? AND ?'
        for low in range(first, min(stop, last + 1), _WINDOW):
            if rows := self.select(query, low, min(low + _WINDOW, stop), *times):
                yield rows

    def times(self, start: int) -> Iterator[tuple[int, str]]:
        """Stream index and time of the entries from an index on that are not erased."""
        query = 'SELECT "index", at FROM entries WHERE "index" >= ? AND "index" < ? AND at IS NOT NULL'
        for low in range(start, self.head().size, _WINDOW):
            found = self.select(f'{query} ORDER BY "index"', low, low + _WINDOW)
            yield from ((index, at) for index, at in found)

    def _span(self, since: str, until: str, start: int) -> tuple[int, int]:
        """Return the first and last index, from `start` on, of entries of a time; (0, -1) if none."""
        # `+ 0` keeps the planner from using the primary key, which would scan all newer entries.
        span = 'SELECT min("index" + 0), max("index" + 0) FROM entries WHERE at BETWEEN ? AND ?'
        ((first, last),) = self.select(f'{span} AND "index" + 0 >= ?', since, until, start) or [(None, None)]
        return (0, -1) if first is None else (first, last)

    def search(self, chosen: EntryFilter, *, start: int, before: int, limit: int) -> list[Row]:
        """Return at most `limit` rows with `start` ≤ index < `before`, the highest index first.

        Args:
            chosen: Which rows. A row that it does not take may be among the result.
            start: The lowest index.
            before: The index after the highest one.
            limit: The number of rows.
        """
        conditions, arguments = ['"index" >= ?', '"index" < ?'], list[Argument]()
        if chosen.subject:
            conditions, arguments = [self.is_subject, *conditions], [chosen.subject]
        times = [chosen.since, f"{chosen.until or '9999'}U"] if chosen.since or chosen.until else []
        if times:
            # First the days' bounds: without them, an old day makes the database scan all newer entries.
            first, last = self._span(times[0], times[1], start)
            start, before = max(start, first), min(before, last + 1)
            conditions.append("at BETWEEN ? AND ?")
        arguments += [start, before, *times]
        if chosen.decisions:
            conditions.append("type = 'decision'")
        for field, values in chosen.values.items():
            conditions.append(f"({' OR '.join([self.contains] * len(values))})")
            arguments += [f'"{field}":"{value}"'.encode() for value in values]
        if chosen.purpose:
            conditions.append(f"{self.as_text} LIKE ?")
            arguments.append(f'%"granted":[%"{chosen.purpose}"%],"id":%')
        query = f'{ROW} WHERE {" AND ".join(conditions)} ORDER BY "index" DESC LIMIT ?'
        return list(starmap(Row, self.select(query, *arguments, limit)))

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""
        # Numbers come from public URLs and may exceed the databases' integers.
        if tile.number > _HIGHEST:
            return None
        return self._bytes('SELECT hashes FROM tiles WHERE level = ? AND "index" = ?', *tile)

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""
        return self._bytes("SELECT body FROM notices WHERE hash = ?", hash)

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""
        return self._bytes("SELECT bytes FROM assets WHERE hash = ?", hash)

    def extent(self) -> tuple[int, int]:
        """Return how many tiles and how many notices are kept."""
        query = "SELECT (SELECT count(*) FROM tiles), (SELECT count(*) FROM notices)"
        ((tiles, notices),) = self.select(query)
        return tiles, notices

    def daily(self, since: str = "", until: str = "9999") -> dict[Rollup, Counted]:
        """Return the counts of decisions for days from `since` to `until`, both included."""
        query = f"SELECT {_ROLLUP}, count, told FROM daily WHERE day BETWEEN ? AND ? ORDER BY {_ROLLUP}"
        found = self.select(query, since, until)
        if {tuple(map(type, row)) for row in found} - {(*[str] * 5, int, int)}:
            raise LogCorrupt("the daily counts hold another kind of value")
        return {Rollup(*key): Counted(count, told) for *key, count, told in found}

    def observations(self, kind: str, since: str = "", until: str = "9999") -> dict[Observation, int]:
        """Return the counts of a kind for days from `since` to `until`, both included."""
        query = "SELECT day, kind, key, count FROM observations WHERE kind = ? AND day BETWEEN ? AND ?"
        found = self.select(f"{query} ORDER BY day, key", kind, since, until)
        if {tuple(map(type, row)) for row in found} - {(str, str, str, int)}:
            raise LogCorrupt("what was observed holds another kind of value")
        return {Observation(*key): count for *key, count in found}

    def _bytes(self, query: str, *arguments: Argument) -> bytes | None:
        found = self.select(query, *arguments)
        if found and not isinstance(found[0][0], bytes):
            raise LogCorrupt("a tile, notice or asset of the log is not bytes")
        return found[0][0] if found else None


class Transaction(View, ABC):
    """A write transaction. It locks the head row, so writers run one at a time.

    Readers see it only after commit.
    """

    @abstractmethod
    def select_each(self, *queries: Query) -> Iterable[Iterable[tuple[Any, ...]]]:
        """Return the results of several queries, in one round trip if possible."""

    @abstractmethod
    def execute(self, *statements: Statement) -> None:
        """Run statements in order, in as few round trips as possible."""

    @abstractmethod
    def one_of(self, values: Sequence[str] | Sequence[int]) -> tuple[str, Argument]:
        """Return the condition that a column has one of many values, and its one argument.

        Databases limit the number of placeholders, and a batch may be larger.
        """

    def known(
        self, ids: Sequence[str], tiles: Sequence[TileId]
    ) -> tuple[dict[str, int], set[str], dict[TileId, bytes]]:
        """Return the index of each of `ids` in the log, the erased ones, and the hashes of `tiles`."""
        condition, argument = self.one_of(ids)
        # OR instead of row values in a list: for those, SQLite scans the table.
        places = " OR ".join(['level = ? AND "index" = ?'] * len(tiles)) or "level < 0"
        indexes, found = self.select_each(
            (f'SELECT id, "index", at FROM entries WHERE id {condition}', (argument,)),
            (f'SELECT level, "index", hashes FROM tiles WHERE {places}', list(chain(*tiles))),
        )
        hashes = {TileId(level, number): hashes for level, number, hashes in found}
        if set(map(type, hashes.values())) - {bytes}:
            raise LogCorrupt("a tile of the log is not bytes")
        known, erased = dict[str, int](), set[str]()
        for id, index, at in indexes:
            known[id] = index
            erased.update([] if at else [id])
        return known, erased, hashes

    def leaves(self, start: int, stop: int, *, before: str) -> list[tuple[int, bytes]]:
        """Return index and leaf of rows with `start` ≤ index < `stop` that have a body from before a day."""
        query = 'SELECT "index", leaf FROM entries WHERE "index" >= ? AND "index" < ? AND at < ?'
        return [(index, leaf) for index, leaf in self.select(query, start, stop, before)]

    def write(self, change: Change) -> None:
        """Write the changes of an operation."""
        # In any order: readers see all of it at once, and there are no foreign keys.
        statements: list[Statement] = [(INSERT_ROWS, list(map(astuple, change.rows)))]
        for bundle in change.bundles:
            statements.append(("INSERT INTO notices VALUES (?, ?)", [(bundle.hash, bundle.body)]))
            statements.append((INSERT_ASSET, list(bundle.assets.items())))
        for key, count in change.daily.items():
            statements.append((_ADD_COUNT, [(*astuple(key), count)]))
        for key, count in change.told.items():
            statements.append((_UPDATE_TOLD, [(count, *astuple(key))]))
        for tile, hashes in change.tiles.items():
            statements.append((_PUT_TILE, [(*tile, hashes)]))
        head = change.head
        values = (head.size, head.root, head.checkpoint, " ".join(head.open_days))
        self.execute(*statements, (_UPDATE_HEAD, [values]))

    def add_to_daily(self, differences: Mapping[Rollup, Counted]) -> None:
        """Add to the daily counts and to what roll-ups have told of them; a row of no decisions goes."""
        added = [(*astuple(key), by.count, by.told) for key, by in differences.items()]
        self.execute((_ADD_COUNT_AND_TOLD, added), ("DELETE FROM daily WHERE count = 0", [()]))

    def sign(self, checkpoint: str) -> None:
        """Replace the head's checkpoint."""
        self.execute(("UPDATE head SET checkpoint = ?", [(checkpoint,)]))

    def blank(self, indexes: Sequence[int]) -> None:
        """Erase time, subject, body and salt of rows irreversibly.

        The leaf stays, so that every proof is still valid.
        """
        condition, argument = self.one_of(indexes)
        statement = "UPDATE entries SET at = NULL, subject = NULL, body = NULL, salt = NULL"
        self.execute((f'{statement} WHERE "index" {condition}', [(argument,)]))

    def count(self, counts: Mapping[Observation, int]) -> None:
        """Add to the observations, and keep the `MAX_KEYS` largest counts of each kind and day."""
        # Reports can be forged: without these limits they could fill the disk.
        days = {one.day for one in counts}
        oldest = [date.fromisoformat(day) - timedelta(days=KEPT_DAYS) for day in days]
        self.execute(
            (
                "INSERT INTO observations VALUES (?, ?, ?, ?) ON CONFLICT (day, kind, key)"
                " DO UPDATE SET count = observations.count + excluded.count",
                [(*astuple(one), count) for one, count in counts.items()],
            ),
            (
                "DELETE FROM observations WHERE day = ? AND kind = ? AND key NOT IN"
                " (SELECT key FROM observations WHERE day = ? AND kind = ? ORDER BY count DESC, key LIMIT ?)",
                [(*key, *key, MAX_KEYS) for key in {(one.day, one.kind) for one in counts}],
            ),
            ("DELETE FROM observations WHERE day < ?", [(day.isoformat(),) for day in oldest]),
        )


Script: TypeAlias = Callable[[Transaction], T]
"""A function that runs in a transaction. It may run twice, so it must have no other side effects."""


class Store(Protocol):
    """Keeps one log."""

    def transact(self, script: Script[T]) -> T:
        """Run a script in one transaction. When it returns, all that it wrote is on disk.

        If the outcome cannot be known (the connection broke during the commit), the script is run once more:
        entries are known by their ids and are not written twice.

        Raises:
            LogUnavailable: The outcome is unknown or nothing was recorded. Retrying is always safe.
            LogCorrupt: What is stored contradicts itself, or is not a consent log; nothing was recorded.
        """

    def snapshot(self) -> AbstractContextManager[View]:
        """Open a view of the present state. Reading delays no transaction.

        Raises:
            LogUnavailable: The store cannot be read now, or another version of this package wrote it.
            LogCorrupt: What is stored is not a consent log.
        """

    def rehearse(self) -> Head | None:
        """Do all that a commit does, and roll it back. Creates and migrates nothing.

        Returns:
            The head; None where the tables are of an older version, which the next commit brings up to date.

        Raises:
            LogMissing: There is no log yet; it can be made.
            LogUnavailable, LogCorrupt: As `transact`.
        """

    def tidy(self, *, much: bool) -> None:
        """Remove what erased rows have left outside their tables.

        Args:
            much: Whether there were many of them.

        Raises:
            LogUnavailable: It cannot be done now.
        """

    def close(self) -> None:
        """Close this process's handles. The next use opens them again."""


class OutcomeUnknown(LogUnavailable):
    """COMMIT itself failed: the batch may or may not be recorded."""


def run_settled(run: Callable[[Script[T]], T], script: Script[T]) -> T:
    """Run a script; if its outcome is unknown, run it once more.

    Args:
        run: Runs a script in one transaction, and raises this package's errors only.
        script: The script.

    Raises:
        LogUnavailable: Also when the second run fails: its attribute `unknown` is true then.
    """
    # The lock on the head makes the second run wait for the first; known ids are not written twice.
    with suppress(OutcomeUnknown):
        return run(script)
    try:
        return run(script)
    except (LogUnavailable, LogCorrupt) as error:
        problem = f"whether a batch is recorded is not known: {error}"
        raise LogUnavailable(problem, unknown=True) from error


def read_head(found: Sequence[Sequence[Any]]) -> Head:
    """Make a head of what `HEAD` selects.

    Raises:
        LogCorrupt: There is none, or a column holds a value of another type (SQLite allows that).
    """
    if not found:
        raise LogCorrupt("the log has no tree head")
    size, root, checkpoint, open_days = found[0]
    if tuple(map(type, found[0])) not in ((int, bytes, str, str), (int, bytes, type(None), str)):
        raise LogCorrupt("the tree's head holds another kind of value")
    return Head(size, root, checkpoint, tuple(open_days.split()))


def check_version(found: int, known: int, *, current: bool = False) -> int:
    """Return a schema's version.

    Args:
        found: The version of the tables.
        known: The version that this package makes.
        current: Also refuse an older one.

    Raises:
        LogUnavailable: The tables are of another version than can be used.
    """
    if found > known:
        raise LogUnavailable(f"the log has schema version {found}, this version knows up to {known}")
    if current and found < known:
        raise LogUnavailable("the log has an older schema: the next decision updates it")
    return found


def read_migrations(store: str) -> tuple[tuple[str, ...], ...]:
    """Read the steps of a store's tables: step n leads from version n to version n + 1.

    A statement ends with a semicolon at the end of a line; a comment is a line of its own.

    Args:
        store: The folder of its files ``0001.sql``, ``0002.sql`` and so on.
    """
    folder = resources.files("consentkit.log.stores") / "data" / store
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    texts = (_COMMENT.sub("", file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
    return tuple(tuple(text.split(";\n")[:-1]) for text in texts)
