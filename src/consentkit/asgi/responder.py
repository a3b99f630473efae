"""The responder: passes the app's messages of one response through the gate, and sends the result.

Other responses than pages are sent unchanged, message by message. The start message of a page is held until
its first bytes are known, as in Starlette's compression middleware.
"""

from collections.abc import Awaitable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi.deployment import Deployment
from consentkit.log.counters import SHOWN
from consentkit.web.request import Headers
from consentkit.web.request_kind import RANGES
from consentkit.web.response.cache_headers import without
from consentkit.web.response.gated_response import Dropped, GatedResponse, Pass, Stamped
from consentkit.web.response.page import PageResponse
from consentkit.web.response.response_kind import is_part_of_page

_UNREADABLE_EXTENSIONS = frozenset(("http.response.pathsend", "http.response.zerocopysend"))


class Responder(msgspec.Struct, eq=False):
    """Handles one request of the wrapped app. It has no reference to the app, so there is no cycle.

    Args:
        deployment: The middleware's state.
        response: Gates the request's headers and the response.
        send: The server's ``send``.
    """

    _deployment: Deployment
    _response: GatedResponse
    _send: Send
    _outcome: PageResponse | Stamped | Dropped | None = None
    _start: Message | None = None
    _done: bool = False

    def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> Awaitable[None]:
        """Run the app behind the gate."""
        response, exchange = self._response, self._response.exchange
        if not exchange.options.enforce:
            return self._watch(app, scope, receive)
        given = exchange.request.headers
        headers = given if exchange.resolution.headers_unchanged else response.request_headers()
        extensions = scope.get("extensions")
        if extensions and not _UNREADABLE_EXTENSIONS.isdisjoint(extensions):
            kept = {name: value for name, value in extensions.items() if name not in _UNREADABLE_EXTENSIONS}
            scope = {**scope, "extensions": kept}
        if headers is not given:  # `given` stays the exchange's own: apps may change the list they get
            scope = {**scope, "headers": headers}
        if exchange.traits.asks_for_range and exchange.traits.wants_document:
            return ask_for_part(app, {**scope}, receive, self.handle)
        return app(scope, receive, self.handle)

    async def _watch(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        await app(scope, receive, self.handle)
        for line in self._deployment.trial.note(self._response.things()):
            self._deployment.tell("warning", line)

    def handle(self, message: Message) -> Awaitable[None]:
        """Process the app's next message, and send what can be sent."""
        kind = message["type"]
        if kind == "http.response.body":
            outcome = self._outcome
            if isinstance(outcome, PageResponse):
                return self._take(message, outcome)
            return self._send(message) if outcome is None else self._close(message, outcome)
        if kind == "http.response.start":
            return self._begin(message)
        if kind == "http.response.early_hint":
            message = {**message, "links": self._response.gate_links(message["links"])}
            if not message["links"]:
                return _nothing()
        elif kind == "http.response.push" and not self._response.may_reach(message["path"].encode()):
            return _nothing()
        elif self._start is not None and not self._response.exchange.options.enforce:
            return self._pass(message)
        return self._send(message)

    async def _pass(self, message: Message) -> None:
        """Send the held start message, and an unknown message after it unchanged, such as ``pathsend``."""
        start, self._start = self._start, None
        if start is not None:
            await self._send(start)
        await self._send(message)

    def _begin(self, message: Message) -> Awaitable[None]:
        given = message.get("headers", ())
        headers: Headers = given if isinstance(given, list) else [*given]
        outcome = self._response.classify(message["status"], headers)
        made = outcome.headers
        match outcome:
            case Pass():
                if outcome.problem:
                    self._deployment.tell("warning", outcome.problem, topic=outcome.problem)
                return self._send(message if made is given else {**message, "headers": made})
            case PageResponse():
                self._start = message
            case Dropped():
                message = {**message, "status": outcome.status}
        self._outcome = outcome
        return _nothing() if self._start is not None else self._send({**message, "headers": made})

    async def _take(self, message: Message, page: PageResponse) -> None:
        """Process the next bytes of a page."""
        if self._done:
            return  # servers ignore messages after the last one, too
        more = message.get("more_body", False)
        data = bytes(message.get("body", b""))
        start, self._start, self._done = self._start, None, not more
        part = page.turn(data, more=more, trailers=start is not None and start.get("trailers", False))
        if start is not None:
            await self._send({**start, "headers": part.headers})
        if part.body or not more or not page.exchange.options.enforce:
            await self._send({**message, "body": part.body})
        if part.problem:
            self._deployment.tell("error", part.problem)
        if part.asked and self._deployment.log is not None:
            self._deployment.log.observed.add(SHOWN, (part.asked,), now=page.exchange.now)

    def _close(self, message: Message, outcome: Stamped | Dropped) -> Awaitable[None]:
        """Process bytes of a stamped or dropped response."""
        if isinstance(outcome, Dropped):
            return self._send({**message, "body": b""})
        if message.get("more_body", False):
            return self._send(message)
        return self._send({**message, "body": bytes(message.get("body", b"")) + outcome.stamp})


async def _nothing() -> None:
    """Send nothing."""


async def ask_for_part(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app for a range request; if it answers with a part of a page, run it again for the whole page.

    Parts of files pass as they are (RFC 9110, section 14). A part of a page cannot be gated. The second run
    is safe, since the method is GET, and happens only for apps that send pages in parts.
    """
    is_read = is_page = False

    async def watched_receive() -> Message:
        """Receive for the app, and note whether it has read the request."""
        nonlocal is_read
        message = await receive()
        is_read = is_read or message["type"] == "http.request"
        return message

    async def repeated_receive() -> Message:
        """Receive for the second run: an empty body, if the first run has read the request."""
        nonlocal is_read
        if not is_read:
            return await receive()
        is_read = False
        return {"type": "http.request", "body": b"", "more_body": False}

    async def watched_send(message: Message) -> None:
        """Send, unless it is a part of a page."""
        nonlocal is_page
        starts = message["type"] == "http.response.start"
        is_page = is_page or (starts and is_part_of_page(message["status"], message.get("headers", ())))
        if not is_page:
            await send(message)

    whole = {**scope, "headers": without(scope["headers"], RANGES)}
    if scope["method"] != "GET":  # ranges apply to GET only
        await app(whole, receive, send)
        return
    await app(scope, watched_receive, watched_send)
    if is_page:
        await app(whole, repeated_receive, send)
