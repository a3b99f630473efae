"""Fixtures that the tests of `web` and `asgi` share."""

from asgi.fixtures import anyio_backend, log, store

__all__ = ["anyio_backend", "log", "store"]
