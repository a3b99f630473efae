"""What a request's headers say is remembered, and is never another request's."""

from __future__ import annotations

import pytest
from consentkit.asgi.bounded import Bounded
from consentkit.asgi.request import Request
from consentkit.asgi.traits import MAX_MEMO, MAX_PAIRS, Traits, read_traits
from hypothesis import given
from hypothesis import strategies as st

from asgi.visiting import HTML, NAVIGATION, App, cookie, scope_of, silence, visit, wrap
from consentkit.asgi import traits as room

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


@given(requests=st.lists(st.tuples(st.sampled_from(["GET", "POST", "HEAD"]), some_headers), max_size=8))
def test_what_is_remembered_is_what_would_be_read(requests: list[tuple[str, Pairs]]) -> None:
    for method, headers in requests:
        remembered = said(read_traits(method, headers))
        room._known.clear()
        assert said(read_traits(method, headers)) == remembered


def test_what_does_not_matter_tells_no_requests_apart() -> None:
    one = read_traits("GET", [(b"accept", b"*/*"), (b"x-request-id", b"1")])
    assert read_traits("GET", [(b"x-request-id", b"2"), (b"accept", b"*/*"), (b"user-agent", b"x")]) is one


@pytest.mark.parametrize("name", [b"if-none-match", b"if-modified-since", b"range", b"if-range"])
def test_tags_and_ranges_do_not_fill_the_memo(name: bytes) -> None:
    room._known.clear()
    found = {id(read_traits("GET", [(name, b"%d" % number)])) for number in range(9)}
    assert (len(found), len(room._known)) == (1, 1)
    assert not read_traits("GET", [(name, b"1")]).passes
    assert read_traits("GET", []).asks_if_changed is False


@pytest.mark.parametrize(
    "headers",
    [
        [(b"cookie", b"a" * MAX_MEMO)],
        [(b"accept", b"x" * 50)] * (MAX_MEMO // 50),
        [(b"dnt", b"")] * (MAX_PAIRS + 1),
    ],
)
def test_what_is_long_is_read_and_not_remembered(headers: Pairs) -> None:
    room._known.clear()
    traits = read_traits("GET", headers)
    assert not traits.is_short
    assert not room._known
    assert read_traits("GET", headers) is not traits
    site = wrap().deployment
    held = site.held_by(Request({**scope_of(), "headers": headers}), now=0)
    assert held.consent.granted == {"necessary"}
    assert not site._held


def test_a_method_that_is_long_is_not_remembered() -> None:
    room._known.clear()
    assert not read_traits("X" * (MAX_MEMO + 1), []).is_short
    assert not room._known


def test_a_full_memo_begins_anew() -> None:
    memo: Bounded[int, int] = Bounded(3)
    for number in range(10):
        memo.keep(number, -number)
        assert memo[number] == -number
        assert len(memo) <= 3


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
