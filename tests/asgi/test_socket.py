"""WebSockets: the app knows what holds, and cookies of denied purposes neither come nor go."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from asgi.client import cookie, wrap
from consentkit import get_consent

pytestmark = pytest.mark.anyio

SET = [(b"set-cookie", b"_ga=1; Path=/"), (b"Set-Cookie", b"session=2"), (b"x-other", b"1")]
OPENINGS: list[Message] = [
    {"type": "websocket.accept", "subprotocol": None, "headers": SET},
    {"type": "websocket.http.response.start", "status": 403, "headers": SET},
]


class Socket:
    """An app that answers with one message, and what its visitor got."""

    def __init__(self, message: Message) -> None:
        self.message = message
        self.scope: Scope = {}
        self.sent: list[Message] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        assert await receive() == {"type": "websocket.connect"}
        await send(self.message)

    async def connect(self, cookies: str = "", path: str = "/", **options: Any) -> Scope:
        """Connect, and return the scope that the server made."""
        headers = [(b"host", b"example.org"), (b"cookie", cookies.encode())]
        scope = {"type": "websocket", "path": path, "headers": headers}

        async def receive() -> Message:
            return {"type": "websocket.connect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        await wrap(self, **options)(scope, receive, send)
        return scope


@pytest.mark.parametrize("opening", OPENINGS)
async def test_cookies_of_denied_purposes_neither_come_nor_go(opening: Message) -> None:
    socket = Socket(opening)
    await socket.connect("_ga=1; session=2")
    assert dict(socket.scope["headers"])[b"cookie"] == b"session=2"
    assert socket.sent == [{**opening, "headers": SET[1:]}]
    assert get_consent(socket.scope).denied


@pytest.mark.parametrize("opening", OPENINGS)
async def test_what_is_granted_passes_as_it_is(opening: Message) -> None:
    socket = Socket(opening)
    scope = await socket.connect(f"_ga=1; {cookie('all')}")
    assert socket.scope is scope
    assert socket.sent[0] is opening


@pytest.mark.parametrize("options", [{"exclude": ["/ws"]}, {"enforce": False}])
async def test_what_is_left_alone_is_left_alone(options: dict[str, Any]) -> None:
    socket = Socket(OPENINGS[0])
    await socket.connect("_ga=1", "/ws", **options)
    assert dict(socket.scope["headers"])[b"cookie"] == b"_ga=1"
    assert socket.sent[0] is OPENINGS[0]
    assert get_consent(socket.scope).denied


@pytest.mark.parametrize(
    "message", [{"type": "websocket.accept"}, {"type": "websocket.accept", "headers": iter([(b"a", b"b")])}]
)
async def test_headers_may_be_missing_or_an_iterator(message: Message) -> None:
    socket = Socket(message)
    await socket.connect()
    assert list(socket.sent[0].get("headers", [])) in ([], [(b"a", b"b")])
