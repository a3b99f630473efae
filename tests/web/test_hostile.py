"""What hostile visitors and other sites try."""

from __future__ import annotations

import re
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi.client import (
    BANNER,
    GATED,
    HTML,
    NAVIGATION,
    POLICY,
    SECRET,
    App,
    browser,
    cookie,
    post,
    state_of,
    visit,
    wrap,
)
from consentkit import ConsentMiddleware, Policy
from consentkit.web.request import Request, choose_locale

pytestmark = pytest.mark.anyio
FOREIGN_BASE = b'<html><head><base href="https://evil.example/"></head><body>x</body></html>'
EMBEDDED = b'<body><iframe src="https://www.youtube.com/embed/x"></iframe></body>'
CLEAN = re.compile(rb"[^\r\n\x00]*")


async def test_behind_a_foreign_base_our_addresses_name_this_site() -> None:
    headers = {**NAVIGATION, "host": "example.org:81"}
    page = (await visit(wrap(App(FOREIGN_BASE)), headers=headers)).body.decode()
    addresses = re.findall(r'(?:action|href|src)="([^"]*_consent[^"]*)"', page[page.index("<body>") :])
    assert addresses
    for address in addresses:
        assert re.match(r"(http:)?//example\.org:81/_consent/", address)


@pytest.mark.parametrize(
    "host",
    [
        'x"><script>alert(1)</script>',
        "evil.example/",
        "evil.example#",
        "evil.example?",
        "evil.example\\",
        "user@evil.example",
        "evil.example\r\nx: y",
        "evil.example, example.org",
        "",
        "a" * 300,
        "[::1",
        "example.org:port",
    ],
)
async def test_a_forged_host_is_not_echoed(host: str) -> None:
    for page in (FOREIGN_BASE, b"<html><body>x</body></html>"):
        answer = await visit(wrap(App(page)), headers={**NAVIGATION, "host": host, "cookie": "_ga=1"})
        assert BANNER in answer.body
        assert b"<script>alert" not in answer.body
        assert not re.search(rb"//[^/\"]*(evil|script|a{300})[^\"]*_consent", answer.body)


@pytest.mark.parametrize(
    "policy",
    [
        "script-src 'nonce-\"><script>alert(1)</script>'",
        "script-src 'nonce-a b'",
        "script-src 'nonce-" + "a" * 500 + "'",
        "script-src 'nonce-a\"'",
        "script-src nonce-abc",
    ],
)
async def test_a_nonce_that_is_none_is_not_copied(policy: str) -> None:
    answer = await visit(wrap(App(headers=[HTML, ("content-security-policy", policy)])), headers=NAVIGATION)
    assert b"nonce=" not in answer.body
    assert b"<script>alert" not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        '/"><script>alert(1)</script>',
        "/'onmouseover='alert(1)",
        "//evil.example/x",
        "/\\evil.example",
        '/x?return_to=//evil.example&"><script>alert(1)</script>',
        "/\r\nset-cookie: a=b",
        "/\u2028\u202e\ufeff\x00",
        "/<%base%>",
    ],
)
async def test_the_pages_own_address_is_escaped_wherever_it_stands(path: str) -> None:
    embed = b'<iframe src="https://www.youtube.com/embed/x"></iframe>'
    scope: dict[str, Any] = {"headers": NAVIGATION}
    app = App(b"<html><body>" + embed)
    plain, _, query = path.partition("?")
    page = (await visit(wrap(app), "/", **scope, query_string=query.encode(), raw_path=b"/")).body
    page += (await visit(wrap(app), plain, **scope)).body
    assert b"<script>alert" not in page
    assert b"onmouseover='" not in page
    for value in re.findall(rb'name="return_to" value="([^"]*)"', page):
        assert re.match(rb"/(?![/\\])", value)
        assert not re.search(rb"[<>\s\\]", value)


