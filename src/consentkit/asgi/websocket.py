"""WebSockets: consent is on the scope, and cookies of denied purposes stay where they are."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.web.cookies import gate_cookies, hide_cookies
from consentkit.web.resolve import Exchange

_OPENING = frozenset(("websocket.accept", "websocket.http.response.start"))


async def connect_socket(
    exchange: Exchange, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run the app behind the gate for cookies: those of the handshake, and those that its answer sets."""

    async def gated(message: Message) -> None:
        if message["type"] in _OPENING and message.get("headers"):
            headers = [*message["headers"]]
            kept = gate_cookies(exchange, headers)
            message = message if kept is headers else {**message, "headers": kept}
        await send(message)

    given = exchange.request.headers
    headers = hide_cookies(exchange, given)
    await app(scope if headers is given else {**scope, "headers": headers}, receive, gated)
