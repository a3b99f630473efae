"""Pages: gated, with the banner, in any coding and charset, as they stream, and kept in no shared cache."""

from __future__ import annotations

import gzip
import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from asgi.client import (
    BANNER,
    GATED,
    HTML,
    NAVIGATION,
    PAGE,
    POLICY,
    VENDOR,
    App,
    cookie,
    scope_of,
    silence,
    visit,
    wrap,
)
from consentkit import Place, Policy
from consentkit.asgi.dispatcher import read_request
from consentkit.catalog import safe_path
from consentkit.web.request import MAX_HERE
from consentkit.web.response.cache_headers import BLOCKING
from consentkit.web.response.content_encoding import decoder, encoder

pytestmark = pytest.mark.anyio
CSP = BLOCKING.decode()


async def test_a_page_in_one_message_is_gated_and_has_its_length() -> None:
    answer = await visit(wrap(App(length=True)), headers=NAVIGATION)
    assert GATED in answer.body
    assert b'src="https://www.googletagmanager.com' not in answer.body.replace(GATED, b"")
    assert answer.body.count(BANNER) == 1
    assert answer.body.index(b"<body>") + 6 == answer.body.index(b"<section")
    assert answer.header("content-length") == str(len(answer.body))


async def test_everything_that_is_granted_stays_byte_for_byte() -> None:
    answer = await visit(wrap(), headers={**NAVIGATION, "cookie": cookie("all")})
    tag = b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></body></html>'
    assert answer.body.endswith(tag)
    assert b"<h1>Story</h1>" in answer.body
    assert BANNER not in answer.body
    assert b'id="consentkit-link"' in answer.body


async def test_a_page_streams_as_it_is_written() -> None:
    pieces = [
        b"<html><head><title>a</title></head><body>",
        b"<p>one</p>",
        b"<p>two</p><scr",
        b"ipt></script>",
    ]
    received: list[bytes] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-length", b"99")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            held = b"<scr" if piece.endswith(b"<scr") else b""
            assert b"".join(received).endswith(piece.removesuffix(held)) or BANNER in b"".join(received)
        await send({"type": "http.response.body", "body": b""})

    starts: list[Message] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            starts.append(message)
        else:
            received.append(message["body"])

    await wrap(app)(scope_of(headers=NAVIGATION), silence, send)
    assert b"content-length" not in dict(starts[0]["headers"])
    assert b"<p>one</p>" in received[1]
    assert b"<scr" not in received[2]
    assert b"".join(received).endswith(b"<p>one</p><p>two</p><script></script>")


@pytest.mark.parametrize("bodies", [(b"",), (b"", b"", b"")])
@pytest.mark.parametrize("coding", [[], [("content-encoding", "gzip")]])
async def test_an_empty_body_stays_empty(bodies: tuple[bytes, ...], coding: list[tuple[str, str]]) -> None:
    answer = await visit(wrap(App(*bodies, headers=[HTML, *coding])), headers=NAVIGATION)
    assert answer.body == b""


@pytest.mark.parametrize("status", [200, 404, 500])
async def test_every_page_is_gated_whatever_its_status(status: int) -> None:
    answer = await visit(wrap(App(status=status)), headers=NAVIGATION)
    assert (answer.status, GATED in answer.body, BANNER in answer.body) == (status, True, True)


CODINGS = ["gzip", "deflate", "br", "zstd"]


def packed(data: bytes, coding: str) -> bytes:
    stage = encoder(coding.encode())
    return stage.feed(data) + stage.close()


