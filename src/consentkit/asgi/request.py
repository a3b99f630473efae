"""What one request says about itself, read once."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from starlette.types import Scope

from consentkit.asgi.traits import MAX_MEMO, SAFE_METHODS, Traits, read_traits

# RFC 3986, section 3.3: what a path may hold as it is. Its "%" was decoded by the server.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
MAX_HERE = 4096
"""Characters of a page's own address that its forms carry: three times that fits into a decision's body."""


class Request:
    """A request as far as consent is concerned.

    All of it is read at once: routers change ``path`` and ``root_path`` in the scope that they are given, and
    apps its headers, before the answer is made.

    Args:
        scope: The ASGI scope, HTTP or WebSocket.
        secure: Whether the visitor's side of the connection is encrypted; ``None``: as the scope says.
        root_path: Where the app says that it is mounted; empty: as the scope says.

    Attributes:
        scope: The scope, whose headers are a list from now on: an iterable may be read but once.
        headers: A list of our own of them.
        method: The method, ``GET`` where there is none.
        root_path: The path at which the app is mounted, without a slash at its end.
        path: The path below it.
        query: The query string.
        secure: Whether the visitor's side of the connection is encrypted.
        traits: What the headers say.
    """

    __slots__ = ("headers", "method", "path", "query", "root_path", "scope", "secure", "traits")

    def __init__(self, scope: Scope, secure: bool | None = None, root_path: str = "") -> None:
        headers = scope["headers"]
        if not isinstance(headers, list):
            headers = scope["headers"] = [*headers]
        self.scope: Scope = scope
        self.headers: list[tuple[bytes, bytes]] = headers[:]
        self.method: str = scope.get("method", "GET")
        self.path: str = scope["path"]
        self.root_path: str = root_path or scope.get("root_path") or ""
        # Whether it is part of the path differs: uvicorn puts it there; hypercorn, granian and daphne leave
        # the path as it came, from which a proxy may have taken it.
        if self.root_path:
            root = self.root_path = self.root_path.rstrip("/")
            self.path = self.path[len(root) :] if (self.path + "/").startswith(root + "/") else self.path
        self.query: bytes = scope.get("query_string", b"")
        self.secure: bool = scope.get("scheme", "http") in ("https", "wss") if secure is None else secure
        self.traits: Traits = read_traits(self.method, headers)

    def header(self, name: bytes) -> bytes:
        """Return the first value of a header, or nothing."""
        for key, value in self.headers:
            if key == name:
                return value
        return b""

    @property
    def cookies(self) -> tuple[tuple[str, str], ...]:
        """Return all cookies in order, duplicates included, values untouched (RFC 6265, section 5.4)."""
        raw = self.traits.raw_cookies
        if not raw:
            return ()
        return _read_cookies(raw) if self.traits.is_short else _split_cookies(raw)

    def cookie_values(self, name: str) -> list[str]:
        """Return every value that came under a cookie's name."""
        return [value for key, value in self.cookies if key == name]

    @property
    def mount(self) -> str:
        """Return the root path as a same-origin reference, without a slash at its end."""
        root = self.root_path
        return quote("/" + root.lstrip("/"), safe=_PATH_SAFE) if root else ""

    @property
    def whole_path(self) -> str:
        """Return the path that the visitor sees, root path included."""
        return self.root_path + self.path

    @property
    def is_safe(self) -> bool:
        """Say whether asking again changes nothing (RFC 9110, section 9.2.1)."""
        return self.method in SAFE_METHODS

    @property
    def here(self) -> str:
        """Return path and query as a same-origin reference; what makes it too long is left out.

        What answers a form is not asked for again: that is where the visitor came from instead.
        """
        if not self.is_safe:
            return _read_referrer(self.header(b"referer")[:MAX_HERE], self.host) or f"{self.mount}/"
        remembered = len(self.path) + len(self.query) <= MAX_HERE
        read = _read_here if remembered else _read_here.__wrapped__
        return read(self.whole_path, self.query) or f"{self.mount}/"

    @property
    def is_short(self) -> bool:
        """Say whether the address is short enough for memos: visitors can make it as long as they like."""
        return len(self.path) + len(self.query) <= MAX_MEMO

    @property
    def host(self) -> str:
        """Return the ``Host`` header if it is one, else nothing."""
        return _read_host(self.header(b"host")[:MAX_MEMO])

    @property
    def origin(self) -> str:
        """Return the origin that the visitor sees, such as ``https://example.org``."""
        return f"{'https' if self.secure else 'http'}://{self.host}" if self.host else ""


@lru_cache(maxsize=1024)
def _read_host(host: bytes) -> str:
    return host.decode("ascii") if _HOST.fullmatch(host) else ""


def _read_referrer(referrer: bytes, host: str) -> str | None:
    try:
        parts = urlsplit(referrer.decode("ascii"))
    except ValueError:
        return None
    if not host or parts.netloc.lower() != host.lower():
        return None
    return _read_here(unquote(parts.path), parts.query.encode("ascii"))


@lru_cache(maxsize=1024)
def _read_here(path: str, query: bytes) -> str | None:
    path = quote("/" + path.lstrip("/"), safe=_PATH_SAFE)
    asked = quote(query, safe=_PATH_SAFE + "?%[]")
    candidates = (f"{path}?{asked}" if asked else path, path)
    return next((here for here in candidates if len(here) <= MAX_HERE), None)


def _split_cookies(headers: tuple[bytes, ...]) -> tuple[tuple[str, str], ...]:
    found = []
    for value in headers:
        for part in value.decode("latin-1").split(";"):
            key, separator, content = part.strip(" \t").partition("=")
            found.append((key.rstrip(" \t"), content) if separator else ("", key))
    return tuple(found)


_read_cookies = lru_cache(maxsize=512)(_split_cookies)
