"""What is none of the middleware's business goes by as the app sent it, when the app sent it."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Message, Receive, Scope, Send

from asgi.client import (
    BANNER,
    GATED,
    HTML,
    NAVIGATION,
    PAGE,
    App,
    browser,
    cookie,
    scope_of,
    silence,
    visit,
    wrap,
)
from consentkit import ConfigurationError, Consent, UnknownPurpose, get_consent

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, [("content-type", "application/json"), ("content-length", "2"), ("etag", '"v1"')], b"{}"),
        (200, [("content-type", "image/png"), ("last-modified", "x"), ("accept-ranges", "bytes")], b"\x89"),
        (200, [("content-type", "text/css"), ("cache-control", "public, max-age=60")], b"p{}"),
        (200, [("content-type", "text/plain")], PAGE),
        (206, [("content-type", "video/mp4"), ("content-range", "bytes 0-0/9")], b"v"),
        (200, [HTML, ("content-disposition", 'attachment; filename="a.html"')], PAGE),
        (200, [HTML, ("content-disposition", " ATTACHMENT")], PAGE),
        (302, [HTML, ("location", "/elsewhere"), ("content-length", "0")], b""),
        (303, [("location", "/elsewhere")], b""),
        (204, [], b""),
        (205, [("content-type", "application/json")], b""),
        (103, [("content-type", "text/css")], b""),
        (304, [("etag", '"v1"')], b""),
        (200, [("x-content-type-options", "nosniff")], PAGE),
    ],
)
async def test_what_is_no_page_passes_as_it_is(
    status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    app = App(body, status=status, headers=headers)
    bare = await visit(app, headers=NAVIGATION)
    wrapped = await visit(wrap(app), headers=NAVIGATION)
    assert wrapped.messages == bare.messages


async def test_server_sent_events_arrive_when_they_are_sent() -> None:
    received: list[bytes] = []

    async def events(scope: Scope, receive: Receive, send: Send) -> None:
        start: Message = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": [(b"content-type", b"text/event-stream")]})
        assert received == [b"start"]
        for number in range(3):
            event = b"data: <script src=//www.googletagmanager.com/x>%d\n\n" % number
            await send({"type": "http.response.body", "body": event, "more_body": True})
            assert received[-1] == event
        await send({"type": "http.response.body"})

    async def send(message: Message) -> None:
        received.append(message["body"] if message.get("body") else message["type"][14:].encode())

    await wrap(events)(scope_of(), silence, send)
    assert received[-1] == b"body"


async def test_files_go_out_whole_and_in_ranges(tmp_path: Path) -> None:
    (tmp_path / "picture.png").write_bytes(bytes(range(256)) * 1000)
    app = wrap(StaticFiles(directory=tmp_path))
    async with browser(app) as client:
        whole = await client.get("/picture.png")
        assert whole.content == bytes(range(256)) * 1000
        assert whole.headers["last-modified"]
        part = await client.get("/picture.png", headers={"range": "bytes=0-9"})
        assert (part.status_code, part.content) == (206, bytes(range(10)))
        again = await client.get("/picture.png", headers={"if-none-match": whole.headers["etag"]})
        assert again.status_code == 304


async def test_files_of_html_are_read_not_sent_by_path(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_bytes(PAGE)

    async def page(request: Request) -> Response:
        return FileResponse(tmp_path / "page.html")

    app = wrap(Starlette(routes=[Route("/", page)]))
    answer = await visit(
        app, headers=NAVIGATION, extensions={"http.response.pathsend": {}, "http.response.push": {}}
    )
    assert GATED in answer.body
    assert {message["type"] for message in answer.messages} == {"http.response.start", "http.response.body"}


async def test_only_extensions_that_hide_the_body_are_hidden() -> None:
    app = App()
    offered = ("http.response.pathsend", "http.response.zerocopysend", "http.response.trailers")
    await visit(wrap(app), extensions={name: {} for name in offered})
    assert app.scope["extensions"] == {"http.response.trailers": {}}
    await visit(wrap(app), extensions=None)
    assert not app.scope["extensions"]


@pytest.mark.parametrize(
    ("path", "untouched"),
    [
        ("/api", True),
        ("/api/", True),
        ("/api/users", True),
        ("/apiary", False),
        ("/", False),
        ("/x/api", False),
    ],
)
async def test_excluded_prefixes_end_at_segments(path: str, untouched: bool) -> None:
    app = App(headers=[HTML, ("set-cookie", "_ga=1")])
    answer = await visit(wrap(app, exclude=["/api/"]), path, headers=NAVIGATION)
    assert (answer.body == PAGE) is untouched
    assert ("_ga=1" in answer.all("set-cookie")) is untouched
    assert isinstance(app.scope["state"]["consent"], Consent)


async def test_exclusion_is_below_the_root_path() -> None:
    answer = await visit(wrap(App(), exclude=["/api"]), "/site/api/x", root_path="/site", headers=NAVIGATION)
    assert answer.body == PAGE


@pytest.mark.parametrize("bodies", [(PAGE,), (PAGE[:20], b"", PAGE[20:]), (b"",)])
async def test_not_enforced_nothing_changes(
    bodies: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    headers = [
        HTML,
        ("set-cookie", "_ga=1"),
        ("etag", '"v1"'),
        ("content-length", str(len(b"".join(bodies)))),
    ]
    app = App(*bodies, headers=headers)
    request = {
        **NAVIGATION,
        "cookie": "_ga=2",
        "accept-encoding": "br",
        "range": "bytes=0-",
        "if-none-match": '"v"',
    }
    bare = await visit(app, headers=request)
    with caplog.at_level("INFO", "consentkit"):
        wrapped = await visit(wrap(app, enforce=False), headers=request)
    assert wrapped.messages == bare.messages
    assert app.scopes[0]["headers"] == app.scopes[1]["headers"]
    assert ("script of google-analytics" in caplog.text) is bool(bodies[0])


async def test_not_enforced_headers_may_be_an_iterator() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = iter([(b"content-type", b"text/html")])
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})

    answer = await visit(wrap(app, enforce=False))
    assert answer.header("content-type") == "text/html"


async def test_not_enforced_the_debug_header_says_what_would_be_held_back() -> None:
    answer = await visit(wrap(enforce=False, debug=True), headers=NAVIGATION)
    assert "vendor=google-analytics" in answer.header("consentkit-would-gate")
    assert answer.body == PAGE


@pytest.mark.parametrize("coding", ["gzip", "br"])
async def test_not_enforced_what_cannot_be_decoded_passes(coding: str) -> None:
    app = App(b"no ", b"gzip", headers=[HTML, ("content-encoding", coding)])
    assert (await visit(wrap(app, enforce=False))).bodies == [b"no ", b"gzip"]


async def test_not_enforced_what_cannot_be_decoded_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    app = App(b"no gzip", headers=[HTML, ("content-encoding", "gzip")])
    await visit(wrap(app, enforce=False))
    assert caplog.messages == []


@pytest.mark.parametrize("enforce", [True, False])
async def test_a_page_by_its_path_begins(enforce: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        assert ("http.response.pathsend" in scope["extensions"]) is not enforce
        await App(b"")(scope, receive, send) if enforce else await sent(send)

    async def sent(send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        await send({"type": "http.response.pathsend", "path": "/page.html"})

    answer = await visit(wrap(app, enforce=enforce), extensions={"http.response.pathsend": {}})
    assert [message["type"] for message in answer.messages][:1] == ["http.response.start"]


async def test_not_enforced_packed_pages_are_looked_at() -> None:
    packed = gzip.compress(PAGE)
    app = App(packed, headers=[HTML, ("content-encoding", "gzip")])
    answer = await visit(wrap(app, enforce=False, debug=True))
    assert answer.body == packed
    assert "google-analytics" in answer.header("consentkit-would-gate")


async def test_websockets_carry_consent_and_pass() -> None:
    scopes: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        assert (await receive())["type"] == "websocket.connect"
        await send({"type": "websocket.accept"})

    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"example.org"), (b"cookie", cookie(["analytics"]).encode())]
    scope = {"type": "websocket", "path": "/", "headers": headers}  # no scheme, state or root path: optional
    await wrap(app)(scope, receive, send)
    assert get_consent(scopes[0]).allows("analytics")
    assert not get_consent(scopes[0]).allows("marketing")
    assert sent == [{"type": "websocket.accept"}]


async def test_a_cross_site_websocket_has_nothing_granted() -> None:
    app = App()
    headers = [(b"sec-fetch-site", b"cross-site"), (b"sec-fetch-dest", b"websocket")]
    headers.append((b"cookie", cookie("all").encode()))
    await wrap(app)({"type": "websocket", "path": "/", "scheme": "ws", "headers": headers}, silence, _ignore)
    assert get_consent(app.scope).granted == {"necessary"}


async def _ignore(message: Message) -> None:
    """Take any message."""


async def test_other_scopes_pass() -> None:
    app = App()
    await wrap(app)({"type": "telepathy"}, silence, _ignore)
    assert app.scope == {"type": "telepathy"}


class Trouble(Exception):
    """An app's own error."""


