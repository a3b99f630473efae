"""Group commit: shared, bounded, in time, and deaf to cancellation once a commit is under way."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import partial

import anyio
import anyio.from_thread
import anyio.lowlevel
import anyio.to_thread
import pytest

from consentkit.exceptions import LogCorrupt, LogError, LogUnavailable
from consentkit.log import group_commit
from consentkit.log.group_commit import GroupCommit
from consentkit.log.stores.values import Awaited, Outcome
from consentkit.record.entry import Entry, Item
from log.samples import BUNDLE, make_entry

pytestmark = pytest.mark.anyio


class Recorder:
    """Commits to memory; a gate can hold its thread up."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.started = threading.Event()
        self.error: Exception | None = None
        self._size = 0

    def commit(self, batch: Sequence[Item], flight: Awaited) -> list[Outcome]:
        self.started.set()
        assert self.gate.wait(10)
        if self.error is not None:
            raise self.error
        self.batches.append([item.id for item in batch])
        self._size += len(batch)
        return [
            LogError("refused") if isinstance(item, Entry) and item.country == "XX" else index
            for index, item in enumerate(batch, self._size - len(batch))
        ]

    async def under_way(self) -> None:
        """Wait until a commit has started."""
        await anyio.to_thread.run_sync(self.started.wait, 10)


@pytest.fixture
def recorder() -> Recorder:
    """Make a store that records."""
    return Recorder()


async def settle() -> None:
    """Let tasks run while a commit is under way."""
    for _ in range(5):
        await anyio.lowlevel.checkpoint()


async def submit(group: GroupCommit, results: list[object], *items: Item) -> None:
    """Submit, and put down what came of it."""
    try:
        results.append(await group.submit(items or [make_entry()]))
    except LogError as error:
        results.append(type(error))


async def submit_at_once(group: GroupCommit, count: int) -> list[object]:
    """Submit from several tasks, and return what came of each."""
    results: list[object] = []
    async with anyio.create_task_group() as tasks:
        for _ in range(count):
            tasks.start_soon(submit, group, results)
    return results


async def test_one_waiter_is_one_commit(recorder: Recorder) -> None:
    group = GroupCommit(recorder.commit)
    assert await group.submit([make_entry()]) == 0
    assert await group.submit([BUNDLE, make_entry()]) == 2
    assert [len(batch) for batch in recorder.batches] == [1, 2]


async def test_who_comes_during_a_commit_shares_the_next(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BATCH_LIMIT", 8)
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    recorder.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(submit, group, results)
        await recorder.under_way()
        for _ in range(20):
            tasks.start_soon(submit, group, results)
        await settle()
        recorder.gate.set()
    assert [len(batch) for batch in recorder.batches] == [1, 8, 8, 4]
    assert sorted(results, key=str) == sorted(range(21), key=str)


async def test_a_refusal_is_its_own_waiters(recorder: Recorder) -> None:
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    async with anyio.create_task_group() as tasks:
        for country in ("DE", "XX", "FR"):
            tasks.start_soon(submit, group, results, make_entry(country=country))
    assert results.count(LogError) == 1
    assert len(results) == len(set(results)) == 3


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (LogUnavailable("disk full"), LogUnavailable),
        (LogCorrupt("torn"), LogCorrupt),
        (ZeroDivisionError(), LogUnavailable),
    ],
)
async def test_a_failed_commit_fails_everybody_and_the_next_one_works(
    recorder: Recorder, error: Exception, seen: type[LogError]
) -> None:
    group = GroupCommit(recorder.commit)
    recorder.error = error
    results = await submit_at_once(group, 3)
    assert results == [seen] * 3
    recorder.error = None
    assert await group.submit([make_entry()]) == 0


async def test_a_stalled_store_is_given_up_in_time_and_recovers(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.5)
    group = GroupCommit(recorder.commit)
    recorder.gate.clear()
    with anyio.fail_after(5):
        results = await submit_at_once(group, 3)
    assert results == [LogUnavailable] * 3
    with pytest.raises(LogUnavailable, match="stalled"):
        await group.submit([make_entry()])
    recorder.gate.set()
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 10)
    ended = threading.Event()
    # The commit that was given up goes on, and ends; then entries are taken again.
    flight = group.queue().stalled
    assert flight is not None
    with anyio.fail_after(5):
        while not flight.ended:
            await anyio.to_thread.run_sync(ended.wait, 0.001)
        await group.submit([make_entry()])
    assert [len(batch) for batch in recorder.batches] == [3, 1]


