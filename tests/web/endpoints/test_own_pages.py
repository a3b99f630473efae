"""The package's own pages: who may post what, and what comes back."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from asgi.client import NAVIGATION, App, browser, cookie, post, shown, state_of, visit, wrap
from consentkit import ConsentLog
from consentkit.exceptions import BadRequest
from consentkit.web.endpoints.submission import MAX_BODY, check_return

pytestmark = pytest.mark.anyio
FORM = "application/x-www-form-urlencoded"
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "evil.example",
    "/\t/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/\n/evil.example",
    "/x\r\nset-cookie: a=b",
    "/x\x00",
    "",
]


async def raw_post(
    body: bytes, *, kind: str = FORM, headers: dict[str, str] | None = None, app: Any = None
) -> Any:
    """Post bytes; browsers' headers are left out unless given."""
    sent = {"content-type": kind, **(headers or {})}
    return await visit(app or wrap(), "/_consent/decision", method="POST", headers=sent, body=body)


SAME_ORIGIN = [
    ({"sec-fetch-site": "same-origin"}, True),
    ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, True),
    ({"sec-fetch-site": "same-site"}, False),
    ({"sec-fetch-site": "cross-site"}, False),
    ({"sec-fetch-site": "none"}, False),
    ({"sec-fetch-site": "cross-site", "origin": "http://example.org"}, False),
    ({"sec-fetch-site": "nonsense"}, False),
    ({"origin": "http://example.org"}, True),
    ({"origin": "HTTP://EXAMPLE.ORG"}, True),
    ({"origin": "http://example.org:8000", "host": "example.org:8000"}, True),
    ({"origin": "http://example.org:8000"}, False),
    ({"origin": "http://example.org", "host": "example.org:80"}, True),  # nginx: $host:$server_port
    ({"origin": "http://example.org:80"}, True),
    ({"origin": "http://example.org", "host": "example.org:443"}, False),
    ({"origin": "http://example.org:443"}, False),
    ({"origin": "http://evil.example"}, False),
    ({"origin": "http://sub.example.org"}, False),
    ({"origin": "http://example.org.evil.example"}, False),
    ({"origin": "null"}, False),
    ({"origin": "http://["}, False),
    ({"origin": "http://\xff"}, False),
    ({"origin": "http://", "host": ""}, False),
    ({}, True),
]


@pytest.mark.parametrize(("headers", "allowed"), SAME_ORIGIN)
async def test_only_the_site_itself_may_post(headers: dict[str, str], allowed: bool) -> None:
    answer = await raw_post(b"action=reject", headers=headers)
    assert answer.status == (409 if allowed else 403)  # 409: no notice was named
    assert (answer.all("set-cookie") != []) is allowed


REWRITTEN = {"origin": "http://news.example", "host": "app:8000", "accept": "text/html"}


async def test_a_host_that_a_proxy_changed_is_told_in_the_log_once_and_in_the_answer(
    caplog: pytest.LogCaptureFixture, log: ConsentLog
) -> None:
    app = wrap(log=log)
    answers = [await raw_post(b"action=reject", headers=REWRITTEN, app=app) for _ in range(2)]
    erased = await visit(app, "/_consent/erase", method="POST", headers={"content-type": FORM, **REWRITTEN})
    for answer in (*answers, erased):
        assert (answer.status, "A proxy in between must pass Host on" in answer.body.decode()) == (403, True)
    [said] = [record.getMessage() for record in caplog.records if "proxy" in record.getMessage()]
    assert "'http://news.example'" in said and "'app:8000'" in said and "proxy_set_header Host" in said


async def test_what_a_visitor_sends_cannot_write_lines_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    forged = {**REWRITTEN, "origin": "http://x\x1b[2J\r\nERROR forged" + "x" * 9000}
    await raw_post(b"action=reject", headers=forged, app=wrap())
    [said] = [record.getMessage() for record in caplog.records if "proxy" in record.getMessage()]
    assert said.isprintable() and len(said) < 1000


async def test_another_site_is_told_of_no_proxy(caplog: pytest.LogCaptureFixture) -> None:
    answer = await raw_post(b"action=reject", headers={**REWRITTEN, "sec-fetch-site": "cross-site"})
    assert (answer.status, b"proxy" in answer.body, caplog.records) == (403, False, [])


