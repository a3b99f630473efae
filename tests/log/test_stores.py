"""The contract that every store keeps. The whole log is recomputed after every operation."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentkit.exceptions import LogError, LogMissing
from consentkit.log import Observation
from consentkit.log.counters import KEPT_DAYS, MAX_KEYS
from consentkit.log.daily_counts import Tallies
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.operations import erase, purge, resign
from consentkit.log.stores.postgres import PostgresStore
from consentkit.log.stores.sql import Store, Transaction
from consentkit.log.stores.sqlite import SQLiteStore
from consentkit.log.stores.values import Counted, Head, Rollup
from consentkit.record.entry import Bundle, Item
from consentkit.tlog.tree import EMPTY_ROOT, TileId
from log.samples import (
    AT,
    BUNDLE,
    STYLE,
    checked,
    commit,
    make_bundle,
    make_entry,
    make_refusal,
    rows_of,
    unsigned,
)

MakeStore = Callable[[], AbstractContextManager[Store]]


@pytest.fixture(params=["sqlite", "postgres"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path, new_schema: Callable[[], str]) -> MakeStore:
    """Make stores that are empty at first."""
    numbers = itertools.count()
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None

    @contextmanager
    def make() -> Iterator[Store]:
        store: Store
        if server is None:
            store = SQLiteStore(tmp_path / f"log {next(numbers)}?.sqlite3")
        else:
            store = PostgresStore(server.url(schema=new_schema()))
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


def test_an_empty_log_has_the_empty_root(store: Store) -> None:
    assert checked(store) == Head(size=0, root=EMPTY_ROOT)
    assert rows_of(store) == []


def test_a_rehearsal_makes_and_writes_nothing(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(LogMissing):
            store.rehearse()
    commit(store, [BUNDLE, make_entry()])
    before = checked(store)
    assert store.rehearse() == before == checked(store)
    assert commit(store, [make_entry()]) == [2]


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
            Rollup(
                day="2026-11-23", regime="opt-in", locale="de-AT", notice=BUNDLE.hash, action="save"
            ): Counted(1)
        }
    assert [(key.day, key.action, counted.count) for key, counted in counts.items()] == [
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


def test_bytes_come_back_as_they_were(store: Store) -> None:
    words = bytes(range(256)) * 40
    assets = {sha256(STYLE).hexdigest(): STYLE, sha256(words).hexdigest(): words}
    bundle = Bundle(hash=BUNDLE.hash, body=BUNDLE.body, assets=assets, at=AT)
    for size in (1, 20):
        commit(store, [bundle, *(make_entry() for _ in range(size))])
    assert checked(store).size == 22
    with store.snapshot() as view:
        assert dict(view.assets()) == assets


def test_entries_are_found_by_visitor_and_type(store: Store) -> None:
    mine, others = (
        [make_entry() for _ in range(2)],
        [make_entry(subject="c3ViamVjdC10d28z") for _ in range(3)],
    )
    note = make_entry(type="invalidated", notice="", regime="", action="", source="", subject=None)
    commit(store, [BUNDLE, mine[0], *others, note, mine[1], make_refusal()])
    with store.snapshot() as view:
        subject = mine[0].subject or ""
        assert [row.id for row in view.of_subject(subject)] == [one.id for one in mine]
        assert view.of_subject("nobody") == []
        assert [row.id for row in view.of_type("invalidated")] == [note.id]
        assert [row.index for row in view.of_type("notice")] == [0]
        assert list(view.of_type("decision")) == []


def test_a_search_starts_at_the_end(store: Store) -> None:
    days = ["2026-11-22T23:59:59Z", "2026-11-23T00:00:00Z", "2026-11-23T23:59:59Z", "2026-11-24T00:00:00Z"]
    commit(store, [BUNDLE, *(make_entry(at=at) for at in days), make_refusal()])

    def search(day: str = "", start: int = 0, before: int = 99, limit: int = 99, **fields: str) -> list[int]:
        chosen = EntryFilter(since=day, until=day, **fields)
        with store.snapshot() as view:
            return [row.index for row in view.search(chosen, start=start, before=before, limit=limit)]

    assert search(start=1, before=5) == [4, 3, 2, 1]
    assert search(limit=2) == [7, 6]
    assert search(day="2026-11-23", action="save") == [3, 2]
    assert search(action="reject_all") == [5]
    assert search(action="withdraw") == search(day="2025-01-01") == []


def test_texts_that_no_store_holds_find_nothing(store: Store) -> None:
    commit(store, [BUNDLE, make_entry()])
    for text in ("", "\0", "x\0y", "'", "%", "\U0001f36a", "x" * 10_000):
        with store.snapshot() as view:
            assert (view.find(text), view.notice(text), view.asset(text)) == (None, None, None)
            assert view.of_subject(text) == []
            assert view.observations(text) == {}
            assert view.tile(TileId(0, 2**80)) is None


def test_an_erasure_leaves_the_leaves(store: Store) -> None:
    mine, others = make_entry(), make_entry(subject="c3ViamVjdC10d28z")
    commit(store, [BUNDLE, mine, others])
    before = rows_of(store)
    with store.snapshot() as earlier:
        erasure = partial(
            erase, rows=earlier.of_subject(mine.subject or ""), at=AT, sign=unsigned, tallies=Tallies()
        )
        assert store.transact(erasure) == [1]
        assert list(earlier.rows()) == before
    notice, blank, kept, rollup, entry = rows_of(store)
    assert [notice, kept] == [before[0], before[2]]
    assert (blank.at, blank.subject, blank.body, blank.salt) == (None,) * 4
    assert (blank.id, blank.type, blank.leaf) == (mine.id, "decision", before[1].leaf)
    assert (rollup.type, entry.type) == ("rollup", "erasure")
    assert store.transact(erasure) == []
    assert commit(store, [mine]) == [1]
    assert checked(store).size == 5
    store.tidy(much=True)
    assert checked(store).size == 5


def test_a_purge_ends_at_its_day(store: Store) -> None:
    old = [make_entry(at="2025-01-01T12:00:00Z") for _ in range(30)]
    commit(store, [BUNDLE, *old, make_entry(at="2025-01-02T00:00:00Z"), make_entry()])
    for start, gone in ((0, 19), (20, 11), (20, 0)):
        count = store.transact(
            lambda transaction, start=start: purge(  # type: ignore[misc]
                transaction,
                "2025-01-02",
                start=start,
                stop=start + 20,
                at=AT,
                sign=unsigned,
                tallies=Tallies(),
            )
        )
        assert len(count) == gone
        checked(store)
    assert [row.index for row in rows_of(store) if row.body is None] == list(range(1, 31))


def test_a_head_keeps_its_checkpoint_and_its_open_days(store: Store) -> None:
    days = ("2026-11-21", "2026-11-22")
    late = [make_entry(at=f"{day}T10:00:00Z") for day in days]
    commit(store, [BUNDLE, *late], lambda view, before, size, root: f"— {size}\n")
    with store.snapshot() as view:
        assert (view.head().checkpoint, view.head().open_days) == ("— 4\n", days[1:])
    again = store.transact(lambda transaction: resign(transaction, sign=lambda *_: "again"))
    assert again.checkpoint == "again"
    with store.snapshot() as view:
        assert view.head() == again


def test_tiles_are_those_of_the_tree(store: Store) -> None:
    commit(store, [BUNDLE, *(make_entry() for _ in range(299))])
    with store.snapshot() as view:
        tiles = [view.tile(TileId(*at)) for at in ((0, 0), (0, 1), (1, 0), (0, 2))]
    assert [tile and len(tile) // 32 for tile in tiles] == [256, 44, 1, None]


def test_what_fails_in_mid_script_leaves_nothing(store: Store) -> None:
    commit(store, [BUNDLE])

    def fail(transaction: Transaction) -> None:
        transaction.count({Observation(day="2026-11-22", kind="csp", key="x"): 1})
        transaction.blank([0])
        transaction.sign("x")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.transact(fail)
    with store.snapshot() as view:
        assert view.observations("csp") == {}
    assert checked(store).checkpoint is None
    assert commit(store, [make_entry()]) == [1]


def test_observations_add_up_and_stay_few(store: Store) -> None:
    keys = ["often", "tab\tquote'\\", "\U0001f36a %s"]
    seen = {Observation(day="2026-11-22", kind="csp", key=key): 5 for key in keys}
    for _ in range(2):
        store.transact(lambda transaction: transaction.count(seen))
    flood = {Observation(day="2026-11-22", kind="csp", key=f"flood {n}"): 1 for n in range(2 * MAX_KEYS)}
    store.transact(lambda transaction: transaction.count(flood))
    with store.snapshot() as view:
        found = view.observations("csp")
        assert len(found) == MAX_KEYS
        assert seen.keys() <= found.keys()
        assert {found[one] for one in seen} == {10}
        assert view.observations("csp", "2026-11-23") == view.observations("other") == {}
    later = {Observation(day="2027-11-22", kind="csp", key="x"): KEPT_DAYS}
    store.transact(lambda transaction: transaction.count(later))
    with store.snapshot() as view:
        assert view.observations("csp") == later


def test_threads_take_turns(store: Store) -> None:
    commit(store, [BUNDLE])
    entries = [[[make_entry() for _ in range(size)] for size in (1, 9)] for _ in range(6)]
    threads = [
        threading.Thread(target=lambda own=own: [commit(store, batch) for batch in own]) for own in entries
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert checked(store).size == 61


def test_an_error_of_the_readers_own_is_not_the_logs(store: Store) -> None:
    commit(store, [BUNDLE])
    with pytest.raises(BrokenPipeError), store.snapshot():
        raise BrokenPipeError
    assert checked(store).size == 1


def test_a_reader_that_goes_away_in_mid_stream_is_in_nobodys_way(store: Store) -> None:
    commit(store, [BUNDLE, *(make_entry() for _ in range(50))])
    for _ in range(20):
        with store.snapshot() as view:
            assert next(view.rows()).index == 0
    assert commit(store, [make_entry()]) == [51]
