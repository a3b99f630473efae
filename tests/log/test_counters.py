"""Daily counters: bounded, written now and then, and no flood of others drives out what is seen often."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from consentkit.exceptions import LogError, LogUnavailable
from consentkit.log import ConsentLog, Observation, open_log
from consentkit.log.counters import DAYS, KEPT_DAYS, MAX_KEYS, WRITE_SECONDS, Observations
from consentkit.log.stores.sql import Store
from consentkit.log.stores.sqlite import SQLiteStore, SQLiteTransaction
from log.faults import FaultyStore
from log.samples import AT, BUNDLE, make_entry

NOW = 1_795_000_000
DAY = "2026-11-18"


def one(key: str, day: str = DAY, kind: str = "csp") -> Observation:
    return Observation(day=day, kind=kind, key=key)


def count(store: Store, counts: Mapping[Observation, int]) -> None:
    """Add to a store's counts."""
    store.transact(lambda transaction: transaction.count(counts))


async def observe(log: ConsentLog, *keys: str, now: int = NOW) -> None:
    await log.observe("csp", keys, now=now)


def test_counts_are_written_now_and_then(log: ConsentLog) -> None:
    anyio.run(observe, log, "a", "a", "b")
    assert log.observations("csp") == {one("a"): 2, one("b"): 1}
    anyio.run(observe, log, "a")
    assert log.observations("csp")[one("a")] == 2
    later = NOW + WRITE_SECONDS
    anyio.run(lambda: observe(log, "c", now=later))
    assert log.observations("csp") == {one("a"): 3, one("b"): 1, one("c"): 1}
    assert log.observations("other") == {}
    assert log.observations("csp", "2026-11-19") == {}


def test_closing_writes_what_waits(path: Path) -> None:
    with ConsentLog(path) as log:
        anyio.run(observe, log, "a")
        anyio.run(observe, log, "a")
    assert open_log(path).observations("csp") == {one("a"): 2}


def test_closing_a_log_that_observed_nothing_makes_no_file(path: Path) -> None:
    ConsentLog(path).close()
    assert not path.exists()


def test_what_is_only_counted_goes_with_the_next_entry(log: ConsentLog) -> None:
    log.commit([BUNDLE])
    now = int(datetime.fromisoformat(AT).timestamp())
    for _ in range(3):
        log.observed.add("shown", ["opt-in de"], now=now)
    seen = one("opt-in de", day=AT[:10], kind="shown")
    assert log.observations("shown") == {}
    anyio.run(log.append, make_entry())
    assert log.observations("shown") == {seen: 3}
    log.observed.add("shown", ["opt-in de"], now=now)
    anyio.run(log.append, make_entry())
    assert log.observations("shown") == {seen: 3}
    late = datetime.fromtimestamp(now + WRITE_SECONDS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    anyio.run(log.append, make_entry(at=late))
    assert log.observations("shown") == {seen: 4}


def test_what_is_only_counted_goes_with_the_next_observation(log: ConsentLog) -> None:
    log.observed.add("shown", ["opt-in de"], now=NOW)
    anyio.run(observe, log, "a")
    assert log.observations("shown") == {one("opt-in de", kind="shown"): 1}


def test_an_entry_is_taken_where_counts_cannot_be_written(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise LogUnavailable("away")

    log.commit([BUNDLE])
    log.observed.add("shown", ["opt-in de"], now=NOW)
    with monkeypatch.context() as patched:
        patched.setattr(SQLiteTransaction, "count", away)
        assert anyio.run(log.append, make_entry(at="2026-11-23T10:00:00Z")) == 1
    log.write_observations()
    assert log.observations("shown") == {one("opt-in de", kind="shown"): 1}


def test_what_cannot_be_written_waits(log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise LogUnavailable("away")

    with monkeypatch.context() as patched:
        patched.setattr(SQLiteStore, "transact", away)
        anyio.run(observe, log, "a")
    anyio.run(observe, log, "a")
    log.write_observations()
    assert log.observations("csp") == {one("a"): 2}


def test_a_log_that_is_read_only_counts_nothing(log: ConsentLog, path: Path) -> None:
    log.commit([])
    with pytest.raises(LogError, match="reading only"):
        count(SQLiteStore(path, read_only=True), {one("a"): 1})


def test_a_flood_does_not_drive_out_what_is_seen_often_in_memory() -> None:
    observations = Observations()
    observations.add("csp", ["often"] * 3, now=NOW)
    for number in range(50 * MAX_KEYS):
        observations.add("csp", [f"flood-{number}"], now=NOW)
    counts = observations.take()
    assert counts[one("often")] == 3
    assert len(counts) <= 2 * MAX_KEYS


def test_a_flood_does_not_drive_out_what_is_seen_often_on_disk(log: ConsentLog, store: FaultyStore) -> None:
    count(store, {one("often"): 3})
    for batch in range(4):
        count(store, {one(f"flood-{batch}-{number}"): 2 for number in range(MAX_KEYS)})
    counts = log.observations("csp")
    assert counts[one("often")] == 3
    assert len(counts) == MAX_KEYS


def test_what_is_seen_often_is_counted_in_the_midst_of_a_flood() -> None:
    observations = Observations()
    for number in range(50 * MAX_KEYS):
        observations.add("csp", [f"flood-{number}"], now=NOW)
        if number % 100 == 0:
            observations.add("csp", ["late"], now=NOW)
    assert observations.take()[one("late")] == 50 * MAX_KEYS // 100


def test_kinds_and_days_do_not_compete(log: ConsentLog, store: FaultyStore) -> None:
    count(store, {one("a", kind="x"): 1, one("a", day="2026-11-17"): 1})
    count(store, {one(f"flood-{number}"): 9 for number in range(2 * MAX_KEYS)})
    assert log.observations("x") == {one("a", kind="x"): 1}
    assert one("a", day="2026-11-17") in log.observations("csp")


def test_old_days_go(log: ConsentLog, store: FaultyStore) -> None:
    count(store, {one("old", day="2026-01-01"): 1})
    count(store, {one("new", day="2026-04-01"): 1})
    assert KEPT_DAYS == 90
    assert set(log.observations("csp")) == {one("old", day="2026-01-01"), one("new", day="2026-04-01")}
    count(store, {one("new", day="2026-04-02"): 1})
    assert one("old", day="2026-01-01") not in log.observations("csp")


def test_only_some_days_wait_in_memory() -> None:
    observations = Observations()
    for day in range(1, 10):
        observations.add("csp", ["a"], now=int(datetime(2026, 11, day, tzinfo=UTC).timestamp()))
    assert sorted(kept.day for kept in observations.take()) == [
        f"2026-11-0{day}" for day in range(10 - DAYS, 10)
    ]


def test_a_child_does_not_write_what_its_parent_has_counted() -> None:
    observations = Observations()
    observations.add("csp", ["a"], now=NOW)
    child = os.fork()
    if child == 0:
        os._exit(len(observations.take()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert observations.take() == {one("a"): 1}


def test_they_are_no_part_of_the_tree(log: ConsentLog, store: FaultyStore, path: Path) -> None:
    log.commit([])
    count(store, {one("a"): 1})
    assert log.check().size == 0
    with sqlite3.connect(path) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(observations)")]
    connection.close()
    assert columns == ["day", "kind", "key", "count"]
