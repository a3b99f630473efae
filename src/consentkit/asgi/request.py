"""What one request says about itself, read once."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from starlette.types import Scope

from consentkit.signals import Signals, read_signals

_DOCUMENT = frozenset((b"document", b""))
_FRAMES = frozenset((b"iframe", b"frame", b"embed", b"object", b"fencedframe"))
_WORKERS = frozenset((b"worker", b"sharedworker", b"serviceworker"))
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS", "TRACE"))  # RFC 9110, section 9.2.1
# RFC 3986, section 3.3: what a path may hold as it is. Its "%" was decoded by the server.
_PATH_SAFE = "/:@!$&'()*+,;=~-._"
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_SUBRESOURCES = frozenset(b"audio audioworklet font image manifest script style track video worker".split())
_SILENT = Signals()
MAX_MEMO = 4096
"""Bytes of what a visitor sends up to which it is remembered as read."""
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
        headers = scope["headers"]
        self.headers: list[tuple[bytes, bytes]] = headers if isinstance(headers, list) else [*headers]
        self.method: str = scope.get("method", "GET")
        self.secure = scope.get("scheme", "http") in ("https", "wss") if secure is None else secure
        self._first: dict[bytes, bytes] = dict(reversed(self.headers))
        get = self._first.get
        self.traits = _read_traits(
            self.method in _SAFE_METHODS,
            get(b"sec-fetch-dest", b"")[:MAX_MEMO],
            get(b"sec-fetch-site", b"")[:MAX_MEMO],
            get(b"accept", b"")[:MAX_MEMO],
            bool(get(b"hx-request") and not get(b"hx-boosted"))
            or bool(get(b"turbo-frame") or get(b"x-requested-with")),
        )
        self.raw_cookies = self._all(b"cookie")
        """The values of all ``Cookie`` headers."""
        self.has_own_cookies = bool(self.raw_cookies) and b"consentkit" in b";".join(self.raw_cookies)
        """Whether a cookie of this package may be among them."""
        self.hidden: frozenset[str] | None = None
        """Names of the cookies that the app must not see, once that is known."""

    def _all(self, name: bytes) -> tuple[bytes, ...]:
        first = self._first.get(name)
        if first is None:
            return ()
        if len(self._first) == len(self.headers):
            return (first,)
        return tuple([value for key, value in self.headers if key == name])

    def header(self, name: bytes) -> bytes:
        """Return the first value of a header, or nothing."""
        return self._first.get(name, b"")

    @property
    def signals(self) -> Signals:
        """Return what the browser says of itself."""
        first = self._first
        return read_signals(self.headers) if b"sec-gpc" in first or b"dnt" in first else _SILENT

    @property
    def cookies(self) -> tuple[tuple[str, str], ...]:
        """Return all cookies in order, duplicates included, values untouched (RFC 6265, section 5.4)."""
        raw = self.raw_cookies
        if not raw:
            return ()
        return _read_cookies(raw) if sum(map(len, raw)) <= MAX_MEMO else _split_cookies(raw)

    def cookie_values(self, name: str) -> list[str]:
        """Return every value that came under a cookie's name."""
        return [value for key, value in self.cookies if key == name]

    @property
    def path(self) -> str:
        """Return the path below the application's root path."""
        path: str = self.scope["path"]
        if not self.scope.get("root_path"):
            return path
        root = self.root_path
        return path[len(root) :] if root and (path == root or path.startswith(root + "/")) else path

    @property
    def root_path(self) -> str:
        """Return the path at which the application is mounted, without a slash at its end."""
        root: str = self.scope.get("root_path", "")
        return root.rstrip("/")

    @property
    def mount(self) -> str:
        """Return the root path as a same-origin reference, without a slash at its end."""
        root = self.root_path
        return quote("/" + root.lstrip("/"), safe=_PATH_SAFE) if root else ""

    @property
    def here(self) -> str:
        """Return path and query as a same-origin reference; what makes it too long is left out."""
        path, query = self.scope["path"], self.scope.get("query_string", b"")
        remembered = len(path) + len(query) <= MAX_HERE
        read = _read_here if remembered else _read_here.__wrapped__
        return read(path, query) or f"{self.mount}/"

    @property
    def is_short(self) -> bool:
        """Say whether the address is short enough for memos: visitors can make it as long as they like."""
        scope = self.scope
        return len(scope["path"]) + len(scope.get("query_string", b"")) <= MAX_MEMO

    @property
    def host(self) -> str:
        """Return the ``Host`` header if it is one, else nothing."""
        return _read_host(self.header(b"host")[:MAX_MEMO])

    @property
    def origin(self) -> str:
        """Return the origin that the visitor sees, such as ``https://example.org``."""
        return f"{'https' if self.secure else 'http'}://{self.host}" if self.host else ""

    @property
    def travels(self) -> bool:
        """Say whether a Lax cookie travels with such a request (RFC 6265bis, section 5.2)."""
        return self.traits.travels

    @property
    def asks_if_changed(self) -> bool:
        """Say whether a page is wanted only if the visitor has another; conditions of writes are no such."""
        conditional = b"if-none-match" in self._first or b"if-modified-since" in self._first
        return conditional and self.method in ("GET", "HEAD")

    @property
    def asks_for_range(self) -> bool:
        """Say whether a part of something is wanted."""
        return b"range" in self._first or b"if-range" in self._first

    @property
    def accepted_codings(self) -> bytes:
        """Return the whole ``Accept-Encoding``."""
        return b", ".join(self._all(b"accept-encoding"))

    @property
    def wants_document(self) -> bool:
        """Say whether the response may be shown as a page, in a window or a frame."""
        return self.traits.wants_document

    @property
    def wants_worker(self) -> bool:
        """Say whether a worker's script is wanted, whose response carries a policy for what it loads."""
        return self.header(b"sec-fetch-dest") in _WORKERS

    @property
    def wants_service_worker(self) -> bool:
        """Say whether a service worker's script is wanted."""
        return self.header(b"sec-fetch-dest") == b"serviceworker"

    @property
    def takes_markup(self) -> bool:
        """Say whether the response may be markup, as a page or for a script that puts it into one."""
        return self.traits.takes_markup

    @property
    def takes_banner(self) -> bool:
        """Say whether a page in answer is a document of its own: neither a fragment nor inside a frame."""
        return self.traits.takes_banner


class Traits(NamedTuple):
    """What a request is for; see the properties of the same names."""

    travels: bool
    wants_document: bool
    takes_markup: bool
    takes_banner: bool


@lru_cache(maxsize=1024)
def _read_traits(safe: bool, dest: bytes, site: bytes, accept: bytes, partial: bool) -> Traits:
    """Read what a request is for. `partial`: a script asks for a part of a page."""
    if dest:
        wants_document = dest == b"document" or dest in _FRAMES
    else:
        wants_document = not partial and b"html" in (accept or b"html")
    return Traits(
        travels=site != b"cross-site" or (safe and dest in _DOCUMENT),
        wants_document=wants_document,
        takes_markup=dest not in _SUBRESOURCES,
        takes_banner=not partial and dest in _DOCUMENT,
    )


@lru_cache(maxsize=1024)
def _read_host(host: bytes) -> str:
    return host.decode("ascii") if _HOST.fullmatch(host) else ""


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
