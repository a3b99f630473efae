"""XHTML and drawings: read as XML where that is possible, else held back by the browser."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from starlette.types import Receive, Scope, Send

from asgi.visiting import BANNER, GATED, NAVIGATION, POLICY, VENDOR, App, cookie, visit, wrap
from consentkit.asgi.headers import BLOCKING
from consentkit.banner import render_banner, render_head, render_link
from consentkit.consent import resolve
from consentkit.signals import Signals

pytestmark = pytest.mark.anyio

XHTML = ("content-type", "application/xhtml+xml")
SVG = ("content-type", "image/svg+xml")
TAG = f'<script src="https://{VENDOR}/gtag/js?id=G-1"/>'
PAGE = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>Caf\u00e9</title></head>'
    f"<body><h1>Story</h1>{TAG}<p>end</p></body></html>"
)
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/1999/xlink">'
    f'<script x:href="https://{VENDOR}/gtag/js?id=G-1"/><circle r="1"/></svg>'
)
CUT = "<html xmlns='http://www.w3.org/1999/xhtml'><p>"


def live(page: bytes) -> list[str]:
    """Return what would be loaded."""
    return [
        value
        for element in ElementTree.fromstring(page).iter()
        for name, value in element.attrib.items()
        if name.rpartition("}")[2] in ("src", "href") and VENDOR in value
    ]


async def test_pages_are_gated_with_a_banner_and_stay_xml() -> None:
    answer = await visit(wrap(App(PAGE.encode(), headers=[XHTML], length=True)), headers=NAVIGATION)
    assert live(answer.body) == []
    assert (answer.body.count(GATED), answer.body.count(BANNER)) == (1, 1)
    assert answer.body.index(b"<body>") < answer.body.index(BANNER) < answer.body.index(b"<h1>")
    assert b'rel="stylesheet"' in answer.body[: answer.body.index(b"</head>")]
    assert answer.header("content-security-policy") == ""
    assert answer.header("content-length") == str(len(answer.body))


async def test_what_is_granted_stays_byte_for_byte() -> None:
    headers = {**NAVIGATION, "cookie": cookie("all")}
    answer = await visit(wrap(App(PAGE.encode(), headers=[XHTML])), headers=headers)
    assert TAG.encode() in answer.body
    assert answer.body.endswith(b"<p>end</p></body></html>")
    assert ElementTree.fromstring(answer.body) is not None


@pytest.mark.parametrize("charset", ["utf-8", "iso-8859-1", "utf-16"])
async def test_pages_in_charsets_are_read(charset: str) -> None:
    label = ("content-type", f"application/xhtml+xml; charset={charset}")
    answer = await visit(wrap(App(PAGE.encode(charset), headers=[label])), headers=NAVIGATION)
    page = answer.body.decode(charset)
    assert ("Caf\u00e9" in page, GATED.decode() in page, BANNER.decode() in page) == (True, True, True)


@pytest.mark.parametrize("size", [1, 10, 100])
async def test_pages_stream(size: int) -> None:
    data = PAGE.encode()
    app = App(*[data[at : at + size] for at in range(0, len(data), size)], headers=[XHTML])
    answer = await visit(wrap(app), headers=NAVIGATION)
    whole = await visit(wrap(App(data, headers=[XHTML])), headers=NAVIGATION)
    assert answer.body == whole.body
    assert len([body for body in answer.bodies if body]) > 2


async def test_drawings_are_gated_where_they_are_documents() -> None:
    app = wrap(App(DRAWING.encode(), headers=[SVG, ("etag", '"v1"')]))
    page = await visit(app, headers=NAVIGATION)
    assert live(page.body) == []
    assert BANNER not in page.body
    assert page.header("etag").startswith('W/"v1;ck-')
    granted = await visit(app, headers={**NAVIGATION, "cookie": cookie("all")})
    assert granted.body == DRAWING.encode()
    picture = await visit(app, headers={"sec-fetch-dest": "image"})
    assert (picture.body, picture.header("etag")) == (DRAWING.encode(), '"v1"')


@pytest.mark.parametrize("kind", [XHTML, SVG])
@pytest.mark.parametrize(
    "body", ["<!doctype html><html lang=en>", CUT + "</b>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"]
)
async def test_what_cannot_be_read_is_held_back_by_the_browser(kind: tuple[str, str], body: str) -> None:
    app = wrap(App(body.encode(), headers=[kind], length=True))
    for _ in range(4):
        answer = await visit(app, headers=NAVIGATION)
        assert answer.body == body.encode()
        assert answer.header("content-security-policy") == BLOCKING.decode()
        assert answer.header("content-length") == str(len(body))
    granted = await visit(app, headers={**NAVIGATION, "cookie": cookie("all")})
    assert granted.body == body.encode()
    assert granted.header("content-security-policy") == ""


async def test_a_stream_that_cannot_be_read_passes_whole() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/xhtml+xml"), (b"content-encoding", b"gzip")]
        await send({"type": "http.response.start", "status": 200, "headers": headers[:1]})
        for piece in (b"<p>&nbsp;", b"</p>", b""):
            await send({"type": "http.response.body", "body": piece, "more_body": bool(piece)})

    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.body == b"<p>&nbsp;</p>"
    assert answer.header("content-security-policy") == BLOCKING.decode()


async def test_an_error_further_on_ends_the_page() -> None:
    app = App(CUT.encode() + b"1</p>", b"<p></b>" + TAG.encode(), TAG.encode(), headers=[XHTML])
    answer = await visit(wrap(app), headers=NAVIGATION)
    assert answer.body.startswith(CUT.encode() + b"1</p>")
    assert b"<script" not in answer.body


def test_what_is_put_into_pages_is_xml() -> None:
    consent = resolve(POLICY, POLICY.regimes_at(None), None, Signals(), now=0)
    for markup in (
        render_head(POLICY, prefix="/_consent"),
        render_banner(POLICY, consent, locale="en", prefix="/_consent", return_to="/?a=1&b=2"),
        render_link(POLICY, consent, locale="en", prefix="/_consent", return_to="/"),
    ):
        ElementTree.fromstring(f"<x>{markup}</x>")
