"""The contract that every store keeps. The whole log is recomputed after every operation."""

from __future__ import annotations

import itertools
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log import scripts
from consentkit.log.entry import Item
from consentkit.log.sqlite import SQLiteStore, schema
from consentkit.log.sqlite import store as sqlite
from consentkit.log.store import Head, Rollup, Store
from consentkit.log.verify import verify
from consentkit.tlog import EMPTY_ROOT
from log.making import AT, BUNDLE, STYLE, commit, make_bundle, make_entry, make_refusal, rows_of

MakeStore = Callable[[], AbstractContextManager[Store]]


@pytest.fixture(params=["sqlite"])
def make_store(tmp_path: Path) -> MakeStore:
    """Make stores that are empty at first."""
    numbers = itertools.count()

    @contextmanager
    def make() -> Iterator[Store]:
        store = SQLiteStore(tmp_path / f"log {next(numbers)}?.sqlite3")
        try:
            yield store
        finally:
            store.close()

    return make


@pytest.fixture
def store(make_store: MakeStore) -> Iterator[Store]:
    """Make one empty store."""
    with make_store() as made:
        yield made


def checked(store: Store) -> Head:
    """Recompute everything."""
    with store.snapshot() as view:
        return verify(view)


def test_an_empty_log_has_the_empty_root(store: Store) -> None:
    assert checked(store) == Head(size=0, root=EMPTY_ROOT)
    assert rows_of(store) == []


def test_a_notice_comes_before_the_decisions_that_name_it(store: Store) -> None:
    entry = make_entry()
    assert commit(store, [BUNDLE, entry]) == [0, 1]
    assert checked(store).size == 2
    notice, decision = rows_of(store)
    assert (notice.id, notice.salt, notice.subject) == (BUNDLE.hash, None, None)
    assert (decision.id, decision.at, decision.subject) == (entry.id, AT, entry.subject)
    assert decision.body == entry.encode()
    with store.snapshot() as view:
        assert view.notice(BUNDLE.hash) == BUNDLE.body
        assert [view.asset(name) for name in BUNDLE.assets] == [STYLE]
        assert view.find(entry.id) == decision
        assert view.find(BUNDLE.hash) == notice
        assert (view.find("x"), view.notice("x"), view.asset("x")) == (None, None, None)


def test_a_decision_that_names_an_unknown_notice_is_refused_alone(store: Store) -> None:
    lost, kept = make_entry(), make_entry()
    refused, *others = commit(store, [lost, BUNDLE, kept])
    assert isinstance(refused, LogError)
    assert others == [0, 1]
    assert [row.id for row in rows_of(store)] == [BUNDLE.hash, kept.id]
    assert commit(store, [lost]) == [2]
    assert checked(store).size == 3


def test_a_notice_is_not_smuggled_in_as_an_entry(store: Store) -> None:
    (refused,) = commit(store, [BUNDLE.entry()])
    assert isinstance(refused, LogError)
    assert checked(store).size == 0


def test_entries_that_are_no_decisions_need_no_notice(store: Store) -> None:
    note = make_entry(type="invalidated", notice="", regime="", action="", source="")
    assert commit(store, [note]) == [0]
    assert checked(store).size == 1
    with store.snapshot() as view:
        assert view.daily() == {}


def test_what_is_there_already_is_dropped(store: Store) -> None:
    first, second = make_entry(), make_entry()
    assert commit(store, [BUNDLE, first]) == [0, 1]
    before = rows_of(store)
    other_words = msgspec.structs.replace(first, country="FR")
    assert commit(store, [first, BUNDLE, second, second, other_words]) == [1, 0, 2, 2, 1]
    assert rows_of(store)[:2] == before
    assert checked(store).size == 3
    assert commit(store, [first]) == [1]
    assert commit(store, []) == []
    assert checked(store).size == 3


def test_assets_that_two_notices_share_are_stored_once(store: Store) -> None:
    assert commit(store, [BUNDLE, make_bundle("Other words.")]) == [0, 1]
    assert checked(store).size == 2


