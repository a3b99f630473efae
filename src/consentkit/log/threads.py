"""Worker threads of the log's own: a stalled store delays nothing else that the application does."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, move_on_after, to_thread
from anyio.lowlevel import RunVar

from consentkit.exceptions import LogUnavailable

T = TypeVar("T")

_numbers = itertools.count()


class Threads:
    """So many threads at once for each event loop."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._limiters: RunVar[CapacityLimiter] = RunVar(f"consentkit.log.threads.{next(_numbers)}")

    async def run(self, work: Callable[[], T], *, seconds: float) -> T:
        """Run `work` in a thread and wait for it, but no longer than `seconds`; then it ends by itself.

        Raises:
            LogUnavailable: It took longer.
        """
        with move_on_after(seconds):
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=self._limiter())
        raise LogUnavailable(f"the consent log's store took longer than {seconds} seconds")

    def _limiter(self) -> CapacityLimiter:
        limiter = self._limiters.get(None)
        if limiter is None:
            limiter = CapacityLimiter(self._at_once)
            self._limiters.set(limiter)
        return limiter
