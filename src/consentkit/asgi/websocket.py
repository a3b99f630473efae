"""WebSockets: consent is on the scope, and cookies of denied purposes stay where they are."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Send

from consentkit.asgi.consents import Held
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import gate_cookies, hide
from consentkit.asgi.request import Request

_OPENING = frozenset(("websocket.accept", "websocket.http.response.start"))


async def connect_socket(
    deployment: Deployment, request: Request, held: Held, app: ASGIApp, receive: Receive, send: Send
) -> None:
    """Run the app behind the gate for cookies: those of the handshake, and those that its answer sets."""

    async def gated(message: Message) -> None:
        if message["type"] in _OPENING and message.get("headers"):
            headers = [*message["headers"]]
            kept = gate_cookies(deployment, held.consent, headers)
            message = message if kept is headers else {**message, "headers": kept}
        await send(message)

    scope, headers = request.scope, hide(request, held.hidden, request.headers)
    await app(scope if headers is request.headers else {**scope, "headers": headers}, receive, gated)
