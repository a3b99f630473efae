"""The ASGI side: middleware, responder, endpoints, places."""

from typing import TYPE_CHECKING

from consentkit.asgi.access import get_consent
from consentkit.asgi.application import with_consent
from consentkit.asgi.middleware import ConsentMiddleware
from consentkit.asgi.place import FromHeaders

if TYPE_CHECKING:
    from consentkit.asgi.maxmind import FromMaxMind

__all__ = ["ConsentMiddleware", "FromHeaders", "FromMaxMind", "get_consent", "with_consent"]


def __getattr__(name: str) -> object:
    """Load what reads MaxMind's files when it is asked for."""
    if name == "FromMaxMind":
        from consentkit.asgi.maxmind import FromMaxMind

        return FromMaxMind
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
