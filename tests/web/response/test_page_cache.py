"""Pages that repeat: the same bytes are answered alike without being read again, and nothing else is."""

from __future__ import annotations

import gzip

import pytest

from asgi.client import BANNER, GATED, HTML, NAVIGATION, PAGE, App, cookie, visit, wrap
from consentkit import ConsentMiddleware, Policy
from consentkit.web.response import page_cache as room
from consentkit.web.response.page_cache import CachedPage, PageCache, page_key

pytestmark = pytest.mark.anyio


def memo_of(app: ConsentMiddleware) -> PageCache:
    return app.deployment.options.pages


async def test_from_the_third_time_on_a_page_is_not_read_again() -> None:
    app = wrap()
    answers = [await visit(app, headers=NAVIGATION) for _ in range(4)]
    assert all(answer.messages == answers[0].messages for answer in answers)
    assert (memo_of(app).hits, memo_of(app).misses) == (2, 2)
    assert memo_of(app).size == len(PAGE) + len(answers[0].body)


async def test_a_remembered_page_has_its_length() -> None:
    app = wrap(App(length=True))
    for _ in range(4):
        answer = await visit(app, headers=NAVIGATION)
        assert answer.all("content-length") == [str(len(answer.body))]
    assert memo_of(app).hits == 2


@pytest.mark.parametrize(
    "other",
    [
        {"cookie": cookie("all")},
        {"cookie": cookie()},
        {"cookie": cookie(["analytics"])},
        {"sec-gpc": "1"},
        {"host": "other.example"},
        {"sec-fetch-dest": "iframe"},
        {"hx-request": "true"},
    ],
)
async def test_everybody_gets_what_is_made_for_them(other: dict[str, str]) -> None:
    app = wrap()
    for _ in range(4):
        one = await visit(app, headers=NAVIGATION)
        two = await visit(app, headers={**NAVIGATION, **other})
        assert one.messages == (await visit(wrap(), headers=NAVIGATION)).messages
        assert two.messages == (await visit(wrap(), headers={**NAVIGATION, **other})).messages


async def test_the_address_the_mount_and_the_scheme_shape_the_page() -> None:
    app = wrap()
    for request in (
        {"path": "/a"},
        {"path": "/a?b=1"},
        {"path": "/m/a", "root_path": "/m"},
        {"scheme": "https"},
    ) * 4:
        expected = await visit(wrap(), headers=NAVIGATION, **request)  # type: ignore[arg-type]
        assert (await visit(app, headers=NAVIGATION, **request)).messages == expected.messages  # type: ignore[arg-type]


