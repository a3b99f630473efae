"""Connections that are kept between uses. No thread of its own: who needs one opens it, and is told at once.

They never cross a fork. What is idle is closed before it; what another thread is using then is the parent's,
and the child's copy of the socket is given up without a word to the server.
"""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from weakref import finalize

from psycopg import Connection, Error

from consentkit.exceptions import LogUnavailable
from consentkit.log.forks import tell_of_forks

WAIT_SECONDS = 5.0
"""How long to wait for a place while all are in use."""

# Connections of a parent process. Closing them would end the parent's session, so they are kept for ever.
_inherited: list[Connection] = []


class Pool:
    """At most so many connections at once. Safe to use from any thread."""

    def __init__(self, connect: Callable[[], Connection], *, most: int) -> None:
        """Args: connect: opens a connection; most: how many there may be at once."""
        self._connect = connect
        self._most = most
        self._places = threading.BoundedSemaphore(most)
        self._guard = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        finalize(self, _close_all, self._idle)
        tell_of_forks(self)

    def before_fork(self) -> None:
        """Close what is idle."""
        self._guard.acquire()
        _close_all(self._idle)

    def after_fork(self, *, child: bool) -> None:
        """Go on; drop in the child what other threads of the parent were using."""
        if child:
            self._places = threading.BoundedSemaphore(self._most)
            _abandon(self._busy)
            self._busy = set()
        self._guard.release()

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Lend a connection. If the block fails it is closed: that rolls back what is open.

        Raises:
            LogUnavailable: All are in use.
            Error: The server lets nobody in.
        """
        places = self._places
        if not places.acquire(timeout=WAIT_SECONDS):
            raise LogUnavailable(f"all {self._most} connections to the log's PostgreSQL server are in use")
        try:
            connection = self._take()
            try:
                yield connection
            except BaseException:
                self._drop(connection)
                raise
            self._give_back(connection)
        finally:
            places.release()

    def close(self) -> None:
        """Close what is idle now, and what is in use when it is given back."""
        with self._guard:
            self._busy = set()
            _close_all(self._idle)

    def _take(self) -> Connection:
        connection = self._pop() or self._connect()
        with self._guard:
            self._busy.add(connection)
        return connection

    def _pop(self) -> Connection | None:
        with self._guard:
            while self._idle:
                connection = self._idle.pop()
                if not _has_ended(connection):
                    return connection
                _close(connection)
        return None

    def _give_back(self, connection: Connection) -> None:
        with self._guard:
            if connection in self._busy and not connection.closed:
                self._busy.remove(connection)
                self._idle.append(connection)
                return
        _close(connection)

    def _drop(self, connection: Connection) -> None:
        if connection.broken:
            # Most likely the server went away, and all others are broken as well.
            self.close()
        with self._guard:
            self._busy.discard(connection)
        _close(connection)


def _has_ended(connection: Connection) -> bool:
    """Say whether the server has closed a connection: one that is idle has nothing to read."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _close(connection: Connection) -> None:
    with suppress(Error):
        connection.close()


def _close_all(connections: list[Connection]) -> None:
    while connections:
        _close(connections.pop())


def _abandon(connections: set[Connection]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for connection in connections:
        with suppress(Error, OSError):
            os.dup2(nowhere, connection.fileno(), inheritable=False)
        _inherited.append(connection)
    os.close(nowhere)
