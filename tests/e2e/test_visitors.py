"""What visitors of the demo meet: by keyboard, on a phone, on a slow line, with assistive technology."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

import anyio.to_thread
import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import BrowserContext, FrameLocator, Page, expect
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit import ConsentMiddleware
from e2e.serving import ARTICLE, Demo, Served
from e2e.waiting import PATIENCE

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
PHONE = {"width": 320, "height": 568}
BANNER = "#consentkit-banner"

both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
places = pytest.mark.parametrize("place", ["eu", "california"])


def action(name: str) -> str:
    """Select what the visitor presses."""
    return f"[data-consentkit-action={name}]"


def granted(page: Page, demo: Demo) -> set[str]:
    """Ask what holds."""
    return set(page.request.get(f"{demo.url}/_consent/state").json()["granted"])


def tab_to(page: Page, selector: str, *, within: int) -> None:
    """Go on by the Tab key alone to an element that then shows that it has the focus."""
    for _ in range(within):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            break
    else:
        raise AssertionError(f"{selector} is more than {within} stops away")
    outline, hit = page.evaluate(
        """() => {
            const one = document.activeElement, style = getComputedStyle(one);
            const { x, y, width, height } = one.getClientRects()[0];
            const top = document.elementFromPoint(x + width / 2, y + height / 2);
            return [style.outlineStyle !== "none" && parseFloat(style.outlineWidth), one.contains(top)];
        }"""
    )
    assert outline >= 1 and hit


# --- keyboard


@both
def test_enter_accepts(shared_demo: Demo, visitor: Visitor, script: bool) -> None:
    page = visitor("eu", java_script_enabled=script).new_page()
    page.goto(shared_demo.article)
    assert page.evaluate("document.activeElement === document.body")
    tab_to(page, action("accept"), within=1 + script)
    page.keyboard.press("Enter")
    expect(page.locator(BANNER)).to_have_count(0)
    assert {"analytics", "marketing"} <= granted(page, shared_demo)


@both
def test_space_opts_out(shared_demo: Demo, visitor: Visitor, script: bool) -> None:
    page = visitor("california", java_script_enabled=script).new_page()
    page.goto(shared_demo.article)
    assert {"analytics", "marketing"} <= granted(page, shared_demo)
    tab_to(page, action("reject"), within=1 + script)
    page.keyboard.press("Space")
    expect(page.locator(BANNER)).to_have_count(0)
    assert granted(page, shared_demo) == {"necessary"}


def test_the_keyboard_reads_more_saves_and_withdraws_without_scripts(
    shared_demo: Demo, visitor: Visitor
) -> None:
    page = visitor("california", java_script_enabled=False).new_page()
    page.goto(shared_demo.article)
    tab_to(page, f"{BANNER} {action('settings')}", within=3)
    page.keyboard.press("Enter")
    page.wait_for_url("**/_consent/?return_to=*")
    tab_to(page, "input[name=purpose][value=marketing]", within=20)
    page.keyboard.press("Space")
    expect(page.locator("input[name=purpose][value=marketing]")).not_to_be_checked()
    tab_to(page, action("save"), within=30)
    page.keyboard.press("Enter")
    page.wait_for_url("**saved*")
    expect(page.get_by_role("status")).to_contain_text("saved")
    assert granted(page, shared_demo) & {"analytics", "marketing"} == {"analytics"}
    tab_to(page, action("withdraw"), within=10)
    page.keyboard.press("Enter")
    expect(page.locator(action("withdraw"))).to_have_count(0)
    expect(page.get_by_role("status")).to_contain_text("saved")
    assert granted(page, shared_demo) == {"necessary"}
    page.get_by_role("link", name="Back to the page").press("Enter")
    page.wait_for_url(shared_demo.article)
    expect(page.locator(BANNER)).to_have_count(0)


@places
def test_behind_the_banner_the_keyboard_goes_on_with_the_page(
    shared_demo: Demo, visitor: Visitor, place: str
) -> None:
    page = visitor(place).new_page()
    page.goto(shared_demo.article)
    stops = []
    # California prescribes a link, which stands between the sentence and the buttons.
    order = ["accept", "reject", "settings", ""]  # the last is the privacy policy
    order = order if place == "eu" else ["reject", "settings", "accept", "settings"]
    skip = "document.activeElement.textContent === 'Skip to the content'"
    page.keyboard.press("Tab")
    assert page.evaluate(skip)
    for _ in range(len(order) + 1):
        page.keyboard.press("Tab")
        stops.append(page.evaluate("document.activeElement.dataset.consentkitAction ?? ''"))
    assert stops == [*order, ""]
    assert page.evaluate(skip)
    page.keyboard.press("Tab")
    assert not page.evaluate(f"document.activeElement.closest('{BANNER}') || {skip}")


def test_the_keyboard_does_the_same_in_the_dialog(shared_demo: Demo, visitor: Visitor) -> None:
    page = visitor("california").new_page()
    page.goto(shared_demo.article)
    tab_to(page, f"{BANNER} {action('settings')}", within=3)
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    settings = dialog.frame_locator("iframe")
    marketing = settings.locator("input[name=purpose][value=marketing]")
    marketing.press("Space")
    expect(marketing).not_to_be_checked()
    with page.expect_navigation():
        settings.locator(action("save")).press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.locator(BANNER)).to_have_count(0)
    assert granted(page, shared_demo) & {"analytics", "marketing"} == {"analytics"}
    page.locator("#consentkit-link a").press("Enter")
    with page.expect_navigation():
        settings.locator(action("withdraw")).press("Enter")
    assert granted(page, shared_demo) == {"necessary"}


def test_the_dialog_is_closed_without_a_choice(shared_demo: Demo, visitor: Visitor) -> None:
    page = visitor("eu").new_page()
    page.goto(shared_demo.article)
    opener = page.locator(f"{BANNER} {action('settings')}")
    for close in ("Escape", "Escape inside", "button"):
        opener.press("Enter")
        settings = page.frame_locator("#consentkit-dialog iframe")
        box = settings.locator("input[name=purpose][value=analytics]")
        expect(box).to_be_visible()
        if close == "Escape":
            page.keyboard.press("Escape")
        elif close == "Escape inside":
            box.press("Escape")
        else:
            page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(opener).to_be_focused()
    assert granted(page, shared_demo) == {"necessary"}
    assert page.context.cookies(shared_demo.url) == []


# --- settings again


@both
def test_reopening_shows_what_is_in_force_and_wipes_nothing(
    shared_demo: Demo, visitor: Visitor, script: bool
) -> None:
    context = visitor("eu", java_script_enabled=script)
    page = context.new_page()
    page.goto(f"{shared_demo.url}/_consent/?return_to=/")
    page.locator("input[name=purpose][value=analytics]").check()
    page.locator(action("save")).click()
    page.wait_for_url("**saved*")
    page.goto(shared_demo.article)
    expect(page.locator("#consentkit-link")).to_be_hidden()
    before = context.cookies(shared_demo.url)
    page.locator("[data-consentkit-open]").click()
    settings: Page | FrameLocator = page
    if script:
        settings = page.frame_locator("#consentkit-dialog iframe")
    expect(settings.locator("input[name=purpose]").first).to_be_visible()
    ticked = settings.locator("input[name=purpose]").evaluate_all(
        "all => Object.fromEntries(all.map(one => [one.value, one.checked]))"
    )
    assert ticked == {"necessary": True, "functional": False, "analytics": True, "marketing": False}
    if script:
        page.get_by_role("button", name="Close").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert context.cookies(shared_demo.url) == before


# --- paint


FIRST = b"<!doctype html><html lang=en><head><title>Slow</title></head><body>"
SECOND = b"<h1>Here at last</h1></body></html>"


@pytest.fixture
def slow() -> Iterator[tuple[Served, threading.Event]]:
    """Serve pages that go on only when the event is set."""
    go_on = threading.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": FIRST, "more_body": True})
        await anyio.to_thread.run_sync(go_on.wait, PATIENCE)
        await send({"type": "http.response.body", "body": SECOND})

    app: ASGIApp = ConsentMiddleware(answer, secret_key=SECRET, log=None)
    with Served(app) as running:
        yield running, go_on
        go_on.set()


@both
def test_on_a_slow_page_it_is_the_first_paint_and_answers(
    slow: tuple[Served, threading.Event], visitor: Visitor, script: bool
) -> None:
    site, go_on = slow
    context = visitor("eu", java_script_enabled=script)
    page = context.new_page()
    page.goto(site.url, wait_until="commit")
    expect(page.locator(BANNER)).to_be_visible()
    if script:
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
    assert page.evaluate("document.readyState") == "loading"
    page.locator(action("reject")).click(no_wait_after=True)
    expect(page.locator(BANNER)).to_have_count(0)
    state = context.request.get(f"{site.url}/_consent/state").json()
    assert (state["granted"], state["needs_prompt"]) == (["necessary"], False)
    assert page.locator("h1").count() == 0
    go_on.set()
    expect(page.get_by_role("heading", name="Here at last")).to_be_visible()


OBSERVE = """
window.shifted = 0;
window.largest = [];
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) window.shifted += entry.value;
}).observe({ type: "layout-shift", buffered: true });
new PerformanceObserver(list => {
    for (const { element } of list.getEntries()) window.largest.push(element?.closest("[id]")?.id ?? "");
}).observe({ type: "largest-contentful-paint", buffered: true });
"""
TWO_FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


@places
@pytest.mark.parametrize("size", [{"width": 1280, "height": 800}, PHONE], ids=["desk", "phone"])
def test_nothing_shifts_and_the_story_is_the_largest_paint(
    shared_demo: Demo, visitor: Visitor, place: str, size: dict[str, int]
) -> None:
    page = visitor(place, viewport=size).new_page()
    page.add_init_script(OBSERVE)
    page.goto(shared_demo.article)
    page.evaluate("document.images[0].decode()")
    page.wait_for_function("window.largest.at(-1) === 'content'")
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.largest.at(-1)") == "content"
    page.evaluate("scrollTo({ top: 300, behavior: 'instant' })")
    page.evaluate(TWO_FRAMES)
    # Under opt-in a refusal takes the banner away in place; a grant, or an opt-out, loads the page anew.
    page.locator(f"{BANNER} {action('reject')}").click()
    expect(page.locator(BANNER)).to_have_count(0)
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifted") == 0


class CutInTheBanner:
    """Send what comes up to the middle of the banner, and the rest when told to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.go_on = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def cut(message: Message) -> None:
            body = message.get("body", b"")
            at = body.find(b'<div class="consentkit-actions">')
            if at < 0:
                await send(message)
                return
            await send({**message, "body": body[:at], "more_body": True})
            await anyio.to_thread.run_sync(self.go_on.wait, PATIENCE)
            await send({**message, "body": body[at:]})

        async def plain(message: Message) -> None:
            # Chunks are only seen as such where no length is promised.
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] != b"content-length"]
                message = {**message, "headers": kept}
            await cut(message)

        await self.app(scope, receive, plain)


