"""What one request says about itself, read once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from urllib.parse import quote

from starlette.types import Scope

_DOCUMENT = frozenset((b"document", b""))
_FRAMES = frozenset((b"iframe", b"frame", b"embed", b"object", b"fencedframe"))
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, section 9.2.1
# RFC 3986, section 3.3: what a path may hold as it is. Its "%" was decoded by the server.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SUBRESOURCES = frozenset(b"audio audioworklet font image manifest script style track video worker".split())
MAX_HERE = 4096
"""Characters of a page's own address that its forms carry: three times that fits into a decision's body."""
FRAGMENT_HEADERS = ("HX-Request", "HX-Boosted", "Turbo-Frame", "X-Requested-With")
"""Headers by which scripts ask for a part of a page."""


class Request:
    """A request as far as consent is concerned.

    Args:
        scope: The ASGI scope, HTTP or WebSocket.
        secure: Whether the visitor's side of the connection is encrypted; ``None``: as the scope says.
    """

    def __init__(self, scope: Scope, secure: bool | None = None) -> None:
        self.scope = scope
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.method: str = scope.get("method", "GET")
        self._first: dict[bytes, bytes] = {}
        for name, value in self.headers:
            self._first.setdefault(name, value)
        self.secure = scope.get("scheme", "http") in ("https", "wss") if secure is None else secure

    def header(self, name: bytes) -> bytes:
        """Return the first value of a header, or nothing."""
        return self._first.get(name, b"")

    @cached_property
    def cookies(self) -> list[tuple[str, str]]:
        """Return all cookies in order, duplicates included, values untouched (RFC 6265, section 5.4)."""
        found = []
        for name, value in self.headers:
            if name == b"cookie":
                for part in value.decode("latin-1").split(";"):
                    key, separator, content = part.strip(" \t").partition("=")
                    found.append((key.rstrip(" \t"), content) if separator else ("", key))
        return found

    def cookie_values(self, name: str) -> list[str]:
        """Return every value that came under a cookie's name."""
        return [value for key, value in self.cookies if key == name]

    @cached_property
    def path(self) -> str:
        """Return the path below the application's root path."""
        path: str = self.scope["path"]
        root = self.root_path
        return path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path

    @property
    def root_path(self) -> str:
        """Return the path at which the application is mounted, without a slash at its end."""
        root: str = self.scope.get("root_path", "")
        return root.rstrip("/")

    @cached_property
    def mount(self) -> str:
        """Return the root path as a same-origin reference, without a slash at its end."""
        return quote("/" + self.root_path.lstrip("/"), safe=_PATH_SAFE) if self.root_path else ""

    @cached_property
    def here(self) -> str:
        """Return path and query as a same-origin reference; what makes it too long is left out."""
        path = quote("/" + self.scope["path"].lstrip("/"), safe=_PATH_SAFE)
        query = quote(self.scope.get("query_string", b""), safe=_PATH_SAFE + "?%[]")
        candidates = (f"{path}?{query}" if query else path, path)
        return next((here for here in candidates if len(here) <= MAX_HERE), f"{self.mount}/")

    @property
    def host(self) -> str:
        """Return the ``Host`` header if it is one, else nothing."""
        host = self.header(b"host")
        return host.decode("ascii") if _HOST.fullmatch(host) else ""

    @property
    def origin(self) -> str:
        """Return the origin that the visitor sees, such as ``https://example.org``."""
        return f"{'https' if self.secure else 'http'}://{self.host}" if self.host else ""

    @cached_property
    def travels(self) -> bool:
        """Say whether a Lax cookie travels with such a request (RFC 6265bis, section 5.2)."""
        if self.header(b"sec-fetch-site") != b"cross-site":
            return True
        return self.method in _SAFE_METHODS and self.header(b"sec-fetch-dest") in _DOCUMENT

    @property
    def asks_if_changed(self) -> bool:
        """Say whether a page is wanted only if the visitor has another; conditions of writes are no such."""
        conditional = self.header(b"if-none-match") or self.header(b"if-modified-since")
        return bool(conditional) and self.method in ("GET", "HEAD")

    @cached_property
    def wants_document(self) -> bool:
        """Say whether the response may be shown as a page, in a window or a frame."""
        dest = self.header(b"sec-fetch-dest")
        if dest:
            return dest == b"document" or dest in _FRAMES
        return not self.is_partial and b"html" in (self.header(b"accept") or b"html")

    @property
    def takes_markup(self) -> bool:
        """Say whether the response may be markup, as a page or for a script that puts it into one."""
        return self.header(b"sec-fetch-dest") not in _SUBRESOURCES

    @cached_property
    def is_partial(self) -> bool:
        """Say whether a script asks for a part of a page."""
        if self.header(b"hx-request") and not self.header(b"hx-boosted"):
            return True
        return bool(self.header(b"turbo-frame") or self.header(b"x-requested-with"))

    @cached_property
    def takes_banner(self) -> bool:
        """Say whether a page in answer is a document of its own: neither a fragment nor inside a frame."""
        return not self.is_partial and self.header(b"sec-fetch-dest") in _DOCUMENT
