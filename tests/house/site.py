"""A site of one page behind consentkit, and a visitor who has not chosen yet."""

from __future__ import annotations

import asyncio
from html.parser import HTMLParser
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Scope

import consentkit
from house.execution import Function, Profile

WARM_UP = 3
"""Requests before those that are looked at."""
_SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Story {number}</title>
<link rel="stylesheet" href="/static/site.css">
<script async src="https://www.googletagmanager.com/gtag/js?id=G-TEST"></script>
<script>
  window.dataLayer = window.dataLayer || [];
  function gtag(){{dataLayer.push(arguments)}}
  gtag('js', new Date()); gtag('config', 'G-TEST');
</script>
</head>
<body>
<h1>Story {number}</h1>
<p><img src="/images/bridge.jpg" alt="A bridge"> Bridge {number} stays open.</p>
{text}
<iframe src="https://www.youtube.com/embed/abc" width="560" height="315"></iframe>
</body>
</html>
"""
_HEADERS = {
    "host": "news.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "en-GB,en;q=0.7",
    "accept-encoding": "gzip, deflate, br",
    "cookie": "session=abcdef; theme=dark",
    "sec-fetch-dest": "document",
    "sec-fetch-mode": "navigate",
}


class _Form(HTMLParser):
    """The banner's form, as the browser sends it when its first button is pressed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = given["action"]
        elif tag == "input" and given["type"] == "hidden":
            self.fields[given["name"]] = given["value"]


def executed(package: Path) -> tuple[set[Function], set[Function]]:
    """Return what of the package a GET of a new page executes after a warm-up, and what a decision does.

    The page is another at each request, so that no memo of whole pages answers. The log is in SQLite.
    """
    with TemporaryDirectory() as folder, Profile(package) as profile:
        return asyncio.run(_visited(Path(folder) / "consent.sqlite3", profile))


async def _visited(path: Path, profile: Profile) -> tuple[set[Function], set[Function]]:
    numbers = count()

    async def story(request: Request) -> HTMLResponse:
        number = next(numbers)
        text = f"<p>Nobody expects delays on bridge {number}.</p>\n" * 20
        return HTMLResponse(_PAGE.format(number=number, text=text))

    with consentkit.ConsentLog(path) as log:
        app = consentkit.with_consent(Starlette(routes=[Route("/story", story)]), secret_key=_SECRET, log=log)
        for _ in range(WARM_UP):
            await _get(app)
        with profile.gathered() as of_get:
            form = await _get(app)
        for _ in range(WARM_UP):
            await _accept(app, form)
        before = log.head().size
        with profile.gathered() as of_decision:
            await _accept(app, form)
        if log.head().size != before + 1:
            raise RuntimeError(f"the log went from {before} entries to {log.head().size}")
    return of_get, of_decision


async def _get(app: ASGIApp) -> _Form:
    body = await _answered(app, _scope("GET", "/story", {"sec-fetch-site": "none"}), 200)
    form = _Form(body.decode())
    if not form.action:
        raise RuntimeError("the page shows no banner")
    return form


async def _accept(app: ASGIApp, form: _Form) -> None:
    sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
    body = urlencode({**form.fields, "action": "accept"}).encode()
    await _answered(app, _scope("POST", form.action, sent), 303, body)


async def _answered(app: ASGIApp, scope: Scope, status: int, body: bytes = b"") -> bytes:
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    await app(scope, receive, send)
    if messages[0]["status"] != status:
        raise RuntimeError(f"{scope['method']} {scope['path']} is answered {messages[0]['status']}")
    return b"".join(message.get("body", b"") for message in messages)


def _scope(method: str, path: str, headers: dict[str, str]) -> Scope:
    pairs = [(name.encode(), value.encode()) for name, value in {**_HEADERS, **headers}.items()]
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": pairs, "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