def unpacked(data: bytes, coding: str) -> bytes:
    return b"".join(decoder(coding.encode()).pieces(data))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_packed_pages_are_unpacked_and_packed_again(coding: str, size: int) -> None:
    data = packed(PAGE, coding)
    bodies = [data[at : at + size] for at in range(0, len(data), size)]
    app = App(*bodies, headers=[HTML, ("content-encoding", coding)], length=True)
    answer = await visit(wrap(app), headers=NAVIGATION)
    plain = await visit(wrap(), headers=NAVIGATION)
    assert unpacked(answer.body, coding) == plain.body
    assert answer.all("content-encoding") == [coding]
    assert answer.header("content-length") == (str(len(answer.body)) if len(bodies) == 1 else "")


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_packed_page_can_be_read_as_far_as_it_was_sent(coding: str) -> None:
    stage = encoder(coding.encode())
    bodies = [stage.feed(text) + stage.flush() for text in (b"<body><p>one</p>", b"<p>two</p>")]
    app = App(*bodies, stage.close(), headers=[HTML, ("content-encoding", coding)])
    first, second, end = (await visit(wrap(app), headers=NAVIGATION)).bodies
    reading = decoder(coding.encode())
    assert b"".join(reading.pieces(first)).endswith(b"<p>one</p>")
    assert b"".join(reading.pieces(second)) == b"<p>two</p>"
    assert b"".join(reading.pieces(end)) == b""


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("inside", [True, False])
async def test_compression_works_on_either_side(inside: bool, streamed: bool) -> None:
    bodies = (PAGE * 10, PAGE * 10) if streamed else (PAGE * 20,)
    app: ASGIApp = wrap(GZipMiddleware(App(*bodies))) if inside else GZipMiddleware(wrap(App(*bodies)))
    answer = await visit(app, headers={**NAVIGATION, "accept-encoding": "gzip, br"})
    plain = await visit(wrap(App(*bodies)), headers=NAVIGATION)
    assert answer.all("content-encoding") == ["gzip"]
    assert gzip.decompress(answer.body) == plain.body
    assert answer.header("content-length") == ("" if streamed else str(len(answer.body)))
    assert "accept-encoding" in answer.header("vary").lower()


@pytest.mark.parametrize("inside", [True, False])
async def test_data_is_the_same_on_either_side_of_compression(inside: bool) -> None:
    data = App(b"{}" * 1000, headers=[("content-type", "application/json")], length=True)
    app: ASGIApp = wrap(GZipMiddleware(data)) if inside else GZipMiddleware(wrap(data))
    request = {"accept-encoding": "gzip", "sec-fetch-dest": "empty"}
    assert (await visit(app, headers=request)).messages == (
        await visit(GZipMiddleware(data), headers=request)
    ).messages


