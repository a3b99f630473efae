"""Pages from before a choice, out of snapshots, caches, workers and other tabs: the newest choice holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from e2e.chromium import ARGUMENTS
from e2e.conftest import patient
from e2e.magazine import VENDORS, for_browsers_that_forget_nothing, loads, site
from e2e.serving import Served
from e2e.sink import Sink
from e2e.waiting import wait_until

pytestmark = pytest.mark.browser

NewContext = Callable[..., BrowserContext]

BANNER = "#consentkit-banner"
LINK = "#consentkit-link"
SAID = "#consentkit-said"
OLDER = "This page is older than your last choice, which still holds."
LIBRARIES = {
    "htmx 1.9": "use=htmx-1",
    "htmx 2": "use=htmx-2",
    "htmx 2 with head-support": "use=htmx-2&use=head-support",
    "Turbo 8": "use=turbo-8",
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served(site()) as running:
        yield running


@pytest.fixture
def page(visitor: NewContext) -> Page:
    return visitor("eu").new_page()


def press(page: Page, name: str) -> None:
    """Press a button of the banner and wait until it is gone."""
    page.locator(f"{BANNER} button[data-consentkit-action={name}]").click(no_wait_after=True)
    expect(page.locator(BANNER)).to_have_count(0)
    page.wait_for_load_state()


def withdraw(page: Page) -> None:
    """Withdraw in the dialog and wait for the page that comes anew."""
    page.wait_for_function("window.consentkit")  # the page may be loading itself again
    page.evaluate("consentkit.open()")
    button = page.frame_locator("#consentkit-dialog iframe").locator("[data-consentkit-action=withdraw]")
    with page.expect_event("load"):
        button.click()


def arrive(page: Page, path: str) -> None:
    """Wait for a page. Turbo shows an earlier one of the same address first, then another body."""
    expect(page.get_by_role("heading", level=1)).to_have_text(path)
    expect(page.locator("html[aria-busy], html[data-turbo-preview]")).to_have_count(0)


def follow(page: Page, path: str) -> None:
    """Follow a link of the page, as its framework does."""
    page.get_by_role("link", name=path, exact=True).click()
    arrive(page, path)


def back(page: Page, path: str) -> None:
    """Go back, by whatever the framework keeps."""
    page.evaluate("history.back()")
    arrive(page, path)


def is_gated(page: Page) -> bool:
    """Say whether the page's video waits for consent."""
    return page.locator("iframe[title=video]").get_attribute("data-consentkit-src") is not None


