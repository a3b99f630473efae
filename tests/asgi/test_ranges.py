"""Parts of files go out when somebody navigates to them; of a page goes out all."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi.client import BANNER, GATED, NAVIGATION, PAGE, App, browser, visit, wrap

pytestmark = pytest.mark.anyio
FILE = bytes(range(256)) * 4
RANGE = {"range": "bytes=0-9"}
FRAME = {**NAVIGATION, "sec-fetch-dest": "iframe"}


@pytest.fixture
def files(tmp_path: Path) -> ASGIApp:
    """A folder with pages and other files."""
    for name in ("film.mp4", "paper.pdf", "archive.zip", "data.bin", "picture.png"):
        (tmp_path / name).write_bytes(FILE)
    (tmp_path / "page.html").write_bytes(PAGE)
    return wrap(StaticFiles(directory=tmp_path))


@pytest.mark.parametrize("headers", [NAVIGATION, FRAME])
@pytest.mark.parametrize("name", ["film.mp4", "paper.pdf", "archive.zip", "data.bin", "picture.png"])
async def test_files_go_out_in_parts(files: ASGIApp, name: str, headers: dict[str, str]) -> None:
    async with browser(files) as client:
        whole = await client.get(f"/{name}", headers=headers)
        assert (whole.status_code, whole.content, whole.headers["accept-ranges"]) == (200, FILE, "bytes")
        part = await client.get(f"/{name}", headers={**headers, **RANGE, "if-range": whole.headers["etag"]})
        assert (part.status_code, part.content) == (206, FILE[:10])
        assert part.headers["content-range"] == f"bytes 0-9/{len(FILE)}"
        changed = await client.get(f"/{name}", headers={**headers, **RANGE, "if-range": '"other"'})
        assert (changed.status_code, changed.content) == (200, FILE)
        beyond = await client.get(f"/{name}", headers={**headers, "range": "bytes=9999-"})
        assert beyond.status_code == 416


@pytest.mark.parametrize("headers", [NAVIGATION, FRAME])
async def test_pages_go_out_whole(files: ASGIApp, headers: dict[str, str]) -> None:
    async with browser(files) as client:
        answer = await client.get("/page.html", headers={**headers, **RANGE})
        plain = await client.get("/page.html", headers=headers)
    assert (answer.status_code, answer.content) == (200, plain.content)
    assert GATED in answer.content and (BANNER in answer.content) is (headers is NAVIGATION)
    assert "accept-ranges" not in answer.headers and "content-range" not in answer.headers


def parts_of(body: bytes, *more: tuple[str, str]) -> ASGIApp:
    """Send parts of a page to who asks for them, after reading the request as Django does."""

    async def site(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        assert await request.body() == b""
        asked = "range" in request.headers
        scope["path"] = scope["root_path"] = "/changed"
        response = Response(body[:10] if asked else body, 206 if asked else 200, media_type="text/html")
        response.headers.update(dict(more))
        await response(scope, receive, send)

    return site


@pytest.mark.parametrize("body", [b"", [{"type": "http.request", "body": b"", "more_body": False}]])
async def test_an_app_that_has_read_the_request_reads_it_again(body: bytes | list[Message]) -> None:
    answer = await visit(wrap(parts_of(PAGE)), body=body, headers={**NAVIGATION, **RANGE})
    assert answer.status == 200 and BANNER in answer.body
    assert answer.body.endswith(b"</html>") and b"/changed" not in answer.body


async def test_a_page_that_is_saved_goes_out_in_parts() -> None:
    saved = ("content-disposition", 'attachment; filename="page.html"')
    answer = await visit(wrap(parts_of(PAGE, saved)), headers={**NAVIGATION, **RANGE})
    assert (answer.status, answer.body) == (206, PAGE[:10])


@pytest.mark.parametrize(
    ("request_", "calls"),
    [
        ({}, 1),
        (RANGE, 2),
        ({**RANGE, "sec-fetch-dest": "video"}, 1),
        ({**RANGE, "sec-fetch-dest": "empty", "accept": "*/*"}, 1),
    ],
)
async def test_the_app_is_asked_again_only_for_a_part_of_a_page(request_: dict[str, str], calls: int) -> None:
    def answer(scope: Scope) -> tuple[int, Iterable[tuple[str, str]], list[bytes]]:
        ranged = any(name == b"range" for name, _ in scope["headers"])
        return (206, [("content-type", "text/html")], [PAGE[:9]]) if ranged else (200, app.headers, [PAGE])

    app = App(answer_to=answer)
    await visit(wrap(app), headers={**NAVIGATION, **request_})
    assert len(app.scopes) == calls


@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_where_a_range_means_nothing_the_app_sees_none(method: str) -> None:
    app = App()
    await visit(wrap(app), method=method, headers={**NAVIGATION, **RANGE, "if-range": '"x"'})
    assert not {"range", "if-range"} & app.seen.keys()


async def test_a_page_that_knows_no_ranges_is_asked_for_once() -> None:
    app = App()
    answer = await visit(wrap(app), headers={**NAVIGATION, **RANGE})
    assert len(app.scopes) == 1 and BANNER in answer.body
