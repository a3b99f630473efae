"""The bridge in the documentation: what is chosen in a registered provider's window holds here as well."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from consentkit import ConsentMiddleware, Policy, get_consent
from docs.documents import examples, find_page
from e2e.serving import Served

pytestmark = pytest.mark.browser

BRIDGE = next(examples(find_page("gpp"), "js")).text

# Stands in for a provider: it remembers its choice, and tells those who listen.
PROVIDER = """
window.choose = function (allowed) {
  localStorage.setItem("tc", JSON.stringify(allowed));
  heard.forEach(function (callback) { callback(data("useractioncomplete"), true); });
};
var heard = [];
function data(status) {
  var consents = {}, allowed = JSON.parse(localStorage.getItem("tc") || "[]");
  allowed.forEach(function (id) { consents[id] = true; });
  var purpose = { consents: consents };
  return { gdprApplies: APPLIES, eventStatus: status, tcString: "C" + allowed, purpose: purpose };
}
window.__tcfapi = function (command, version, callback) {
  if (command !== "addEventListener" || version !== 2) return callback(null, false);
  heard.push(callback);
  callback(data(localStorage.getItem("tc") ? "tcloaded" : "cmpuishown"), true);
};
"""
PAGE = """<!doctype html><title>Story</title><h1>{}</h1>
<script src="/provider.js"></script><script src="/bridge.js"></script>"""
ALL = [1, 2, 3, 4, 7, 8, 9]


class Site:
    """A site with a provider, and the decisions that it was told of."""

    def __init__(self, applies: str) -> None:
        self.decisions: list[Any] = []
        self._provider = PROVIDER.replace("APPLIES", applies)
        routes = [
            Route("/", self._page),
            Route("/provider.js", self._script),
            Route("/bridge.js", self._script),
        ]
        self.app = ConsentMiddleware(
            Starlette(routes=routes),
            secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2",
            log=None,
            policy=Policy(),
            on_decision=lambda decision, scope: self.decisions.append(decision),
        )

    async def _page(self, request: Request) -> Response:
        return HTMLResponse(PAGE.format(" ".join(sorted(get_consent(request).granted))))

    async def _script(self, request: Request) -> Response:
        text = self._provider if request.url.path == "/provider.js" else BRIDGE
        return Response(text, media_type="text/javascript")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def settled(page: Page) -> None:
    """Wait until nothing is fetched any more."""
    page.wait_for_load_state("networkidle")


def test_what_the_provider_was_told_holds(page: Page) -> None:
    site = Site("true")
    with Served(site.app) as server:
        page.goto(server.url)
        expect(page.locator("h1")).to_have_text("necessary")
        expect(page.locator("#consentkit-banner")).to_have_count(0)

        page.evaluate("ids => choose(ids)", [1, 8, 9])
        expect(page.locator("h1")).to_have_text("analytics functional necessary")

        page.reload()
        settled(page)
        expect(page.locator("h1")).to_have_text("analytics functional necessary")
        assert len(site.decisions) == 1

        page.evaluate("choose([])")
        expect(page.locator("h1")).to_have_text("necessary")
        assert {*site.decisions[-1].denied} == {"analytics", "functional", "marketing"}
        assert len(site.decisions) == 2


def test_a_visitor_who_returns_is_told_once(page: Page) -> None:
    site = Site("true")
    with Served(site.app) as server:
        page.goto(server.url)
        page.evaluate("ids => choose(ids)", ALL)
        expect(page.locator("h1")).to_have_text("analytics functional marketing necessary")
        page.evaluate("sessionStorage.clear()")
        page.goto(server.url)
        settled(page)
        assert len(site.decisions) == 1


def test_where_the_provider_does_not_ask_the_banner_does(page: Page) -> None:
    site = Site("false")
    with Served(site.app) as server:
        page.goto(server.url)
        page.evaluate("ids => choose(ids)", ALL)
        settled(page)
        expect(page.locator("#consentkit-banner")).to_have_count(1)
        assert site.decisions == []
