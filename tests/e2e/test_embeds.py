"""Placeholders in a real browser: what they fetch, and where their buttons lead from frames and sandboxes."""

from __future__ import annotations

import html
import secrets
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route as Path

from consentkit import ConsentMiddleware, Policy
from e2e.serving import Served
from e2e.tabs import borrowed, go

pytestmark = pytest.mark.browser

VIDEO: Final = "https://www.youtube.com/embed/x"
FRAME: Final = f'<iframe width="640" height="360" src="{VIDEO}"'
OURS: Final = f'{FRAME} title="How it is made" data-consentkit-poster="/poster.svg"></iframe>'
THEIRS: Final = f'{FRAME} data-consentkit-poster="https://i.ytimg.com/vi/x/0.jpg"></iframe>'
PAGES: Final = {
    "/story": OURS + THEIRS,
    "/nested": f'<iframe id="outer" srcdoc="{html.escape(OURS)}"></iframe>',
}
POSTER: Final = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><path d="M0 0h16v9H0z"/></svg>'
SANDBOXES: Final = (None, "allow-forms allow-same-origin allow-scripts")
both = pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])


async def page_of(request: Request) -> Response:
    return HTMLResponse(f"<!doctype html><title>Story</title><body>{PAGES[request.url.path]}")


async def poster(request: Request) -> Response:
    return Response(POSTER, media_type="image/svg+xml")


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    app = Starlette(routes=[*(Path(path, page_of) for path in PAGES), Path("/poster.svg", poster)])
    policy = Policy(uses=("youtube",))
    wrapped = ConsentMiddleware(app, secret_key=secrets.token_urlsafe(32), log=None, policy=policy)
    with Served(wrapped) as served:
        yield served.url


@pytest.fixture(scope="module")
def portal(site: str) -> Iterator[str]:
    """Another origin of the same site, whose pages show ours in a frame, in one sandbox or another."""

    async def framed(request: Request) -> Response:
        sandbox = SANDBOXES[request.path_params["number"]]
        attribute = "" if sandbox is None else f' sandbox="{sandbox}"'
        return HTMLResponse(f'<!doctype html><iframe id="ours" src="{site}/story"{attribute}></iframe>')

    with Served(Starlette(routes=[Path("/{number:int}", framed)])) as served:
        yield served.url


@pytest.fixture
def asked(chromium: Browser, script: bool) -> Iterator[tuple[Page, list[str]]]:
    """A tab, and what it asks of the world outside."""
    away: list[str] = []

    def answer(route: Route) -> None:
        away.append(route.request.url)
        route.fulfill(body="<!doctype html><title>Theirs</title>", content_type="text/html")

    with borrowed(chromium, script=script) as page:
        page.route(lambda url: not url.startswith("http://127.0.0.1:"), answer)
        yield page, away


def press(within: Page | FrameLocator, name: str = "Load once") -> None:
    """Press a button of the first placeholder."""
    within.frame_locator("iframe[srcdoc][data-consentkit-src]").first.get_by_role("button", name=name).click()


def expect_live(within: Page | FrameLocator, frames: int) -> None:
    expect(within.locator(f'iframe[src="{VIDEO}"]')).to_have_count(frames, timeout=15_000)


@both
def test_the_sites_picture_is_shown_and_none_is_fetched_from_the_vendor(
    asked: tuple[Page, list[str]], site: str
) -> None:
    page, away = asked
    page.goto(f"{site}/story")
    ours, theirs = (page.frame_locator("iframe").nth(number) for number in (0, 1))
    expect(ours.get_by_text("How it is made")).to_be_visible()
    expect(theirs.get_by_text("YouTube", exact=True)).to_be_visible()
    picture = ours.locator("img")
    expect(picture).to_be_visible()
    assert picture.bounding_box() == ours.locator("html").bounding_box()
    expect(theirs.locator("img")).to_have_count(0)
    assert away == []
    with page.expect_response(VIDEO):
        press(page)
    expect_live(page, 2)
    assert set(away) == {VIDEO}


@both
def test_from_a_document_in_the_page_the_buttons_lead_the_page(
    asked: tuple[Page, list[str]], site: str
) -> None:
    page, _ = asked
    page.goto(f"{site}/nested")
    press(page.frame_locator("#outer"))
    outer = page.frame_locator("#outer")
    expect_live(outer, 1)
    expect(outer.locator("#outer")).to_have_count(0)
    assert page.url == f"{site}/nested"


@both
@pytest.mark.parametrize("name", ["Load once", "Always allow YouTube"])
def test_of_a_page_in_a_frame_the_frame_is_led_whatever_the_sandbox(
    asked: tuple[Page, list[str]], site: str, portal: str, name: str, script: bool
) -> None:
    page, _ = asked
    # Where no script runs, Chromium lets nothing in a sandbox lead what is around it.
    for number in (0, 1) if script else (0,):
        page.context.clear_cookies()
        go(page, f"{portal}/{number}")
        ours = page.frame_locator("#ours")
        press(ours, name)
        expect_live(ours, 2)
        assert page.url == f"{portal}/{number}"


@both
def test_the_sign_loads_as_the_button_does(asked: tuple[Page, list[str]], site: str) -> None:
    page, _ = asked
    page.goto(f"{site}/story")
    page.frame_locator("iframe[srcdoc]").first.locator("button[form]").click()
    expect_live(page, 2)
