"""The log as the middleware uses it: grants only with an entry, refusals always, one file."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from consentkit.exceptions import ConfigurationError, LogError, LogUnavailable
from consentkit.log import ConsentLog, LogReader, group_commit, open_log, outbox
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.location import open_store
from consentkit.log.log import AT_ONCE
from consentkit.log.stores.sqlite import SQLiteStore
from consentkit.record.entry import Bundle, uuid7
from log.faults import Connector, FaultyStore, nothing
from log.samples import AT, BUNDLE, make_bundle, make_entry, make_refusal

ASYNC = pytest.mark.anyio


@pytest.fixture
def faulty(url: str) -> FaultyStore:
    """Make what keeps the log, with room for faults."""
    return FaultyStore(open_store(url, read_only=False))


@pytest.fixture
def log(url: str, faulty: FaultyStore) -> Iterator[ConsentLog]:
    """Make an empty log with its outbox in memory, in each kind of store."""
    with ConsentLog(url, store=faulty) as made:
        yield made


@pytest.fixture
def in_file(path: Path, connector: Connector) -> Iterator[ConsentLog]:
    """Make an empty log in a file, with its outbox in memory."""
    with ConsentLog(path, store=SQLiteStore(path, connect=connector)) as made:
        yield made


def away() -> None:
    """Fail as a store that is away."""
    raise LogUnavailable("away")


def once(fault: Callable[[], None]) -> Callable[[], None]:
    """Fail the first time only."""
    faults = iter([fault])

    def fail() -> None:
        next(faults, lambda: None)()

    return fail


@pytest.mark.parametrize(
    "url",
    [
        "mysql://me:secret@host/db",
        "postgresql+psycopg://h/d",
        "sqlite://",
        "sqlite:///",
        "sqlite://relative.db",
    ],
)
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="expected a path") as caught:
        ConsentLog(url)
    assert "secret" not in str(caught.value)


def test_a_folder_that_is_not_there_is_refused_when_the_log_is_made(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"^log: .*gone"):
        ConsentLog(tmp_path / "gone" / "log.sqlite3")
    with pytest.raises(ConfigurationError, match=r"^log: "):
        ConsentLog(tmp_path)
    with pytest.raises(ConfigurationError, match=r"^outbox: .*gone"):
        ConsentLog(tmp_path / "log.sqlite3", outbox=tmp_path / "gone" / "outbox")


def test_an_outbox_in_the_logs_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="another file"):
        ConsentLog(tmp_path / "log.sqlite3", outbox=tmp_path / "log.sqlite3")


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *arguments: False)
    with pytest.raises(ConfigurationError, match="cannot be written"):
        ConsentLog(tmp_path / "log.sqlite3")


def test_making_a_log_opens_nothing(tmp_path: Path) -> None:
    ConsentLog(tmp_path / "log.sqlite3", outbox=tmp_path / "outbox")
    assert list(tmp_path.iterdir()) == []


def test_urls_and_paths_name_the_same_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with ConsentLog(f"sqlite:///{path}") as log:
        log.commit([BUNDLE])
    for url in (path, str(path), path.name, f"sqlite:///{path.name}"):
        with ConsentLog(url) as log:
            assert log.head().size == 1
    with ConsentLog("sqlite:///with%20space.sqlite3") as log:
        log.commit([BUNDLE])
    assert (path.parent / "with space.sqlite3").is_file()


def test_publishing_twice_changes_nothing(log: ConsentLog) -> None:
    for _ in range(2):
        assert log.publish(BUNDLE.hash, BUNDLE.body, BUNDLE.assets, at=AT) == 0
    assert log.check().size == 1
    assert log.notice(BUNDLE.hash) == BUNDLE.body
    assert {name: log.asset(name) for name in BUNDLE.assets} == BUNDLE.assets
    with pytest.raises(LogError, match="hash"):
        log.publish("0" * 64, BUNDLE.body, {}, at=AT)


def test_what_is_recorded_reads_back(log: ConsentLog) -> None:
    entry, refusal = make_entry(), make_refusal()
    assert log.commit([BUNDLE, entry, refusal]) == [0, 1, 2]
    assert [recorded.entry for recorded in log.entries()] == [BUNDLE.entry(), entry, refusal]
    assert [recorded.index for recorded in log.entries(1, 2)] == [1]
    found = log.find(entry.id)
    assert found is not None
    assert (found.index, found.entry) == (1, entry)
    assert log.find("unknown") is None
    assert sum(log.stats().values()) == 2
    assert log.stats(EntryFilter(since="2026-11-23")) == {}


def test_a_commit_refuses_one_and_records_the_others(log: ConsentLog) -> None:
    entry = make_entry()
    with pytest.raises(LogError, match="not in the log"):
        log.commit([BUNDLE, entry, make_entry(notice=make_bundle("Unknown.").hash)])
    assert [recorded.entry for recorded in log.entries()] == [BUNDLE.entry(), entry]


def test_a_log_is_opened_for_reading_only_where_it_is(path: Path, in_file: ConsentLog) -> None:
    with pytest.raises(ConfigurationError, match="no log at"):
        open_log(path)
    assert not path.exists()
    in_file.commit([BUNDLE])
    with open_log(f"sqlite:///{path}") as reader:
        assert type(reader) is LogReader
        assert reader.check().size == 1


def test_streaming_stays_at_one_moment(log: ConsentLog) -> None:
    log.commit([BUNDLE, make_entry()])
    entries = log.entries()
    next(entries)
    log.commit([make_entry()])
    assert len(list(entries)) == 1


@ASYNC
async def test_concurrent_decisions_publish_their_notice_once(log: ConsentLog) -> None:
    indexes: list[int] = []

    async def append() -> None:
        indexes.append(await log.append(make_entry(), bundle=BUNDLE))

    async with anyio.create_task_group() as tasks:
        for _ in range(200):
            tasks.start_soon(append)
    assert sorted(indexes) == list(range(1, 201))
    assert log.check().size == 201


@ASYNC
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_grant_whose_commit_fails_is_not_recorded_twice(
    log: ConsentLog, faulty: FaultyStore, moment: str
) -> None:
    entry = make_entry()
    setattr(faulty, moment, once(away))
    with pytest.raises(LogUnavailable):
        await log.append(entry, bundle=BUNDLE)
    assert log.head().size == (0 if moment == "before" else 2)
    assert await log.append(entry, bundle=BUNDLE) == 1
    assert log.check().size == 2


@ASYNC
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_refusal_outlives_the_stores_absence(
    log: ConsentLog, faulty: FaultyStore, moment: str
) -> None:
    refusals = [make_refusal() for _ in range(3)]
    setattr(faulty, moment, away)
    for refusal in refusals:
        assert await log.honour(refusal, bundle=BUNDLE) is None
    setattr(faulty, moment, lambda: None)
    grant = make_entry()
    await log.append(grant, bundle=BUNDLE)
    recorded = {found.entry.id for found in log.entries() if found.entry is not None}
    assert recorded == {BUNDLE.hash, grant.id, *(refusal.id for refusal in refusals)}
    assert log.check().size == 5


@ASYNC
async def test_a_refusal_keeps_its_time(log: ConsentLog, faulty: FaultyStore) -> None:
    refusal = make_refusal()
    faulty.before = away
    await log.honour(refusal, bundle=BUNDLE)
    faulty.before = lambda: None
    assert log.drain() == 2
    assert log.drain() == 0
    found = log.find(refusal.id)
    assert found is not None
    assert found.entry == refusal


@ASYNC
async def test_a_refusal_in_a_file_outlives_the_process(path: Path) -> None:
    outbox = path.with_name("outbox")
    refusal = make_refusal()
    faulty = FaultyStore(SQLiteStore(path))
    faulty.before = away
    with ConsentLog(path, outbox=outbox, store=faulty) as log:
        assert await log.honour(refusal, bundle=BUNDLE) is None
    with ConsentLog(path, outbox=outbox) as log:
        log.commit([make_bundle("Other words.")])
        assert log.find(refusal.id) is not None
        assert log.check().size == 3


@ASYNC
async def test_a_refusal_is_honoured_even_where_nothing_can_be_written(
    faulty: FaultyStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faulty.before = away
    folder = tmp_path / "box"
    folder.mkdir()
    with ConsentLog(tmp_path / "log.sqlite3", outbox=folder / "outbox", store=faulty) as other:
        folder.rmdir()
        assert await other.honour(make_refusal(), bundle=BUNDLE) is None
    assert [one.levelno for one in caplog.records if one.name == "consentkit.log"] == [logging.ERROR]
    assert "the outbox cannot take it" in caplog.text


@ASYNC
async def test_a_refusal_under_an_unknown_notice_is_an_error(log: ConsentLog) -> None:
    with pytest.raises(LogError, match="not in the log"):
        await log.honour(make_refusal())
    assert log.drain() == 0


@ASYNC
async def test_a_refusal_is_kept_though_its_request_is_cancelled(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    refusal = make_refusal()
    faulty.before = away
    with anyio.CancelScope() as scope:
        scope.cancel()
        await log.honour(refusal, bundle=BUNDLE)
    faulty.before = lambda: None
    assert log.drain() == 2
    assert log.find(refusal.id) is not None


@ASYNC
async def test_a_refusal_does_not_wait_for_a_stalled_store(
    log: ConsentLog, faulty: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    faulty.before = lambda: None if gate.wait(10) else away()
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.05)
    refusals = [make_refusal() for _ in range(3)]
    with anyio.fail_after(5):
        for refusal in refusals:
            assert await log.honour(refusal, bundle=BUNDLE) is None
    gate.set()
    log.drain()
    assert all(log.find(refusal.id) is not None for refusal in refusals)
    assert log.check().size == 4


@ASYNC
async def test_an_outbox_that_cannot_be_drained_spoils_no_append(
    log: ConsentLog, faulty: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    faulty.before = away
    await log.honour(make_refusal(), bundle=BUNDLE)
    faults = iter([lambda: None, away])
    faulty.before = lambda: next(faults)()
    assert await log.append(make_entry(), bundle=BUNDLE) == 1
    assert caplog.text.count("2 items wait in the outbox from now on") == 1


@ASYNC
async def test_reads_that_stall_do_not_keep_a_refusal_from_the_outbox(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    gate = threading.Event()
    faulty.before = away

    def stall(_: LogReader) -> None:
        gate.wait(10)

    async def read() -> None:
        await log.read(stall, seconds=30)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as readers:
            for _ in range(2 * AT_ONCE):
                readers.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            await log.honour(make_refusal(), bundle=BUNDLE)
            readers.cancel_scope.cancel()
            gate.set()
    faulty.before = lambda: None
    assert log.drain() == 2


def test_a_full_disk_is_told_apart_from_a_broken_log(in_file: ConsentLog, connector: Connector) -> None:
    in_file.commit([BUNDLE])
    (connection,) = connector.connections
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(LogUnavailable, match="full"):
        in_file.commit([make_entry() for _ in range(1000)])
    assert in_file.check().size == 1
    assert in_file.commit([make_entry()]) == [1]


def test_no_personal_data_reaches_the_disk(in_file: ConsentLog, path: Path) -> None:
    for planted in ({"subject": "192.0.2.17"}, {"agent": "Mozilla/5.0 (X11)"}, {"locale": "https://x/"}):
        with pytest.raises(LogError):
            in_file.commit([BUNDLE, make_entry(**planted)])
    in_file.commit([BUNDLE, make_entry(), make_refusal()])
    in_file.close()
    with closing(sqlite3.connect(path)) as connection:
        columns = {row[1] for row in connection.execute("PRAGMA table_info(entries)")}
    assert columns == {"index", "id", "type", "at", "subject", "body", "salt", "leaf"}
    assert b"192.0.2" not in path.read_bytes()


def test_a_bundle_needs_no_assets(log: ConsentLog) -> None:
    log.commit([Bundle(hash=BUNDLE.hash, body=BUNDLE.body, at=AT)])
    assert log.check().size == 1


@ASYNC
async def test_a_grant_of_unknown_outcome_is_noted_as_not_honoured(log: ConsentLog) -> None:
    grant = make_entry()
    log.commit([BUNDLE, grant])
    note = uuid7(1)
    await log.invalidate(grant, id=note, at=AT)
    assert log.find(note) is None
    assert log.drain() == 1
    found = log.find(note)
    assert found is not None
    assert found.entry is not None
    assert (found.entry.type, found.entry.previous) == ("invalidated", grant.id)
    log.check()


@ASYNC
async def test_what_was_not_recorded_either_needs_no_note(log: ConsentLog) -> None:
    """A full disk left a thousand notes that named nothing."""
    log.commit([BUNDLE])
    await log.invalidate(make_entry(), id=uuid7(1), at=AT)
    assert log.drain() == 1
    assert log.head().size == 1


@ASYNC
async def test_a_decision_needs_a_notice_in_the_log(log: ConsentLog) -> None:
    with pytest.raises(LogError, match="not in the log"):
        await log.append(make_entry())
    assert await log.append(make_entry(), bundle=BUNDLE) == 1


@pytest.fixture
def at_hand(path: Path) -> FaultyStore:
    """Make a store in a file, with room for faults."""
    return FaultyStore(SQLiteStore(path))


@pytest.fixture(params=["file", "memory"])
def kept(request: pytest.FixtureRequest, path: Path, at_hand: FaultyStore) -> Iterator[ConsentLog]:
    """Make an empty log with an outbox of each kind."""
    outbox = path.with_name("outbox") if request.param == "file" else None
    with ConsentLog(path, outbox=outbox, store=at_hand) as made:
        yield made


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what was said of the outbox so far, without reasons."""
    said = [message.partition(":")[0] for message in caplog.messages if "in the outbox" in message]
    caplog.clear()
    return said


