"""Lifespan: the app's own, or an answer for apps that have none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from anyio import create_task_group
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi.client import wrap
from consentkit import ConsentLog
from consentkit.exceptions import LogUnavailable
from log.faults import FaultyStore
from log.samples import BUNDLE, make_refusal

pytestmark = pytest.mark.anyio


async def live(app: ASGIApp) -> list[Message]:
    """Start and stop an app as a server does; return what it sent."""
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[Message] = []

    async def receive() -> Message:
        return next(events)

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    return sent


COMPLETE = [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]


async def test_the_apps_own_lifespan_runs() -> None:
    ran: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        for _ in range(2):
            kind = (await receive())["type"]
            scope["state"][kind] = True
            ran.append(kind)
            await send({"type": f"{kind}.complete"})

    assert await live(wrap(app)) == COMPLETE
    assert ran == ["lifespan.startup", "lifespan.shutdown"]


async def started(log: ConsentLog, caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    """Start and stop a site with a log; return what it said of the log, and how loudly."""
    caplog.set_level("INFO", logger="consentkit")
    assert await live(wrap(nothing, log=log)) == COMPLETE
    return [(one.levelname, one.message) for one in caplog.records if one.message.startswith("consent ")]


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    return


async def test_a_log_that_cannot_take_grants_is_told_at_start_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "consent.sqlite3"
    path.write_text("no database")
    ((level, message),) = await started(ConsentLog(path), caplog)
    assert level == "ERROR"
    assert "file is not a database; name another place" in message


async def test_a_lost_key_is_told_at_start(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "consent.sqlite3"
    with ConsentLog(path) as log:
        log.commit([BUNDLE])
    (tmp_path / "consent.sqlite3.key").unlink()
    told = await started(ConsentLog(path), caplog)
    assert [level for level, _ in told] == ["INFO", "ERROR"]
    assert "the key that signed it is not there" in told[-1][1]


async def test_a_new_log_is_not_made_at_start_and_can_still_be_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = await started(ConsentLog(tmp_path / "consent.sqlite3"), caplog)
    assert [level for level, _ in told] == ["INFO", "WARNING"]
    assert "consentkit log key new --log" in told[-1][1]
    assert not os.listdir(tmp_path)


async def test_an_app_that_raises_at_once_is_answered_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("only HTTP is handled here")

    assert await live(wrap(app)) == COMPLETE


async def test_an_app_that_looks_away_is_answered_for() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        return

    assert await live(wrap(app)) == COMPLETE


async def fails_to_start(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
    raise RuntimeError("no database")


async def test_an_app_that_fails_to_start_says_so() -> None:
    with pytest.raises(RuntimeError, match="no database"):
        await live(wrap(fails_to_start))


def counted(log: ConsentLog) -> dict[str, int]:
    """Return what is written of banners that were shown."""
    return {one.key: count for one, count in log.observations("shown").items()}


async def starts_and_stops(scope: Scope, receive: Receive, send: Send) -> None:
    for _ in range(2):
        await send({"type": f"{(await receive())['type']}.complete"})


async def fails_to_stop(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.failed", "message": "still busy"})
    raise RuntimeError("still busy")


async def breaks_while_it_stops(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise RuntimeError("still busy")


async def knows_no_lifespan(scope: Scope, receive: Receive, send: Send) -> None:
    raise ValueError("only HTTP is handled here")


@pytest.mark.parametrize("app", [starts_and_stops, fails_to_stop, breaks_while_it_stops, knows_no_lifespan])
async def test_what_was_counted_is_written_before_the_server_knows(app: ASGIApp, log: ConsentLog) -> None:
    """A server ends its event loop as soon as it is told: nothing can be done after that."""
    written: list[dict[str, int]] = []

    async def send(message: Message) -> None:
        if message["type"].startswith("lifespan.shutdown"):
            written.append(counted(log))

    async def receive() -> Message:
        log.observed.add("shown", ["opt-in en"], now=1_795_000_000)
        return next(events)

    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    with suppress(RuntimeError):
        await wrap(app, log=log)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert [*written, counted(log)][0] == {"opt-in en": 2}


@pytest.mark.parametrize("app", [fails_to_start, fails_to_stop])
async def test_a_failure_is_passed_on_at_once(app: ASGIApp, log: ConsentLog) -> None:
    """Told of it, servers look whether the lifespan has ended, before anything else has its turn."""
    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    turns: list[str] = []

    async def turn() -> None:
        turns.append("another task")

    async def receive() -> Message:
        return next(events)

    async with create_task_group() as tasks:

        async def send(message: Message) -> None:
            if message["type"].endswith(".failed"):
                tasks.start_soon(turn)

        with pytest.raises(RuntimeError):
            await wrap(app, log=log)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
        assert turns == []


async def test_the_log_is_ready_before_the_server_lets_visitors_in(
    log: ConsentLog, store: FaultyStore
) -> None:
    def away() -> None:
        raise LogUnavailable("away")

    store.before = away
    assert await log.honour(make_refusal(), bundle=BUNDLE) is None
    store.before = lambda: None
    sizes: list[int] = []

    async def send(message: Message) -> None:
        sizes.append(log.head().size)

    events = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Message:
        return next(events)

    await wrap(starts_and_stops, log=log)({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send)
    assert sizes == [2, 2]


async def test_what_waits_in_the_outbox_is_handed_over_at_start(log: ConsentLog, store: FaultyStore) -> None:
    def away() -> None:
        raise LogUnavailable("away")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError

    store.before = away
    assert await log.honour(make_refusal(), bundle=BUNDLE) is None
    assert await live(wrap(app, log=log)) == COMPLETE  # away still: the site starts all the same
    store.before = lambda: None
    await live(wrap(app, log=log))
    assert log.head().size == 2
