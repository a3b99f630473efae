"""Reading a request's consent in the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from starlette.requests import HTTPConnection

from consentkit.consent import Consent
from consentkit.exceptions import ConfigurationError


class HasScope(Protocol):
    """A request of Starlette, FastAPI, Litestar, Quart, Django under ASGI and their like."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The ASGI scope."""


class HasEnviron(Protocol):
    """A request of Flask and other WSGI frameworks, whose adapter has put the ASGI scope into the environ."""

    @property
    def environ(self) -> Mapping[str, Any]:
        """The WSGI environ."""


def get_consent(request: HasScope | HasEnviron | Mapping[str, Any]) -> Consent:
    """Return what the visitor allows.

    Args:
        request: A request, a WebSocket, or an ASGI scope.

    Example:
        In FastAPI it is a dependency: ``consent: Annotated[Consent, Depends(get_consent)]``.

    Raises:
        ConfigurationError: The middleware is not around the app, or the request did not come through it.
    """
    consent = _scope_of(request).get("state", {}).get("consent")
    if not isinstance(consent, Consent):
        problem = "there is no consent on this request: wrap the app: app = with_consent(app, …)"
        raise ConfigurationError(problem)
    return consent


# FastAPI reads at run time what to hand to a dependency: a request or a WebSocket, by what both are.
get_consent.__annotations__["request"] = HTTPConnection


def _scope_of(request: object) -> Mapping[str, Any]:
    # Starlette's requests are mappings of their scope themselves.
    scope = request if isinstance(request, Mapping) else getattr(request, "scope", None)
    if scope is None:
        environ = getattr(request, "environ", None)
        scope = environ.get("asgi.scope") if isinstance(environ, Mapping) else None
    if not isinstance(scope, Mapping):
        problem = (
            "this request did not come by ASGI, so nobody was asked for consent: serve the app with an ASGI "
            "server (Django: uvicorn project.asgi:application), a WSGI app behind a2wsgi.WSGIMiddleware"
        )
        raise ConfigurationError(problem)
    return scope
