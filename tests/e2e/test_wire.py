"""What reaches the wire before and after a choice, in a real browser against the demo."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from e2e.serving import Demo
from e2e.sink import Sink
from e2e.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

WITH_SCRIPT = {
    "www.googletagmanager.com",
    "connect.facebook.net",
    "sb.scorecardresearch.com",
    "static.chartbeat.com",
    "www.youtube.com",
    "platform.twitter.com",
}
WITHOUT_SCRIPT = {"www.facebook.com", "sb.scorecardresearch.com", "www.youtube.com"}

both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


def collected(demo: Demo) -> int:
    """How many hits the demo's own collector has counted."""
    with urllib.request.urlopen(f"http://localhost:{demo.port}/hits.json", timeout=PATIENCE) as answer:
        return int(json.load(answer)["total"])


def open_article(context: BrowserContext, demo: Demo) -> Page:
    page = context.new_page()
    page.goto(demo.article)
    see_all(page)
    return page


def see_all(page: Page) -> None:
    """Scroll to the end, so that what loads lazily has no excuse, and wait until the network is quiet."""
    page.keyboard.press("End")
    page.wait_for_load_state("networkidle")


def press(page: Page, action: str) -> None:
    page.locator(f"#consentkit-banner [data-consentkit-action={action}]").click()
    expect(page.locator("#consentkit-banner")).to_be_hidden()
    page.wait_for_load_state("networkidle")


def press_in_frame(page: Page, name: str) -> None:
    """Press a button of a placeholder, which loads the same page anew."""
    with page.expect_navigation():
        page.frame_locator("iframe[srcdoc][data-consentkit-src]").get_by_role("button", name=name).click()


