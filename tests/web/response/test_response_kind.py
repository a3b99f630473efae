"""What is passed without a second look is what a second look would pass."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.response.response_kind import GUESSED, XML, passes, read_shown

DATA = (b"content-type", b"application/json")
names = st.sampled_from(
    [b"content-type", b"Content-Type", b"set-cookie", b"SET-COOKIE", b"link", b"Refresh", b"etag", b"x-a"]
)
values = st.sampled_from(
    [b"application/json", b"text/html", b"Text/HTML; a=b", b"", b"*/*", b"a, image/svg+xml"]
)


@given(st.lists(st.tuples(names, values), max_size=6))
def test_what_passes_asks_for_no_work(headers: list[tuple[bytes, bytes]]) -> None:
    shown = read_shown(200, tuple(headers), ())
    nothing = shown.page is None and shown.kind not in (GUESSED, XML)
    assert not passes(headers) or (nothing and not shown.cookies and not shown.gated)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([DATA], True),
        ([DATA, (b"ETag", b'"1"')], True),
        ([(b"Content-Type", b"image/png")], True),
        ([], False),
        ([DATA, DATA], False),
        ([[b"content-type", b"application/json"]], False),
        ([DATA, (b"Set-Cookie", b"a=b")], False),
        ([DATA, (b"LINK", b"</a>; rel=preload")], False),
        ([DATA, (b"Content-Security-Policy", b"default-src 'self'; report-to a")], True),
        ([DATA, (b"Content-Security-Policy", b"default-src 'self'; REPORT-uri /a")], False),
        ([(b"content-type", b"text/html(x)")], False),
        ([(b"content-type", b"html")], False),
        ([(b"content-type", b"text/xsl;a")], False),
        ([(b"content-type", b"text/vnd.turbo-stream.html")], False),
        ([(b"content-type", b"application/json, TEXT/html")], False),
    ],
)
def test_in_doubt_nothing_passes(headers: Any, expected: bool) -> None:
    assert passes(headers) is expected
