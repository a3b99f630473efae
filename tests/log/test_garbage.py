"""What a decision leaves behind in memory: nothing, so that no collector need run."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import anyio
import pytest

from consentkit.exceptions import LogError, LogUnavailable
from consentkit.log import ConsentLog
from log.faults import FaultyStore, nothing
from log.samples import BUNDLE, make_entry, make_refusal

pytestmark = pytest.mark.anyio

TIMES = 100

Decide: TypeAlias = Callable[[ConsentLog], Awaitable[None]]


@pytest.fixture
def log(path: Path, store: FaultyStore) -> Iterator[ConsentLog]:
    """A log whose outbox is a file: what waits there is in nobody's memory."""
    with ConsentLog(path, outbox=path.with_name("outbox"), store=store) as made:
        made.commit([BUNDLE])
        yield made


async def accepted(log: ConsentLog) -> None:
    await log.append(make_entry())


async def together(log: ConsentLog) -> None:
    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(accepted, log)


async def refused(log: ConsentLog) -> None:
    with pytest.raises(LogError, match="notice"):
        await log.append(make_entry(notice="0" * 64))


async def failed(log: ConsentLog) -> None:
    with suppress(LogUnavailable):
        await log.append(make_entry())


async def kept(log: ConsentLog) -> None:
    assert await log.honour(make_refusal()) is None


def ours() -> Counter[str]:
    """Count the objects whose type is the package's."""
    types = map(type, gc.get_objects())
    return Counter(one.__qualname__ for one in types if str(one.__module__).startswith("consentkit"))


async def leaves_nothing(log: ConsentLog, decide: Decide) -> None:
    for _ in range(10):
        await decide(log)
    await anyio.sleep(0.05)  # until the worker thread has let go of the last
    gc.collect()
    gc.disable()
    try:
        before = ours()
        for _ in range(TIMES):
            await decide(log)
        await anyio.sleep(0.05)
        assert not ours() - before
        assert gc.collect() < TIMES, "something is left in a cycle each time"
    finally:
        gc.enable()


@pytest.mark.parametrize("decide", [accepted, together, refused])
async def test_a_decision_leaves_nothing_behind(log: ConsentLog, decide: Decide) -> None:
    await leaves_nothing(log, decide)


@pytest.mark.parametrize("error", [LogUnavailable("away"), ZeroDivisionError()])
@pytest.mark.parametrize("decide", [failed, kept])
async def test_nor_does_one_that_the_store_cannot_take(
    log: ConsentLog, decide: Decide, error: Exception, store: FaultyStore
) -> None:
    def fail() -> None:
        raise type(error)(*error.args)

    store.before = fail
    await leaves_nothing(log, decide)
    store.before = nothing
