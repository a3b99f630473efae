"""Fixtures that the tests of `web` share."""

from asgi.client import anyio_backend, faulty, log
from web.wsgi_site import site

__all__ = ["anyio_backend", "faulty", "log", "site"]