async def test_a_commit_that_gets_no_thread_in_time_never_begins(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.05)
    group = GroupCommit(recorder.commit)
    limiter = group.queue().limiter
    await limiter.acquire_on_behalf_of("somebody else")
    results = await submit_at_once(group, 3)
    assert results == [LogUnavailable] * 3
    limiter.release_on_behalf_of("somebody else")
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 10)
    assert await group.submit([make_entry()]) == 0
    assert [len(batch) for batch in recorder.batches] == [1]


async def test_a_system_without_threads_is_unavailable(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = GroupCommit(recorder.commit)

    async def fail(*arguments: object, **options: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(anyio.to_thread, "run_sync", fail)
        results = await submit_at_once(group, 3)
    assert results == [LogUnavailable] * 3
    assert await group.submit([make_entry()]) == 0


async def test_nothing_else_waits_for_a_stalled_store(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 30)
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    recorder.gate.clear()
    async with anyio.create_task_group() as tasks:
        for _ in range(64):
            tasks.start_soon(submit, group, results)
        await recorder.under_way()
        limiter = anyio.to_thread.current_default_thread_limiter()
        assert limiter.borrowed_tokens == 0
        recorder.gate.set()
    assert len(results) == 64


async def test_a_full_queue_refuses_at_once(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "QUEUE_LIMIT", 2)
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    recorder.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(submit, group, results)
        await recorder.under_way()
        tasks.start_soon(submit, group, results)
        tasks.start_soon(submit, group, results)
        await settle()
        with pytest.raises(LogUnavailable, match="2 entries are waiting"):
            await group.submit([make_entry()])
        recorder.gate.set()
    assert len(results) == 3


async def test_a_commit_under_way_ignores_its_leaders_cancellation(recorder: Recorder) -> None:
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    led = make_entry()
    recorder.gate.clear()
    async with anyio.create_task_group() as others, anyio.create_task_group() as leader:
        leader.start_soon(submit, group, results, led)
        await recorder.under_way()
        others.start_soon(submit, group, results)
        await settle()
        leader.cancel_scope.cancel()
        recorder.gate.set()
    assert recorder.batches[0] == [led.id]
    assert len(recorder.batches) == 2
    assert 1 in results


async def test_a_waiter_who_leaves_takes_only_its_own_entry_along(recorder: Recorder) -> None:
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    left = make_entry()
    recorder.gate.clear()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(submit, group, results)
        await recorder.under_way()
        async with anyio.create_task_group() as leaving:
            leaving.start_soon(submit, group, results, left)
            await settle()
            tasks.start_soon(submit, group, results)
            await settle()
            leaving.cancel_scope.cancel()
        recorder.gate.set()
    assert sorted(results, key=str) == [0, 1]
    assert left.id not in {id for batch in recorder.batches for id in batch}


async def test_who_is_woken_to_lead_and_cancelled_wakes_the_next(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BATCH_LIMIT", 1)
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 30)
    group = GroupCommit(recorder.commit)
    results: list[object] = []
    recorder.gate.clear()
    with anyio.fail_after(10):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(submit, group, results)
            await recorder.under_way()
            async with anyio.create_task_group() as leaving:
                leaving.start_soon(submit, group, results)
                await settle()
                tasks.start_soon(submit, group, results)
                await settle()
                queue = group.queue()
                queue.wake_next()
                leaving.cancel_scope.cancel()
                recorder.gate.set()
    assert results == [0, 1]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_one_log_serves_several_event_loops(recorder: Recorder, backend: str) -> None:
    group = GroupCommit(recorder.commit)

    async def many() -> list[object]:
        results: list[object] = []
        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(submit, group, results)
        return results

    loops = [threading.Thread(target=partial(anyio.run, many, backend=backend)) for _ in range(3)]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join()
    assert sum(len(batch) for batch in recorder.batches) == 150
    assert len(anyio.run(many, backend=backend)) == 50


async def test_a_commit_given_up_while_under_way_says_that_its_outcome_is_unknown(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.5)
    group = GroupCommit(recorder.commit)
    recorder.gate.clear()
    with pytest.raises(LogUnavailable) as given_up:
        await group.submit([make_entry()])
    with pytest.raises(LogUnavailable) as refused:
        await group.submit([make_entry()])
    recorder.gate.set()
    assert given_up.value.unknown
    assert not refused.value.unknown
