"""Pages that came by POST, servers that take their time, logs that are away: every choice counts once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Final

import anyio.to_thread
import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import ConsentLog, ConsentMiddleware, Policy
from consentkit.exceptions import LogUnavailable
from e2e.serving import Served
from e2e.waiting import PATIENCE, wait_until
from log.faults import FaultyStore

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
POLICY = Policy(uses=("google-analytics", "meta-pixel"))
BANNER: Final = "#consentkit-banner"
DIALOG: Final = "#consentkit-dialog"
ORDER: Final = '<form id="order" method="post" action="/order"><button>Order</button></form>'
STORY: Final = '<h1>A story</h1><p><a href="/next">Next</a></p>'
STALE: Final = "document.querySelectorAll('[name=notice]').forEach((one) => { one.value = '0'.repeat(64) })"

both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


class Shop:
    """An app behind the middleware.

    Attributes:
        orders: How often something was ordered.
        asked: How many choices arrived.
        go_on: Choices are answered while it is set.
        store: Where choices are recorded; its faults can be set.
    """

    def __init__(self, log: ConsentLog, store: FaultyStore) -> None:
        self.orders = 0
        self.asked = 0
        self.go_on = threading.Event()
        self.go_on.set()
        self.store = store
        self._consenting: ASGIApp = ConsentMiddleware(self._page, secret_key=SECRET, log=log, policy=POLICY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith("/decision"):
            self.asked += 1
            await anyio.to_thread.run_sync(self.go_on.wait, PATIENCE)
        await self._consenting(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        headers = {}
        if request.method == "POST":
            await request.body()
            self.orders += 1
        elif request.query_params.get("referrer"):
            headers["referrer-policy"] = request.query_params["referrer"]
        body = f"<!doctype html><html lang=en><title>{request.method}</title><body>{STORY}{ORDER}"
        await HTMLResponse(body, headers=headers)(scope, receive, send)

    def away(self) -> None:
        """Let nothing more be recorded."""

        def fail() -> None:
            raise LogUnavailable("away")

        self.store.before = fail


@pytest.fixture
def shop(log: ConsentLog, store: FaultyStore) -> Iterator[Shop]:
    made = Shop(log, store)
    yield made
    made.store.before = lambda: None


@pytest.fixture
def site(shop: Shop) -> Iterator[Served]:
    with Served(shop) as running:
        yield running
        shop.go_on.set()


def press(page: Page | FrameLocator, name: str) -> None:
    """Press one of our buttons; what it loads may take its time."""
    page.locator(f"button[data-consentkit-action={name}]").click(no_wait_after=True)


def settings(page: Page) -> FrameLocator:
    """Open the dialog."""
    page.locator("a[data-consentkit-action=settings]:visible").first.click()
    frame = page.frame_locator(f"{DIALOG} iframe")
    frame.get_by_role("heading", level=1).wait_for()
    page.frames[1].wait_for_load_state()
    return frame


def granted(page: Page, site: Served) -> set[str]:
    """Ask what holds."""
    return set(page.request.get(f"{site.url}/_consent/state").json()["granted"])


# --- pages that came by POST


@both
@pytest.mark.parametrize(("referrer", "back"), [("", "/story?referrer="), ("no-referrer", "/")])
def test_an_order_is_not_sent_again(
    shop: Shop, site: Served, visitor: Visitor, script: bool, referrer: str, back: str
) -> None:
    page = visitor("eu", java_script_enabled=script).new_page()
    page.goto(f"{site.url}/story?referrer={referrer}")
    page.get_by_role("button", name="Order").click()
    expect(page).to_have_title("POST")
    press(page, "accept")
    page.wait_for_url(site.url + back)
    expect(page.locator(BANNER)).to_have_count(0)
    assert (page.title(), shop.orders) == ("GET", 1)
    assert "analytics" in granted(page, site)


def test_a_choice_in_the_dialog_does_not_order_again_either(
    shop: Shop, site: Served, visitor: Visitor
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{site.url}/story")
    page.get_by_role("button", name="Order").click()
    expect(page).to_have_title("POST")
    press(settings(page), "accept")
    page.wait_for_url(f"{site.url}/story")
    expect(page.locator(BANNER)).to_have_count(0)
    assert shop.orders == 1


# --- servers that take their time


def test_a_refusal_holds_though_the_visitor_has_gone(shop: Shop, site: Served, visitor: Visitor) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{site.url}/story")
    shop.go_on.clear()
    press(page, "reject")
    wait_until(lambda: shop.asked == 1)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(f"{site.url}/next")
    shop.go_on.set()
    wait_until(lambda: any(one["name"] == "consentkit" for one in page.context.cookies()))
    page.reload()
    expect(page.locator("#consentkit-link")).to_be_visible()
    assert page.locator(BANNER).count() == 0
    assert granted(page, site) == {"necessary"}


def test_what_is_withdrawn_is_withdrawn_though_the_dialog_was_closed(
    shop: Shop, site: Served, visitor: Visitor
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{site.url}/story")
    with page.expect_navigation():
        press(page, "accept")
    frame = settings(page)
    shop.go_on.clear()
    press(frame, "withdraw")
    wait_until(lambda: shop.asked == 2)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    with page.expect_navigation():
        shop.go_on.set()
    expect(page.locator(DIALOG)).to_have_count(0)
    assert page.url == f"{site.url}/story"
    assert granted(page, site) == {"necessary"}


def test_a_choice_arrives_though_loading_is_stopped(shop: Shop, site: Served, visitor: Visitor) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{site.url}/_consent/?return_to=/story")
    shop.go_on.clear()
    page.evaluate("document.querySelector('[value=reject]').click()")
    wait_until(lambda: shop.asked == 1)
    # Playwright itself waits until a page has loaded.
    page.context.new_cdp_session(page).send("Page.stopLoading")
    shop.go_on.set()
    expect(page.get_by_role("status")).to_have_text("Your choices are saved.")


# --- choices that are not taken


def refuse(shop: Shop, status: int, page: Page) -> None:
    """Let the next grant fail."""
    if status == 503:
        shop.away()
    else:
        page.frames[-1].evaluate(STALE)


refusals = pytest.mark.parametrize(
    ("status", "title", "said"),
    [
        (409, "Please choose again", "changed since this page was loaded"),
        (503, "Please try again", "could not be recorded just now"),
    ],
)


@both
@refusals
def test_what_was_not_saved_is_never_said_to_be(
    shop: Shop, site: Served, visitor: Visitor, status: int, title: str, said: str, script: bool
) -> None:
    page = visitor("eu", java_script_enabled=script).new_page()
    for way, heading in (("Privacy settings", "Privacy settings"), ("Back to the page", "A story")):
        page.goto(f"{site.url}/_consent/?return_to=/story")
        refuse(shop, status, page)
        press(page, "accept")
        if script:
            expect(page.get_by_role("status")).to_contain_text(said)
        else:
            expect(page.get_by_role("heading", name=title)).to_be_visible()
            page.get_by_role("link", name=way).click()
            expect(page.get_by_role("heading", name=heading)).to_be_visible()
        expect(page.get_by_text("Your choices are saved.")).to_have_count(0)
    assert granted(page, site) == {"necessary"}


@refusals
def test_what_was_not_saved_in_the_dialog_leads_nowhere_but_back(
    shop: Shop, site: Served, visitor: Visitor, status: int, title: str, said: str
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{site.url}/story")
    frame = settings(page)
    refuse(shop, status, page)
    press(frame, "accept")
    expect(frame.get_by_role("status")).to_contain_text(said)
    assert "framed=1" in page.frames[1].url
    expect(frame.get_by_role("link", name="Back to the page")).to_have_count(0)
    expect(frame.get_by_text("Your choices are saved.")).to_have_count(0)
    page.get_by_role("button", name="Close").click()
    expect(page.locator(DIALOG)).to_have_count(0)
    expect(page.locator(BANNER)).to_be_visible()
