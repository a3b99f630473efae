"""A store that hangs delays those who decide and those who ask for their history, and nobody else.

A probe sees that it hangs, and that it is away.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from starlette.types import Receive, Scope, Send

from asgi.client import GATED, NAVIGATION, App, browser, post, state_of, wrap
from consentkit import ConsentLog
from consentkit.exceptions import LogUnavailable
from consentkit.log import group_commit
from consentkit.log.stores.sql import View
from log.faults import FaultyStore, nothing

pytestmark = pytest.mark.anyio
VISITORS = 60
HEALTH = "/_consent/health"


class Stalled:
    """A store in which everything hangs until it is let go."""

    def __init__(self, store: FaultyStore) -> None:
        self.hangs = threading.Event()
        self._goes_on = threading.Event()
        self._snapshot = store.snapshot
        store.before = self._wait
        store.snapshot = self._waiting_snapshot

    def let_go(self) -> None:
        """Go on."""
        self._goes_on.set()

    @contextmanager
    def _waiting_snapshot(self) -> Iterator[View]:
        self._wait()
        inner: AbstractContextManager[View] = self._snapshot()
        with inner as view:
            yield view

    def _wait(self) -> None:
        self.hangs.set()
        assert self._goes_on.wait(60)


class Threaded(App):
    """A site that answers from a thread, as frameworks have it for functions that are not asynchronous."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await anyio.to_thread.run_sync(int)
        await super().__call__(scope, receive, send)


async def test_pages_are_answered_while_the_store_hangs(
    log: ConsentLog, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 60.0)
    app = wrap(Threaded(), log=log)
    decided: list[int] = []

    async def decide() -> None:
        async with browser(app) as client:
            decided.append((await post(client, {"action": "accept"})).status_code)

    async def remember(cookies: dict[str, str]) -> None:
        # It is told in time that the history cannot be read now.
        async with browser(app, cookies=cookies) as client:
            assert (await client.get("/_consent/", headers={"accept": "text/html"})).status_code == 200

    async def look() -> None:
        async with browser(app) as client:
            assert (await client.get(HEALTH)).status_code == 200, "a commit may still end in time"
            for _ in range(VISITORS):
                page = await client.get("/", headers=NAVIGATION)
                assert GATED in page.content
                assert (await state_of(client))["regime"] == "opt-in"

    async with browser(app) as client:
        await post(client, {"action": "accept"})
        cookies = dict(client.cookies)
    stalled = Stalled(store)
    async with anyio.create_task_group() as tasks:
        try:
            for _ in range(VISITORS):
                tasks.start_soon(decide)
                tasks.start_soon(remember, cookies)
            with anyio.fail_after(30):
                while not stalled.hangs.is_set():
                    await anyio.lowlevel.checkpoint()
                await look()
            assert decided == []
        finally:
            stalled.let_go()
    assert decided == [303] * VISITORS
    assert sum(log.stats().values()) == VISITORS + 1
    log.check()


async def test_a_probe_is_told_of_a_refusal_that_waits(log: ConsentLog, store: FaultyStore) -> None:
    def away() -> None:
        raise LogUnavailable("away")

    async with browser(wrap(log=log)) as client:
        store.before = away
        assert (await post(client, {"action": "reject"})).status_code == 303
        answer = await client.get(HEALTH)
        assert (answer.status_code, answer.json()["healthy"]) == (503, False)
        assert answer.json()["waiting"] == 2  # the refusal, and the notice that it names
        store.before = nothing
        await post(client, {"action": "accept"})
        assert (await client.get(HEALTH)).json() == {"healthy": True, "stalled": False, "waiting": 0}


async def test_a_probe_is_told_of_a_commit_that_hangs(
    log: ConsentLog, store: FaultyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "COMMIT_SECONDS", 0.05)
    stalled = Stalled(store)
    async with browser(wrap(log=log)) as client:
        try:
            assert (await post(client, {"action": "accept"})).status_code == 503
            answer = await client.get(HEALTH)
            assert (answer.status_code, answer.json()["stalled"]) == (503, True)
        finally:
            stalled.let_go()