def test_half_a_banner_is_not_painted_and_nothing_shifts_when_the_rest_comes(visitor: Visitor) -> None:
    async def story(scope: Scope, receive: Receive, send: Send) -> None:
        page = HTMLResponse("<body><h1 id=content>Story</h1>" + "<p>Text</p>" * 50)
        await page(scope, receive, send)

    app = CutInTheBanner(ConsentMiddleware(story, secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", log=None))
    with Served(app) as site:
        page = visitor("eu", viewport=PHONE).new_page()
        page.add_init_script(OBSERVE)
        page.goto(site.url, wait_until="commit")
        page.locator(BANNER).wait_for(state="attached")
        page.evaluate(TWO_FRAMES)
        assert page.locator(BANNER).is_hidden()
        app.go_on.set()
        expect(page.locator(BANNER)).to_be_visible()
        page.wait_for_load_state()
        page.evaluate(TWO_FRAMES)
        assert page.evaluate("window.shifted") == 0


# --- a phone


@both
@places
def test_on_a_narrow_phone_nothing_overflows_and_everything_is_reached(
    shared_demo: Demo, visitor: Visitor, place: str, script: bool
) -> None:
    page = visitor(place, java_script_enabled=script, viewport=PHONE).new_page()
    for path in (ARTICLE, "/"):
        page.goto(shared_demo.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        banner = page.locator(BANNER).bounding_box()
        assert banner and banner["height"] <= PHONE["height"] * 0.6
        assert banner["x"] >= 0 and banner["x"] + banner["width"] <= PHONE["width"]
        last = page.locator("footer a").last
        last.focus()
        box = last.bounding_box()
        assert box and box["y"] + box["height"] <= banner["y"]
        page.evaluate("scrollTo({ top: document.documentElement.scrollHeight, behavior: 'instant' })")
        end = page.locator("footer.foot").bounding_box()
        assert end and end["y"] + end["height"] <= banner["y"] + 1


@both
def test_settings_fit_a_narrow_phone(shared_demo: Demo, visitor: Visitor, script: bool) -> None:
    page = visitor("eu", java_script_enabled=script, viewport=PHONE).new_page()
    page.goto(f"{shared_demo.url}/_consent/?return_to=/")
    for summary in page.locator("summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


# --- no network


def test_the_site_itself_is_whole_without_a_network(shared_demo: Demo, visitor: Visitor) -> None:
    """Every host but this machine hangs up on the browser of these tests."""
    page = visitor("california").new_page()
    lost: list[str] = []
    page.on("requestfailed", lambda request: lost.append(request.url))
    with page.expect_event("requestfailed"):
        page.goto(shared_demo.article)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    pictures = page.locator("main img").evaluate_all(
        "all => Promise.all(all.map(one => { one.loading = 'eager'; return one.decode(); }))"
    )
    assert len(pictures) > 1
    assert lost and not [url for url in lost if url.startswith(shared_demo.url)]


# --- assistive technology


def violations(page: Page) -> list[str]:
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {json.dumps([node['target'] for node in rule['nodes']])}" for rule in found]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(shared_demo: Demo, visitor: Visitor, theme: Literal["light", "dark"]) -> None:
    found = {}
    for place, paths in {
        "eu": (ARTICLE, "/_consent/?return_to=/", "/_consent/decision"),
        "california": (ARTICLE,),
    }.items():
        page = visitor(place, color_scheme=theme).new_page()
        for path in paths:
            page.goto(shared_demo.url + path)
            found[place, path] = violations(page)
    assert {where: rules for where, rules in found.items() if rules} == {}
