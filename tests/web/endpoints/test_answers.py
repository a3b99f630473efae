"""Answers are byte for byte what Starlette's responses are."""

from __future__ import annotations

import pytest
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from consentkit.web.endpoints.answers import (
    HEADERS,
    answer_file,
    answer_json,
    answer_page,
    redirect,
    set_cookies,
)
from consentkit.web.endpoints.effects import Answer

GIVEN = {name.decode(): value.decode() for name, value in HEADERS}


def same(answer: Answer, response: Response) -> bool:
    """Say whether two answers are the same on the wire."""
    parts = response.status_code, response.raw_headers, response.body
    return (answer.status, answer.headers, answer.body) == parts


def test_json_and_pages() -> None:
    content = {"error": "è ü “”", "list": [1, True, None]}
    assert same(answer_json(content, 409), JSONResponse(content, 409, headers=GIVEN))
    assert same(answer_page("<p>è</p>", 503), HTMLResponse("<p>è</p>", 503, headers=GIVEN))
    with pytest.raises(ValueError, match="float"):
        answer_json(float("nan"))


@pytest.mark.parametrize("address", ["/", "/a b?x=ü&y=%20#z", "/[x]@!$&'()*+,;=~"])
def test_redirects(address: str) -> None:
    assert same(redirect(address), RedirectResponse(address, 303, headers=GIVEN))


def test_files() -> None:
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    expected = Response(b"PNG", headers=headers, media_type="image/png")
    assert same(answer_file(b"PNG", "image/png", b"no-cache"), expected)


def test_cookies_come_last() -> None:
    answer = redirect("/")
    assert set_cookies(answer, []) is answer
    added = set_cookies(answer, ["a=1", "b=2"]).headers[len(answer.headers) :]
    assert [name for name, _ in added] == [b"clear-site-data", b"set-cookie", b"set-cookie"]
