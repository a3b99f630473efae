"""A site, and visitors who speak ASGI to it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import anyio
import httpx
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy
from consentkit.testing import cookie_for

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
POLICY = Policy(uses=("google-analytics", "meta-pixel", "youtube"))
VENDOR = "www.googletagmanager.com"
PAGE = (
    b"<!DOCTYPE html><html><head><title>Story</title></head><body><h1>Story</h1>"
    b'<script src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></body></html>'
)
HTML = ("content-type", "text/html; charset=utf-8")
NAVIGATION = {"accept": "text/html", "sec-fetch-dest": "document", "sec-fetch-site": "none"}
GATED = b"data-consentkit-src="
BANNER = b'id="consentkit-banner"'

Pairs = Iterable[tuple[str, str]]


class Answer(NamedTuple):
    """What came back over one connection, message by message."""

    messages: list[Message]

    @property
    def status(self) -> int:
        """The response's status."""
        return int(self.start["status"])

    @property
    def start(self) -> Message:
        """The message that begins the response."""
        return next(message for message in self.messages if message["type"] == "http.response.start")

    @property
    def bodies(self) -> list[bytes]:
        """The body's messages."""
        return [m.get("body", b"") for m in self.messages if m["type"] == "http.response.body"]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return b"".join(self.bodies)

    def all(self, name: str) -> list[str]:
        """All values of a header."""
        return [value.decode("latin-1") for key, value in self.start["headers"] if key == name.encode()]

    def header(self, name: str) -> str:
        """The only value of a header, or nothing."""
        values = self.all(name)
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else ""


class App:
    """An app that answers everything alike, and remembers what it saw."""

    def __init__(
        self,
        *bodies: bytes,
        status: int = 200,
        headers: Pairs = (HTML,),
        length: bool = False,
        answer_to: Callable[[Scope], tuple[int, Pairs, Sequence[bytes]]] | None = None,
    ) -> None:
        self.bodies = bodies or (PAGE,)
        self.status = status
        self.headers = [*headers]
        if length:
            self.headers.append(("content-length", str(sum(map(len, self.bodies)))))
        self.answer_to = answer_to
        self.scopes: list[Scope] = []

    @property
    def scope(self) -> Scope:
        """The last scope."""
        return self.scopes[-1]

    @property
    def seen(self) -> dict[str, str]:
        """The last request's headers."""
        return {name.decode(): value.decode("latin-1") for name, value in self.scope["headers"]}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        status, headers, bodies = (
            self.answer_to(scope) if self.answer_to else (self.status, self.headers, self.bodies)
        )
        raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        for index, body in enumerate(bodies):
            more = index + 1 < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})


def wrap(app: ASGIApp | None = None, **options: Any) -> ConsentMiddleware:
    """Put the middleware around an app."""
    return ConsentMiddleware(app or App(), **{"secret_key": SECRET, "log": None, "policy": POLICY, **options})


def scope_of(
    path: str = "/",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | Pairs = (),
    scheme: str = "http",
    **more: Any,
) -> Scope:
    """Make an HTTP scope."""
    pairs = list(headers.items() if isinstance(headers, Mapping) else headers)
    if not any(name == "host" for name, _ in pairs):
        pairs.insert(0, ("host", "example.org"))
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs],
        "state": {},
        **more,
    }


async def silence() -> Message:
    """Receive nothing, for ever."""
    await anyio.sleep_forever()
    raise AssertionError


async def visit(
    app: ASGIApp, path: str = "/", *, body: bytes | list[Message] = b"", **request: Any
) -> Answer:
    """Make one request; arguments as in `scope_of`."""
    sent = [{"type": "http.request", "body": body, "more_body": False}] if isinstance(body, bytes) else body
    incoming = iter(sent)
    messages: list[Message] = []

    async def receive() -> Message:
        return next(incoming, None) or await silence()

    async def send(message: Message) -> None:
        if "headers" in message:
            message = {**message, "headers": list(message["headers"])}
        messages.append(message)

    await app(scope_of(path, **request), receive, send)
    return Answer(messages)


def cookie(granted: Iterable[str] | str = (), *, policy: Policy = POLICY, **options: Any) -> str:
    """Make the Cookie header of a visitor who has chosen."""
    name, value = cookie_for(policy, secret_key=SECRET, granted=granted, **options)
    return f"{name}={value}"


@asynccontextmanager
async def browser(
    app: ASGIApp, base: str = "http://example.org", **options: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Make a visitor with a cookie jar, who follows no redirects."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=base, **options) as client:
        yield client


async def shown(client: httpx.AsyncClient) -> dict[str, str]:
    """Return the hash and locale of the notice that a visitor is shown, as a form has them."""
    state = (await client.get("/_consent/state")).json()
    return {"notice": state["notice"], "locale": state["locale"]}


async def post(client: httpx.AsyncClient, data: Mapping[str, Any], **options: Any) -> httpx.Response:
    """Send the decision form as a browser does; what was shown is added unless it is given."""
    fields = {**await shown(client), "return_to": "/", **data}
    headers = {"sec-fetch-site": "same-origin", "accept": "text/html", **options.pop("headers", {})}
    return await client.post("/_consent/decision", data=fields, headers=headers, **options)


async def state_of(client: httpx.AsyncClient) -> dict[str, Any]:
    """Return the visitor's state."""
    state: dict[str, Any] = (await client.get("/_consent/state")).json()
    return state