# --- frameworks that keep snapshots of pages


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_snapshot_brings_back_what_is_answered(
    served: Served, visitor: NewContext, sink: Sink, library: str
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{served.url}/one?{LIBRARIES[library]}")
    follow(page, "/two")
    back(page, "/one")
    expect(page.locator(BANNER)).to_have_count(1)
    expect(page.locator(LINK)).to_have_count(1)
    expect(page.locator(BANNER)).to_have_css("position", "fixed")
    page.evaluate("window.kept = true")
    follow(page, "/two")
    press(page, "reject")
    back(page, "/one")
    expect(page.locator(LINK)).to_be_visible()
    expect(page.locator(BANNER)).to_have_count(0)
    assert page.evaluate("window.kept") and is_gated(page)
    assert not sink.hosts & VENDORS


@pytest.mark.parametrize("library", LIBRARIES)
def test_no_snapshot_brings_back_what_was_allowed_or_gated(
    served: Served, visitor: NewContext, sink: Sink, library: str
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{served.url}/one?{LIBRARIES[library]}")
    follow(page, "/two")
    press(page, "accept")
    back(page, "/one")
    expect(page.locator("iframe[title=video][src]")).to_have_count(1)
    sink.wait_for(VENDORS)
    follow(page, "/two")
    withdraw(page)
    sink.forget()
    back(page, "/one")
    expect(page.locator("iframe[data-consentkit-src]")).to_have_count(1)
    expect(page.locator(LINK)).to_be_visible()
    assert not sink.hosts & VENDORS
    assert not page.evaluate("window.ran")


# --- caches


def with_worker(page: Page, served: Served, query: str) -> None:
    """Visit two pages with a worker that keeps them."""
    page.goto(f"{served.url}/one")
    page.evaluate(
        "async (url) => { await navigator.serviceWorker.register(url); await navigator.serviceWorker.ready;"
        " if (!navigator.serviceWorker.controller) await new Promise((done) =>"
        " navigator.serviceWorker.addEventListener('controllerchange', done)); }",
        f"/worker.js{query}",
    )
    for path in ("/one", "/two"):
        page.goto(served.url + path)


def test_a_worker_that_gives_old_pages_first_asks_nobody_again(served: Served, page: Page) -> None:
    with_worker(page, served, "")
    press(page, "reject")
    page.goto(f"{served.url}/one")
    expect(page.locator(LINK)).to_be_visible()
    expect(page.locator(BANNER)).to_have_count(0)


def test_a_worker_that_gives_the_same_for_ever_makes_no_page_load_for_ever(
    served: Served, page: Page
) -> None:
    with_worker(page, served, "?only&apart")
    # Its address is another each time.
    page.goto(f"{served.url}/three?first=<script>history.replaceState(0,'','?'%2BMath.random())</script>")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if request.is_navigation_request() else None)
    press(page, "accept")
    expect(page.locator(SAID)).to_have_text(OLDER)
    for path in ("/one", "/three"):
        asked.clear()
        page.goto(served.url + path)
        expect(page.locator(SAID)).to_have_text(OLDER)
        assert len([url for url in asked if url.partition("?")[0] == served.url + path]) == 2
    expect(page.locator(BANNER)).to_have_count(0)


def test_what_a_worker_keeps_for_ever_comes_anew_after_a_choice(served: Served, page: Page) -> None:
    with_worker(page, served, "?only")
    press(page, "accept")
    for path in ("/two", "/one"):
        page.goto(served.url + path)
        expect(page.locator("iframe[title=video][src]")).to_have_count(1)


def test_what_a_worker_kept_runs_no_more_after_a_withdrawal(
    served: Served, visitor: NewContext, sink: Sink
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{served.url}/one")
    press(page, "accept")
    with_worker(page, served, "?only")
    sink.wait_for(VENDORS)
    withdraw(page)
    loads.clear()
    for path in ("/one", "/two"):
        page.goto(served.url + path)
        expect(page.locator("iframe[data-consentkit-src]")).to_have_count(1)
        expect(page.locator(LINK)).to_be_visible()
    assert "/ran" not in loads


def test_a_worker_that_forgets_at_a_choice_lets_no_vendor_be_asked(
    served: Served, visitor: NewContext, sink: Sink
) -> None:
    page = visitor("eu").new_page()
    page.goto(f"{served.url}/one")
    press(page, "accept")
    with_worker(page, served, "?forgets")
    sink.wait_for(VENDORS)
    withdraw(page)
    sink.forget()
    for path in ("/one", "/two"):
        page.goto(served.url + path)
        expect(page.locator("iframe[data-consentkit-src]")).to_have_count(1)
    assert not sink.hosts & VENDORS


@pytest.mark.parametrize("choice", ["reject", "withdraw"])
@pytest.mark.parametrize("forgets", [True, False], ids=["header", "no header"])
def test_a_page_fetched_ahead_is_not_shown_as_it_was(
    visitor: NewContext, sink: Sink, choice: str, forgets: bool
) -> None:
    with Served(site() if forgets else for_browsers_that_forget_nothing(site())) as served:
        context = visitor("eu")
        page = context.new_page()
        page.goto(f"{served.url}/one?plain")
        if choice == "withdraw":
            press(page, "accept")
        loads.clear()
        page.goto(f"{served.url}/outside?plain&ahead=prefetch")
        # What is not seen fetches nothing ahead, so the other tab comes later.
        wait_until(lambda: "/ahead" in loads)
        other = context.new_page()
        other.goto(f"{served.url}/two?plain")
        if choice == "withdraw":
            withdraw(other)
        else:
            press(other, "reject")
        sink.forget()
        page.get_by_role("link", name="ahead").click()
        page.wait_for_url("**/ahead")
        expect(page.locator(LINK)).to_be_visible()
        expect(page.locator("iframe[data-consentkit-src]")).to_have_count(1)
        expect(page.locator(BANNER)).to_have_count(0)
        assert "/ran" not in loads
        # Without the header the browser reads ahead in what it has before the script can act.
        assert not forgets or not sink.hosts & VENDORS
        fetched = page.evaluate("performance.getEntriesByType('navigation')[0].deliveryType !== ''")
        assert fetched is (not forgets and choice == "reject")


def test_a_page_brought_back_from_memory_follows_the_newest_choice(
    served: Served, playwright_driver: Playwright, chromium_path: str, tmp_path: Path
) -> None:
    context = playwright_driver.chromium.launch_persistent_context(
        tmp_path,
        executable_path=chromium_path,
        args=[*ARGUMENTS, "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    page = patient(context).pages[0]
    page.goto(f"{served.url}/one?plain")
    page.evaluate("window.kept = true")
    page.goto(f"{served.url}/two?plain")
    press(page, "reject")
    page.evaluate("history.back()")
    page.wait_for_function("location.pathname === '/one'")
    expect(page.locator(BANNER)).to_have_count(0)
    # Nothing was on and nothing is, so it is the same page.
    assert page.evaluate("window.kept")
    # A page whose choice is gone asks again by itself.
    context.clear_cookies()
    expect(page.locator(BANNER)).to_be_visible()
    press(page, "accept")
    page.evaluate("window.kept = true")
    page.goto(f"{served.url}/two?plain")
    withdraw(page)
    page.evaluate("history.back()")
    page.wait_for_function("location.pathname === '/one' && !window.kept && window.consentkit")
    context.close()


# --- other tabs


@pytest.mark.parametrize("told", ["cookieStore", "BroadcastChannel"])
def test_a_choice_in_one_tab_counts_in_the_other(
    served: Served, visitor: NewContext, sink: Sink, told: str
) -> None:
    context = visitor("eu")
    if told == "BroadcastChannel":
        context.add_init_script("delete window.cookieStore; delete Window.prototype.cookieStore")
    one, two = context.new_page(), context.new_page()
    one.goto(f"{served.url}/one")
    two.goto(f"{served.url}/two")
    one.evaluate("window.kept = true")
    press(two, "reject")
    expect(one.locator(BANNER)).to_have_count(0)
    expect(one.locator(LINK)).to_be_visible()
    assert one.evaluate("window.kept")
    settings = context.new_page()
    settings.goto(f"{served.url}/_consent/")
    settings.locator("[data-consentkit-action=accept]").click()
    expect(settings.get_by_role("status")).to_have_text("Your choices are saved.")
    for tab in (one, two):
        expect(tab.locator("iframe[title=video][src]")).to_have_count(1)
    wait_until(lambda: bool(one.evaluate("window.ran")))
    one.evaluate("window.kept = true")
    withdraw(two)
    expect(one.locator("iframe[data-consentkit-src]")).to_have_count(1)
    assert not one.evaluate("window.kept")


def test_a_choice_on_an_old_page_takes_nothing_back_silently(served: Served, visitor: NewContext) -> None:
    context = visitor("eu", java_script_enabled=False)
    old, new = context.new_page(), context.new_page()
    old.goto(f"{served.url}/one")
    new.goto(f"{served.url}/two")
    new.locator(f"{BANNER} button[data-consentkit-action=reject]").click()
    expect(new.locator(BANNER)).to_have_count(0)
    old.locator(f"{BANNER} button[data-consentkit-action=accept]").click()
    expect(old.get_by_text(OLDER)).to_be_visible()
    state = old.request.get(f"{served.url}/_consent/state").json()
    assert (state["granted"], state["needs_prompt"]) == (["necessary"], False)


def test_a_refusal_on_an_old_page_holds(served: Served, visitor: NewContext) -> None:
    context = visitor("eu", java_script_enabled=False)
    old, new = context.new_page(), context.new_page()
    old.goto(f"{served.url}/one")
    new.goto(f"{served.url}/two")
    new.locator(f"{BANNER} button[data-consentkit-action=accept]").click()
    expect(new.locator(BANNER)).to_have_count(0)
    old.locator(f"{BANNER} button[data-consentkit-action=reject]").click()
    expect(old.locator(BANNER)).to_have_count(0)
    assert old.request.get(f"{served.url}/_consent/state").json()["granted"] == ["necessary"]
