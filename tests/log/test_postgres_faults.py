"""PostgreSQL goes away, connections are cut in mid-commit, processes fork: nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from consentkit.exceptions import LogUnavailable
from consentkit.log import ConsentLog, group_commit
from consentkit.log.stores.postgres import PostgresStore
from consentkit.record.entry import Entry
from e2e.waiting import wait_until
from log import pooler
from log.faults import in_child, nothing
from log.postgres import Server
from log.proxy import Fault, Proxy
from log.samples import AT, BUNDLE, checked, commit, make_entry, make_refusal, rows_of


@pytest.fixture
def proxy(postgres: Server) -> Iterator[Proxy]:
    """Stand before the server."""
    with Proxy(postgres.socket) as made:
        yield made


@pytest.fixture
def store(postgres: Server, proxy: Proxy, name: str) -> Iterator[PostgresStore]:
    """Make a log behind the proxy, with a notice in it."""
    with closing(PostgresStore(postgres.url(schema=name, folder=proxy.folder))) as made:
        commit(made, [BUNDLE])
        proxy.commits = 0
        yield made


@pytest.fixture
def log(postgres: Server, proxy: Proxy, name: str) -> Iterator[ConsentLog]:
    """Make a log behind the proxy, with a notice in it."""
    with ConsentLog(postgres.url(schema=name, folder=proxy.folder)) as made:
        made.commit([BUNDLE])
        yield made


class TestCuts:
    """A COMMIT that is not answered is asked for again, with the same ids."""

    @pytest.mark.parametrize("fault", ["before", "after"])
    def test_once_nobody_notices(self, store: PostgresStore, proxy: Proxy, fault: Fault) -> None:
        entry = make_entry()
        proxy.faults.append(fault)
        assert commit(store, [entry]) == [1]
        assert proxy.commits == 2
        assert checked(store).size == 2
        assert commit(store, [entry, make_entry()]) == [1, 2]

    @pytest.mark.parametrize(
        ("faults", "size"), [(["before"] * 2, 1), (["before", "after"], 2), (["after"] * 2, 2)]
    )
    def test_twice_the_outcome_is_unknown_and_repeating_is_safe(
        self, store: PostgresStore, proxy: Proxy, faults: list[Fault], size: int
    ) -> None:
        entry = make_entry()
        proxy.faults.extend(faults)
        with pytest.raises(LogUnavailable, match="is not known") as caught:
            commit(store, [entry])
        assert caught.value.unknown
        assert checked(store).size == size
        assert commit(store, [entry]) == [1]
        assert checked(store).size == 2

    def test_a_server_that_is_gone_before_the_commit_has_recorded_nothing(
        self, store: PostgresStore, proxy: Proxy
    ) -> None:
        def cut(*_: object) -> None:
            proxy.cut()

        with pytest.raises(LogUnavailable) as caught:
            commit(store, [make_entry()], cut)
        assert not caught.value.unknown
        assert str(proxy.folder) not in str(caught.value)
        assert checked(store).size == 1

    def test_a_grant_of_unknown_outcome_is_told_apart(self, log: ConsentLog, proxy: Proxy) -> None:
        grant = make_entry()
        proxy.faults.extend(["after", "after"])
        with pytest.raises(LogUnavailable) as caught:
            anyio.run(log.append, grant)
        assert caught.value.unknown
        anyio.run(lambda: log.invalidate(grant, id=make_entry().id, at=AT))
        assert log.drain() == 1
        assert [one.entry and one.entry.type for one in log.entries(1)] == ["decision", "invalidated"]
        log.check()


@pytest.mark.anyio
async def test_a_stalled_server_delays_decisions_and_nothing_else(
    log: ConsentLog, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.5)
    proxy.gate.clear()
    refusal = make_refusal()
    with anyio.fail_after(10):
        with pytest.raises(LogUnavailable, match="took longer"):
            await log.append(make_entry())
        with pytest.raises(LogUnavailable, match="stalled"):
            await log.append(make_entry())
        assert await log.honour(refusal) is None
        # What everybody else uses is free.
        assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
    proxy.gate.set()
    await anyio.to_thread.run_sync(log.drain)
    found = await anyio.to_thread.run_sync(log.find, refusal.id)
    assert found is not None
    # Notice and refusal. The first entry's commit ends by itself, maybe after the drain: nobody awaits it.
    await anyio.to_thread.run_sync(wait_until, lambda: not log.status().stalled)
    assert log.check().size == 2


class Load:
    """Clients that grant and refuse, and note what became of it."""

    def __init__(self, log: ConsentLog) -> None:
        self.acknowledged: dict[str, int] = {}
        self.failed: dict[str, bool] = {}
        self.refused: set[str] = set()
        self._log = log

    async def run(self, *, tasks: int = 8, each: int = 12) -> None:
        """Do so many things in each of so many tasks."""
        async with anyio.create_task_group() as group:
            for _ in range(tasks):
                group.start_soon(self._client, each)

    async def _client(self, count: int) -> None:
        for _ in range(count):
            await self._grant(make_entry())
            refusal = make_refusal()
            self.refused.add(refusal.id)
            await self._log.honour(refusal, bundle=BUNDLE)

    async def _grant(self, entry: Entry) -> None:
        try:
            self.acknowledged[entry.id] = await self._log.append(entry, bundle=BUNDLE)
        except LogUnavailable as error:
            self.failed[entry.id] = error.unknown


@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGQUIT], ids=["stopped", "crashed"])
def test_a_server_that_is_restarted_under_load_loses_nothing(
    postgres: Server, name: str, tmp_path: Path, rounds: int, kind: signal.Signals
) -> None:
    with ConsentLog(postgres.url(schema=name), outbox=tmp_path / "outbox") as log:
        load = Load(log)
        try:
            for _ in range(rounds):
                anyio.run(restart_under, load, postgres, kind)
        finally:
            postgres.start()
        log.drain()
        found = {one.id: one.index for one in log.entries()}
        assert log.check().size == len(found)
    assert load.acknowledged.items() <= found.items()
    assert load.refused <= found.keys()
    assert load.failed
    known = {id for id, unknown in load.failed.items() if not unknown}
    assert not known & found.keys()


async def restart_under(load: Load, postgres: Server, kind: signal.Signals) -> None:
    """Stop the server in the midst of a load; refuse and fail while it is away; go on when it is back."""
    await load.run()
    assert load.acknowledged
    before = len(load.failed)
    async with anyio.create_task_group() as group:
        group.start_soon(load.run)
        await anyio.to_thread.run_sync(postgres.stop, kind)
    await load.run(each=2)
    assert len(load.failed) >= before + 16
    await anyio.to_thread.run_sync(postgres.start)
    before = len(load.failed)
    await load.run()
    assert len(load.failed) == before


@pytest.mark.parametrize("rounds", [3, pytest.param(100, marks=pytest.mark.soak)])
def test_a_pooler_that_is_killed_under_load_loses_nothing(
    postgres: Server, name: str, tmp_path: Path, rounds: int
) -> None:
    """PgBouncer in transaction mode: the settings of a transaction end with it, and no plan is kept."""
    program = pooler.find()
    if program is None:
        pytest.skip(pooler.HOW)
    with pooler.Pooler(program, postgres) as made:
        url = postgres.url(schema=name, folder=made.folder)
        with ConsentLog(url, outbox=tmp_path / "outbox") as log:
            load = Load(log)

            async def kill() -> None:
                await load.run()
                for _ in range(rounds):
                    async with anyio.create_task_group() as group:
                        group.start_soon(load.run)
                        await anyio.to_thread.run_sync(made.stop)
                    await anyio.to_thread.run_sync(made.start)
                    before = len(load.failed)
                    await load.run(each=3)
                    assert len(load.failed) == before

            anyio.run(kill)
            log.drain()
            found = {one.id: one.index for one in log.entries()}
            assert log.check().size == len(found)
        assert load.acknowledged.items() <= found.items()
        assert load.refused <= found.keys()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class TestForks:
    """A child has connections of its own, and its end is not the end of its parent's."""

    def test_parent_and_child_go_on(self, postgres: Server, name: str) -> None:
        with ConsentLog(postgres.url(schema=name)) as log:
            log.commit([BUNDLE, make_entry()])

            def append() -> None:
                for _ in range(10):
                    log.commit([make_entry()])
                log.close()

            for _ in range(2):
                in_child(append)
                log.commit([make_entry()])
            assert log.check().size == 24

    def test_what_another_thread_is_doing_stays_its_own(self, postgres: Server, name: str) -> None:
        with closing(PostgresStore(postgres.url(schema=name))) as store:
            commit(store, [BUNDLE])
            begun, forked = threading.Event(), threading.Event()

            def slow() -> None:
                with store.snapshot() as view:
                    rows = view.rows()
                    begun.set()
                    assert forked.wait(30)
                    assert len(list(rows)) == 1
                    assert view.find(BUNDLE.hash) is not None

            failed: list[BaseException] = []
            thread = threading.Thread(target=lambda: failed.extend(errors_of(slow)))
            thread.start()
            assert begun.wait(30)
            in_child(lambda: nothing(commit(store, [make_entry()]), rows_of(store)))
            forked.set()
            thread.join()
            assert not failed
            assert checked(store).size == 2

    def test_a_child_gives_up_what_it_was_forked_with(self, postgres: Server, name: str) -> None:
        with closing(PostgresStore(postgres.url(schema=name))) as store:
            commit(store, [BUNDLE])
            with store.snapshot() as view:

                def use_it() -> None:
                    commit(store, [make_entry()])
                    with pytest.raises(Exception, match=r"connection|server"):
                        view.find(BUNDLE.hash)
                    commit(store, [make_entry()])

                in_child(use_it)
                assert view.find(BUNDLE.hash) is not None
            assert checked(store).size == 3


def errors_of(work: Callable[[], None]) -> list[BaseException]:
    """Run something; return what it raised."""
    try:
        work()
    except BaseException as error:
        return [error]
    return []


@pytest.mark.anyio
async def test_a_connection_that_hangs_is_given_up_and_the_same_ids_go_to_another(
    postgres: Server, name: str
) -> None:
    """A backend is stopped, as a server is that has lost its network: the database itself is well."""
    with ConsentLog(f"{postgres.url(schema=name)}&application_name={name}") as log:
        log.commit([BUNDLE])
        running = f"SELECT pid FROM pg_stat_activity WHERE application_name = '{name}'"
        backends = [pid for (pid,) in postgres.run(running)]
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            grants = [make_entry() for _ in range(3)]
            with anyio.fail_after(20):
                assert [await log.append(grant) for grant in grants] == [1, 2, 3]
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
        assert backends
        assert log.check().size == 4
        assert not log.status().stalled
