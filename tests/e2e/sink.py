"""What reaches the wire: a server that all other hosts resolve to, and that answers nobody.

It reads the server's name from the first bytes of a TLS connection (RFC 8446, section 4.1.2; RFC 6066,
section 3) or from the Host header of a plain one, counts it, and closes. A request that a browser blocks
itself, by a Content-Security-Policy or because a tag is inert, never gets here.
"""

from __future__ import annotations

import re
import socket
import threading
from collections import Counter
from collections.abc import Set
from types import TracebackType

from e2e.waiting import wait_until

_HOST = re.compile(rb"\r\nhost:[ \t]*([^\r\n]+)", re.IGNORECASE)
_FIRST_BYTES = 4096
# What Chromium asks for by itself, whatever the page.
_BROWSERS_OWN = frozenset(
    (
        "accounts.google.com",
        "clients2.google.com",
        "content-autofill.googleapis.com",
        "update.googleapis.com",
        "optimizationguide-pa.googleapis.com",
    )
)


class Sink:
    """Counts connections by host, in a thread of its own."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._hits: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Sink:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    @property
    def hosts(self) -> set[str]:
        """Hosts that were reached since the last `forget`."""
        with self._lock:
            return set(self._hits) - _BROWSERS_OWN

    def wait_for(self, hosts: Set[str]) -> None:
        """Wait until all of these have been reached."""
        wait_until(lambda: self.hosts >= hosts)

    def forget(self) -> None:
        """Begin to count anew: a connection that was made before says what it will to nobody."""
        with self._lock:
            self._hits = Counter()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                hits = self._hits
            # Browsers open connections that say nothing for a while: nobody waits behind one.
            threading.Thread(target=self._take, args=(connection, hits), daemon=True).start()

    def _take(self, connection: socket.socket, hits: Counter[str]) -> None:
        """Count a connection before it is closed: a request that has failed is counted."""
        with connection:
            connection.settimeout(5)
            try:
                host = _host(connection.recv(_FIRST_BYTES))
            except OSError:
                return
            with self._lock:
                hits[host] += 1


def _host(first: bytes) -> str:
    if first[:1] != b"\x16":
        found = _HOST.search(first)
        return found[1].decode("ascii", "replace") if found else "?"
    try:
        return _server_name(first)
    except IndexError:
        return "?"


def _server_name(record: bytes) -> str:
    at = 5 + 4 + 2 + 32  # record header, handshake header, version, random
    at += 1 + record[at]  # session id
    at += 2 + int.from_bytes(record[at : at + 2])  # cipher suites
    at += 1 + record[at]  # compression methods
    end = at + 2 + int.from_bytes(record[at : at + 2])
    at += 2
    while at < end:
        kind, size = int.from_bytes(record[at : at + 2]), int.from_bytes(record[at + 2 : at + 4])
        if kind == 0:
            return record[at + 9 : at + 4 + size].decode("ascii", "replace")
        at += 4 + size
        if at >= len(record):
            break
    return "?"