@pytest.mark.parametrize("coding", CODINGS)
async def test_a_page_that_is_cut_short_goes_out_gated_as_far_as_it_goes(coding: str) -> None:
    data = packed(PAGE + b"<p>" + bytes(range(256)) * 100, coding)
    app = App(data[: len(data) // 2], headers=[HTML, ("content-encoding", coding)])
    answer = await visit(wrap(app), headers=NAVIGATION)
    page = unpacked(answer.body, coding)
    assert VENDOR.encode() not in page.replace(GATED + b'"https://' + VENDOR.encode(), b"")


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("good", [b"", b"<p>good</p>"])
async def test_a_page_in_the_wrong_coding_is_cut_off(
    coding: str, good: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    stage = encoder(coding.encode())
    begin = stage.feed(good) + stage.flush() if good else b""
    app = App(begin + b"\xff\xff" + PAGE, PAGE, headers=[HTML, ("content-encoding", coding)])
    answer = await visit(wrap(app), headers=NAVIGATION)
    assert VENDOR.encode() not in answer.body
    assert answer.bodies[-1] == b""
    assert caplog.messages == ["a page is not in the coding that its Content-Encoding names; it was cut off"]


async def test_a_few_bytes_that_stand_for_many_are_no_danger() -> None:
    app = App(packed(b"<body>" + bytes(40_000_000), "gzip"), headers=[HTML, ("content-encoding", "gzip")])
    tracemalloc.start()
    answer = await visit(wrap(app), headers=NAVIGATION)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 8_000_000
    assert sum(map(len, decoder(b"gzip").pieces(answer.body))) > 40_000_000


UNREADABLE = [
    pytest.param(200, [HTML, ("content-encoding", "compress")], id="unknown coding"),
    pytest.param(200, [HTML, ("content-encoding", "gzip, br")], id="two codings"),
    pytest.param(200, [HTML, ("content-encoding", "gzip"), ("content-encoding", "br")], id="two headers"),
    pytest.param(206, [HTML, ("content-range", "bytes 0-9/99")], id="part"),
    pytest.param(200, [], id="no type"),
    pytest.param(200, [("content-type", "unknown/unknown")], id="guessed type"),
]


@pytest.mark.parametrize(("status", "headers"), UNREADABLE)
async def test_what_cannot_be_read_is_held_back_by_the_browser(
    status: int, headers: list[tuple[str, str]]
) -> None:
    app = App(PAGE, status=status, headers=headers)
    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.body == PAGE
    assert answer.header("content-security-policy") == CSP
    assert "private" in answer.header("cache-control")
    granted = await visit(wrap(app), headers={**NAVIGATION, "cookie": cookie("all")})
    assert granted.header("content-security-policy") == ""


async def test_the_sites_own_policy_stays_beside_the_blocking_one() -> None:
    app = App(headers=[HTML, ("content-encoding", "compress"), ("content-security-policy", "img-src *")])
    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.all("content-security-policy") == ["img-src *", CSP]


@pytest.mark.parametrize(
    "headers",
    [
        [("content-type", "TEXT/HTML;charset=UTF-8")],
        [("content-type", "text/html, text/html")],
        [("content-type", "text/plain"), ("content-type", "text/html")],
    ],
)
async def test_html_is_html_however_it_is_written(headers: list[tuple[str, str]]) -> None:
    assert GATED in (await visit(wrap(App(headers=headers)), headers=NAVIGATION)).body


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "iso2022_jp"])
async def test_pages_in_wide_charsets_are_read(charset: str) -> None:
    label = {"utf-16-le": "utf-16", "utf-16-be": "utf-16be", "iso2022_jp": "iso-2022-jp"}[charset]
    app = App(PAGE.decode().encode(charset), headers=[("content-type", f"text/html; charset={label}")])
    page = (await visit(wrap(app), headers=NAVIGATION)).body.decode(charset).encode()
    assert (GATED in page, BANNER in page) == (True, True)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "utf-8"])
@pytest.mark.parametrize("size", [1, 10_000])
async def test_a_byte_order_mark_says_the_charset(charset: str, size: int) -> None:
    data = ("\ufeff" + PAGE.decode()).encode(charset)
    app = App(*[data[at : at + size] for at in range(0, len(data), size)], headers=[HTML])
    page = (await visit(wrap(app), headers=NAVIGATION)).body.decode(charset)
    assert page.startswith("\ufeff<!DOCTYPE")
    assert (GATED.decode() in page, BANNER.decode() in page) == (True, True)


@pytest.mark.parametrize(
    "headers",
    [
        {"hx-request": "true"},
        {"turbo-frame": "main"},
        {"x-requested-with": "XMLHttpRequest"},
        {"sec-fetch-dest": "empty"},
        {"sec-fetch-dest": "iframe"},
        {"sec-fetch-dest": "frame"},
    ],
)
async def test_fragments_and_frames_are_gated_without_a_banner(headers: dict[str, str]) -> None:
    body = b'<p>part</p><iframe src="https://www.youtube.com/embed/x"></iframe>'
    answer = await visit(wrap(App(body)), headers=headers)
    assert b"data-consentkit-src=" in answer.body
    assert BANNER not in answer.body
    assert b"consentkit-link" not in answer.body
    assert answer.body.startswith(b"<p>part</p>")


