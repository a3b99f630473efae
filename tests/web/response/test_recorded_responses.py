"""What browsers show as pages is gated or held: as recorded, see `response_recorder`, and beyond."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from asgi.client import BANNER, NAVIGATION, VENDOR, Answer, App, cookie, visit, wrap
from consentkit.web.response.cache_headers import BLOCKING
from consentkit.web.response.response_kind import MediaType, read_media_type
from web.response.response_recorder import CASES, SCRIPT, Case

RECORDED = json.loads((Path(__file__).parent / "recorded_responses.json").read_text())
TAG = f'<script src="https://{VENDOR}/gtag/js?id=G-1"></script>'
COMMENT = re.compile("<!--.*?(?:-->|\\Z)", re.S)
CSP = BLOCKING.decode()


def app_of(case: Case, size: int = 0) -> App:
    body = case.body.replace(SCRIPT, TAG.encode())
    pieces = [body[at : at + size] for at in range(0, len(body), size)] if size else [body]
    return App(*pieces, status=case.status, headers=case.pairs)


def is_live(answer: Answer) -> bool:
    """Say whether the vendor may be reached where the body is read as browsers may."""
    if answer.header("content-security-policy") == CSP:
        return False
    readings = {answer.body.decode("latin-1"), answer.body.decode("iso2022_jp_ext", "replace")}
    return any(TAG in COMMENT.sub("", reading) for reading in readings)


class Site:
    """A site whose app changes: making one for each case would cost more than all that is tested."""

    def __init__(self) -> None:
        self.app = App()
        self.gated = wrap(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


SITE = Site()


def get(app: App, **headers: str) -> Answer:
    SITE.app = app
    return anyio.run(partial(visit, SITE.gated, headers={**NAVIGATION, **headers}))


@pytest.mark.parametrize("name", [name for name in CASES if RECORDED[name]])
def test_what_runs_in_a_browser_is_gated_or_held(name: str) -> None:
    for size in (0, 29):
        assert not is_live(get(app_of(CASES[name], size)))
    granted = get(app_of(CASES[name]), cookie=cookie("all"))
    assert granted.header("content-security-policy") == ""


HEADERS = ("type", "no type", "html,", "disposition", "status")


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(HEADERS) and not RECORDED[name]])
def test_what_no_browser_shows_goes_out_as_it_is(name: str) -> None:
    answer = get(app_of(CASES[name]))
    assert (TAG.encode() in answer.body) is (name != "type text/vnd.turbo-stream.html")
    assert BANNER not in answer.body


def test_every_case_is_recorded_in_both_browsers() -> None:
    assert [*RECORDED] == [*CASES]
    names = {browser.split()[0] for shown in RECORDED.values() for browser in shown}
    assert names == {"Chromium", "Mozilla"}


@pytest.mark.parametrize(
    ("value", "essence", "charset"),
    [
        (b"", b"", b""),
        (b"text/html", b"text/html", b""),
        (b"TEXT/HTML; Charset=UTF-8", b"text/html", b"utf-8"),
        (b'text/html;Charset="utf-16"; x=y', b"text/html", b"utf-16"),
        (b"text/plain;charset=utf-16, text/html", b"text/html", b""),
        (b"text/html;charset=utf-16, */*, text, text/html", b"text/html", b"utf-16"),
        (b"text/html;charset=utf-16, text/html;charset=utf-8", b"text/html", b"utf-8"),
        (b'text/plain; x="a, text/html"', b"text/plain", b""),
        (b"application/unknown;charset=utf-8", b"", b"utf-8"),
        (b'text/html;a="', b"text/html", b""),
        (b'text/html;charset="a\\"b', b"text/html", b'a"b'),
    ],
)
def test_media_types_are_read_as_the_standard_says(value: bytes, essence: bytes, charset: bytes) -> None:
    assert read_media_type(value) == MediaType(essence, charset)


@given(st.binary(max_size=40), st.sampled_from([b"text/html", b"image/svg+xml", b"text/plain"]))
def test_any_bytes_are_read_and_the_last_type_counts(before: bytes, kind: bytes) -> None:
    read_media_type(before)
    if b'"' not in before:
        assert read_media_type(before + b"," + kind).essence == kind


@pytest.mark.parametrize("piece", [b'"', b"\\", b",", b";", b'a="', b";a", b'"\\', b"(", b" "])
def test_long_types_are_read_in_linear_time(piece: bytes) -> None:
    # A quadratic reading of these would take minutes.
    read_media_type(b"text/html;" + piece * 200_000)
