"""What becomes of a connection: the package's own pages, the gate, or nothing."""

from __future__ import annotations

import logging
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit.asgi.clock import epoch
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.endpoints import GPC_PATH, Endpoints
from consentkit.asgi.framework import find_root_path, is_behind_route
from consentkit.asgi.lifespan import answer_lifespan
from consentkit.asgi.observer import Observer
from consentkit.asgi.request import Request
from consentkit.asgi.responder import Responder
from consentkit.asgi.socket import connect_socket

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
        deployment: The policy as it is deployed.
    """

    def __init__(self, app: ASGIApp, deployment: Deployment) -> None:
        self._app = app
        self._deployment = deployment
        self._endpoints = Endpoints(deployment)
        self._own = (deployment.prefix, GPC_PATH)
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
        now = epoch()
        request = Request(scope, deployment.https_only, self._root_path() if self._root_path else "")
        held = deployment.held_by(request, now=now)
        scope.setdefault("state", {})["consent"] = held.consent
        path = request.path
        excluded = bool(deployment.exclude) and deployment.excludes(path)
        scope[_OUTER] = not excluded
        if kind == "websocket":
            if excluded or not deployment.enforce:
                return app(scope, receive, send)
            return connect_socket(deployment, request, held, app, receive, send)
        if path.startswith(self._own) and self._endpoints.owns(path):
            return self._endpoints(request, held.consent, receive, send)
        if excluded:
            return app(scope, receive, send)
        if "path_params" in scope and not self._routed and is_behind_route(scope, deployment.prefix):
            self._routed = True
            _logger.error(_BEHIND_ROUTE, deployment.prefix)
        if deployment.enforce:
            return Responder(deployment, request, held, now, send).run(app, scope, receive)
        return Observer(deployment, request, held.consent)(app, scope, receive, send)
