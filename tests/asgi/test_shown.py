"""Banners are counted as they go out: in memory, by regime and language. Nothing else is counted."""

from __future__ import annotations

from typing import Any

import pytest

from asgi.client import NAVIGATION, PAGE, App, browser, cookie, post, visit, wrap
from consentkit import ConsentLog, FromHeaders

pytestmark = pytest.mark.anyio


def counted(log: ConsentLog) -> dict[str, int]:
    """Return what was counted so far, by regime and language."""
    log.write_observations()
    return {one.key: count for one, count in log.observations("shown").items()}


async def page(app: Any, path: str = "/", **headers: str) -> None:
    await visit(app, path, headers={**NAVIGATION, **headers})


async def test_every_page_with_a_banner_counts(log: ConsentLog) -> None:
    app = wrap(log=log)
    for _ in range(5):  # from the second on the page is remembered
        await page(app)
    assert counted(log) == {"opt-in en": 5}


async def test_regime_and_language_are_those_of_the_banner(log: ConsentLog) -> None:
    german = App(PAGE.replace(b"<html>", b'<html lang="de">'))
    app = wrap(german, log=log, place=FromHeaders("cf-ipcountry"))
    await page(app, **{"cf-ipcountry": "DE"})
    await page(app, "/other", **{"cf-ipcountry": "US"})
    assert counted(log) == {"opt-in de": 1, "opt-out de": 1}


async def test_a_page_that_streams_counts_once(log: ConsentLog) -> None:
    app = wrap(App(*[PAGE[at : at + 20] for at in range(0, len(PAGE), 20)]), log=log)
    await page(app)
    assert counted(log) == {"opt-in en": 1}


async def test_who_has_chosen_is_not_asked_and_not_counted(log: ConsentLog) -> None:
    app = wrap(log=log)
    await page(app, cookie=cookie("all"))
    await page(app, cookie=cookie())
    assert counted(log) == {}


@pytest.mark.parametrize(
    ("inner", "request_"),
    [
        (App(headers=[("content-type", "application/json")]), {}),
        (App(status=204), {}),
        (App(b""), {}),
        (App(), {"method": "HEAD"}),
        (App(), {"headers": {**NAVIGATION, "sec-fetch-dest": "empty"}}),
        (App(), {"path": "/_consent/"}),
        (App(), {"path": "/excluded"}),
    ],
)
async def test_where_no_banner_goes_nothing_is_counted(
    log: ConsentLog, inner: App, request_: dict[str, Any]
) -> None:
    app = wrap(inner, log=log, exclude=["/excluded"])
    await visit(app, request_.get("path", "/"), **{"headers": NAVIGATION, **_without(request_)})
    assert counted(log) == {}


def _without(request: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in request.items() if name != "path"}


async def test_trying_it_out_counts_nothing_and_keeping_no_log_is_no_error(log: ConsentLog) -> None:
    await page(wrap(log=log, enforce=False))
    await page(wrap(log=None))
    assert counted(log) == {}


async def test_counting_touches_no_disk_before_somebody_decides(log: ConsentLog) -> None:
    app = wrap(log=log)
    await page(app)
    assert log.observations("shown") == {}
    async with browser(app) as client:
        await post(client, {"action": "reject"})
    assert {one.key: count for one, count in log.observations("shown").items()} == {"opt-in en": 1}
