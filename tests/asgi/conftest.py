"""Fixtures that the tests of `web` and `asgi` share."""

from asgi.client import anyio_backend, faulty, log

__all__ = ["anyio_backend", "faulty", "log"]
