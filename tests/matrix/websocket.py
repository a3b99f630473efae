"""A WebSocket, seen from a browser."""

from __future__ import annotations

import socket
from types import TracebackType

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Event, RejectConnection, Request, TextMessage

from matrix.servers import PATIENCE


class Socket:
    """One connection.

    Args:
        port: The server's port on this machine.
        path: What is asked for.
        cookies: The value of the header ``Cookie``.

    Raises:
        AssertionError: The server refuses.
    """

    def __init__(self, port: int, path: str, cookies: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        headers = [(b"cookie", cookies.encode("ascii"))]
        host = f"127.0.0.1:{port}"
        self._send(
            Request(host=host, target=path, extra_headers=[*headers, (b"origin", f"http://{host}".encode())])
        )
        event = self._next()
        assert not isinstance(event, RejectConnection), f"refused with {event.status_code}"
        assert isinstance(event, AcceptConnection), f"refused: {event}"

    def say(self, text: str) -> None:
        """Send a message."""
        self._send(TextMessage(data=text))

    def hear(self) -> str:
        """Wait for a message."""
        heard = ""
        while True:
            event = self._next()
            assert isinstance(event, TextMessage), f"expected a message, and there came {event}"
            heard += event.data
            if event.message_finished:
                return heard

    def _send(self, event: Event) -> None:
        self._socket.sendall(self._protocol.send(event))

    def _next(self) -> Event:
        while True:
            for event in self._protocol.events():
                return event
            data = self._socket.recv(65536)
            assert data, "the server closed the connection"
            self._protocol.receive_data(data)

    def __enter__(self) -> Socket:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send(CloseConnection(code=1000))
        self._socket.close()
