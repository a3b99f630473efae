"""What became of a choice: kept or not, sent or not yet, told, and no entry of the window's history."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from msgspec.structs import replace
from playwright.sync_api import BrowserContext, FrameLocator, Page, Playwright, expect

from consentkit import ConsentMiddleware
from consentkit.policy import Banner
from e2e.chromium import ARGUMENTS
from e2e.conftest import patient
from e2e.magazine import POLICY, magazine
from e2e.serving import Served

pytestmark = pytest.mark.browser

NewContext = Callable[..., BrowserContext]

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
BANNER = "#consentkit-banner"
LINK = "#consentkit-link"
DIALOG = "#consentkit-dialog"
SAID = "#consentkit-said"
BLOCKED = "Your browser has not kept your choice. It may be refusing cookies from this website."
OFFLINE = "You are offline. Your choice will be sent when you are online again."
SAVED = "Your choices are saved."
OLDER = "This page is older than your last choice, which still holds."


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    log = tmp_path_factory.mktemp("log") / "consent.db"
    with Served(ConsentMiddleware(magazine, secret_key=SECRET, log=log, policy=POLICY)) as running:
        yield running


@pytest.fixture
def page(visitor: NewContext) -> Page:
    return visitor("eu").new_page()


def action(name: str) -> str:
    return f"[data-consentkit-action={name}]"


def show(page: Page, served: Served, path: str = "/one", **markup: str) -> None:
    """Load a page with markup of its own: ``first`` in its body, or ``last``."""
    asked = "".join(f"&{name}={quote(value)}" for name, value in markup.items())
    page.goto(f"{served.url}{path}?plain{asked}")


def open_settings(page: Page) -> FrameLocator:
    page.wait_for_function("window.consentkit")  # the page may be loading itself again
    page.evaluate("consentkit.open()")
    frame = page.frame_locator(f"{DIALOG} iframe")
    expect(frame.get_by_role("heading", level=1)).to_be_attached()
    page.frames[1].wait_for_load_state()
    return frame


def granted(page: Page, served: Served) -> list[str]:
    state: list[str] = page.request.get(f"{served.url}/_consent/state").json()["granted"]
    return state


# --- the window's history


def test_one_back_leaves_the_page_whatever_was_done_in_the_dialog(served: Served, page: Page) -> None:
    show(page, served, "/two")
    show(page, served, "/one")
    entries = page.evaluate("history.length")
    open_settings(page)
    page.get_by_role("button", name="Close").click()
    expect(page.locator(DIALOG)).to_have_count(0)
    settings = open_settings(page)
    settings.locator("input[value=analytics]").check()
    with page.expect_event("load"):
        settings.locator(action("save")).click()
    open_settings(page).locator(action("save")).click()
    expect(page.locator(DIALOG)).to_have_count(0)
    settings = open_settings(page)
    with page.expect_download():
        settings.get_by_role("link", name="receipt").click()
    page.route("**/receipt?*", lambda route: route.fulfill(status=503, body="<h1>Away</h1>"))
    settings.get_by_role("link", name="receipt").click()
    expect(settings.get_by_role("heading")).to_have_text("Away")
    page.get_by_role("button", name="Close").click()
    expect(page.locator(DIALOG)).to_have_count(0)
    settings = open_settings(page)
    with page.expect_event("load"):
        settings.locator(action("erase")).click()
    expect(page.locator(BANNER)).to_be_visible()
    assert page.evaluate("history.length") == entries
    page.evaluate("history.back()")
    expect(page.get_by_role("heading", level=1)).to_have_text("/two")


# --- kept or not


def test_a_filter_of_notices_leaves_a_page_that_can_be_used(visitor: NewContext) -> None:
    policy = replace(POLICY, banner=Banner(layout="modal"))
    with Served(ConsentMiddleware(magazine, secret_key=SECRET, log=None, policy=policy)) as served:
        page = visitor("eu").new_page()
        show(page, served, first="<style>#consentkit-banner{display:none!important}</style>")
        page.get_by_role("link", name="/two").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("/two")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_where_the_browser_refuses_cookies_it_is_said(
    served: Served, playwright_driver: Playwright, chromium_path: str, tmp_path: Path, script: bool
) -> None:
    (tmp_path / "Default").mkdir()
    refusing = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(refusing))
    context = playwright_driver.chromium.launch_persistent_context(
        tmp_path,
        executable_path=chromium_path,
        args=[*ARGUMENTS, "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        java_script_enabled=script,
        locale="en-GB",
    )
    page = patient(context).pages[0]
    show(page, served)
    if script:
        page.evaluate("window.kept = true")
        page.locator(f"{BANNER} {action('accept')}").click()
        expect(page.locator(SAID)).to_have_text(BLOCKED)
        expect(page.locator(BANNER)).to_have_count(0)
        settings = open_settings(page)
        settings.locator(action("accept")).click()
        expect(settings.get_by_role("status")).to_have_text(BLOCKED)
        assert page.evaluate("window.kept")
    page.goto(f"{served.url}/_consent/")
    page.locator(action("save")).click()
    expect(page.get_by_role("status")).to_have_text(BLOCKED)
    context.close()


# --- sent or not yet


def test_what_is_chosen_offline_is_sent_when_there_is_a_way(served: Served, page: Page) -> None:
    show(page, served)
    page.context.set_offline(True)
    page.locator(f"{BANNER} {action('accept')}").click()
    expect(page.get_by_role("status")).to_have_text(OFFLINE)
    page.locator(f"{BANNER} {action('reject')}").click()
    page.context.set_offline(False)
    expect(page.locator(BANNER)).to_have_count(0)
    assert granted(page, served) == ["necessary"]

    settings = open_settings(page)
    page.context.set_offline(True)
    settings.locator(action("accept")).click()
    expect(settings.get_by_role("status")).to_have_text(OFFLINE)
    expect(settings.get_by_role("status")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_be_hidden()
    with page.expect_event("load"):
        page.context.set_offline(False)
    expect(page.locator(DIALOG)).to_have_count(0)
    assert "analytics" in granted(page, served)


WITHHELD = "delete window.cookieStore; delete Window.prototype.cookieStore; delete window.BroadcastChannel"


def test_a_choice_on_an_older_page_overturns_nothing(served: Served, visitor: NewContext) -> None:
    context = visitor("eu")
    context.add_init_script(WITHHELD)
    old, older, new = (context.new_page() for _ in range(3))
    for one in (old, older, new):
        show(one, served)
    new.locator(f"{BANNER} {action('reject')}").click()
    expect(new.locator(BANNER)).to_have_count(0)
    with old.expect_response("**/decision") as answered, old.expect_event("load"):
        old.locator(f"{BANNER} {action('accept')}").click()
    assert answered.value.status == 409
    expect(old.locator(SAID)).to_have_text(OLDER)
    expect(old.locator(BANNER)).to_have_count(0)
    assert granted(old, served) == ["necessary"]
    # A refusal holds, from wherever it comes.
    settings = open_settings(new)
    with new.expect_event("load"):
        settings.locator(action("accept")).click()
    assert "analytics" in granted(new, served)
    older.locator(f"{BANNER} {action('reject')}").click()
    expect(older.locator(BANNER)).to_have_count(0)
    assert granted(older, served) == ["necessary"]


# --- told, and in its place


def test_what_became_of_a_choice_is_read_out(served: Served, page: Page) -> None:
    show(page, served)
    page.locator(f"{BANNER} {action('reject')}").click()
    expect(page.get_by_role("status")).to_have_text(SAVED)


SWAPS = {
    "replaced": "document.head.replaceWith(head); document.body.replaceWith(body)",
    "filled": "document.head.innerHTML = head.innerHTML; document.body.replaceWith(body)",
    "merged": "for (const one of [...document.head.children]) one.remove();"
    "document.head.append(...head.children); document.body.replaceWith(body)",
}


def test_what_replaces_the_head_leaves_banner_and_link_their_style(served: Served, page: Page) -> None:
    show(page, served)
    for choice in (False, True):
        if choice:
            page.locator(f"{BANNER} {action('reject')}").click()
            expect(page.locator(BANNER)).to_have_count(0)
        ours = page.locator(LINK if choice else BANNER)
        for swap in SWAPS.values():
            page.evaluate(
                "async () => { const { head, body } = new DOMParser().parseFromString("
                f"'<title>New</title><h1>New</h1>', 'text/html'); {swap} }}"
            )
            expect(page.get_by_role("heading", name="New")).to_be_visible()
            expect(ours).to_have_count(1)
            expect(ours).to_have_css("position", "fixed")


def test_a_page_in_another_language_brings_the_banner_in_it(served: Served, page: Page) -> None:
    page.goto(f"{served.url}/one?plain&use=turbo-8")
    page.get_by_role("link", name="/de/drei").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("/de/drei")
    expect(page.locator(BANNER)).to_have_attribute("lang", "de")


SKIPS = (
    "<a href=%23m>Skip</a>",
    "<header><a href=%23m>Skip</a><a href=/>Home</a></header>",
    "<div id=page><a class=skip-link href=%23m>Skip</a><a href=/>Home</a></div>",
)


def test_the_pages_skip_link_stays_first(served: Served, page: Page) -> None:
    for markup in SKIPS:
        show(page, served, first=markup.replace("%23", "#"))
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip"
        page.keyboard.press("Tab")
        expect(page.locator(f"{BANNER} {action('accept')}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(BANNER)).to_have_count(0)
    page.wait_for_function("window.consentkit")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip"


CLEAR = """([ours, bar]) => document.querySelector(ours).getBoundingClientRect().bottom
    <= document.querySelector(bar).getBoundingClientRect().top"""
TABS = "<nav id=tabs style='position:fixed;inset:auto 0 0;height:60px;background:#eee'>Tabs</nav>"
SAVE = (
    "<form><div style='height:3000px'></div>"
    "<footer id=save style='position:sticky;bottom:0;height:90px;background:#eee'>Save</footer></form>"
)


def test_bars_at_the_bottom_stay_in_sight_whenever_they_come(served: Served, page: Page) -> None:
    show(page, served, last=TABS)
    page.wait_for_function(CLEAR, arg=[BANNER, "#tabs"])
    page.evaluate("document.querySelector('#tabs').remove()")
    page.evaluate("bar => document.querySelector('h1').insertAdjacentHTML('afterend', bar)", TABS)
    page.locator("#tabs").evaluate("bar => { bar.style.height = '80px' }")
    page.wait_for_function(CLEAR, arg=[BANNER, "#tabs"])
    page.locator(f"{BANNER} {action('reject')}").click()
    expect(page.locator(BANNER)).to_have_count(0)
    page.wait_for_function(CLEAR, arg=[LINK, "#tabs"])
    show(page, served, last=SAVE)
    page.wait_for_function(CLEAR, arg=[LINK, "#save"])