@pytest.mark.parametrize("path", ELSEWHERE)
async def test_redirects_lead_to_this_site_only(path: str) -> None:
    async with browser(wrap()) as client:
        answer = await post(client, {"action": "reject", "return_to": path})
        assert answer.status_code == 400
        assert "evil" not in answer.text
        assert "location" not in answer.headers
        assert (await state_of(client))["source"] == "regime"
        settings = await client.get("/_consent/", params={"return_to": path})
        assert settings.status_code == (400 if path else 200)  # nothing given is nothing wrong


@pytest.mark.parametrize(
    "path", ["/", "/story?a=1&b=%2F%2Fevil", "/a//b", "/%5Cevil", "/%2F%2Fevil", "/@evil"]
)
async def test_the_way_back_is_kept(path: str) -> None:
    async with browser(wrap()) as client:
        answer = await post(client, {"action": "reject", "return_to": path})
        assert (answer.status_code, answer.headers["location"]) == (303, path)


@given(st.text(max_size=40))
def test_whatever_is_let_through_is_a_path_here(path: str) -> None:
    try:
        kept = check_return(path)
    except BadRequest as error:
        assert error.status == 400
    else:
        there = httpx.URL("http://example.org/base").join(kept)
        assert there.host == "example.org"


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("", b"action=reject", 415),
        ("text/plain", b'{"denied": []}', 415),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("application/jsonp", b"{}", 415),
        (FORM, b"", 400),
        (FORM, b"action", 400),
        (FORM, b"action=destroy", 400),
        (FORM, b"ACTION=reject", 400),
        (FORM, b"action=reject&\xff=1", 400),
        (FORM, b"action=reject" + b"&a=1" * 1000, 400),
        (FORM, b"action=save&purpose=<script>", 400),
        (FORM, b"action=save&vendor=nobody", 400),
        (FORM, b"action=allow&vendor=analitycs", 400),
        (FORM, b"action=allow&once=1", 400),
        (FORM, b"action=allow&once=1&vendor=youtube&vendor=x", 400),
        (FORM, b"action=reject&once=1&vendor=youtube", 400),
        (FORM, b"action=accept&once=1&vendor=youtube", 400),
        (FORM, b"action=save&was=%2B<script>", 400),
        (FORM, b"action=accept", 409),
        (FORM, b"action=accept&notice=0000&locale=en", 409),
        (FORM, b"action=accept&locale=../../etc/passwd", 409),
        (FORM + "; charset=utf-8", b"action=accept", 409),
        ("application/json", b"", 400),
        ("application/json", b"{", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"null", 400),
        ("application/json", b"NaN", 400),
        ("application/json", b"[" * 16000, 400),
        ("application/json", b'{"a":' * 3000, 400),
        ("application/json", b"9" * 16000, 400),
        ("application/json", b"{}", 400),
        ("application/json", b'{"granted": "all"}', 400),
        ("application/json", b'{"granted": [NaN]}', 400),
        ("application/json", b'{"granted": [["analytics"]]}', 400),
        ("application/json", b'{"granted": ["nobody"]}', 400),
        ("application/json", b'{"granted": ["\\ud800"]}', 400),
        ("application/json", b'{"granted": null}', 400),
        ("application/json", b'{"granted": [], "denied": {}}', 400),
        ("application/json", b'{"allow": ["analytics"], "granted": []}', 400),
        ("application/json", b'{"allow": ["analytics"], "return_to": "/"}', 400),
        ("application/json", b'{"granted": [], "notice": 1}', 400),
        ("application/json", b'{"granted": ["analytics"], "notice": "", "locale": []}', 400),
        ("application/json", b'{"granted": ["analytics"], "notice": "\\ud800", "locale": "en"}', 409),
        ("Application/JSON ; charset=utf-8", b'{"granted": ["analytics"]}', 409),
    ],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_bad_input_is_refused_with_a_clear_sentence(
    kind: str, body: bytes, status: int, accept: str
) -> None:
    answer = await raw_post(body, kind=kind, headers={"accept": accept})
    assert answer.status == status
    assert answer.all("set-cookie") == []
    assert answer.header("cache-control") == "no-store"
    assert "frame-ancestors 'self'" in answer.header("content-security-policy")
    text = answer.body.decode()
    assert answer.header("content-type").startswith(accept)
    sentence = json.loads(text)["error"] if accept == "application/json" else text
    assert re.search(r"[A-Z].*\.", sentence)
    for echo in ("<script>alert", "nobody", "destroy", "passwd", "analitycs"):
        assert echo not in text