async def test_what_shapes_the_page_varies_it() -> None:
    app = App(headers=[HTML, ("vary", "Accept-Encoding, cookie")])
    answer = await visit(wrap(app), headers=NAVIGATION)
    listed = [name.strip().lower() for name in answer.header("vary").split(",")]
    assert len(listed) == len(set(listed))
    for name in ("accept-encoding", "cookie", "sec-gpc", "accept-language", "sec-fetch-dest", "hx-request"):
        assert name in listed


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], "private"),
        (
            [("cache-control", "public, max-age=60"), ("cdn-cache-control", "max-age=9")],
            "private, max-age=60",
        ),
        ([("cache-control", "no-store"), ("surrogate-control", "max-age=9")], "no-store"),
    ],
)
async def test_no_shared_cache_keeps_a_page(given: list[tuple[str, str]], kept: str) -> None:
    answer = await visit(wrap(App(headers=[HTML, *given])), headers=NAVIGATION)
    assert answer.header("cache-control") == kept
    assert answer.header("cdn-cache-control") == answer.header("surrogate-control") == ""


async def test_what_describes_the_old_bytes_is_removed() -> None:
    stale = [("last-modified", "x"), ("accept-ranges", "bytes"), ("digest", "x"), ("content-md5", "x")]
    answer = await visit(wrap(App(headers=[HTML, *stale])), headers=NAVIGATION)
    assert [answer.header(name) for name, _ in stale] == [""] * len(stale)


@pytest.mark.parametrize(
    ("asked", "seen"),
    [("gzip, dcb", "gzip"), ("br, zstd", "br, zstd"), ("dcb", "identity"), (None, "identity")],
)
async def test_the_app_is_asked_for_codings_that_can_be_undone(asked: str | None, seen: str) -> None:
    app = App()
    await visit(wrap(app), headers={**NAVIGATION, **({"accept-encoding": asked} if asked else {})})
    assert app.seen["accept-encoding"] == seen


def confirming(scope: Scope) -> tuple[int, list[tuple[str, str]], list[bytes]]:
    """Answer as an app whose page is at version v1, with 304 where the visitor has it."""
    conditions = dict(scope["headers"])
    if b'"v1"' in conditions.get(b"if-none-match", b"") or b"if-modified-since" in conditions:
        return 304, [("etag", '"v1"')], [b""]
    return 200, [HTML, ("etag", '"v1"'), ("last-modified", "yesterday")], [PAGE]


async def test_the_same_visitor_gets_a_304() -> None:
    app = wrap(App(answer_to=confirming))
    tag = (await visit(app, headers=NAVIGATION)).header("etag")
    again = await visit(app, headers={**NAVIGATION, "if-none-match": tag})
    assert (again.status, again.header("etag"), again.body) == (304, tag, b"")
    assert "Cookie" in again.header("vary")
    assert again.header("content-length") == ""


@pytest.mark.parametrize(
    "change",
    [
        {"cookie": cookie()},
        {"cookie": cookie(["analytics"])},
        {"hx-request": "true"},
        {"sec-fetch-dest": "iframe"},
        {"cookie": "consentkit=tampered; x=y"},
    ],
)
async def test_a_page_made_for_somebody_else_is_never_confirmed(change: dict[str, str]) -> None:
    app = wrap(App(answer_to=confirming))
    tag = (await visit(app, headers={**NAVIGATION, "cookie": cookie("all")})).header("etag")
    conditions = {"if-none-match": tag, "if-modified-since": "tomorrow"}
    assert (await visit(app, headers={**NAVIGATION, **change, **conditions})).status == 200


async def test_a_new_version_of_the_package_confirms_no_old_page(monkeypatch: pytest.MonkeyPatch) -> None:
    app = wrap(App(answer_to=confirming))
    tag = (await visit(app, headers=NAVIGATION)).header("etag")
    monkeypatch.setattr("consentkit.web.resolver.package_version", lambda: "next")
    assert (await visit(app, headers={**NAVIGATION, "if-none-match": tag})).status == 200


