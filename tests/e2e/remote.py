"""A browser that nothing is attached to: its pages ask the server what to do, and tell it what they saw.

Chromium prerenders nothing while DevTools are attached to its pages, which is how Playwright drives them:
`Preload.prerenderStatusUpdated` says `PrerenderingDisabledByDevTools`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from e2e.waiting import PATIENCE, wait_until

_SCRIPT: Final = """
(async () => {
  const id = location.pathname + "?id=" + Math.random();
  for (;;) {
    const order = await (await fetch("/remote" + id)).json();
    if (!order) continue;
    let told;
    try { told = await (0, eval)(order.code); } catch (error) { told = String(error); }
    const answer = { method: "POST", body: JSON.stringify(told ?? null), keepalive: true };
    await fetch("/remote?n=" + order.n, answer);
  }
})();
"""


class Remote:
    """Passes orders to pages by their paths. Pages load `/remote.js`.

    Args:
        app: The application whose pages they are.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._orders: dict[str, dict[str, Any]] = {}
        self._told: dict[int, Any] = {}
        self._given: set[tuple[int, str]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not scope.get("path", "").startswith("/remote"):
            return await self._app(scope, receive, send)
        await (await self._answer(Request(scope, receive)))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        path, query = request.url.path, request.query_params
        if path == "/remote.js":
            return Response(_SCRIPT, media_type="text/javascript")
        if request.method == "POST":
            self._told[int(query["n"])] = json.loads(await request.body())
            return Response()
        for _ in range(50):
            order = self._orders.get(path.removeprefix("/remote"))
            if order and order["n"] not in self._told and (order["n"], query["id"]) not in self._given:
                # A page that is left takes its order with it: the next one at this path gets it once more.
                self._given.add((order["n"], query["id"]))
                return JSONResponse(order)
            await asyncio.sleep(0.02)
        return JSONResponse(None)

    def ask(self, path: str, code: str) -> Any:
        """Let the page at a path run something, and return what came of it."""
        n = len(self._told) + 1
        self._orders[path] = {"n": n, "code": code}
        wait_until(lambda: n in self._told)
        return self._told[n]

    def wait(self, path: str, code: str) -> None:
        """Wait until something holds in the page at a path."""
        wait_until(lambda: self.ask(path, code) is True)


class Unattached:
    """A Chromium of its own, with one window.

    Args:
        command: Its path, arguments and first address.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command

    def __enter__(self) -> Unattached:
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(self._command, stdout=quiet, stderr=quiet)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE)