def test_rollups_count_decisions_by_day(store: Store) -> None:
    later = make_entry(at="2026-11-23T00:00:00Z")
    commit(store, [BUNDLE, make_entry(), make_refusal()])
    commit(store, [make_entry(), later, later])
    with store.snapshot() as view:
        counts = view.daily()
        assert view.daily("2026-11-23", "2026-11-23") == {
            Rollup(day="2026-11-23", regime="opt-in", locale="de-AT", notice=BUNDLE.hash, action="save"): 1
        }
    assert [(key.day, key.action, count) for key, count in counts.items()] == [
        ("2026-11-22", "reject_all", 1),
        ("2026-11-22", "save", 2),
        ("2026-11-23", "save", 1),
    ]
    checked(store)


def test_a_view_stays_as_it_was_opened(store: Store) -> None:
    commit(store, [BUNDLE])
    with store.snapshot() as view:
        rows = view.rows()
        assert commit(store, [make_entry()]) == [1]
        assert len(list(rows)) == view.head().size == 1
    assert checked(store).size == 2


def test_rows_are_read_by_range(store: Store) -> None:
    commit(store, [BUNDLE, *(make_entry() for _ in range(5))])
    with store.snapshot() as view:
        assert [row.index for row in view.rows(2, 4)] == [2, 3]
        assert [row.index for row in view.rows(4)] == [4, 5]


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_batches_keep_the_log_whole(make_store: MakeStore, data: st.DataObject) -> None:
    pool: list[Item] = [BUNDLE, *(make_entry() for _ in range(300))]
    batches = data.draw(st.lists(st.lists(st.sampled_from(pool), max_size=200), max_size=6))
    with make_store() as store:
        seen: dict[str, int] = {}
        for batch in batches:
            for item, outcome in zip(batch, commit(store, batch), strict=True):
                assert isinstance(outcome, LogError) or seen.setdefault(item.id, outcome) == outcome
            assert checked(store).size == len(seen)


def test_many_tiles(store: Store) -> None:
    commit(store, [BUNDLE])
    for size in (200, 200, 500, 1, 700):
        commit(store, [make_entry() for _ in range(size)])
        checked(store)
    assert checked(store).size == 1602


def test_a_closed_store_opens_again(store: Store) -> None:
    commit(store, [BUNDLE])
    store.close()
    assert commit(store, [make_entry()]) == [1]
    assert checked(store).size == 2


# What only SQLite has to show.


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "log.sqlite3"


@pytest.fixture
def embedded(path: Path) -> Iterator[SQLiteStore]:
    """Make an empty SQLite log."""
    store = SQLiteStore(path)
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
        ("UPDATE entries SET leaf = x'00' WHERE \"index\" = 5", "entry 5: its body is not"),
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


def test_the_file_is_its_owners_and_durable(embedded: SQLiteStore, path: Path) -> None:
    commit(embedded, [BUNDLE])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    connection = embedded._connection
    assert connection is not None
    pragmas = ("journal_mode", "synchronous", "secure_delete", "user_version")
    found = [connection.execute(f"PRAGMA {pragma}").fetchone()[0] for pragma in pragmas]
    assert found == ["wal", 2, 1, schema.VERSION]


def test_nothing_is_opened_before_the_first_use(path: Path) -> None:
    SQLiteStore(path)
    assert list(path.parent.iterdir()) == []


def test_a_commit_that_breaks_off_is_repeated_with_the_same_ids(
    embedded: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, failures = sqlite._finish, iter([True, False])

    def finish_and_fail(connection: sqlite3.Connection) -> None:
        finish(connection)
        if next(failures, False):
            raise sqlite._OutcomeUnknown("cut")

    monkeypatch.setattr(sqlite, "_finish", finish_and_fail)
    assert commit(embedded, [BUNDLE, make_entry()]) == [0, 1]
    assert checked(embedded).size == 2


def test_a_failure_inside_a_transaction_leaves_nothing(
    embedded: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(embedded, [BUNDLE])

    def fail(*arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(scripts, "append", fail)
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


def test_an_error_of_the_readers_own_is_not_the_logs(embedded: SQLiteStore) -> None:
    commit(embedded, [BUNDLE])
    with pytest.raises(BrokenPipeError), embedded.snapshot():
        raise BrokenPipeError
