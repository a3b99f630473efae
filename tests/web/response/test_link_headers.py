"""Headers that make browsers reach others: gated on every response, whatever its type."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from asgi.client import HTML, NAVIGATION, App, cookie, silence, visit, wrap

pytestmark = pytest.mark.anyio

BAD = "https://www.google-analytics.com/x"
UNKNOWN = "https://unknown.example/x"
JSON = ("content-type", "application/json")


@pytest.mark.parametrize("kind", [HTML, JSON, ("content-type", "text/css")])
@pytest.mark.parametrize("status", [200, 302, 404])
async def test_links_to_the_denied_are_removed(kind: tuple[str, str], status: int) -> None:
    headers = [kind, ("link", f"<{BAD}>; rel=preload, </a>; rel=preload"), ("refresh", f"5; url={BAD}")]
    answer = await visit(wrap(App(status=status, headers=headers)), headers=NAVIGATION)
    assert (answer.header("link"), answer.header("refresh")) == ("</a>; rel=preload", "")


@pytest.mark.parametrize("kind", [HTML, JSON])
@pytest.mark.parametrize("name", ["content-security-policy", "content-security-policy-report-only"])
async def test_policies_report_to_nobody_denied(kind: tuple[str, str], name: str) -> None:
    policy = f"img-src *; report-uri /csp {BAD}"
    site = wrap(App(headers=[kind, (name, policy)]))
    assert (await visit(site, headers=NAVIGATION)).header(name) == "img-src *; report-uri /csp"
    granted = await visit(site, headers={**NAVIGATION, "cookie": cookie("all")})
    assert granted.header(name) == policy


async def test_what_is_granted_passes_even_if_it_cannot_be_read() -> None:
    headers = [JSON, ("link", f"<{BAD}>; rel=preload"), ("report-to", "{"), ("nel", "x")]
    app = App(b"{}", headers=headers)
    request = {"cookie": cookie("all")}
    assert (await visit(wrap(app), headers=request)).messages == (await visit(app, headers=request)).messages


@pytest.mark.parametrize(
    ("unclassified", "granted", "kept"),
    [("report", (), True), ("allow", (), True), ("gate", (), False), ("gate", "all", False)],
)
async def test_unknown_third_parties(unclassified: str, granted: Any, kept: bool) -> None:
    app = wrap(App(headers=[JSON, ("link", f"<{UNKNOWN}>; rel=preload")]), unclassified=unclassified)
    answer = await visit(app, headers={"cookie": cookie(granted)} if granted else {})
    assert bool(answer.header("link")) is kept


@pytest.mark.parametrize(("unclassified", "live"), [("report", True), ("allow", True), ("gate", False)])
async def test_unknown_third_parties_in_pages(unclassified: str, live: bool) -> None:
    app = wrap(App(f'<script src="{UNKNOWN}"></script>'.encode()), unclassified=unclassified)
    answer = await visit(app, headers=NAVIGATION)
    assert (b"<script src=" + b'"https://unknown' in answer.body) is live


async def hinting(scope: Scope, receive: Receive, send: Send) -> None:
    """Send hints ahead of a response."""
    for links in (
        [f"<{BAD}>; rel=preload".encode()],
        [f"<{BAD}>; rel=preconnect".encode(), b"</a>; rel=preload"],
    ):
        await send({"type": "http.response.early_hint", "links": links})
    for path in ("/a.css", "https://www.google-analytics.com/x"):
        await send({"type": "http.response.push", "path": path, "headers": []})
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})


async def test_early_hints_and_pushes_lose_what_is_denied() -> None:
    sent = (await visit(wrap(hinting), headers=NAVIGATION)).messages
    assert [m.get("links", m.get("path")) for m in sent[:-2]] == [[b"</a>; rel=preload"], "/a.css"]


async def test_early_hints_and_pushes_pass_where_they_may() -> None:
    request = {**NAVIGATION, "cookie": cookie("all")}
    assert (await visit(wrap(hinting), headers=request)).messages == (
        await visit(hinting, headers=request)
    ).messages


async def test_debug_names_what_headers_lost() -> None:
    app = wrap(App(headers=[HTML, ("link", f"<{BAD}>; rel=preload")]), debug=True)
    assert "link; vendor=google-analytics" in (await visit(app, headers=NAVIGATION)).header(
        "consentkit-gated"
    )


async def test_not_enforced_headers_stay_and_are_reported(caplog: pytest.LogCaptureFixture) -> None:
    app = App(b"{}", headers=[JSON, ("link", f"<{BAD}>; rel=preload")])
    with caplog.at_level("INFO", "consentkit"):
        answer = await visit(wrap(app, enforce=False))
    assert answer.messages == (await visit(app)).messages
    assert "link of google-analytics (analytics)" in caplog.text


async def test_what_asks_for_no_work_is_not_copied() -> None:
    start: Message = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/css")],
    }
    body: Message = {"type": "http.response.body", "body": b"x", "more_body": True}
    trailers: Message = {"type": "http.response.trailers", "headers": [], "more_trailers": False}
    scopes: list[Scope] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        for message in (start, body, trailers):
            await send(message)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"host", b"example.org"), (b"cookie", b"a=1"), (b"accept-encoding", b"gzip")]
    scope = {"type": "http", "method": "GET", "path": "/", "headers": headers}
    await wrap(app)(scope, silence, send)
    assert all(one is other for one, other in zip(sent, (start, body, trailers), strict=True))
    assert scopes[0] is scope
    assert scopes[0]["headers"] is headers