@pytest.mark.parametrize("tag", ["*", '"v1"', 'W/"v1"', 'W/"v1;ck-000000000000"', '"v1;ck-"', '";ck-";ck-"'])
async def test_forged_tags_confirm_no_page(tag: str) -> None:
    app = wrap(App(answer_to=confirming))
    assert (await visit(app, headers={**NAVIGATION, "if-none-match": tag})).status == 200


async def test_a_star_still_asks_for_any_data() -> None:
    app = App()
    await visit(wrap(app), headers={"if-none-match": "*", "accept": "*/*"})
    assert app.seen["if-none-match"] == "*"


async def test_the_sites_nonce_is_used() -> None:
    policy = "default-src 'nonce-r4nd0m'"
    app = App(headers=[HTML, ("content-security-policy", policy)])
    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.body.count(b'nonce="r4nd0m"') >= 2
    assert answer.header("content-security-policy") == policy


async def test_nothing_inline_is_put_into_the_page() -> None:
    page = (await visit(wrap(App(b"<html><body>x</body></html>")), headers=NAVIGATION)).body
    assert b" style=" not in page
    assert b"<style" not in page
    assert b"></script>" in page
    assert page.count(b"<script") == page.count(b"<script defer=")


async def test_trailers_pass_and_leave_no_length() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html"), (b"content-length", b"9")]
        await send({"type": "http.response.start", "status": 200, "headers": headers, "trailers": True})
        await send({"type": "http.response.body", "body": PAGE})
        await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False})

    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.messages[-1] == {
        "type": "http.response.trailers", "headers": [(b"x-sum", b"1")], "more_trailers": False,
    }  # fmt: skip
    assert answer.header("content-length") == ""


async def test_bodies_may_be_views_of_memory() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", b"text/html")]}
        )
        await send({"type": "http.response.body", "body": memoryview(PAGE), "more_body": True})
        await send({"type": "http.response.body", "body": bytearray(b"<p>")})

    assert GATED in (await visit(wrap(app), headers=NAVIGATION)).body


@pytest.mark.parametrize(
    ("root", "base"), [("/site", "/site"), ("/site/", "/site"), ("/my site", "/my%20site")]
)
async def test_a_mounted_site_has_its_own_addresses(root: str, base: str) -> None:
    path = root.rstrip("/")
    app = wrap()
    page = (await visit(app, f"{path}/story?a=1", root_path=root, headers=NAVIGATION)).body.decode()
    assert f'action="{base}/_consent/decision"' in page
    assert f'value="{base}/story?a=1"' in page
    assert f'src="{base}/_consent/assets/' in page
    settings = await visit(app, f"{path}/_consent/", root_path=root, headers=NAVIGATION)
    assert settings.status == 200
    assert f'href="{base}/"' in settings.body.decode()


async def test_debug_says_what_was_held_back_and_nothing_else_does() -> None:
    told = await visit(wrap(debug=True), headers=NAVIGATION)
    assert told.header("consentkit-gated") == (
        "script; vendor=google-analytics; purpose=analytics; host=www.googletagmanager.com; why=host"
    )
    assert (await visit(wrap(), headers=NAVIGATION)).header("consentkit-gated") == ""


async def test_debug_says_how_to_declare_what_looks_like_a_vendor_s_on_the_site_s_own_host() -> None:
    page = b"<!doctype html><head><script src='/metrics/gtag/js?id=G-1'></script><body>"
    app = wrap(App(page), debug=True)
    for _ in range(3):
        answer = await visit(app, headers=NAVIGATION)
        assert answer.header("consentkit-gated") == (
            "undeclared; host=example.org/metrics/gtag/js; looks-like=google-analytics; "
            'declare=[vendors.google-analytics] hosts = ["example.org/metrics/gtag/js"]'
        )


