"""What becomes of a connection: the package's own pages, the gate, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit.asgi.clock import seconds
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.effects import answer_own_page
from consentkit.asgi.framework import find_root_path, is_behind_route
from consentkit.asgi.lifespan import answer_lifespan
from consentkit.asgi.responder import Responder
from consentkit.asgi.websocket import connect_socket
from consentkit.web.endpoints.router import GPC_PATH
from consentkit.web.request import Request
from consentkit.web.response.gated import GatedResponse

# Set on a connection's own scope, never on its state, which some servers share between connections.
_OUTER = "consentkit.outer"
_BEHIND_ROUTE = (
    "ConsentMiddleware sits behind a route, where its own pages below %s/ cannot be reached: the buttons of "
    "its banner do nothing. Put it around the whole application: app = with_consent(app, …)"
)
_logger = logging.getLogger("consentkit")


class Connections:
    """Leads every connection of an app to who answers it.

    Args:
        app: The wrapped app.
        deployment: What the middleware keeps.
    """

    def __init__(self, app: ASGIApp, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._own = (deployment.options.prefix, GPC_PATH)
        self._root_path = find_root_path(app)
        self._routed = False

    def answer(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one ASGI connection."""
        kind, app, deployment = scope["type"], self._app, self._deployment
        if kind == "lifespan":
            return answer_lifespan(app, scope, receive, send, deployment=deployment)
        # Where another middleware of this package is further out, two banners would serve nobody.
        if kind not in ("http", "websocket") or scope.get(_OUTER):
            return app(scope, receive, send)
        options = deployment.options
        request = read_request(
            scope, options.cookies.https_only, self._root_path() if self._root_path else ""
        )
        place = None if deployment.place is None else deployment.place_of(scope)
        exchange = deployment.resolver.resolve(request, place, int(seconds()))
        scope.setdefault("state", {})["consent"] = exchange.consent
        path = request.path
        excluded = bool(options.exclude) and options.excludes(path)
        scope[_OUTER] = not excluded
        if kind == "websocket":
            if excluded or not options.enforce:
                return app(scope, receive, send)
            return connect_socket(exchange, app, scope, receive, send)
        if path.startswith(self._own) and deployment.endpoints.owns(path):
            return answer_own_page(deployment, exchange, scope, receive, send)
        if excluded:
            return app(scope, receive, send)
        if "path_params" in scope and not self._routed and is_behind_route(scope, options.prefix):
            self._routed = True
            _logger.error(_BEHIND_ROUTE, options.prefix)
        return Responder(deployment, GatedResponse(exchange), send).run(app, scope, receive)

    def method(self) -> Callable[[object, Scope, Receive, Send], Awaitable[None]]:
        """Return what a class has an application of its own called by."""

        async def call(self: object, scope: Scope, receive: Receive, send: Send) -> None:
            await answer(scope, receive, send)

        answer = self.answer
        return call


def call_late(kind: type[Any], app: object) -> Callable[..., Awaitable[None]]:
    """Return what calls an application as its class does by then: what traces it may yet be put around."""
    return MethodType(lambda self, *given: kind.__call__(self, *given), app)


def read_request(scope: Scope, https_only: bool | None = None, root_path: str = "") -> Request:
    """Read a connection's request, before routers change paths in the scope that they are given.

    Args:
        scope: The scope, HTTP or WebSocket; its headers are a list from now on, as an iterable may be read
            but once.
        https_only: Whether the visitor's side of the connection is encrypted; ``None``: as the scope says.
        root_path: Where the app says that it is mounted; empty: as the scope says.
    """
    headers = scope["headers"]
    if not isinstance(headers, list):
        headers = scope["headers"] = [*headers]
    path, root = scope["path"], root_path or scope.get("root_path") or ""
    # Whether it is part of the path differs: uvicorn puts it there; hypercorn, granian and daphne leave the
    # path as it came, from which a proxy may have taken it.
    if root:
        root = root.rstrip("/")
        path = path[len(root) :] if (path + "/").startswith(root + "/") else path
    secure = scope.get("scheme", "http") in ("https", "wss") if https_only is None else https_only
    return Request(scope.get("method", "GET"), path, headers[:], scope.get("query_string", b""), root, secure)
