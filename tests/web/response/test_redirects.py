"""Redirects by which a page's own images, scripts and frames would reach who is denied."""

from __future__ import annotations

import pytest

from asgi.client import App, cookie, visit, wrap

pytestmark = pytest.mark.anyio

META = "https://connect.facebook.net/q"
COOKIES = [("set-cookie", "session=1"), ("set-cookie", "_fbp=1")]
DESTS = (
    "image",
    "script",
    "style",
    "font",
    "video",
    "track",
    "worker",
    "manifest",
    "json",
    "iframe",
    "embed",
)


def app(*locations: str, status: int = 302) -> App:
    headers = [("content-type", "application/json"), ("etag", '"1"'), *(("Location", to) for to in locations)]
    return App(b"moved", b" there", status=status, headers=[*headers, ("content-length", "11"), *COOKIES])


@pytest.mark.parametrize(
    ("dest", "status"),
    [*((dest, 302) for dest in DESTS), *(("image", status) for status in (301, 303, 307, 308))],
)
async def test_a_page_is_not_led_to_who_is_denied(dest: str, status: int) -> None:
    site = wrap(app(META, status=status))
    answer = await visit(site, headers={"sec-fetch-dest": dest})
    assert answer.status == (204 if dest in ("iframe", "embed") else 403)
    assert answer.body == b""
    assert {name for name, _ in answer.start["headers"]} == {b"set-cookie", b"cache-control"}
    assert answer.all("set-cookie") == ["session=1"]
    assert answer.header("cache-control") == "no-store"
    granted = await visit(site, headers={"sec-fetch-dest": dest, "cookie": cookie(["marketing"])})
    assert (granted.status, granted.body) == (status, b"moved there")
    assert granted.start["headers"][2] == (b"Location", META.encode())


@pytest.mark.parametrize("dest", ["image", "document"])
async def test_a_redirect_to_a_vendor_is_kept_by_nobody(dest: str) -> None:
    site = wrap(app(META, status=301))
    answer = await visit(site, headers={"sec-fetch-dest": dest, "cookie": cookie(["marketing"])})
    assert (answer.status, answer.header("cache-control")) == (301, "no-store")
    assert "sec-fetch-dest" in (answer.header("vary") or "").lower()
    own = await visit(wrap(app("/elsewhere", status=301)), headers={"sec-fetch-dest": dest})
    assert not own.header("cache-control")


@pytest.mark.parametrize(
    "location",
    [
        "//connect.facebook.net/q",
        "HTTPS:\\\\connect.facebook.net",
        "https://connect.face\u00adbook.net/q".encode().decode("latin-1"),
        "https://connect.face\xadbook.net/q",
        "https://www.youtube.com/embed/x",
    ],
)
async def test_every_spelling_of_an_address_is_read(location: str) -> None:
    assert (await visit(wrap(app(location)), headers={"sec-fetch-dest": "image"})).status == 403
    assert (await visit(wrap(app("/own", location)), headers={"sec-fetch-dest": "image"})).status == 403


@pytest.mark.parametrize(
    "location", ["/own", "https://example.org/x", "https://cdn.elsewhere.example/x", "?y", ""]
)
async def test_other_redirects_stay(location: str) -> None:
    answer = await visit(wrap(app(location)), headers={"sec-fetch-dest": "image"})
    assert (answer.status, answer.body) == (302, b"moved there")


@pytest.mark.parametrize("dest", ["document", "empty", None])
async def test_visitors_are_led_wherever_the_site_says(dest: str | None) -> None:
    answer = await visit(wrap(app(META)), headers={"sec-fetch-dest": dest} if dest else {})
    assert (answer.status, answer.body) == (302, b"moved there")


@pytest.mark.parametrize("status", [200, 201, 300, 304, 404])
async def test_a_location_that_nobody_follows_stays(status: int) -> None:
    assert (await visit(wrap(app(META, status=status)), headers={"sec-fetch-dest": "image"})).status == status


async def test_unclassified_hosts_as_the_site_says() -> None:
    site = wrap(app("https://cdn.elsewhere.example/x"), unclassified="gate")
    assert (await visit(site, headers={"sec-fetch-dest": "image"})).status == 403


async def test_debug_says_who_was_not_reached_and_without_enforcement_nothing_changes() -> None:
    answer = await visit(wrap(app(META), debug=True), headers={"sec-fetch-dest": "script"})
    assert "vendor=meta-pixel" in answer.header("consentkit-gated")
    answer = await visit(wrap(app(META), enforce=False), headers={"sec-fetch-dest": "script"})
    assert answer.status == 302