async def test_the_debug_header_is_one_line_of_ascii_and_bounded() -> None:
    page = "".join(f'<img src="https://é{n}.example/\n">' for n in range(200))
    answer = await visit(wrap(App(page.encode()), debug=True), headers=NAVIGATION)
    assert answer.header("consentkit-gated").isprintable()
    assert len(answer.header("consentkit-gated")) <= 2048


async def test_no_banner_where_the_regime_wants_none() -> None:
    policy = Policy(uses=POLICY.uses, regimes={"default": "opt-in", "US": "none"})
    app = wrap(policy=policy, place=lambda scope: Place(country="US"))
    page = (await visit(app, headers=NAVIGATION)).body
    assert b"consentkit-banner" not in page
    assert GATED not in page


async def test_a_resolver_that_fails_leaves_the_strictest_regime(caplog: pytest.LogCaptureFixture) -> None:
    def nowhere(scope: Scope) -> Place:
        raise OSError("no database")

    policy = Policy(uses=POLICY.uses, regimes={"default": "none"})
    caplog.set_level("CRITICAL")
    app = App()
    await visit(wrap(app, policy=policy, place=nowhere))
    assert app.scope["state"]["consent"].regimes == policy.regimes_at(None)


@given(path=st.text(max_size=60), query=st.binary(max_size=60))
def test_the_way_back_is_on_this_site(path: str, query: bytes) -> None:
    scope = {**scope_of(), "path": "/" + path.encode("utf-8", "replace").decode(), "query_string": query}
    here = read_request(scope).here
    assert safe_path(here) == here
    assert here.isascii()


@pytest.mark.parametrize(
    ("path", "query", "here"),
    [
        ("/a%b", b"", "/a%25b"),
        ("/caf\u00e9", b"q=%C3%A9&x=\xe9", "/caf%C3%A9?q=%C3%A9&x=%E9"),
        ("//evil.example/", b"", "/evil.example/"),
        ("/\\evil.example", b"", "/%5Cevil.example"),
        ("/a?b#c", b"", "/a%3Fb%23c"),
        ("/story", b"x" * MAX_HERE, "/story"),
        ("/" + "x" * MAX_HERE, b"x=1", "/"),
    ],
)
def test_addresses_that_are_odd(path: str, query: bytes, here: str) -> None:
    assert read_request({**scope_of(), "path": path, "query_string": query}).here == here


@pytest.mark.parametrize("nonce", ["", "r4nd0m"])
async def test_globals_of_gated_snippets_are_stubbed(nonce: str) -> None:
    snippet = (
        b"<script>window.dataLayer=[];function gtag(){dataLayer.push(arguments)}gtag('config','G-1')</script>"
    )
    policy = [("content-security-policy", f"script-src 'nonce-{nonce}'")] if nonce else []
    answer = await visit(wrap(App(b"<body>" + snippet, headers=[HTML, *policy])), headers=NAVIGATION)
    (stub,) = re.findall(r"<script [^>]*data-consentkit-stubs=[^>]*></script>", answer.body.decode())
    assert "gtag" in stub
    assert (f'nonce="{nonce}"' in stub) is bool(nonce)
    (source,) = re.findall(r'src="([^"]*)"', stub)
    asset = await visit(wrap(), source)
    assert (asset.status, asset.header("content-type")) == (200, "text/javascript; charset=utf-8")
    assert answer.body.index(stub.encode()) < answer.body.index(b"function gtag")


@pytest.mark.parametrize("kind", [b"text/html", b"application/json"])
async def test_headers_may_be_lists_of_lists_or_an_iterator(kind: bytes) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        pairs = [[b"content-type", kind], [b"Set-Cookie", b"_ga=1"], [b"set-cookie", b"session=1"]]
        headers = iter(pairs) if scope["path"] == "/iterator" else pairs
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": PAGE})

    for path in ("/", "/iterator"):
        answer = await visit(wrap(app), path, headers=NAVIGATION)
        assert (GATED in answer.body) is (kind == b"text/html")
        assert answer.all("set-cookie") == ["session=1"]
