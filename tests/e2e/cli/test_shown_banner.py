"""The file of ``consentkit log show --render`` in a real browser: the banner as it was, and nothing runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from cli.shown import bundle_of, render
from record.receipts import notice_for

pytestmark = pytest.mark.browser

HOSTILE = (
    "<script>document.title = 'ran'</script><img src='http://evil.example/i' onerror='document.title=1'>"
    "<meta http-equiv='refresh' content='0;url=http://evil.example/'><style>@import 'http://evil.example/s'</style>"
    "</iframe><script>document.title = 'ran'</script>"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "consent.sqlite3"


@pytest.fixture
def page(chromium: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what it asks the network for: what its policy forbids is not asked for."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page, asked = context.new_page(), []
    page.on("request", lambda request: asked.append(request.url))

    def take_back(request: Request) -> None:
        if request.failure == "csp":
            asked.remove(request.url)

    page.on("requestfailed", take_back)
    yield page, asked
    context.close()


def test_the_banner_is_shown_as_it_was(path: Path, page: tuple[Page, list[str]]) -> None:
    shown, asked = page
    file = render(path, bundle_of(notice_for()))
    shown.goto(file.as_uri())
    frame = shown.frame_locator("iframe")
    accept = frame.get_by_role("button", name=notice_for().texts["opt-in.accept"])
    expect(accept).to_be_visible()
    style = accept.evaluate("e => [getComputedStyle(e).minHeight, getComputedStyle(e).backgroundColor]")
    assert style[0] == "44px" and style[1] not in ("rgba(0, 0, 0, 0)", "rgb(239, 239, 239)")
    banner = frame.locator("#consentkit-banner")
    assert banner.evaluate("e => getComputedStyle(e).position") == "fixed"
    accept.click()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert shown.url == file.as_uri()


def test_nothing_in_a_notice_runs_or_leads_away(path: Path, page: tuple[Page, list[str]]) -> None:
    shown, asked = page
    notice = notice_for()
    file = render(
        path, bundle_of(notice, html=notice.html + HOSTILE, locale='de"><script>document.title=1</script>')
    )
    shown.goto(file.as_uri())
    expect(shown.frame_locator("iframe").locator("#consentkit-banner")).to_be_visible()
    assert shown.title() == "The banner as it was shown"
    shown.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert shown.locator("script").count() == 0
