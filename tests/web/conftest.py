"""Fixtures that the tests of `web` share."""

from asgi.fixtures import anyio_backend, log, store
from web.wsgi_site import site

__all__ = ["anyio_backend", "log", "site", "store"]
