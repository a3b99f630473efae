"""Reading a request's consent in the app."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from consentkit.consent import Consent
from consentkit.exceptions import ConfigurationError


class HasScope(Protocol):
    """A request of Starlette, FastAPI, Litestar and their like."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The ASGI scope."""


def get_consent(request: HasScope | Mapping[str, Any]) -> Consent:
    """Return what the visitor allows.

    Args:
        request: A request, a WebSocket, or an ASGI scope.

    Raises:
        ConfigurationError: `ConsentMiddleware` is not around the app.
    """
    # Starlette's requests are mappings of their scope themselves.
    scope = request if isinstance(request, Mapping) else request.scope
    consent = scope.get("state", {}).get("consent")
    if not isinstance(consent, Consent):
        raise ConfigurationError("there is no consent on this request: wrap the app in ConsentMiddleware")
    return consent