BEGUN = "2 items wait in the outbox from now on"
ENDED = "nothing waits in the outbox any more"


@ASYNC
async def test_queuing_is_told_when_it_begins_each_minute_and_when_it_ends(
    kept: ConsentLog,
    at_hand: FaultyStore,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_hand.before = away
    await kept.honour(make_refusal(), bundle=BUNDLE)
    await kept.honour(make_refusal(), bundle=BUNDLE)
    assert told(caplog) == [BEGUN]
    monkeypatch.setattr(outbox, "REPORT_SECONDS", 0.0)
    with pytest.raises(LogUnavailable):
        await kept.append(make_entry())
    assert told(caplog) == ["3 items wait in the outbox"]
    monkeypatch.undo()
    at_hand.before = nothing
    await kept.append(make_entry(), bundle=BUNDLE)
    assert told(caplog) == [ENDED] and kept.status().healthy


@ASYNC
async def test_the_end_is_told_whoever_has_drained(
    path: Path, kept: ConsentLog, at_hand: FaultyStore, caplog: pytest.LogCaptureFixture
) -> None:
    for drain in (lambda: kept.erase_now("nobody", at=AT), lambda: _drain_elsewhere(path, kept)):
        at_hand.before = away
        await kept.honour(make_refusal(), bundle=BUNDLE)
        assert told(caplog) == [BEGUN]
        at_hand.before = nothing
        drain()
        await kept.append(make_entry(), bundle=BUNDLE)
        assert told(caplog) in ([ENDED], [ENDED, ENDED])


def _drain_elsewhere(path: Path, log: ConsentLog) -> None:
    with ConsentLog(path, outbox=path.with_name("outbox")) as other:
        other.drain()
        log.drain()  # where it is in memory, nobody else can


@ASYNC
async def test_what_a_restart_finds_in_the_outbox_is_told(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    outbox.FileOutbox(path.with_name("outbox")).put([BUNDLE, make_refusal()])
    with ConsentLog(path, outbox=path.with_name("outbox")) as log:
        assert (log.status().waiting, log.status().healthy) == (2, False)
        await log.resume()
    assert told(caplog) == [ENDED]


@ASYNC
async def test_grants_that_were_not_honoured_are_counted_and_no_others(
    log: ConsentLog, faulty: FaultyStore
) -> None:
    faulty.before = away
    await log.honour(make_entry(granted=("analytics",)), bundle=BUNDLE)
    assert log.status().refused_grants == 0
    with pytest.raises(LogUnavailable):
        await log.append(make_entry(), bundle=BUNDLE)
    assert log.status().refused_grants == 1