@pytest.mark.parametrize("declared", ["99999", "9" * 5000, None, "1", "-1", "nonsense"])
async def test_bodies_that_are_too_large_are_refused(declared: str | None) -> None:
    headers = {"content-length": declared} if declared else {}
    answer = await raw_post(b"action=accept&x=" + b"x" * MAX_BODY, headers=headers)
    assert answer.status == 413


async def test_a_body_that_never_ends_is_not_gathered() -> None:
    piece: Message = {"type": "http.request", "body": b"x" * 1000, "more_body": True}
    headers = {"content-type": FORM}
    answer = await visit(wrap(), "/_consent/decision", method="POST", headers=headers, body=[piece] * 17)
    assert answer.status == 413


async def test_the_largest_body_is_read_in_pieces() -> None:
    body = b"action=accept&x=".ljust(MAX_BODY, b"x")
    messages: list[Message] = [
        {"type": "http.request", "body": body[at : at + 999], "more_body": True}
        for at in range(0, len(body), 999)
    ]
    headers = {"content-type": FORM}
    answer = await visit(
        wrap(),
        "/_consent/decision",
        method="POST",
        headers=headers,
        body=[*messages, {"type": "http.request"}],
    )
    assert answer.status == 409


async def test_a_visitor_who_goes_away_decides_nothing() -> None:
    messages: list[Message] = [
        {"type": "http.request", "body": b"action=accept", "more_body": True},
        {"type": "http.disconnect"},
    ]
    answer = await visit(
        wrap(), "/_consent/decision", method="POST", headers={"content-type": FORM}, body=messages
    )
    assert answer.status == 400


@pytest.mark.parametrize(
    ("path", "method", "allowed"),
    [
        ("/_consent/decision", "GET", "POST"),
        ("/_consent/decision", "HEAD", "POST"),
        ("/_consent/decision", "PUT", "POST"),
        ("/_consent/erase", "GET", "POST"),
        ("/_consent/receipt", "POST", "GET, HEAD"),
        ("/_consent/", "POST", "GET, HEAD"),
        ("/_consent/state", "DELETE", "GET, HEAD"),
        ("/_consent/state", "OPTIONS", "GET, HEAD"),
        ("/_consent/assets/x.css", "POST", "GET, HEAD"),
        ("/_consent", "TRACE", "GET, HEAD"),
    ],
)
async def test_other_methods_are_told_which_to_use(path: str, method: str, allowed: str) -> None:
    answer = await visit(wrap(), path, method=method)
    assert (answer.status, answer.header("allow")) == (405, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/_consent/nothing",
        "/_consent//",
        "/_consent/state/",
        "/_consent/STATE",
        "/_consent/../",
        "/_consent/./",
        "/_consent/assets",
        "/_consent/assets/",
        "/_consent/assets/../decision",
        "/_consent/assets/ck.css/",
        "/_consent/assets/\x00",
        "/_consent/decision/",
        "/_consent/decision/../state",
    ],
)
async def test_there_is_nothing_else_below_the_prefix(path: str) -> None:
    app = App()
    for method in ("GET", "HEAD"):
        assert (await visit(wrap(app), path, method=method)).status == 404
    assert app.scopes == []


@pytest.mark.parametrize(
    "path", ["/_consentx", "//_consent/decision", "/_CONSENT/", "/x/_consent/", "/%5Fconsent/"]
)
async def test_paths_that_only_look_alike_are_the_apps(path: str) -> None:
    app = App()
    assert (await visit(wrap(app), path)).status == 200
    assert len(app.scopes) == 1


async def test_the_prefix_without_its_slash_leads_to_settings() -> None:
    answer = await visit(wrap(), "/site/_consent", root_path="/site")
    assert (answer.status, answer.header("location")) == (308, "/site/_consent/")


