"""What only the SQLite store has to show."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log import ConsentLog, LogReader, open_log, operations
from consentkit.log.stores import sqlite_schema as schema
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import Connector, cut_off, nothing
from log.samples import BUNDLE, checked, commit, found, make_entry, rows_of


@pytest.fixture
def embedded(path: Path, connector: Connector) -> Iterator[SQLiteStore]:
    """Make an empty SQLite log."""
    store = SQLiteStore(path, connect=connector)
    yield store
    store.close()


def run(path: Path, *statements: str) -> None:
    """Change the file behind the store's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE entries SET body = CAST(replace(body, 'DE', 'FR') AS BLOB) WHERE \"index\" = 5", "entry 5"),
        ("UPDATE entries SET body = NULL WHERE \"index\" = 5", "entry 5: its body is missing"),
        ("UPDATE entries SET salt = randomblob(32) WHERE \"index\" = 5", "entry 5: its body is not"),
        ("UPDATE entries SET leaf = x'00' WHERE \"index\" = 5", "entry 5: "),
        ("UPDATE entries SET subject = 'somebody-else-here' WHERE \"index\" = 5", "entry 5: it is filed"),
        ("DELETE FROM entries WHERE \"index\" = 5", "entry 5 is missing"),
        ("DELETE FROM entries WHERE \"index\" = 300", "head says 301 entries"),
        ("UPDATE head SET size = 300", "head says 300"),
        ("UPDATE head SET root = randomblob(32)", "head says 301"),
        ("UPDATE tiles SET hashes = randomblob(8192) WHERE level = 0 AND \"index\" = 0", "tile 0/0"),
        ("DELETE FROM tiles WHERE level = 1", "tile 1/0"),
        ("UPDATE notices SET body = x'7b7d'", "entry 0: the notice"),
        ("DELETE FROM notices", "entry 0: the notice"),
        ("UPDATE daily SET count = count + 1", "roll-ups"),
        ("DELETE FROM daily", "roll-ups"),
        ("DELETE FROM head", "no tree head"),
    ],
)  # fmt: skip
def test_a_change_behind_the_logs_back_is_found(
    embedded: SQLiteStore, path: Path, statement: str, found: str
) -> None:
    commit(embedded, [BUNDLE, *(make_entry() for _ in range(300))])
    run(path, statement)
    with pytest.raises(LogCorrupt, match=found):
        checked(embedded)


def test_a_leaf_that_is_in_the_way_is_corrupt_and_nothing_is_recorded(
    embedded: SQLiteStore, path: Path
) -> None:
    commit(embedded, [BUNDLE, make_entry()])
    run(path, "UPDATE head SET size = 1")
    with pytest.raises(LogCorrupt):
        commit(embedded, [make_entry()])
    assert len(rows_of(embedded)) == 1


