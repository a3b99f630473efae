"""What a request says of itself is remembered, and is never another request's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asgi.client import HTML, NAVIGATION, App, cookie, scope_of, silence, visit, wrap
from consentkit.web import resolver as room
from consentkit.web.request import Request
from consentkit.web.request_kind import Traits, read_traits
from consentkit.web.resolver import MAX_BYTES, MAX_HEADERS, Resolution, Resolver

Pairs = list[tuple[bytes, bytes]]

VALUES = {
    b"cookie": [b"a=1", b"consentkit=x", b"_ga=2", b""],
    b"sec-gpc": [b"1", b"0"],
    b"dnt": [b"1"],
    b"accept": [b"text/html", b"application/json", b""],
    b"accept-encoding": [b"gzip", b"gzip, unheard-of", b"identity"],
    b"sec-fetch-dest": [b"document", b"iframe", b"script", b"serviceworker", b"empty"],
    b"sec-fetch-site": [b"none", b"cross-site"],
    b"hx-request": [b"true"],
    b"hx-boosted": [b"true"],
    b"turbo-frame": [b"x"],
    b"x-requested-with": [b"XMLHttpRequest"],
    b"if-none-match": [b'"a"', b'"b"'],
    b"range": [b"bytes=0-1", b"bytes=2-3"],
    b"x-request-id": [b"1", b"2"],
}
some_headers = st.lists(
    st.sampled_from(sorted(VALUES)).flatmap(
        lambda name: st.sampled_from(VALUES[name]).map(lambda value: (name, value))
    ),
    max_size=8,
)


def said(traits: Traits) -> tuple[object, ...]:
    return tuple(getattr(traits, name) for name in Traits.__struct_fields__)


@pytest.fixture
def resolver() -> Resolver:
    return wrap().deployment.resolver


def resolve(resolver: Resolver, method: str, headers: Pairs) -> Resolution:
    return resolver.resolve(Request(method, "/", headers), None, 0).resolution


shared = wrap().deployment.resolver


@given(requests=st.lists(st.tuples(st.sampled_from(["GET", "POST", "HEAD"]), some_headers), max_size=8))
def test_what_is_remembered_is_what_would_be_read(requests: list[tuple[str, Pairs]]) -> None:
    for method, headers in requests:
        assert said(resolve(shared, method, headers).traits) == said(read_traits(method, headers))


def test_what_does_not_matter_tells_no_requests_apart(resolver: Resolver) -> None:
    one = resolve(resolver, "GET", [(b"accept", b"*/*"), (b"x-request-id", b"1")])
    other = [(b"x-request-id", b"2"), (b"accept", b"*/*"), (b"user-agent", b"x")]
    assert resolve(resolver, "GET", other) is one


@pytest.mark.parametrize("name", [b"if-none-match", b"if-modified-since", b"range", b"if-range"])
def test_tags_and_ranges_do_not_fill_the_memo(name: bytes, resolver: Resolver) -> None:
    found = {id(resolve(resolver, "GET", [(name, b"%d" % number)])) for number in range(9)}
    assert (len(found), len(resolver.known)) == (1, 1)
    assert not resolve(resolver, "GET", [(name, b"1")]).headers_unchanged
    assert resolve(resolver, "GET", []).traits.asks_if_changed is False


@pytest.mark.parametrize(
    "headers",
    [
        [(b"cookie", b"a" * MAX_BYTES)],
        [(b"accept", b"x" * 50)] * (MAX_BYTES // 50),
        [(b"dnt", b"")] * (MAX_HEADERS + 1),
    ],
)
def test_what_is_long_is_read_and_not_remembered(headers: Pairs, resolver: Resolver) -> None:
    found = resolve(resolver, "GET", headers)
    assert not resolver.known
    assert resolve(resolver, "GET", headers) is not found
    assert found.consent.granted == {"necessary"}


def test_a_method_that_is_long_is_not_remembered(resolver: Resolver) -> None:
    resolve(resolver, "X" * (MAX_BYTES + 1), [])
    assert not resolver.known


def test_a_full_memo_begins_anew(resolver: Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_RESOLUTIONS", 3)
    for number in range(10):
        headers = [(b"host", b"%d.example" % number)]
        found = resolve(resolver, "GET", headers)
        assert resolve(resolver, "GET", headers) is found
        assert len(resolver.known) <= 3


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/", "/excluded"])
@pytest.mark.parametrize("kind", [list, tuple, iter])
async def test_headers_may_be_any_iterable(kind: type, path: str) -> None:
    app = App()
    pairs = [[b"host", b"example.org"], [b"sec-gpc", b"1"], [b"sec-fetch-dest", b"script"]]
    await wrap(app, exclude=["/excluded"])({**scope_of(path), "headers": kind(pairs)}, silence, _ignore)
    assert app.scope["state"]["consent"].gpc
    assert [[*pair] for pair in app.scope["headers"]] == pairs


@pytest.mark.anyio
async def test_visitors_in_turn_get_what_is_theirs() -> None:
    """The app sees the cookies that each of them allows, and pages set and expire no others' cookies."""
    app = App(headers=[HTML])
    site = wrap(app)
    visitors = {
        "_ga=1": ("", ["_ga"]),
        f"_ga=1; {cookie('all')}": (f"_ga=1; {cookie('all')}", []),
        f"_ga=1; {cookie()}": (cookie(), ["_ga"]),
        "session=1": ("session=1", []),
    }
    for _ in range(3):
        for sent, (shown, expired) in visitors.items():
            answer = await visit(site, headers={**NAVIGATION, "cookie": sent})
            assert app.seen.get("cookie", "") == shown
            assert sorted({line.partition("=")[0] for line in answer.all("set-cookie")}) == expired


@pytest.mark.anyio
async def test_the_app_is_shown_no_coding_that_cannot_be_undone() -> None:
    app = App()
    site = wrap(app)
    for _ in range(3):
        await visit(
            site, headers=[("accept-encoding", "gzip"), ("accept-encoding", "unheard-of"), ("x-a", "b")]
        )
        assert app.scope["headers"][1:] == [(b"x-a", b"b"), (b"accept-encoding", b"gzip")]
        await visit(site, headers={"accept-encoding": "unheard-of", "sec-fetch-dest": "image"})
        assert app.seen["accept-encoding"] == "unheard-of"


async def _ignore(message: object) -> None:
    """Take any message."""
