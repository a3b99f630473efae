"""Group commit: many waiters, one durable commit. No background task, any event loop.

Each event loop has a queue of tickets. If there is no leader, a waiter becomes the leader: it takes the
oldest tickets, commits them in a worker thread, notifies their waiters, and lets the next waiter lead. New
tickets queue meanwhile, so the batch grows with the load. Invariants:

- Each loop has at most one commit under way, in a thread of its own, not in one of anyio's shared threads.
- A commit under way ignores cancellation: its leader waits for it, even if its waiters are cancelled.
- A commit that exceeds the deadline is left to end by itself. Its waiters get LogUnavailable and cannot know
  the outcome; repeating with the same ids is safe. If its turn comes only afterwards, it records nothing.
  Until it has ended, new items are rejected.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count, islice
from typing import TypeAlias

from anyio import CapacityLimiter, Event, move_on_after, to_thread
from anyio.lowlevel import RunVar, checkpoint

from consentkit.exceptions import LogError, LogUnavailable
from consentkit.log.stores.values import Outcome
from consentkit.record.entry import Item

BATCH_LIMIT = 512
"""Maximum tickets in one commit."""
QUEUE_LIMIT = 10_000
"""Maximum waiting tickets per event loop."""
COMMIT_SECONDS = 3.0
"""How long a commit may take, and how long a waiter waits for its turn."""

AwaitedCommit: TypeAlias = Callable[[Sequence[Item], "Flight"], Sequence[Outcome]]
"""Appends a batch durably, if the flight is still awaited once it is the batch's turn."""

_numbers = count()


class GroupCommit:
    """Gathers the items of concurrent tasks into commits.

    Attributes:
        commits: Number of commits that have ended.
        seconds: The time that they took together.
        slowest: The time that the slowest one took, in seconds.
        stalled: The last commit, of any event loop, that exceeded the deadline.
    """

    def __init__(self, commit: AwaitedCommit) -> None:
        """Args: commit: called in a worker thread."""
        self._commit = commit
        self.commits: int = 0
        self.seconds: float = 0.0
        self.slowest: float = 0.0
        self.stalled: Flight | None = None
        self._queues: RunVar[Queue] = RunVar(f"consentkit.log.{next(_numbers)}")

    async def submit(self, items: Sequence[Item]) -> int:
        """Commit items together with those of other tasks; return the index of the last one's leaf.

        Raises:
            LogUnavailable: The queue is full or the store is stalled (nothing was recorded), or the commit
                failed or took too long (repeat with the same ids).
            LogError: The log rejects the item.
        """
        queue = self.queue()
        if queue.stalled is not None and not queue.stalled.ended:
            raise LogUnavailable("the consent log's store is stalled")
        if len(queue.waiting) >= QUEUE_LIMIT:
            raise LogUnavailable(f"{QUEUE_LIMIT} entries are waiting for the consent log already")
        ticket = Ticket(items)
        queue.waiting.append(ticket)
        try:
            with move_on_after(COMMIT_SECONDS):
                while ticket.outcome is None:
                    if queue.led:
                        await ticket.woken.wait()
                        ticket.woken = Event()
                    else:
                        await self._lead(queue)
        finally:
            if ticket.outcome is None and ticket in queue.waiting:
                queue.waiting.remove(ticket)
            if not queue.led:
                # This waiter may have been woken to lead and was cancelled before it could.
                queue.wake_next()
        if isinstance(ticket.outcome, int):
            return ticket.outcome
        raise ticket.error() from ticket.outcome

    def queue(self) -> "Queue":
        """Return the queue of the running event loop."""
        queue = self._queues.get(None)
        if queue is None:
            queue = Queue()
            self._queues.set(queue)
        return queue

    async def _lead(self, queue: "Queue") -> None:
        queue.led = True
        try:
            # Tasks that the last commit has woken may submit their next items first: larger batches.
            await checkpoint()
            flight, begun = Flight(self._commit, queue.take(BATCH_LIMIT)), time.monotonic()
            # RuntimeError: the system gives no thread.
            with suppress(RuntimeError), move_on_after(COMMIT_SECONDS, shield=True):
                await to_thread.run_sync(flight.run, abandon_on_cancel=True, limiter=queue.limiter)
            if flight.ended:
                flight.land()
            else:
                self.stalled = _give_up(queue, flight) or self.stalled
            seconds = time.monotonic() - begun
            self.commits, self.seconds = self.commits + 1, self.seconds + seconds
            self.slowest = max(self.slowest, seconds)
        finally:
            queue.led = False
            queue.wake_next()