def test_the_file_is_its_owners_and_durable(embedded: SQLiteStore, connector: Connector, path: Path) -> None:
    commit(embedded, [BUNDLE])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (connection,) = connector.connections
    pragmas = ("journal_mode", "synchronous", "secure_delete", "user_version")
    found = [connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
    assert found == ["wal", 2, 1, schema.VERSION]


def test_nothing_is_opened_before_the_first_use(path: Path) -> None:
    SQLiteStore(path)
    assert list(path.parent.iterdir()) == []


def test_a_commit_that_breaks_off_is_repeated_with_the_same_ids(
    embedded: SQLiteStore, connector: Connector
) -> None:
    commit(embedded, [])
    faults = iter([cut_off])
    connector.after_commit = lambda: next(faults, nothing)()
    assert commit(embedded, [BUNDLE, make_entry()]) == [0, 1]
    assert checked(embedded).size == 2
    assert list(faults) == []


def test_a_failure_inside_a_transaction_leaves_nothing(
    embedded: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(embedded, [BUNDLE])

    def fail(*arguments: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(operations, "append", fail)
        with pytest.raises(LogUnavailable, match="disk is full"):
            commit(embedded, [make_entry()])
    assert checked(embedded).size == 1
    assert commit(embedded, [make_entry()]) == [1]
    assert checked(embedded).size == 2


def test_a_database_of_something_else_is_left_alone(embedded: SQLiteStore, path: Path) -> None:
    run(path, "CREATE TABLE recipes (name)")
    before = path.read_bytes()
    for use in (lambda: commit(embedded, [BUNDLE]), lambda: rows_of(embedded)):
        with pytest.raises(LogCorrupt, match="not a consent log"):
            use()
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_corrupt(embedded: SQLiteStore, path: Path) -> None:
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(LogCorrupt, match="not a database"):
        commit(embedded, [BUNDLE])


def test_a_log_of_a_newer_version_is_left_alone(embedded: SQLiteStore, path: Path) -> None:
    commit(embedded, [BUNDLE])
    embedded.close()
    run(path, f"PRAGMA user_version = {schema.VERSION + 1}")
    for use in (lambda: commit(embedded, [make_entry()]), lambda: rows_of(embedded)):
        with pytest.raises(LogUnavailable, match="schema version"):
            use()


def test_migrations_run_in_order_and_all_or_none(
    embedded: SQLiteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(embedded, [BUNDLE])
    embedded.close()
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 2)
    steps = (*schema.MIGRATIONS, ("CREATE TABLE later (x)",), ("INSERT INTO later VALUES (1)", "oops"))
    monkeypatch.setattr(schema, "MIGRATIONS", steps)
    with pytest.raises(LogUnavailable, match="oops"):
        commit(embedded, [make_entry()])
    reader = SQLiteStore(path, read_only=True)
    with pytest.raises(LogUnavailable, match="older schema"):
        rows_of(reader)
    monkeypatch.setattr(schema, "MIGRATIONS", (*steps[:-1], ("INSERT INTO later VALUES (1)",)))
    assert commit(embedded, [make_entry()]) == [1]
    assert checked(embedded).size == 2
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT x FROM later").fetchall() == [(1,)]


def test_a_reader_never_writes(embedded: SQLiteStore, path: Path) -> None:
    commit(embedded, [BUNDLE])
    reader = SQLiteStore(path, read_only=True)
    assert checked(reader).size == 1
    with pytest.raises(LogError, match="reading only"):
        commit(reader, [make_entry()])


def test_a_reader_does_not_make_what_is_missing(path: Path) -> None:
    with pytest.raises(LogUnavailable):
        rows_of(SQLiteStore(path, read_only=True))
    assert not path.exists()


class TestReplacedFiles:
    """The file is removed or replaced while it is open: no grant goes where nobody finds it."""

    def test_an_older_copy_in_its_place_is_refused(self, path: Path, tmp_path: Path) -> None:
        with ConsentLog(path) as log:
            log.commit([BUNDLE, make_entry()])
            log.close()
            copy = tmp_path / "copy"
            copy.write_bytes(path.read_bytes())
            log.commit([make_entry()])
            log.close()
            copy.replace(path)
            with pytest.raises(LogCorrupt, match="rolled back"):
                log.commit([make_entry()])
        assert open_log(path).head().size == 2

    def test_a_removed_file_is_not_written_to(self, path: Path) -> None:
        with ConsentLog(path) as log:
            log.commit([BUNDLE, make_entry()])
            for file in path.parent.glob("consent.sqlite3*"):
                if file.suffix not in (".key", ".seen"):
                    file.unlink()
            with pytest.raises(LogCorrupt, match="had 2 entries and has 0"):
                log.commit([BUNDLE, make_entry()])

    def test_a_file_that_is_put_back_is_written_to_again(self, path: Path) -> None:
        with ConsentLog(path) as log:
            log.commit([BUNDLE, make_entry()])
            log.close()
            path.rename(path.with_name("aside"))
            path.with_name("aside").rename(path)
            assert log.commit([make_entry()]) == [2]

    def test_a_file_replaced_during_a_commit_takes_nothing(
        self, path: Path, tmp_path: Path, embedded: SQLiteStore
    ) -> None:
        commit(embedded, [BUNDLE])
        embedded.close()
        copy = tmp_path / "copy"
        copy.write_bytes(path.read_bytes())
        with pytest.raises(LogUnavailable, match="removed or replaced"):
            embedded.transact(lambda transaction: copy.replace(path))
        assert commit(embedded, [make_entry()]) == [1]
        assert checked(embedded).size == 2

    def test_replaced_under_load_nothing_acknowledged_is_lost(self, path: Path, tmp_path: Path) -> None:
        """A copy of the same moment, such as an editor or a restore makes."""
        acknowledged: dict[str, int] = {}
        failed = 0
        with ConsentLog(path) as log:
            log.commit([BUNDLE])
            for number in range(40):
                if number % 10 == 5:
                    log.close()
                    copy = tmp_path / "copy"
                    copy.write_bytes(path.read_bytes())
                    copy.replace(path)
                entry = make_entry()
                try:
                    acknowledged[entry.id] = log.commit([entry])[0]
                except LogUnavailable:
                    failed += 1
        assert acknowledged == {
            id: index for id, index in found(open_log(path)).items() if id in acknowledged
        }
        assert failed == 0


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE daily ADD COLUMN bomb TEXT GENERATED ALWAYS AS (hex(zeroblob(100000000))) VIRTUAL",
        "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM entries; END",
    ],
)
@pytest.mark.parametrize(
    "work",
    [
        lambda log: log.head(),
        lambda log: log.stats(),
        lambda log: list(log.entries()),
        lambda log: log.check(),
    ],
)
def test_nothing_is_read_from_other_tables_than_a_logs(
    path: Path, change: str, work: Callable[[LogReader], object]
) -> None:
    with ConsentLog(path) as log:
        log.commit([BUNDLE, make_entry()])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(change)
    with open_log(path) as reader, pytest.raises(LogCorrupt, match="other tables, indexes or triggers"):
        work(reader)


def test_a_schema_version_that_the_tables_do_not_have_is_named(path: Path) -> None:
    with ConsentLog(path) as log:
        log.commit([BUNDLE])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 1")
    for work in (lambda: open_log(path).head(), lambda: ConsentLog(path).commit([make_entry()])):
        with pytest.raises(LogCorrupt, match="than a consent log of schema version 1"):
            work()