header_text = st.text(st.characters(max_codepoint=255), max_size=60)
names = st.sampled_from(
    ["cookie", "host", "accept-language", "accept", "accept-encoding", "if-none-match", "sec-gpc", "range",
     "sec-fetch-site", "sec-fetch-dest", "content-type", "content-length", "origin", "hx-request"]
)  # fmt: skip


FUZZED = wrap(debug=True)


@given(headers=st.lists(st.tuples(names, header_text), max_size=12), path=st.text(max_size=30))
def test_no_request_makes_an_error_or_breaks_a_header(headers: list[tuple[str, str]], path: str) -> None:
    path = path.encode("utf-8", "replace").decode().partition("?")[0]

    async def check() -> None:
        for where in (f"/{path}", f"/_consent/{path}", "/_consent/", "/_consent/state"):
            answer = await visit(FUZZED, where, headers=headers, raw_path=b"/")
            for name, value in answer.start["headers"]:
                assert CLEAN.fullmatch(name + value), (name, value)

    anyio.run(check)


@given(headers=st.lists(st.tuples(names, header_text), max_size=8), body=st.binary(max_size=200))
def test_no_submission_makes_an_error(headers: list[tuple[str, str]], body: bytes) -> None:
    async def check() -> None:
        for kind in ("application/json", "application/x-www-form-urlencoded"):
            sent = [("content-type", kind), *headers]
            answer = await visit(FUZZED, "/_consent/decision", method="POST", headers=sent, body=body)
            assert 400 <= answer.status < 500

    anyio.run(check)


@given(st.text(st.characters(max_codepoint=255), max_size=80))
def test_what_is_read_of_cookies_is_what_was_sent(text: str) -> None:
    header = text.encode("latin-1")
    request = Request("GET", "/", [(b"cookie", header)])
    for name, value in request.cookies:
        assert (f"{name}".encode("latin-1") in header) and (value.encode("latin-1") in header)


@pytest.mark.parametrize(
    "header",
    [
        'consentkit="{}"',
        "consentkit={} ",
        "consentkit = {}",
        "consentkit={}; consentkit={}",
        "$Version=1; consentkit={}; $Path=/",
        "a=b,consentkit={}",
        "consentkit={}, x",
        "consentkit={}%20",
        "consentkit==​".encode().decode("latin-1") + "{}",
    ],
)
async def test_odd_spellings_of_a_cookie_grant_nothing_more(header: str) -> None:
    refusal = cookie(["analytics"]).partition("=")[2]
    app = App()
    await visit(wrap(app), headers={"cookie": header.replace("{}", refusal)})
    assert not app.scope["state"]["consent"].allows("marketing")


@given(st.text(max_size=50), st.text(max_size=300) | st.from_regex(r"([a-z-]{1,9}(;q=[0-9.]+)?, ?|\\*){0,9}"))
def test_any_language_header_finds_a_locale(page: str, header: str) -> None:
    assert choose_locale(page, header.encode("latin-1", "replace"), ["en", "de"]) in ("en", "de")


@pytest.mark.parametrize(
    ("header", "locale"),
    [("de-CH, en;q=0.5", "de"), ("en;q=0.1, de;q=0.2", "de"), ("fr", "en"), ("de;q=0", "en"), ("DE", "de")],
)
def test_the_best_language_is_chosen(header: str, locale: str) -> None:
    assert choose_locale("", header.encode("latin-1", "replace"), ["en", "de"]) == locale


async def test_a_page_whose_address_is_too_long_for_a_form_can_still_be_answered() -> None:
    page = (await visit(wrap(), "/story?x=" + "%41" * 20_000, headers=NAVIGATION)).body.decode()
    (value,) = set(re.findall(r'name="return_to" value="([^"]*)"', page))
    assert value == "/story"


async def test_a_head_request_to_our_pages_changes_nothing() -> None:
    for path in ("/_consent/", "/_consent/state", "/_consent/decision"):
        answer = await visit(wrap(), path, method="HEAD")
        assert answer.all("set-cookie") == []


