"""One response on its way out: headers decided once, body rewritten as it streams.

The start message is held until the first body message shows what kind of response it is, as Starlette's own
compression middleware does. What is no page passes as it is, message by message, once its headers were looked
at. What a browser shows as a page and cannot be read here gets a policy under which the browser holds back
what the gate cannot.
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi import headers as work
from consentkit.asgi.conditional import is_ours, mark, unmark
from consentkit.asgi.consents import Held
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import gate_cookies, hide
from consentkit.asgi.headers import Headers
from consentkit.asgi.kind import BODILESS, GUESSED, REDIRECTS, XML, Read, Shown, passes, read_shown
from consentkit.asgi.outgoing import Outgoing
from consentkit.asgi.page import Page
from consentkit.asgi.ranges import ask_for_part
from consentkit.asgi.renewing import visit
from consentkit.asgi.request import Request
from consentkit.asgi.site_policy import Allowed, read_allowed

# Where visitors themselves go, or a script asks for data; everything else a page loads.
_ASKED_FOR = frozenset((b"", b"document", b"empty"))
_PAIRS = frozenset((tuple,))  # ASGI allows lists as well
_UNREADABLE_EXTENSIONS = frozenset(("http.response.pathsend", "http.response.zerocopysend"))


class Responder(msgspec.Struct, eq=False):
    """Answers one request of the wrapped app.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        held: What holds for it.
        now: Epoch seconds.
        send: Takes what is sent.
    """

    _deployment: Deployment
    _request: Request
    _held: Held
    _now: int
    _send: Send
    # Takes the body; never a method of its own, which would make a cycle that only the collector undoes.
    _send_body: Send | None = None
    _made: Page | None = None
    _allowed: Allowed | None = None
    _conditional: bool = False
    _read: Read | None = None

    def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> Awaitable[None]:
        """Run the app behind the gate."""
        traits = self._request.traits
        if traits.asks_for_range and traits.wants_document:
            return ask_for_part(app, {**self._inner_scope(scope)}, receive, self._handle)
        return app(self._inner_scope(scope), receive, self._handle)

    @property
    def _page(self) -> Page:
        page = self._made = self._made or Page(self._deployment, self._request, self._held.consent)
        return page

    # --- the request

    def _inner_scope(self, scope: Scope) -> Scope:
        """Return what the app sees: the scope itself where nothing is hidden."""
        headers = self._request.headers if self._held.passes else self._inner_headers()
        extensions = scope.get("extensions")
        if extensions and not _UNREADABLE_EXTENSIONS.isdisjoint(extensions):
            kept = {name: value for name, value in extensions.items() if name not in _UNREADABLE_EXTENSIONS}
            return {**scope, "headers": headers, "extensions": kept}
        return scope if headers is self._request.headers else {**scope, "headers": headers}

    def _inner_headers(self) -> Headers:
        request, traits = self._request, self._request.traits
        headers = hide(request, self._held.hidden, request.headers)
        if traits.asks_if_changed:
            alone = traits.wants_document or traits.wants_worker
            if alone or is_ours(headers):
                headers, self._conditional = unmark(headers, self._page.fingerprint, document=alone)
        stamped = traits.wants_service_worker and self._deployment.csp.mode != "off"
        coding = b"identity" if stamped else traits.coding
        if coding is not None:
            headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
            headers.append((b"accept-encoding", coding))
        return headers

    # --- messages

    def _handle(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            return (self._send_body or self._send)(message)
        if kind == "http.response.start":
            message = self._begin(message)
            if self._read is not None:
                self._hold(message, self._read)
                return _nothing()
        elif kind == "http.response.early_hint":
            message = {**message, "links": self._page.gate_links(message["links"])}
            if not message["links"]:
                return _nothing()
        elif kind == "http.response.push" and not self._page.may_reach(message["path"].encode()):
            return _nothing()
        return self._send(message)

    def _hold(self, start: Message, read: Read) -> None:
        deployment, request, consent = self._deployment, self._request, self._held.consent
        gated = self._page if deployment.debug else self._made
        out = Outgoing(deployment, request, consent, self._send, start, read, self._allowed, gated)
        self._send_body = out.take

    # --- headers

    def _begin(self, message: Message) -> Message:
        """Decide what happens to the body, and do what concerns headers alone."""
        given = message.get("headers", ())
        headers: Headers = given if isinstance(given, list) else [*given]
        request, deployment = self._request, self._deployment
        if message["status"] in REDIRECTS:
            targets = [bytes(value) for name, value in headers if name.lower() == b"location"]
            purpose = request.header(b"sec-purpose") + request.header(b"purpose")
            loaded = request.header(b"sec-fetch-dest") not in _ASKED_FOR or b"prefetch" in purpose
            if loaded and not all(map(self._page.may_reach, targets)):
                return self._stopped(message, headers)
            if any(map(deployment.gate.reaches, targets)):
                # A browser that keeps it would follow it for a page later, whatever holds by then.
                headers = work.personal(headers, deployment.vary)
                headers = work.replaced(headers, b"cache-control", b"no-store")
        # What is likely to be a page is looked at in full at once.
        watched = request.traits.wants_document or self._conditional or deployment.csp.mode != "off"
        if not watched and passes(headers):
            return message if headers is given else {**message, "headers": headers}
        if not _PAIRS.issuperset(map(type, headers)):
            headers = [(bytes(name), bytes(value)) for name, value in headers]
        status = message["status"]
        shown = read_shown(status, tuple(headers), deployment.vary)
        if shown.cookies or shown.gated:
            headers = self._gated(headers, shown)
            shown = read_shown(status, tuple(headers), deployment.vary)
        if status == 304 and self._conditional:
            headers = self._confirmed(headers)
        else:
            headers = self._shown(status, headers, shown)
        return message if headers is given else {**message, "headers": headers}

    def _stopped(self, message: Message, headers: Headers) -> Message:
        """Answer in place of a redirect by which a page's own request would reach who is denied.

        Elements take an error as one; a frame would show it, and stays empty.
        """
        send = self._send
        self._send_body = lambda message: send({**message, "body": b""})
        cookies = [(bytes(name), bytes(value)) for name, value in headers if name.lower() == b"set-cookie"]
        kept = [*gate_cookies(self._deployment, self._held.consent, cookies), (b"cache-control", b"no-store")]
        if self._deployment.debug:
            kept.append((b"consentkit-gated", self._page.header_report().encode("ascii")))
        return {**message, "status": 204 if self._request.traits.wants_document else 403, "headers": kept}

    def _gated(self, headers: Headers, shown: Shown) -> Headers:
        if shown.cookies:
            headers = gate_cookies(self._deployment, self._held.consent, headers)
        return self._page.gate_headers(headers) if shown.gated else headers

    def _shown(self, status: int, headers: Headers, shown: Shown) -> Headers:
        if shown.page is not None:
            return self._markup(status, headers, shown, shown.page)
        traits = self._request.traits
        if traits.wants_document and shown.kind in (XML, GUESSED) and status not in BODILESS:
            if shown.kind == XML and self._page.denies:
                self._deployment.tell_of_xml()
            return self._unreadable(work.personal(headers, self._deployment.vary))
        if traits.wants_worker and self._deployment.csp.mode != "off":
            return self._alone(status, headers)
        return headers

    def _alone(self, status: int, headers: Headers) -> Headers:
        plain = status == 200 and self._request.method == "GET" and not work.get(headers, b"content-encoding")
        stamped = plain and self._request.traits.wants_service_worker
        if stamped:
            self._send_body = _stamped(
                self._send, self._deployment.csp.stamp(self._held.consent, self._request)
            )
        headers = work.personal(headers, self._deployment.vary, rewritten=stamped)
        return self._with_tag(self._restrict(headers))

    def _markup(self, status: int, headers: Headers, shown: Shown, read: Read) -> Headers:
        if status == 206 or read.coding is None:
            return self._unreadable(work.personal(headers, self._deployment.vary))
        if shown.restricted:
            self._allowed = read_allowed(headers, self._request.origin)
        headers = self._restrict([*shown.headers])
        if shown.tagged:
            headers = self._with_tag(headers)
        if self._request.method == "HEAD" or status in BODILESS or status < 200:
            return headers
        self._read = read
        return self._visited(headers)

    def _visited(self, headers: Headers) -> Headers:
        if not self._held.visits:
            return headers
        return visit(self._deployment, self._request, self._held.consent, headers, now=self._now)

    def _unreadable(self, headers: Headers) -> Headers:
        if self._page.denies:
            headers = [*headers, (b"content-security-policy", work.BLOCKING)]
        return self._visited(self._restrict(headers))

    def _confirmed(self, headers: Headers) -> Headers:
        headers = self._with_tag(work.personal(headers, self._deployment.vary))
        # A policy in it takes the place of all that is stored (RFC 9111, section 3.2), ours among them.
        return self._restrict(headers) if work.get(headers, b"content-security-policy") else headers

    def _restrict(self, headers: Headers) -> Headers:
        if self._deployment.csp.mode == "off":
            return headers
        return [*headers, *self._deployment.csp.headers(self._held.consent, self._request)]

    def _with_tag(self, headers: Headers) -> Headers:
        tag = work.get(headers, b"etag")
        return work.replaced(headers, b"etag", mark(tag, self._page.fingerprint)) if tag else headers


def _stamped(send: Send, stamp: bytes) -> Send:
    """Return what appends some bytes to a body."""

    def append(message: Message) -> Awaitable[None]:
        if not message.get("more_body", False):
            message = {**message, "body": bytes(message.get("body", b"")) + stamp}
        return send(message)

    return append


async def _nothing() -> None:
    """Send nothing."""
