"""Middleware in front of the site, like a CDN: place headers, and two hosts on one server."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

PLACE_COOKIE = "demo_place"
PLACES = {"eu": ("DE", ""), "california": ("US", "CA")}


class PlaceHeaders:
    """Adds a CDN's place headers, from the cookie of the footer's switch, where the request has none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope = {**scope, "headers": [*scope["headers"], *_place_headers(HTTPConnection(scope))]}
        await self.app(scope, receive, send)


def _place_headers(connection: HTTPConnection) -> list[tuple[bytes, bytes]]:
    place = PLACES.get(connection.cookies.get(PLACE_COOKIE, ""))
    if place is None or "cf-ipcountry" in connection.headers or "cf-region-code" in connection.headers:
        return []
    names = (b"cf-ipcountry", b"cf-region-code")
    return [(name, code.encode()) for name, code in zip(names, place, strict=True) if code]


class HostRouter:
    """Sends a request to its host's application; other hosts, and lifespan, to the main one."""

    def __init__(self, main: ASGIApp, others: Mapping[str, ASGIApp]) -> None:
        self.main = main
        self.others = others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self.main
        if scope["type"] in ("http", "websocket"):
            host = Headers(scope=scope).get("host", "").partition(":")[0].lower()
            app = self.others.get(host, self.main)
        await app(scope, receive, send)