class Ticket:
    """One waiter's items, and their outcome."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items
        self.outcome: Outcome | None = None
        self.taken = False
        self.woken: Event = Event()

    def settle(self, outcome: Outcome) -> None:
        """Set the outcome and wake the waiter."""
        self.outcome = outcome
        self.woken.set()

    def error(self) -> LogError:
        """Return a new error for this waiter, since waiters may share an outcome."""
        match self.outcome:
            case LogUnavailable() as outcome:
                return LogUnavailable(str(outcome), unknown=outcome.unknown)
            case LogError() as outcome:
                return type(outcome)(str(outcome))
        return LogUnavailable("the consent log did not come to this entry in time", unknown=self.taken)


class Flight:
    """One commit under way. `run` is called by the worker thread, everything else by the event loop.

    Attributes:
        batch: The tickets that are committed.
        ended: Whether the thread has done its work.
        awaited: Whether its waiters are still waiting.
    """

    def __init__(self, commit: AwaitedCommit, batch: Sequence[Ticket]) -> None:
        self.batch: Sequence[Ticket] = batch
        self.ended: bool = False
        self.awaited: bool = True
        self._commit = commit
        self._outcomes: Sequence[Outcome] = ()
        # Acquired once and never released: by the thread when it begins, or by the loop to cancel it before.
        self._claim = threading.Lock()

    def revoke(self) -> bool:
        """Cancel the commit if it has not begun, since the thread may start too late or never."""
        return self._claim.acquire(blocking=False)

    def run(self) -> None:
        """Commit, in the worker thread; every outcome is kept for `land`."""
        if not self._claim.acquire(blocking=False):
            return
        items = [item for ticket in self.batch for item in ticket.items]
        try:
            self._outcomes = self._commit(items, self)
        except LogError as error:
            self._outcomes = [error] * len(items)
        except Exception as error:
            self._outcomes = [_unexpected(error)] * len(items)
        finally:
            self.ended = True

    def land(self) -> None:
        """Give each ticket the index of its last item, or the first error of one of its items."""
        outcomes, batch = iter(self._outcomes), self.batch
        # An error's traceback refers to this flight. Dropping the outcomes here breaks that cycle.
        self._outcomes = self.batch = ()
        for ticket in batch:
            for outcome in islice(outcomes, len(ticket.items)):
                if not isinstance(ticket.outcome, LogError):
                    ticket.outcome = outcome
            ticket.woken.set()


class Queue:
    """The waiters of one event loop; touched by its thread only.

    Attributes:
        waiting: Their tickets, the oldest first.
        led: Whether one of them leads.
        stalled: The last commit that exceeded the deadline.
        limiter: Limits the loop to one thread for commits.
    """

    def __init__(self) -> None:
        self.waiting: deque[Ticket] = deque()
        self.led: bool = False
        self.stalled: Flight | None = None
        self.limiter: CapacityLimiter = CapacityLimiter(1)

    def take(self, limit: int) -> list[Ticket]:
        """Take the oldest tickets, at most `limit`."""
        batch: list[Ticket] = []
        while self.waiting and len(batch) < limit:
            batch.append(self.waiting.popleft())
            batch[-1].taken = True
        return batch

    def wake_next(self) -> None:
        """Wake the waiter that has waited longest."""
        if self.waiting:
            self.waiting[0].woken.set()


def _give_up(queue: Queue, flight: Flight) -> Flight | None:
    """Tell everybody who waits; return the flight if it has begun and goes on."""
    begun, flight.awaited = not flight.revoke(), False
    if begun:
        queue.stalled = flight
    problem = f"the consent log's store took longer than {COMMIT_SECONDS} seconds"
    for ticket in flight.batch:
        ticket.settle(LogUnavailable(problem, unknown=begun))
    for ticket in queue.take(QUEUE_LIMIT):
        ticket.settle(LogUnavailable(problem))
    return flight if begun else None


def _unexpected(error: Exception) -> LogUnavailable:
    """Return the error that waiters get for a failure of the store."""
    # In a function of its own: made where the error is caught, the traceback would refer to itself (a cycle).
    made = LogUnavailable(f"the consent log's store failed: {type(error).__name__}")
    made.__cause__ = error
    return made
