"""Consent where frameworks hand it to the code: FastAPI's dependencies."""

from __future__ import annotations

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, WebSocket
from starlette.types import Message

from asgi.client import POLICY, SECRET
from consentkit import Consent, get_consent, with_consent
from consentkit.testing import cookie_for

pytestmark = pytest.mark.anyio
DEPENDS = Depends(get_consent)
GRANTED = cookie_for(POLICY, secret_key=SECRET, granted=["analytics"])


async def counted(consent: Annotated[Consent, Depends(get_consent)]) -> bool:
    """A dependency that has consent for its own."""
    return consent.allows("analytics")


def site() -> FastAPI:
    """A site whose routes, router-wide dependencies and sockets ask for consent."""
    app = FastAPI()

    @app.get("/annotated")
    async def annotated(consent: Annotated[Consent, Depends(get_consent)]) -> bool:
        return consent.allows("analytics")

    @app.get("/default")
    def default(consent: Consent = DEPENDS) -> bool:
        return consent.allows("analytics")

    @app.get("/below")
    async def below(counts: Annotated[bool, Depends(counted)]) -> bool:
        return counts

    @app.websocket("/socket")
    async def socket(socket: WebSocket, consent: Annotated[Consent, Depends(get_consent)]) -> None:
        await socket.accept()
        await socket.send_json(consent.allows("analytics"))
        await socket.close()

    return with_consent(app, secret_key=SECRET, log=None, policy=POLICY)


async def test_it_is_a_dependency_of_fastapi_as_it_is() -> None:
    transport = httpx.ASGITransport(site())
    async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
        paths = ("/annotated", "/default", "/below")
        assert [(await client.get(path)).json() for path in paths] == [False, False, False]
        client.cookies.set(*GRANTED)
        assert [(await client.get(path)).json() for path in paths] == [True, True, True]


async def test_it_is_a_dependency_of_a_websocket() -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"site.example"), (b"cookie", "=".join(GRANTED).encode())]
    scope = {"type": "websocket", "path": "/socket", "query_string": b"", "headers": headers}
    await site()(scope, receive, send)
    assert [message.get("text") for message in sent] == [None, "true", None]


def test_it_shows_in_no_documentation_of_the_interface() -> None:
    paths = site().openapi()["paths"]
    assert [path["get"].get("parameters") for path in paths.values()] == [None, None, None]
    assert [path["get"].get("requestBody") for path in paths.values()] == [None, None, None]
