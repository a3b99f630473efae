"""The ASGI side: middleware, responder, endpoints, places."""

from consentkit.asgi.access import get_consent
from consentkit.asgi.middleware import ConsentMiddleware
from consentkit.asgi.place import FromHeaders

__all__ = ["ConsentMiddleware", "FromHeaders", "get_consent"]
