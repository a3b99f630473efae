from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from examples.news.settings import Settings
from examples.news.site import build
from examples.news.stories import SECTIONS, STORIES, read_stories

ARTICLE = "/world/biden-authorizes-long-range-missiles"
PATHS = ["/", "/privacy", ARTICLE, *(f"/{section}" for section in SECTIONS)]
STATIC = Path(__file__).parents[2] / "examples" / "news" / "static"
pytestmark = pytest.mark.anyio


def _found(html: str, selector: str) -> Iterable[Tag]:
    return BeautifulSoup(html, "html.parser").select(selector)


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_renders_with_its_landmarks(site: httpx.AsyncClient, path: str) -> None:
    page = await site.get(path)
    assert page.status_code == 200
    for landmark in ("main", "header.masthead", "nav[aria-label=Sections]", "footer.foot", "a.skip"):
        assert len(list(_found(page.text, landmark))) == 1, landmark
    assert len(list(_found(page.text, "main h1"))) == 1


async def test_every_story_of_the_front_page_opens(site: httpx.AsyncClient) -> None:
    links = {str(link["href"]) for link in _found((await site.get("/")).text, "main article h2 a, main h3 a")}
    stories, _ = read_stories(STORIES.read_text())
    assert {story.url for story in stories} - links == {"/culture/saturday-drummers-fill-the-railway-hall"}
    for link in links:
        assert (await site.get(link)).status_code == 200


@pytest.mark.parametrize("path", ["/nothing", "/world/nothing", "/city/reserves-go-top-on-goal-difference"])
async def test_what_is_not_there_is_said_on_a_page_of_the_site(site: httpx.AsyncClient, path: str) -> None:
    page = await site.get(path)
    assert page.status_code == 404
    assert "not in today" in page.text


async def test_pictures_are_local_and_have_a_size(site: httpx.AsyncClient) -> None:
    for picture in _found((await site.get("/")).text, "main img"):
        assert picture["width"] == "1200" and picture["height"] == "675"
        assert (STATIC.parent / str(picture["src"]).lstrip("/")).is_file()


async def test_auditors_have_pages_of_their_own_without_a_banner(tmp_path: Path) -> None:
    token = "Vd6k-1pXsJ_8fRtQ3zLwN9bYhG5mCa0e"
    demo = build(Settings(port=8000, data=tmp_path, secret="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", audit=token))
    transport = httpx.ASGITransport(app=demo)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        assert (await client.get("/audit/")).status_code == 401
        shown = (await client.get("/_consent/state")).json()
        fields = {"action": "reject", "notice": shown["notice"], "locale": shown["locale"], "return_to": "/"}
        await client.post("/_consent/decision", data=fields)
        page = await client.get("/audit/", headers={"authorization": f"Bearer {token}"})
    assert page.status_code == 200 and "consentkit-banner" not in page.text
    (decisions,) = [tile for tile in _found(page.text, ".tiles div") if "Decisions" in tile.text]
    assert decisions.get_text(" ").split() == ["Decisions", "1"]


async def test_every_page_leads_to_the_privacy_settings(site: httpx.AsyncClient) -> None:
    for path in PATHS:
        (link,) = _found((await site.get(path)).text, "footer a[data-consentkit-open]")
        assert link["href"] == "/_consent/"


async def test_under_opt_in_no_vendor_of_the_page_is_live(site: httpx.AsyncClient) -> None:
    page = (await site.get(ARTICLE)).text
    live = {str(tag["src"]) for tag in _found(page, "script[src], iframe[src], img[src]")}
    assert not any("//" in source.removeprefix("//127.0.0.1:8000") for source in live), live


async def test_in_california_the_page_is_live_and_shows_the_seeds_notice(site: httpx.AsyncClient) -> None:
    page = (await site.get(ARTICLE, headers={"CF-IPCountry": "US", "CF-Region-Code": "CA"})).text
    live = {str(tag["src"]) for tag in _found(page, "script[src], iframe[src]")}
    assert "http://localhost:8000/newsroom.js" in live
    assert "https://www.youtube.com/embed/aqz-KE-bpKQ" in live
    assert "assume you" in BeautifulSoup(page, "html.parser").get_text()


@pytest.mark.parametrize(
    ("name", "regime"), [("eu", "opt-in"), ("california", "opt-out"), ("nowhere", "opt-in")]
)
async def test_the_footer_switch_changes_the_place(site: httpx.AsyncClient, name: str, regime: str) -> None:
    answer = await site.post(f"/place/{name}?back=/city")
    assert (answer.status_code, answer.headers["location"]) == (303, "/city")
    page = (await site.get("/privacy")).text
    assert regime in [rule.get_text() for rule in _found(page, ".facts dd")]
    (pressed,) = _found(page, ".switch button[aria-current]")
    assert str(pressed["formaction"]).startswith(f"/place/{name}?")


async def test_headers_of_the_request_win_over_the_switch(site: httpx.AsyncClient) -> None:
    await site.post("/place/california?back=/")
    page = (await site.get("/privacy", headers={"CF-IPCountry": "FR"})).text
    assert [rule.get_text() for rule in _found(page, ".facts dd")][:2] == ["FR", "opt-in"]


@pytest.mark.parametrize(
    "back", ["//evil.example/", "/\\evil.example", "https://evil.example/", "", "/a%0d%0ab"]
)
async def test_the_switch_goes_back_to_this_site_only(site: httpx.AsyncClient, back: str) -> None:
    assert (await site.post(f"/place/eu?back={back}")).headers["location"] == "/"


async def test_statistics_cookies_of_the_server_are_gated(site: httpx.AsyncClient) -> None:
    assert "_nr_first" not in (await site.get("/")).cookies
    california = {"CF-IPCountry": "US", "CF-Region-Code": "CA"}
    assert "_nr_first" in (await site.get("/", headers=california)).cookies
