"""The auditor's pages in a real browser: without JavaScript, on a phone, on paper, and for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from consentkit import ConsentLog
from consentkit.dashboard import routes
from dashboard.auditor import EARLIER, NOW, SUBJECT, TODAY, TOKEN, audited, fill
from e2e.serving import Served

pytestmark = pytest.mark.browser

PERIOD: Final = f"?from={EARLIER}&to={TODAY}"
PATHS: Final = [
    PERIOD,
    "?from=2020-01-01&to=2020-01-31",
    "entries",
    "entries?id=nothing",
    "entries/0",
    "entries/1",
    "entries/2",
    "entries/4",
    "log",
    "exports",
    "nothing",
]


class Look(NamedTuple):
    scheme: Literal["light", "dark"]
    forced: Literal["none", "active"]
    width: int


# 320 is a window of 1280 at 400 %.
LOOKS: Final = [Look("light", "none", 1280), Look("dark", "none", 320)]
FORCED: Final = Look("dark", "active", 1280)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop the pages' clock."""
    monkeypatch.setattr(routes, "epoch", lambda: int(NOW.timestamp()))


@pytest.fixture(scope="module")
def headless_path(chromium_path: str) -> str:
    """Take the browser with windows: in the other one no click reaches a sandboxed frame without scripts."""
    return chromium_path


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A site with a log in which banners were counted and an entry was erased."""
    with ConsentLog(tmp_path_factory.mktemp("audit") / "consent.sqlite3") as log:
        fill(log)
        log.observed.add("shown", ["opt-in en"], now=1_795_262_400)
        log.write_observations()
        log.erase_now(SUBJECT, at=f"{TODAY}T11:00:00Z")
        with Served(audited(log)) as server:
            yield f"{server.url}/audit/"


def sign_in(page: Page, served: str, path: str = "") -> None:
    page.goto(served + path)
    page.get_by_label("Token").fill(TOKEN)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Sign out").wait_for()


@pytest.fixture(scope="module")
def signed_in(chromium: Browser, served: str) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    sign_in(page, served)
    yield page
    context.close()


@pytest.fixture
def page(signed_in: Page) -> Page:
    """Give the tab with the settings of a new one, whichever test had it before."""
    signed_in.emulate_media(media="null", color_scheme="light", forced_colors="none")
    signed_in.set_viewport_size({"width": 1280, "height": 800})
    return signed_in


def violations(page: Page) -> list[str]:
    """Run axe, but not in the frame, where nothing runs."""
    page.evaluate(AXE_SCRIPT)
    found = page.evaluate(
        """async () => {
            const options = { iframes: false, rules: { "target-size": { enabled: true } } };
            return (await axe.run(document, options)).violations;
        }"""
    )
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(page: Page, served: str, path: str) -> None:
    page.goto(served + path)
    for look in [*LOOKS, *([FORCED] if path == PERIOD else [])]:
        page.emulate_media(color_scheme=look.scheme, forced_colors=look.forced)
        page.set_viewport_size({"width": look.width, "height": 800})
        assert violations(page) == [], look
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, look


def test_signing_in_works_without_javascript_and_says_what_is_wrong(chromium: Browser, served: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served}entries?action=save")
    page.get_by_label("Token").fill("not the token")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")
    sign_in(page, served, "entries?action=save")
    assert page.url == f"{served}entries?action=save"
    page.get_by_role("link", name="Overview").click()
    page.get_by_label("From").fill(EARLIER)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("svg.chart").first).to_be_visible()
    page.get_by_role("link", name="Exports").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert download.value.suggested_filename == "consent-log.csv"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Token")).to_be_visible()
    context.close()


def test_axe_finds_nothing_on_the_form(chromium: Browser, served: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(served)
    assert violations(page) == []
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert violations(page) == []
    context.close()


def test_the_banner_looks_as_it_did_and_is_dead(page: Page, served: str) -> None:
    page.goto(f"{served}entries/3")
    frame = page.frame_locator("iframe.banner")
    accept = frame.get_by_role("button", name="Accept all")
    expect(accept).to_be_visible()
    assert accept.evaluate("node => getComputedStyle(node).backgroundColor") == "rgb(11, 92, 173)"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    accept.click()
    frame.get_by_role("link").first.click()
    expect(accept).to_be_visible()
    assert page.url == f"{served}entries/3" and asked == []


def test_paper_has_everything_and_no_controls(page: Page, served: str) -> None:
    page.goto(served + PERIOD)
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("header nav", "header form", ".filters"):
        expect(page.locator(control).first).to_be_hidden()
    cut = """() => [...document.querySelectorAll(".scroll")].filter(box => box.scrollHeight > box.clientHeight
        && getComputedStyle(box).overflowY !== "visible").length"""
    assert page.evaluate(cut) == 0
    # Far below what is in sight, and not scrolled to.
    page.set_viewport_size({"width": 794, "height": 200})
    page.goto(f"{served}entries/3")
    frame = page.locator("iframe.banner").element_handle().content_frame()
    assert frame is not None and "Accept all" in frame.content()