async def test_assets_are_immutable_and_small() -> None:
    async with browser(wrap()) as client:
        page = (await client.get("/", headers=NAVIGATION)).text
        names = set(re.findall(r'(?:src|href)="(/_consent/assets/[^"]+)"', page))
        sizes = 0
        for name in names:
            asset = await client.get(name)
            kind = "text/css" if name.endswith(".css") else "text/javascript"
            assert asset.headers["content-type"] == f"{kind}; charset=utf-8"
            assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert asset.headers["x-content-type-options"] == "nosniff"
            assert "set-cookie" not in asset.headers
            sizes += len(gzip.compress(asset.content))
        assert len(names) >= 2
        assert sizes <= 8_200
        old = re.sub(r"\.[0-9a-f]{12}\.", ".000000000000.", sorted(names)[0])
        renamed = await client.get(old)
        assert (renamed.status_code, renamed.headers["cache-control"]) == (200, "no-cache")


async def test_the_state_is_for_this_visitor_only() -> None:
    answer = await visit(wrap(), "/_consent/state", headers={"cookie": cookie(["analytics"]), "sec-gpc": "1"})
    assert answer.header("cache-control") == "no-store"
    assert "Cookie" in answer.header("vary")
    state = json.loads(answer.body)
    assert state["granted"] == ["analytics", "necessary"]
    assert state["denied"] == ["functional", "marketing"]
    assert (state["regime"], state["source"], state["needs_prompt"]) == ("opt-in", "settings", False)
    assert (state["gpc"], state["locale"], len(state["notice"])) == (True, "en", 64)


def boxes(page: str) -> dict[str, bool]:
    """Return the checkboxes of the settings page and whether they are ticked."""
    found = re.findall(r'<input[^>]*name="(?:purpose|vendor)"[^>]*>', page)
    return {re.findall(r'value="([^"]*)"', box)[0]: " checked" in box for box in found}


async def test_settings_show_what_is_in_force_and_wipe_nothing() -> None:
    async with browser(wrap()) as client:
        await post(client, {"action": "save", "purpose": ["analytics"], "vendor": ["google-analytics"]})
        before = await state_of(client)
        page = await client.get("/_consent/", params={"return_to": "/story"})
        assert page.status_code == 200
        ticked = boxes(page.text)
        assert (ticked["analytics"], ticked["google-analytics"]) == (True, True)
        assert (ticked["marketing"], ticked["youtube"]) == (False, False)
        assert 'href="/story"' in page.text
        assert await state_of(client) == before


async def test_saving_says_so() -> None:
    async with browser(wrap()) as client:
        page = (await client.get("/_consent/?saved=1&return_to=%2F")).text
        assert 'role="status"' in page


@pytest.mark.parametrize(
    "query", ["&".join(f"a{n}=1" for n in range(30)), "%", "%FF=%FF", "return_to", "=" * 500]
)
async def test_odd_queries_of_settings_are_no_errors_of_ours(query: str) -> None:
    assert (await visit(wrap(), f"/_consent/?{query}")).status in (200, 400)


async def test_settings_escape_what_they_echo() -> None:
    path = '/"><script>alert(1)</script>'
    page = (await visit(wrap(), "/_consent/?return_to=" + path.replace('"', "%22"))).body.decode()
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page or "%3Cscript%3E" in page


async def test_pages_of_ours_may_not_be_framed_by_others_or_load_from_them() -> None:
    for path in ("/_consent/", "/_consent/nothing", "/_consent/state"):
        policy = (await visit(wrap(), path)).header("content-security-policy")
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'self'" in policy
        assert "base-uri 'none'" in policy


@pytest.mark.parametrize(
    "language", ["tlh", "en-GB;q=0.5, *", "", "a" * 100_000, ",;q=nan" * 50, "en;q=1e999", "\xff"]
)
async def test_odd_languages_get_english(language: str) -> None:
    answer = await visit(wrap(), "/_consent/state", headers={"accept-language": language})
    assert json.loads(answer.body)["locale"] == "en"


async def test_fields_that_come_twice_count_once() -> None:
    async with browser(wrap()) as client:
        notice = await shown(client)
        body = (
            f"action=reject&action=accept&notice={notice['notice']}&locale=en&return_to=/a&return_to=//evil"
        )
        answer = await client.post("/_consent/decision", content=body, headers={"content-type": FORM})
        assert answer.headers["location"] == "/a"
        assert (await state_of(client))["granted"] == ["necessary"]
