"""With nothing enforced, a developer is told what would be held back: on any server, once, and in bounds."""

from __future__ import annotations

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from asgi.client import HTML, NAVIGATION, App, visit, wrap
from asgi.test_lifespan import live
from consentkit.web.response.gate_report import MAX_NAMED, MAX_THINGS

pytestmark = pytest.mark.anyio
GTAG = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script>'


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what servers print without being told to: warnings and worse."""
    return [record.message for record in caplog.records if record.levelname in ("WARNING", "ERROR")]


def site_of(pages: ASGIApp) -> ASGIApp:
    """An app that knows no lifespan."""

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        await pages(scope, receive, send)

    return site


async def test_each_thing_is_told_once_in_plain_words(caplog: pytest.LogCaptureFixture) -> None:
    page = b"<!doctype html>" + GTAG * 3 + b'<img src="https://pictures.example/a.png">'
    site = wrap(site_of(App(page, headers=[HTML])), enforce=False)
    for _ in range(5):
        assert (await visit(site, headers=NAVIGATION)).body == page
    assert told(caplog) == [
        "not enforced; found on a page: script of google-analytics (analytics), www.googletagmanager.com",
        "not enforced; found on a page: nobody declared pictures.example",
    ]


async def test_the_beginning_and_the_end_say_what_it_is_about(caplog: pytest.LogCaptureFixture) -> None:
    site = wrap(site_of(App(GTAG, headers=[HTML])), enforce=False)
    for _ in range(2):
        await visit(site, headers=NAVIGATION)
    caplog.clear()
    await live(site)
    begin, end = told(caplog)
    assert "enforce=False: nothing is held back" in begin
    assert end.startswith("not enforced; pages with something of it: 2; 2 × script of google-analytics")
    caplog.clear()
    await live(site)
    assert len(told(caplog)) == 1


async def test_whoever_enforces_is_told_nothing_of_it(caplog: pytest.LogCaptureFixture) -> None:
    site = wrap(site_of(App(GTAG, headers=[HTML])))
    await visit(site, headers=NAVIGATION)
    await live(site)
    assert told(caplog) == []


async def test_pages_that_name_any_host_flood_nothing(caplog: pytest.LogCaptureFixture) -> None:
    numbers = iter(range(MAX_THINGS * 2))

    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        hosts = (f'<script src="https://t{next(numbers)}.doubleclick.net/"></script>' for _ in range(50))
        await App("".join(hosts).encode(), headers=[HTML])(scope, receive, send)

    site = wrap(site_of(pages), enforce=False)
    for _ in range(MAX_THINGS * 2 // 50):
        await visit(site, headers=NAVIGATION)
    assert len(told(caplog)) == MAX_THINGS + 1
    assert f"more than {MAX_THINGS} things" in told(caplog)[-1]
    caplog.clear()
    await live(site)
    assert told(caplog)[-1].count("×") == MAX_NAMED


async def test_no_host_writes_a_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    page = b'<script src="https://a.doubleclick.net\r\nERROR/">' + GTAG
    await visit(wrap(site_of(App(page, headers=[HTML])), enforce=False), headers=NAVIGATION)
    assert told(caplog)
    assert all(line.isascii() and len(line.splitlines()) == 1 for line in told(caplog))