@pytest.mark.parametrize("enforce", [True, False])
@pytest.mark.parametrize("begun", [True, False])
async def test_exceptions_of_the_app_pass_through(begun: bool, enforce: bool) -> None:
    trouble = Trouble()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if begun:
            headers = [(b"content-type", b"text/html")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"<p>", "more_body": True})
        raise trouble

    with pytest.raises(Trouble) as caught:
        await visit(wrap(app, enforce=enforce))
    assert caught.value is trouble


async def test_a_page_that_fails_before_its_first_byte_has_sent_nothing() -> None:
    messages: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]}
        )
        raise Trouble

    async def send(message: Message) -> None:
        messages.append(message)

    with pytest.raises(Trouble):
        await wrap(app)(scope_of(), silence, send)
    assert messages == []


async def test_cancellation_passes_through() -> None:
    ended = anyio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            started.set()
            await anyio.sleep_forever()
        finally:
            ended.set()

    started = anyio.Event()
    async with anyio.create_task_group() as group:
        group.start_soon(wrap(app).__call__, scope_of(), silence, _ignore)
        await started.wait()
        group.cancel_scope.cancel()
    assert ended.is_set()


async def test_the_request_body_reaches_the_app() -> None:
    async def echo(request: Request) -> Response:
        return Response(await request.body(), media_type="application/octet-stream")

    app = wrap(Starlette(routes=[Route("/", echo, methods=["POST"])]))
    assert (await visit(app, method="POST", body=b"abc" * 10000)).body == b"abc" * 10000


