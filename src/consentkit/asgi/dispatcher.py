"""The dispatcher: routes a connection to the package's own endpoints, through the gate, or past it.

It also finds the path under which frameworks mount the app, without importing any of them. A path that the
app sets itself overrides the server's: ``FastAPI(root_path=…)`` and Django's ``FORCE_SCRIPT_NAME``.
"""

import logging
import re
import sys
from collections.abc import Awaitable, Callable
from types import MethodType
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi.clock import seconds
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.lifespan import answer_lifespan
from consentkit.asgi.performer import answer_own_page
from consentkit.asgi.responder import Responder
from consentkit.web.cookie_headers import gate_cookies, hide_cookies
from consentkit.web.endpoints.router import GPC_PATH
from consentkit.web.request import Request
from consentkit.web.resolver import Exchange
from consentkit.web.response.gated_response import GatedResponse

# A key of the connection's scope. Not of its state, which some servers share between connections.
_OUTER = "consentkit.outer"
_BEHIND_ROUTE = (
    "ConsentMiddleware sits behind a route, where its own pages below %s/ cannot be reached: the buttons of "
    "its banner do nothing. Put it around the whole application: app = with_consent(app, …)"
)
_MOST_LAYERS = 32  # between ours and the framework
_SOCKET_ANSWERS = frozenset(("websocket.accept", "websocket.http.response.start"))
_logger = logging.getLogger("consentkit")


class Dispatcher:
    """Routes every connection of an app.

    Args:
        app: The wrapped app.
        deployment: The middleware's state.
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
        # Inside another middleware of this package this one does nothing, so that there is one banner.
        if kind not in ("http", "websocket") or scope.get(_OUTER):
            return app(scope, receive, send)
        options, root_path = deployment.options, self._root_path() if self._root_path else ""
        request = read_request(scope, options.cookies.https_only, root_path)
        place = deployment.place_of(scope) if deployment.place else None
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


def call_late(kind: type[Any], app: object) -> Callable[..., Awaitable[None]]:
    """Return a call of an application that looks up ``__call__`` each time: tracing tools may replace it."""
    return MethodType(lambda self, *given: kind.__call__(self, *given), app)


def read_request(scope: Scope, https_only: bool | None = None, root_path: str = "") -> Request:
    """Read a connection's request, before routers change paths in the scope that they are given.

    Args:
        scope: The scope, HTTP or WebSocket. Its headers are replaced by a list: an iterable can be read once.
        https_only: Whether visitors use https; ``None``: the scope's scheme decides.
        root_path: The root path that the app sets itself; empty: the scope's.
    """
    if not isinstance(scope["headers"], list):
        scope["headers"] = [*scope["headers"]]
    path, root = scope["path"], (root_path or scope.get("root_path") or "").rstrip("/")
    # With uvicorn the path includes the root path. hypercorn, granian and daphne pass the path on as
    # received, without it if a proxy has removed it.
    if root and (path + "/").startswith(root + "/"):
        path = path[len(root) :]
    secure = scope.get("scheme", "http") in ("https", "wss") if https_only is None else https_only
    headers, query = scope["headers"][:], scope.get("query_string", b"")
    return Request(scope.get("method", "GET"), path, headers, query, root, secure)


def find_root_path(app: object) -> Callable[[], str] | None:
    """Return a function that returns the root path that an app sets itself; ``None`` if it cannot set one.

    Args:
        app: The wrapped app; middlewares around it are skipped by their attribute ``app``.
    """
    for _ in range(_MOST_LAYERS):
        app = getattr(app, "__self__", app)  # a method of the app
        kinds = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(app).__mro__]
        if "fastapi.applications.FastAPI" in kinds:
            return lambda app=app: str(getattr(app, "root_path", ""))  # type: ignore[misc]
        if "django.core.handlers.asgi.ASGIHandler" in kinds:
            return _script_name
        app = getattr(app, "app", None)
    return None


def _script_name() -> str:
    settings: Any = sys.modules["django.conf"].settings
    return str(settings.FORCE_SCRIPT_NAME or "")


def is_behind_route(scope: Scope, prefix: str) -> bool:
    """Say whether the middleware is behind a route that does not match the package's own pages.

    Args:
        scope: A connection's scope.
        prefix: Path of those pages.
    """
    if "route_handler" in scope:  # Litestar, whose mounts change paths and set no root path
        return True
    route = scope.get("route")  # Starlette and FastAPI
    if route is None or hasattr(route, "routes"):  # a mount or a host
        return False
    pattern, methods = getattr(route, "path_regex", None), getattr(route, "methods", None) or ("POST",)
    leads = isinstance(pattern, re.Pattern) and pattern.match(f"{prefix}/decision") is not None
    return not (leads and "POST" in methods)


async def connect_socket(
    exchange: Exchange, app: ASGIApp, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run the app with gated cookies: those of the handshake, and those that its answer sets."""

    async def gated(message: Message) -> None:
        if message["type"] in _SOCKET_ANSWERS and message.get("headers"):
            headers = [*message["headers"]]
            kept = gate_cookies(exchange, headers)
            message = message if kept is headers else {**message, "headers": kept}
        await send(message)

    given = exchange.request.headers
    headers = hide_cookies(exchange, given)
    await app(scope if headers is given else {**scope, "headers": headers}, receive, gated)
