"""XML documents are not rewritten: the browser holds them back, and the log says so once."""

from __future__ import annotations

import pytest

from asgi.client import BANNER, HTML, NAVIGATION, VENDOR, App, cookie, visit, wrap
from consentkit.web.response.cache_headers import BLOCKING

pytestmark = pytest.mark.anyio

KINDS = [
    *("application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml", "text/xsl"),
    *("application/xhtml+xml; charset=utf-8", "application/xhtml+xml charset=utf-8", "Text/XML(x)"),
    *("application/mathml+xml", "application/vnd.wap.xhtml+xml", "application/rdf+xml"),
]
BODY = (
    '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>'
    f'<script src="https://{VENDOR}/gtag/js?id=G-1"/></body></html>'
).encode()
CSP = BLOCKING.decode()


def app_of(kind: str, *more: tuple[str, str]) -> App:
    return App(BODY, headers=[("content-type", kind), *more], length=True)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dest", ["document", "iframe", "object", "embed"])
async def test_what_is_shown_as_a_document_is_held_by_the_browser(kind: str, dest: str) -> None:
    app = wrap(app_of(kind))
    answer = await visit(app, headers={**NAVIGATION, "sec-fetch-dest": dest})
    assert (answer.body, answer.header("content-length")) == (BODY, str(len(BODY)))
    assert answer.header("content-security-policy") == CSP
    assert "private" in answer.header("cache-control")
    granted = await visit(app, headers={**NAVIGATION, "sec-fetch-dest": dest, "cookie": cookie("all")})
    assert (granted.body, granted.header("content-security-policy")) == (BODY, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "request_", [{"sec-fetch-dest": "image"}, {"sec-fetch-dest": "empty", "accept": "*/*"}, {"accept": "*/*"}]
)
async def test_pictures_and_data_are_left_alone(kind: str, request_: dict[str, str]) -> None:
    app = app_of(kind, ("etag", '"v1"'))
    assert (await visit(wrap(app), headers=request_)).messages == (await visit(app)).messages


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_saved_is_left_alone(kind: str) -> None:
    app = app_of(kind, ("content-disposition", "attachment"))
    assert (await visit(wrap(app), headers=NAVIGATION)).messages == (await visit(app)).messages


async def test_the_log_says_once_what_to_do(caplog: pytest.LogCaptureFixture) -> None:
    app = wrap(app_of("application/xhtml+xml"))
    await visit(app, headers={**NAVIGATION, "cookie": cookie("all")})
    await visit(app, headers={"sec-fetch-dest": "image"})
    assert caplog.messages == []
    for _ in range(3):
        await visit(app, headers=NAVIGATION)
    assert len(caplog.messages) == 1
    assert "Send it as text/html" in caplog.messages[0]


async def test_the_same_page_as_html_has_a_banner() -> None:
    answer = await visit(wrap(App(BODY, headers=[HTML])), headers=NAVIGATION)
    assert (BANNER in answer.body, answer.header("content-security-policy")) == (True, "")
