"""Consent where frameworks hand it to the code: FastAPI's dependencies."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, FastAPI, WebSocket
from fastapi.testclient import TestClient

from asgi.visiting import POLICY, SECRET
from consentkit import Consent, get_consent, with_consent
from consentkit.testing import cookie_for

GRANTED = cookie_for(POLICY, secret_key=SECRET, granted=["analytics"])


def site() -> FastAPI:
    """A site whose routes, router-wide dependencies and sockets ask for consent."""
    app = FastAPI()

    async def counted(consent: Annotated[Consent, Depends(get_consent)]) -> bool:
        return consent.allows("analytics")

    @app.get("/annotated")
    async def annotated(consent: Annotated[Consent, Depends(get_consent)]) -> bool:
        return consent.allows("analytics")

    @app.get("/default")
    def default(consent: Consent = Depends(get_consent)) -> bool:
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


def test_it_is_a_dependency_of_fastapi_as_it_is() -> None:
    with TestClient(site(), base_url="http://site.example") as client:
        for path in ("/annotated", "/default", "/below"):
            assert client.get(path).json() is False
        client.cookies.set(*GRANTED)
        for path in ("/annotated", "/default", "/below"):
            assert client.get(path).json() is True
        with client.websocket_connect("/socket", headers={"cookie": "=".join(GRANTED)}) as socket:
            assert socket.receive_json() is True


def test_it_shows_in_no_documentation_of_the_interface() -> None:
    paths = site().openapi()["paths"]
    assert [path["get"].get("parameters") for path in paths.values()] == [None, None, None]
    assert [path["get"].get("requestBody") for path in paths.values()] == [None, None, None]