async def test_a_site_cannot_be_made_to_gate_its_own_host_by_a_forged_one() -> None:
    own = b'<html><body><script src="//example.org/own.js"></script>'
    app = App(own + b'<script src="//www.googletagmanager.com/gtag/js?id=G-1"></script>')
    answer = await visit(wrap(app), headers={**NAVIGATION, "host": "www.googletagmanager.com"})
    assert b'<script src="//example.org/own.js">' in answer.body


async def test_repeated_headers_of_a_signal_count_once_and_never_against_it() -> None:
    app = App()
    await visit(wrap(app), headers=[("sec-gpc", "0"), ("sec-gpc", "1")])
    assert app.scope["state"]["consent"].gpc


async def test_tags_forged_as_ours_do_not_reach_the_app() -> None:
    app = App()
    forged = 'W/"v1;ck-0123456789ab", ";ck-", W/";ck-;ck-;ck-", "' + "x" * 5000 + '"'
    await visit(wrap(app), headers={**NAVIGATION, "if-none-match": forged})
    assert "if-none-match" not in app.seen
    assert GATED in (await visit(wrap(app), headers=NAVIGATION)).body


@pytest.mark.parametrize(
    "path", ["/api/../page.html", "/api/..", "/api/x/../../page.html", "/api\\..\\page.html"]
)
async def test_no_detour_through_an_excluded_path_gets_an_ungated_page(path: str) -> None:
    """Browsers leave ``%2F..`` as it is; servers decode it, and apps that serve files resolve it."""
    app = wrap(exclude=["/api"])
    assert GATED in (await visit(app, path, headers=NAVIGATION)).body
    assert GATED not in (await visit(app, "/api/..x", headers=NAVIGATION)).body


@pytest.mark.parametrize("answer", ["US", ("US", "CA"), {"country": "US"}])
async def test_a_place_resolver_that_answers_nonsense_leaves_the_place_unknown(answer: Any) -> None:
    policy = Policy(regimes={"default": "opt-in", "US": "none"})
    async with browser(wrap(policy=policy, place=lambda scope: answer)) as client:
        assert (await state_of(client))["regime"] == "opt-in"


@pytest.mark.parametrize("inner", ["/_consent", "/other"])
async def test_of_two_nested_middlewares_the_outer_one_asks(inner: str) -> None:
    app = ConsentMiddleware(wrap(prefix=inner), secret_key=SECRET, log=None, policy=POLICY)
    async with browser(app) as client:
        page = (await client.get("/", headers=NAVIGATION)).content
    assert page.count(BANNER) == 1


async def test_what_the_outer_of_two_middlewares_leaves_alone_the_inner_one_takes() -> None:
    app = ConsentMiddleware(wrap(), secret_key=SECRET, log=None, exclude=["/inner"])
    async with browser(app) as client:
        page = (await client.get("/inner", headers=NAVIGATION)).content
    assert page.count(BANNER) == 1
    assert GATED in page


async def test_what_was_allowed_once_does_not_count_where_no_cookie_should_travel() -> None:
    policy = Policy(uses=("youtube",))
    async with browser(wrap(App(EMBEDDED), policy=policy)) as client:
        await post(client, {"action": "allow", "vendor": "youtube", "once": "1"})
        headers = {**NAVIGATION, "sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}
        assert GATED in (await client.get("/", headers=headers)).content


async def test_cookies_are_expired_under_the_root_and_the_folder_of_the_page() -> None:
    async with browser(wrap()) as client:
        client.cookies.set("_ga", "1")
        answer = await client.get("/blog/post/1", headers=NAVIGATION)
    lines = [line for line in answer.headers.get_list("set-cookie") if line.startswith("_ga=")]
    assert {line.partition("Path=")[2].partition(";")[0] for line in lines} == {"/", "/blog/post"}
