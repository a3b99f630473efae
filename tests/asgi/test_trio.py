"""A smoke test on trio: start, a page, a decision that is recorded, end."""

from __future__ import annotations

import pytest
from starlette.types import Message, Receive, Scope, Send

from asgi.client import BANNER, NAVIGATION, App, browser, post, visit, wrap
from consentkit import ConsentLog

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on trio, in place of asyncio."""
    return "trio"


async def test_a_site_under_trio(log: ConsentLog) -> None:
    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await App()(scope, receive, send)

    app = wrap(site, log=log)
    messages = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
    sent: list[str] = []

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        sent.append(message["type"])

    page = await visit(app, headers=NAVIGATION)
    assert BANNER in page.body
    async with browser(app) as client:
        assert (await post(client, {"action": "accept"})).status_code == 303
    assert [one.entry.type for one in log.entries() if one.entry] == ["notice", "decision"]
    await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
