"""JSON over a real server: uvicorn in a child process, eight connections that are kept, slices in turn.

Server and client have a processor each where there are two, and compete where there is one. The client is
light; what it costs is the same for both sides.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from bench import clock
from bench.apps import bare, wrapped
from bench.goals import judge

CONNECTIONS = 8
SLICES = 15
SLICE_SECONDS = 0.4
SIDES = ("bare", "consentkit")


class Switch:
    """One application, asked bare or wrapped, as the query says: one process, one port, the same routes."""

    def __init__(self) -> None:
        app = bare()
        self._sides: dict[bytes, ASGIApp] = {b"bare": app, b"consentkit": wrapped(app)}
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sides.get(scope.get("query_string", b""), self._app)(scope, receive, send)


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered. All answers have the length of the first."""

    def __init__(self, side: str) -> None:
        self.answers = 0
        self._request = (
            f"GET /json?{side} HTTP/1.1\r\nHost: news.example\r\nAccept: application/json\r\n"
            "Accept-Encoding: gzip\r\nCookie: session=abcdef; theme=dark\r\n\r\n"
        ).encode()
        self._data = b""
        self._length = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._length and b"}" in self._data:
            assert self._data.startswith(b"HTTP/1.1 200 "), self._data
            self._length = len(self._data)
        if self._length and len(self._data) >= self._length:
            self._data = b""
            self.answers += 1
            if self._transport:
                self._transport.write(self._request)

    def stop(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.abort()
            self._transport = None


async def _load(port: int, side: str, seconds: float) -> tuple[float, int]:
    """Return the answers per second of one slice, and the number of all answers of its connections."""
    loop = asyncio.get_running_loop()
    clients = [
        (await loop.create_connection(lambda: Client(side), "127.0.0.1", port))[1] for _ in range(CONNECTIONS)
    ]
    await asyncio.sleep(seconds / 8)
    begin, already = time.perf_counter(), sum(client.answers for client in clients)
    await asyncio.sleep(seconds)
    total = sum(client.answers for client in clients)
    rate = (total - already) / (time.perf_counter() - begin)
    for client in clients:
        client.stop()
    return rate, total


@contextlib.contextmanager
def _server() -> Iterator[tuple[int, int]]:
    """Start the server and yield its process id and its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        command = [sys.executable, "-m", "bench.serving", str(listener.fileno())]
        with subprocess.Popen(command, pass_fds=[listener.fileno()]) as server:
            try:
                yield server.pid, listener.getsockname()[1]
            finally:
                server.terminate()


def serve(fd: int) -> None:
    """Serve on a socket that is there already."""
    import uvicorn  # only the child needs it

    server = uvicorn.Server(uvicorn.Config(Switch(), log_level="error", access_log=False))
    server.run(sockets=[socket.socket(fileno=fd)])


class Slice(NamedTuple):
    """What one slice showed: answers per second, and the server's processor time per answer."""

    rate: float
    cost: float


def _slice(pid: int, port: int, side: str) -> Slice:
    begin = clock.of_process(pid)
    rate, answers = asyncio.run(_load(port, side, SLICE_SECONDS))
    return Slice(rate, (clock.of_process(pid) - begin) / answers)


def measure(slices: int = SLICES) -> list[tuple[Slice, Slice]]:
    """Return pairs of slices, bare and wrapped, that were next to each other."""
    pairs = []
    with _server() as (pid, port):
        asyncio.run(_load(port, "bare", 1.0))
        asyncio.run(_load(port, "consentkit", 0.2))
        for turn in range(slices):
            order = SIDES if turn % 2 else SIDES[::-1]
            found = {side: _slice(pid, port, side) for side in order}
            pairs.append((found["bare"], found["consentkit"]))
    return pairs


def main() -> bool:
    """Print the ratio and say whether it is within its limit."""
    if not clock.reads_others():
        print("  JSON over a real server: the time of other processes can be read on Linux only, left out")
        return True
    pairs = measure()
    rate = statistics.median(bare.rate for bare, _ in pairs)
    costs = [statistics.median(pair[side].cost for pair in pairs) * 1e6 for side in (0, 1)]
    print(f"asgi, uvicorn: wall time, {CONNECTIONS} connections, {os.cpu_count()} processors in all")
    print(f"  bare {rate:.0f} answers/s; the server's processor time per answer: ", end="")
    print(f"bare {costs[0]:.0f} µs, consentkit {costs[1]:.0f} µs, {costs[1] / costs[0]:.2f} ×")
    ratio = statistics.median(ours.rate / bare.rate for bare, ours in pairs)
    return judge("asgi: JSON over a real server, throughput ÷ bare", ratio)


if __name__ == "__main__":
    serve(int(sys.argv[1]))
