"""The newsroom's own statistics, on a second origin, as a third party to the site.

To a browser, 127.0.0.1 and localhost are two sites: the site's cookies are not sent here, and a cookie set
here would be a third party's. The collector sets none; its script keeps ``_nr_id`` on the site, as most
vendors' scripts do.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates

from examples.news.hits import SECONDS_PER_BAR, Hit, Hits

HERE = Path(__file__).parent
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
MAX_BYTES = 2048
NO_STORE = {"Cache-Control": "no-store"}


class Collector:
    """Counts page views, and shows them live."""

    def __init__(self, hits: Hits) -> None:
        self.hits = hits
        self.templates = Jinja2Templates(directory=HERE / "templates")

    def app(self) -> Starlette:
        """Return the collector's own application; no consent middleware stands before it."""
        return Starlette(
            routes=[
                Route("/", self.live),
                Route("/live", self.drawing),
                Route("/hits.json", self.numbers),
                Route("/newsroom.js", self.script),
                Route("/hit", self.hit, methods=["POST"]),
                Route("/pixel.gif", self.pixel),
                Route("/clear", self.clear, methods=["POST"]),
                Mount("/static", StaticFiles(directory=HERE / "static")),
            ]
        )

    def live(self, request: Request) -> Response:
        """Show the page that draws the hits."""
        return self._render(request, "live.html")

    def drawing(self, request: Request) -> Response:
        """Send the drawing alone: the page fetches it every second."""
        return self._render(request, "_drawing.html")

    def numbers(self, request: Request) -> Response:
        """Send the hits as JSON, for scripts."""
        return JSONResponse(asdict(self.hits.summary(now=time.time())), headers=NO_STORE)

    def script(self, request: Request) -> Response:
        """Send the script that reports page views."""
        return FileResponse(HERE / "static" / "newsroom.js", media_type="text/javascript", headers=NO_STORE)

    async def hit(self, request: Request) -> Response:
        """Take a page view from the script: a JSON object sent as plain text, 2 KiB at most."""
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BYTES:
                return Response(status_code=413)
        try:
            hit = _parse_hit(dict(json.loads(body)), way="script")
        except (ValueError, TypeError, RecursionError):
            return Response("A hit is a JSON object with a page.", status_code=400)
        await run_in_threadpool(self.hits.add, hit)
        return Response(status_code=204)

    def pixel(self, request: Request) -> Response:
        """Take a page view from a browser without JavaScript."""
        try:
            self.hits.add(_parse_hit(request.query_params, way="pixel"))
        except ValueError:
            return Response("A hit has a page.", status_code=400)
        return Response(PIXEL, media_type="image/gif", headers=NO_STORE)

    def clear(self, request: Request) -> Response:
        """Forget all hits, on the live page's own request only."""
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return Response("Only the live page can do that.", status_code=403)
        self.hits.clear()
        return RedirectResponse("/", status_code=303)

    def _render(self, request: Request, template: str) -> Response:
        now = time.time()
        context = {
            "summary": self.hits.summary(now=now),
            "now": now,
            "seconds_per_bar": SECONDS_PER_BAR,
            "site": f"http://127.0.0.1:{request.scope['server'][1]}",
        }
        return self.templates.TemplateResponse(request, template, context, headers=NO_STORE)


def _parse_hit(fields: Mapping[str, object], *, way: str) -> Hit:
    page, visitor = fields.get("page"), fields.get("visitor", "")
    if not (isinstance(page, str) and page.startswith("/") and isinstance(visitor, str)):
        raise ValueError("a hit has a page")
    return Hit(at=time.time(), page=page[:200], way=way, visitor=visitor[:40])
