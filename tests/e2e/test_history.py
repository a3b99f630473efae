"""What visitors do with their own history in a real browser: read it, take it home, erase it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect

from consentkit.record.receipt import verify_receipt
from e2e.serving import Demo

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

BANNER = "#consentkit-banner"
HISTORY = "section[aria-labelledby=consentkit-history]"
NOTHING = "No record of your choices is linked to this browser."
ERASED = "Your history is erased."


def action(name: str) -> str:
    """Select what the visitor presses."""
    return f"[data-consentkit-action={name}]"


def cookies(page: Page) -> set[str]:
    """Return the names of the package's own cookies."""
    return {cookie["name"] for cookie in page.context.cookies() if cookie["name"].startswith("consentkit")}


@pytest.fixture
def plain(visitor: Visitor, shared_demo: Demo) -> Iterator[Page]:
    """A visitor without JavaScript before an article that asks."""
    page = visitor("eu", java_script_enabled=False).new_page()
    page.goto(shared_demo.article)
    yield page


@pytest.fixture
def scripted(visitor: Visitor, shared_demo: Demo) -> Iterator[Page]:
    """The same with JavaScript, after a grant."""
    page = visitor("eu").new_page()
    page.goto(shared_demo.article)
    page.locator(f"{BANNER} {action('accept')}").click()
    expect(page.locator(BANNER)).to_have_count(0)
    yield page


def open_dialog(page: Page) -> FrameLocator:
    """Open the settings in a dialog."""
    page.wait_for_function("window.consentkit")  # the page may be loading itself again
    page.evaluate("window.consentkit.open()")
    return page.frame_locator("#consentkit-dialog iframe")


def test_who_refuses_has_no_id_and_no_history(plain: Page, shared_demo: Demo) -> None:
    plain.locator(action("reject")).click()
    plain.goto(f"{shared_demo.url}/_consent/")
    expect(plain.locator(HISTORY)).to_have_text(NOTHING)
    assert cookies(plain) == {"consentkit"}


def test_a_history_is_read_taken_home_and_erased_without_a_script(plain: Page, shared_demo: Demo) -> None:
    plain.locator(action("accept")).click()
    plain.locator("[data-consentkit-open]").click()
    plain.wait_for_url("**/_consent/**")
    history = plain.locator(HISTORY)
    expect(history.get_by_role("listitem")).to_have_count(1)
    expect(history.locator("dt")).to_have_text(["Allowed"])
    expect(history).to_contain_text("Advertising")
    expect(history).to_contain_text("On a page of this website")

    with plain.expect_download() as downloading:
        history.get_by_role("link").click()
    assert downloading.value.suggested_filename == "consent-receipt.jsonld"
    verify_receipt(downloading.value.path().read_bytes(), ())

    history.locator(action("erase")).click()
    plain.wait_for_url("**erased=1*")
    expect(plain.get_by_role("status")).to_have_text(ERASED)
    expect(history).to_have_text(NOTHING)
    assert cookies(plain) == set()
    plain.get_by_role("link", name="Back to the page").click()
    expect(plain.locator(BANNER)).to_be_visible()
    state = plain.request.get(f"{shared_demo.url}/_consent/state").json()
    assert (state["granted"], state["needs_prompt"]) == (["necessary"], True)


def test_from_the_dialog_the_receipt_is_downloaded_and_erasing_asks_again(scripted: Page) -> None:
    history = open_dialog(scripted).locator(HISTORY)
    # The day is written in the visitor's language, the time of day in UTC.
    expect(history.locator("time").first).not_to_contain_text("-")
    expect(history.locator("time").last).to_contain_text("UTC")
    with scripted.expect_download() as downloading:
        history.get_by_role("link").click()
    verify_receipt(downloading.value.path().read_bytes(), ())
    with scripted.expect_navigation():
        history.locator(action("erase")).click()
    expect(scripted.get_by_role("dialog")).to_have_count(0)
    expect(scripted.locator(BANNER)).to_be_visible()
    expect(open_dialog(scripted).locator(HISTORY)).to_have_text(NOTHING)


def test_where_nothing_ends_the_dialog_says_that_the_history_is_erased(scripted: Page) -> None:
    settings = open_dialog(scripted)
    with scripted.expect_navigation():
        settings.locator(action("withdraw")).click()
    expect(scripted.get_by_role("dialog")).to_have_count(0)
    settings = open_dialog(scripted)
    settings.locator(action("erase")).click()
    expect(settings.get_by_role("status")).to_have_text(ERASED)
    expect(settings.locator(HISTORY)).to_have_text(NOTHING)
    scripted.keyboard.press("Escape")
    expect(scripted.get_by_role("dialog")).to_have_count(0)
    expect(scripted.locator(BANNER)).to_have_count(0)
    assert cookies(scripted) == {"consentkit"}
