"""What the middleware adds to a Starlette application: in process, and over a real server.

In process: slices of some milliseconds, interleaved; the ratio of each slice's processor time to that of the
bare application's next to it, and the median of those ratios. The visitor has said nothing, so pages get the
banner.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Mapping

from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.sessions import SessionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope

from bench import serving
from bench.apps import KEPT, SECRET, bare, wrapped
from bench.goals import judge

SLICES = 21
SLICE_SECONDS = 0.02
PATHS = {
    "/json": "JSON",
    "/anew": "Jinja page, another each time",
    "/same": "Jinja page, the same each time",
    "/kept": "prerendered page, bytes",
    "/kept-text": "prerendered page, text",
}
OURS = "consentkit"
_HEADERS = [
    (b"host", b"news.example"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    (b"accept", b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
    (b"accept-language", b"en-GB,en;q=0.7"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"cookie", b"session=abcdef; theme=dark"),
    (b"sec-fetch-dest", b"document"),
    (b"sec-fetch-mode", b"navigate"),
    (b"sec-fetch-site", b"none"),
]


class Idle(BaseHTTPMiddleware):
    """Starlette's base class, doing nothing."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)


def _applications() -> dict[str, ASGIApp]:
    app = bare()
    return {
        "bare": app,
        OURS: wrapped(app),
        "SessionMiddleware": SessionMiddleware(app, secret_key=SECRET),
        "BaseHTTPMiddleware": Idle(app),
        "GZipMiddleware 6": GZipMiddleware(app, compresslevel=6),
    }


def scope(path: str) -> Scope:
    """Return a browser's request for a page."""
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": list(_HEADERS), "client": ("127.0.0.1", 50000), "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip


async def _receive() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Message) -> None:
    if message["type"] == "http.response.start" and message["status"] != 200:
        raise RuntimeError(f"answered {message['status']}")


async def _slice(app: ASGIApp, path: str, requests: int) -> float:
    begin = time.process_time()
    for _ in range(requests):
        await app(scope(path), _receive, _send)
    return time.process_time() - begin


async def compare(path: str) -> tuple[float, dict[str, float]]:
    """Return the seconds of a bare request and each application's time by it."""
    applications = _applications()
    for app in applications.values():
        await _slice(app, path, 20)
    requests = max(1, round(SLICE_SECONDS / (await _slice(applications["bare"], path, 20) / 20)))
    bare_times: list[float] = []
    ratios: dict[str, list[float]] = {name: [] for name in applications}
    for _ in range(SLICES):
        times = {name: await _slice(app, path, requests) for name, app in applications.items()}
        bare_times.append(times["bare"] / requests)
        for name, seconds in times.items():
            ratios[name].append(seconds / times["bare"])
    return statistics.median(bare_times), {name: statistics.median(values) for name, values in ratios.items()}


def _in_process() -> Mapping[str, float]:
    """Print the table and return consentkit's ratio for each path."""
    print(
        f"asgi, in process: processor time by that of the bare application, page of {len(KEPT) / 1e3:.0f} KB"
    )
    ours = {}
    for path, label in PATHS.items():
        seconds, ratios = asyncio.run(compare(path))
        columns = "  ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items() if name != "bare")
        print(f"  {label:32}{seconds * 1e6:6.0f} µs  {columns}")
        ours[path] = ratios[OURS]
    return ours


def main() -> bool:
    """Print all ratios and say whether the limits hold."""
    ours = _in_process()
    held = [
        judge("asgi: Jinja page, time ÷ bare", ours["/anew"]),
        judge("asgi: prerendered page with memo, throughput ÷ bare", 1 / ours["/kept"]),
        serving.main(),
    ]
    return all(held)


if __name__ == "__main__":
    raise SystemExit(not main())
