"""Stands between a log and PostgreSQL's socket, and breaks connections off at the worst moments."""

from __future__ import annotations

import socket
import tempfile
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

Fault = Literal["before", "after"]


class Proxy:
    """Forwards what clients of its socket say.

    Attributes:
        folder: Where its socket is.
        faults: For each COMMIT to come, whether the connection is cut before the server gets it, or after
            the server has done it, so that the client gets no answer.
        commits: How many were seen.
        gate: While it is not set, nothing is forwarded.
    """

    def __init__(self, target: Path) -> None:
        """Args: target: the server's socket."""
        self._home = tempfile.TemporaryDirectory(prefix="consentkit-")
        self.folder = Path(self._home.name)
        self.faults: deque[Fault] = deque()
        self.commits = 0
        self.gate = threading.Event()
        self.gate.set()
        self._target = target
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / target.name))
        self._listener.listen(16)
        self._start(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        _cut(self._listener)
        self.cut()
        for thread in self._threads:
            thread.join()
        for one in (self._listener, *self._sockets):
            one.close()
        self._home.cleanup()

    def cut(self) -> None:
        """Break all connections off."""
        for one in self._sockets:
            _cut(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._target))
                self._sockets += [client, server]
                line = _Line(self, client, server)
                self._start(line.ask)
                self._start(line.answer)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work)
        self._threads.append(thread)
        thread.start()


class _Line:
    """One connection."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._is_muted = False

    def ask(self) -> None:
        """Forward what the client says."""
        with suppress(OSError):
            while data := self._client.recv(65536):
                self._proxy.gate.wait()
                fault = self._fault(data)
                if fault == "before":
                    break
                self._is_muted = fault == "after"
                self._server.sendall(data)
        self._end()

    def answer(self) -> None:
        """Forward what the server says."""
        with suppress(OSError):
            while data := self._server.recv(65536):
                self._proxy.gate.wait()
                if self._is_muted:
                    break
                self._client.sendall(data)
        self._end()

    def _fault(self, data: bytes) -> Fault | None:
        if b"COMMIT\0" not in data:
            return None
        self._proxy.commits += 1
        return self._proxy.faults.popleft() if self._proxy.faults else None

    def _end(self) -> None:
        _cut(self._client)
        _cut(self._server)


def _cut(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
