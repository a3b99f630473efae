"""The ASGI shell: messages in and out, effects performed, lifespan, WebSockets, the clock."""

from consentkit.asgi.application import with_consent
from consentkit.asgi.middleware import ConsentMiddleware, get_consent

__all__ = ["ConsentMiddleware", "get_consent", "with_consent"]