async def test_the_app_reads_consent_from_request_and_scope() -> None:
    async def read(request: Request) -> Response:
        assert get_consent(request) is get_consent(request.scope) is request.state.consent
        return JSONResponse({"analytics": get_consent(request).allows("google-analytics")})

    app = wrap(Starlette(routes=[Mount("/sub", routes=[Route("/", read)])]))
    assert json.loads((await visit(app, "/sub/")).body) == {"analytics": False}
    answer = await visit(app, "/sub/", headers={"cookie": cookie(["analytics"])})
    assert json.loads(answer.body) == {"analytics": True}


async def test_asking_for_an_unknown_purpose_names_the_known_ones() -> None:
    app = App()
    await visit(wrap(app))
    with pytest.raises(UnknownPurpose, match=r"Did you mean 'analytics'\?.*marketing") as caught:
        get_consent(app.scope).allows("analitycs")
    assert "google-analytics" in caught.value.known


async def test_without_the_middleware_there_is_no_consent() -> None:
    with pytest.raises(ConfigurationError, match="wrap the app: app = with_consent"):
        get_consent(scope_of())
    with pytest.raises(ConfigurationError):
        get_consent(Request(scope_of()))


async def test_state_of_the_lifespan_is_kept() -> None:
    app = App()
    await visit(wrap(app), state={"pool": 1})
    assert app.scope["state"]["pool"] == 1
    assert "consent" in app.scope["state"]


async def test_streamed_data_is_not_gathered() -> None:
    async def numbers() -> AsyncIterator[bytes]:
        for number in range(5):
            yield b"%d" % number

    async def stream(request: Request) -> Response:
        return StreamingResponse(numbers(), media_type="application/x-ndjson")

    answer = await visit(wrap(Starlette(routes=[Route("/", stream)])))
    assert answer.bodies == [b"0", b"1", b"2", b"3", b"4", b""]


async def test_head_of_data_is_as_for_get() -> None:
    app = App(b"", headers=[("content-type", "application/json"), ("content-length", "17")])
    assert (await visit(wrap(app), method="HEAD")).header("content-length") == "17"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_pages_have_the_same_headers_for_head(method: str) -> None:
    app = App(headers=[HTML, ("etag", '"v1"'), ("last-modified", "x")], length=True)
    answer = await visit(wrap(app), method=method, headers=NAVIGATION)
    assert answer.header("etag").startswith('W/"v1;ck-')
    assert answer.header("last-modified") == ""
    assert "Cookie" in answer.header("vary")
    if method == "HEAD":
        assert answer.header("content-length") == ""
        assert BANNER not in answer.body


async def test_data_keeps_its_own_codings() -> None:
    app = App()
    await visit(wrap(app), headers={"accept-encoding": "br, zstd", "sec-fetch-dest": "script"})
    assert app.seen["accept-encoding"] == "br, zstd"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
async def test_conditions_that_guard_a_write_reach_the_app(method: str) -> None:
    app = App()
    conditions = {"if-none-match": "*", "if-match": '"v1"', "if-modified-since": "yesterday"}
    await visit(wrap(app), method=method, headers=conditions)
    assert {name: app.seen[name] for name in conditions} == conditions