@both
def test_opt_in_sends_nothing_before_a_choice(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    before = collected(shared_demo)
    context = visitor("eu", java_script_enabled=script)
    open_article(context, shared_demo)
    assert sink.hosts == set()
    assert collected(shared_demo) == before
    assert [cookie["name"] for cookie in context.cookies()] == []


@both
def test_opt_in_sends_everything_after_accept(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    hits = collected(shared_demo)
    page = open_article(visitor("eu", java_script_enabled=script), shared_demo)
    press(page, "accept")
    see_all(page)
    sink.wait_for(WITH_SCRIPT if script else WITHOUT_SCRIPT)
    wait_until(lambda: collected(shared_demo) > hits)


@both
@pytest.mark.parametrize("place", ["eu", "nowhere"])
def test_nothing_is_sent_after_reject(
    shared_demo: Demo, sink: Sink, visitor: Visitor, place: str, script: bool
) -> None:
    page = open_article(visitor(place, java_script_enabled=script), shared_demo)
    press(page, "reject")
    page.reload()
    see_all(page)
    page.goto(shared_demo.url)
    page.go_back()
    see_all(page)
    assert sink.hosts == set()


@both
def test_opt_out_sends_until_the_visitor_objects(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    page = open_article(visitor("california", java_script_enabled=script), shared_demo)
    sink.wait_for(WITH_SCRIPT if script else WITHOUT_SCRIPT)
    page.goto(shared_demo.url)
    see_all(page)
    press(page, "reject")
    page.wait_for_load_state("networkidle")
    sink.forget()
    hits = collected(shared_demo)
    page.goto(shared_demo.article)
    see_all(page)
    page.go_back()
    see_all(page)
    page.reload()
    see_all(page)
    assert sink.hosts == set()
    assert collected(shared_demo) == hits


@both
def test_the_back_button_does_not_bring_back_what_was_withdrawn(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    page = open_article(visitor("eu", java_script_enabled=script), shared_demo)
    press(page, "accept")
    see_all(page)
    page.goto(f"{shared_demo.url}/_consent/?return_to=/")
    page.locator("[data-consentkit-action=withdraw]").click()
    expect(page.get_by_role("status")).to_contain_text(re.compile(r"\w"))
    page.wait_for_load_state("networkidle")
    sink.forget()
    hits = collected(shared_demo)
    page.go_back()
    if not script:
        page.go_back()  # without a script the answer to a form is an entry of its own
    see_all(page)
    assert page.url.startswith(shared_demo.article)
    page.reload()
    see_all(page)
    assert sink.hosts == set()
    assert collected(shared_demo) == hits


def test_global_privacy_control_counts_at_the_first_byte(
    shared_demo: Demo, sink: Sink, visitor: Visitor
) -> None:
    context = visitor("california", extra_http_headers={"Sec-GPC": "1"})
    open_article(context, shared_demo)
    sink.wait_for({"www.googletagmanager.com"})
    assert "connect.facebook.net" not in sink.hosts


@both
def test_one_embed_can_be_loaded_once(shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool) -> None:
    page = open_article(visitor("eu", java_script_enabled=script), shared_demo)
    press_in_frame(page, "Load once")
    see_all(page)
    sink.wait_for({"www.youtube.com"})
    assert sink.hosts == {"www.youtube.com"}
    sink.forget()
    page.reload()
    see_all(page)
    assert sink.hosts == set()
    expect(page.locator("#consentkit-banner")).to_be_visible()


@both
def test_one_vendor_can_be_allowed_for_good(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    page = open_article(visitor("eu", java_script_enabled=script), shared_demo)
    press_in_frame(page, "Always allow")
    sink.forget()
    page.reload()
    see_all(page)
    sink.wait_for({"www.youtube.com"})
    assert sink.hosts == {"www.youtube.com"}


@both
def test_single_purposes_and_vendors_can_be_saved(
    shared_demo: Demo, sink: Sink, visitor: Visitor, script: bool
) -> None:
    hits = collected(shared_demo)
    page = visitor("eu", java_script_enabled=script).new_page()
    page.goto(f"{shared_demo.url}/_consent/?return_to=/")
    page.locator("input[name=purpose][value=analytics]").check()
    with page.expect_navigation():
        page.locator("[data-consentkit-action=save]").click()
    expect(page.locator("input[name=purpose][value=analytics]")).to_be_checked()
    expect(page.locator("input[name=purpose][value=marketing]")).not_to_be_checked()
    page.goto(shared_demo.article)
    see_all(page)
    sink.wait_for({"www.googletagmanager.com" if script else "sb.scorecardresearch.com"})
    wait_until(lambda: collected(shared_demo) > hits)
    assert "connect.facebook.net" not in sink.hosts
    assert "www.facebook.com" not in sink.hosts


def state(page: Page, demo: Demo) -> dict[str, Any]:
    answer: dict[str, Any] = page.request.get(f"{demo.url}/_consent/state").json()
    return answer


def test_the_choice_survives_a_restart_and_a_rotated_key(demo: Demo, sink: Sink, visitor: Visitor) -> None:
    page = open_article(visitor("eu"), demo)
    press(page, "accept")
    demo.restart()
    assert "marketing" in state(page, demo)["granted"]
    old = (demo.data / "secret").read_text()
    demo.restart(DEMO_SECRET="Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6", DEMO_SECRET_FALLBACKS=old)
    assert "marketing" in state(page, demo)["granted"]
    assert not state(page, demo)["needs_prompt"]


@pytest.mark.parametrize("place", ["eu", "california"])
def test_a_key_that_is_gone_turns_nothing_on(demo: Demo, sink: Sink, visitor: Visitor, place: str) -> None:
    page = open_article(visitor(place), demo)
    press(page, "reject")
    demo.restart(DEMO_SECRET="Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6")
    sink.forget()
    page.goto(demo.article)
    see_all(page)
    assert sink.hosts == set()
    assert state(page, demo)["granted"] == ["necessary"]
    assert state(page, demo)["needs_prompt"]


def test_a_choice_on_a_page_that_has_changed_holds_on_that_pages_terms(
    shared_demo: Demo, sink: Sink, visitor: Visitor
) -> None:
    published = open_article(visitor("nowhere"), shared_demo)
    published.locator("[data-consentkit-action=reject]").click()
    expect(published.locator("#consentkit-banner")).to_have_count(0)
    context = visitor("nowhere")
    page = open_article(context, shared_demo)
    other = context.new_page()
    other.goto(shared_demo.url)
    other.get_by_role("button", name="California").click()
    expect(other.locator("#consentkit-banner")).to_contain_text("opt-out")
    with page.expect_navigation():
        page.locator("[data-consentkit-action=accept]").click()
    expect(page.locator("#consentkit-banner")).to_have_count(0)
    assert state(page, shared_demo)["regime"] == "opt-out"


def test_an_opt_out_of_a_page_that_has_changed_stops_the_vendors(
    shared_demo: Demo, sink: Sink, visitor: Visitor
) -> None:
    context = visitor("nowhere")
    page = context.new_page()
    page.goto(shared_demo.url)
    with page.expect_navigation():
        page.get_by_role("button", name="California").click()
    page.goto(shared_demo.article)
    see_all(page)
    other = context.new_page()
    other.goto(shared_demo.url)
    other.get_by_role("button", name="Nowhere known").click()
    expect(other.locator("#consentkit-banner")).to_contain_text("Reject")
    with page.expect_navigation():
        page.locator("#consentkit-banner [data-consentkit-action=reject]").click()
    see_all(page)
    sink.forget()
    page.reload()
    see_all(page)
    assert sink.hosts == set()
    assert state(page, shared_demo)["granted"] == ["necessary"]