async def test_a_nonce_shapes_the_page() -> None:
    nonces = iter(range(100))

    def answer(scope: object) -> tuple[int, list[tuple[str, str]], list[bytes]]:
        return 200, [HTML, ("content-security-policy", f"script-src 'nonce-n{next(nonces) // 2}'")], [PAGE]

    app = wrap(App(answer_to=answer))
    for number in range(8):
        body = (await visit(app, headers=NAVIGATION)).body
        assert b'nonce="n%d"' % (number // 2) in body


async def test_pages_that_differ_in_one_byte_are_told_apart() -> None:
    texts = [b"<p>" + b"x" * 500 + mark + b"x" * 100 + b"</p>" for mark in (b"a", b"b")]
    made = [await visit(wrap(App(text)), headers=NAVIGATION) for text in texts]
    bodies = iter(texts * 6)
    app = wrap(App(answer_to=lambda scope: (200, [HTML], [next(bodies)])))
    assert page_key(texts[0], ()) == page_key(texts[1], ())
    for index in range(12):
        assert (await visit(app, headers=NAVIGATION)).body == made[index % 2].body
    assert memo_of(app).hits == 0


async def test_packed_pages_are_remembered_as_they_are_packed() -> None:
    packed = gzip.compress(PAGE)
    app = wrap(App(packed, headers=[HTML, ("content-encoding", "gzip")]))
    answers = [await visit(app, headers=NAVIGATION) for _ in range(3)]
    assert memo_of(app).hits == 1
    assert BANNER in gzip.decompress(answers[2].body)
    assert answers[2].messages == answers[0].messages


async def test_the_coding_and_the_charset_shape_the_page() -> None:
    headers = iter([[HTML], [("content-type", "text/html; charset=utf-16")]] * 4)
    app = wrap(App(answer_to=lambda scope: (200, next(headers), [PAGE])))
    for _ in range(4):
        assert GATED in (await visit(app, headers=NAVIGATION)).body
        assert GATED not in (await visit(app, headers=NAVIGATION)).body


async def test_what_is_cut_off_or_streamed_is_not_remembered() -> None:
    broken = wrap(App(PAGE, headers=[HTML, ("content-encoding", "gzip")]))
    streamed = wrap(App(PAGE, b"<p>"))
    for app in (broken, streamed):
        for _ in range(3):
            await visit(app, headers=NAVIGATION)
        assert (memo_of(app).hits, memo_of(app).size) == (0, 0)


async def test_the_debug_header_is_remembered_with_the_page() -> None:
    app = wrap(debug=True)
    answers = [await visit(app, headers=NAVIGATION) for _ in range(3)]
    assert answers[0].header("consentkit-gated") == answers[2].header("consentkit-gated") != ""
    assert answers[2].header("consentkit-memo").startswith("hits=1; misses=2; bytes=")


async def test_what_headers_held_shapes_no_other_report() -> None:
    link = b'<link rel="preconnect" href="https://www.googletagmanager.com">'
    headers = iter(
        [[HTML, ("link", "<https://www.googletagmanager.com>; rel=preconnect")]] * 3 + [[HTML]] * 3
    )
    app = wrap(App(answer_to=lambda scope: (200, next(headers), [link])), debug=True)
    reports = [(await visit(app, headers=NAVIGATION)).header("consentkit-gated") for _ in range(6)]
    assert all(report.startswith("link; vendor=google-tag-manager") for report in reports)


async def test_policies_do_not_share_pages() -> None:
    app = App()
    asked, unasked = wrap(app), wrap(app, policy=Policy(regimes={"default": "none"}))
    for _ in range(3):
        assert BANNER in (await visit(asked, headers=NAVIGATION)).body
        assert BANNER not in (await visit(unasked, headers=NAVIGATION)).body


def keep(memo: PageCache, number: int, size: int = 100) -> bytes:
    """Show a page to the memo as often as it takes."""
    body = (b"%08d" % number) * (size // 8)
    key = page_key(body, "shape")
    for _ in range(2):
        memo.keep(key, CachedPage(body, body, ""))
    return body


def found(memo: PageCache, body: bytes) -> bool:
    return memo.find(page_key(body, "shape"), body) is not None


def test_what_is_seen_once_is_not_kept() -> None:
    memo = PageCache()
    memo.keep(page_key(b"x", "shape"), CachedPage(b"x", b"y", ""))
    assert not found(memo, b"x")
    assert memo.size == 0


def test_what_was_used_longest_ago_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_ENTRIES", 2)
    memo = PageCache()
    first, second = keep(memo, 1), keep(memo, 2)
    assert found(memo, first)
    keep(memo, 3)
    assert found(memo, first)
    assert not found(memo, second)


def test_the_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_BYTES", 1000)
    memo = PageCache()
    bodies = [keep(memo, number) for number in range(100)]
    assert memo.size == 2 * sum(len(body) for body in bodies if found(memo, body)) <= 1000
    keep(memo, 7)
    assert memo.size <= 1000


def test_one_page_does_not_fill_it() -> None:
    memo = PageCache()
    assert not found(memo, keep(memo, 1, room.MAX_ENTRY))


def test_what_is_remembered_as_seen_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_SEEN", 10)
    memo = PageCache()
    for number in range(100):
        memo.keep(number, CachedPage(b"x", b"", ""))
    memo.keep(0, CachedPage(b"x", b"", ""))
    assert memo.size == 0  # the first of them is forgotten, and seen as if it were new
