"""One response on its way out: headers decided once, body rewritten as it streams.

The start message is held until the first body message shows what kind of response it is, as Starlette's own
compression middleware does. What is no page passes as it is, message by message, once its headers were looked
at. What a browser shows as a page and cannot be read here gets a policy under which the browser holds back
what the gate cannot.
"""

from __future__ import annotations

from collections.abc import Awaitable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi import headers as work
from consentkit.asgi.body import Body
from consentkit.asgi.coding import acceptable
from consentkit.asgi.conditional import is_ours, mark, unmark
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import gate_cookies, hide
from consentkit.asgi.headers import Headers
from consentkit.asgi.kind import BODILESS, GUESSED, SCRIPTABLE, SVG, Read, Shown, passes, read_shown
from consentkit.asgi.memo import Kept
from consentkit.asgi.page import MAX_REPORT, Page, shape_of
from consentkit.asgi.renewing import visit
from consentkit.asgi.request import MAX_MEMO, Request
from consentkit.asgi.site_policy import Allowed, read_allowed
from consentkit.consent import Consent

_PAIRS = frozenset((tuple,))  # ASGI allows lists as well
_UNREADABLE_EXTENSIONS = frozenset(("http.response.pathsend", "http.response.zerocopysend"))


class Responder:
    """Answers one request of the wrapped app.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        consent: What holds for it.
        now: Epoch seconds.
    """

    # What most responses never have is not set for each of them.
    _made: Page | None = None
    _allowed: Allowed | None = None
    _conditional = False
    _done = False
    _start: Message | None = None
    _read: Read | None = None
    _stamp = b""
    _body: Body | None = None

    def __init__(self, deployment: Deployment, request: Request, consent: Consent, now: int) -> None:
        self._deployment = deployment
        self._request = request
        self._consent = consent
        self._now = now

    def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Run the app behind the gate."""
        self._send = send
        return app(self._inner_scope(scope), receive, self._handle)

    @property
    def _page(self) -> Page:
        page = self._made = self._made or Page(self._deployment, self._request, self._consent)
        return page

    # --- the request

    def _inner_scope(self, scope: Scope) -> Scope:
        """Return what the app sees: the scope itself where nothing is hidden."""
        headers = self._inner_headers()
        extensions = scope.get("extensions")
        if extensions and not _UNREADABLE_EXTENSIONS.isdisjoint(extensions):
            kept = {name: value for name, value in extensions.items() if name not in _UNREADABLE_EXTENSIONS}
            return {**scope, "headers": headers, "extensions": kept}
        return scope if headers is scope["headers"] else {**scope, "headers": headers}

    def _inner_headers(self) -> Headers:
        request = self._request
        headers = request.headers
        if request.raw_cookies:
            headers = hide(self._deployment, request, self._consent, headers)
        if request.asks_if_changed:
            alone = request.wants_document or request.wants_worker
            if alone or is_ours(headers):
                headers, self._conditional = unmark(headers, self._page.fingerprint, document=alone)
        if request.asks_for_range and request.wants_document:
            headers = work.without(headers, (b"range", b"if-range"))
        if request.takes_markup:
            accepted = request.accepted_codings
            stamped = self._deployment.csp.mode != "off" and request.wants_service_worker
            narrowed = b"identity" if stamped else acceptable(accepted[:MAX_MEMO])
            if narrowed != accepted:
                headers = work.replaced(headers, b"accept-encoding", narrowed)
        return headers

    # --- messages

    def _handle(self, message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            if self._read is not None:
                return self._turn(message)
            if self._stamp and not message.get("more_body", False):
                message = {**message, "body": bytes(message.get("body", b"")) + self._stamp}
        elif kind == "http.response.start":
            message = self._begin(message)
            if self._read is not None:
                self._start = message
                return _hold()
        elif kind == "http.response.early_hint":
            message = {**message, "links": self._page.gate_links(message["links"])}
            if not message["links"]:
                return _hold()
        elif kind == "http.response.push" and not self._page.may_push(message["path"]):
            return _hold()
        return self._send(message)

    # --- headers

    def _begin(self, message: Message) -> Message:
        """Decide what happens to the body, and do what concerns headers alone."""
        given = message.get("headers", ())
        headers: Headers = given if isinstance(given, list) else [*given]
        if not _PAIRS.issuperset(map(type, headers)):
            headers = [(bytes(name), bytes(value)) for name, value in headers]
        request, deployment = self._request, self._deployment
        # What is likely to be a page is looked at in full at once.
        watched = request.wants_document or self._conditional or deployment.csp.mode != "off"
        if not watched and passes(work.by_name(headers)):
            return message if headers is given else {**message, "headers": headers}
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

    def _gated(self, headers: Headers, shown: Shown) -> Headers:
        if shown.cookies:
            headers = gate_cookies(self._deployment, self._consent, headers)
        return self._page.gate_headers(headers) if shown.gated else headers

    def _shown(self, status: int, headers: Headers, shown: Shown) -> Headers:
        document = self._request.wants_document
        if shown.page is not None and (document or shown.page.kind != SVG):
            return self._markup(status, headers, shown, shown.page)
        if document and shown.kinds & GUESSED and status not in BODILESS:
            return self._unreadable(work.personal(headers, self._deployment.vary))
        if self._runs_alone(shown.kinds):
            return self._alone(status, headers)
        return headers

    def _alone(self, status: int, headers: Headers) -> Headers:
        plain = status == 200 and self._request.method == "GET" and not work.get(headers, b"content-encoding")
        stamped = plain and self._request.wants_service_worker
        if stamped:
            self._stamp = self._deployment.csp.stamp(self._consent, self._request)
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
        return visit(self._deployment, self._request, self._consent, headers, now=self._now)

    def _unreadable(self, headers: Headers) -> Headers:
        if self._page.denies:
            headers = [*headers, (b"content-security-policy", work.BLOCKING)]
        return visit(self._deployment, self._request, self._consent, self._restrict(headers), now=self._now)

    def _confirmed(self, headers: Headers) -> Headers:
        headers = self._with_tag(work.personal(headers, self._deployment.vary))
        # A policy in it takes the place of all that is stored (RFC 9111, section 3.2), ours among them.
        return self._restrict(headers) if work.get(headers, b"content-security-policy") else headers

    def _restrict(self, headers: Headers) -> Headers:
        if self._deployment.csp.mode == "off":
            return headers
        return [*headers, *self._deployment.csp.headers(self._consent, self._request)]

    def _runs_alone(self, kinds: frozenset[bytes]) -> bool:
        """Say whether a policy must come with what is no page: a worker's script, a document with scripts."""
        if self._deployment.csp.mode == "off":
            return False
        return self._request.wants_worker or (self._request.wants_document and bool(kinds & SCRIPTABLE))

    def _with_tag(self, headers: Headers) -> Headers:
        tag = work.get(headers, b"etag")
        return work.replaced(headers, b"etag", mark(tag, self._page.fingerprint)) if tag else headers

    # --- body

    async def _turn(self, message: Message) -> None:
        if self._done:
            return  # servers take nothing behind the last message either
        more = message.get("more_body", False)
        self._done = not more
        data = bytes(message.get("body", b""))
        if self._start is None:
            body, report = self._rewrite(data, more), ""
        else:
            body, report = self._whole(data) if data and not more else self._first(data, more)
            start, self._start = self._start, None
            await self._send(self._settled(start, body, more, report))
        if body or not more:
            await self._send({**message, "body": body})

    def _whole(self, data: bytes) -> tuple[bytes, str]:
        """Turn a page of one message, or take what became of these bytes before."""
        if not self._request.is_short:
            return self._first(data, more=False)
        read, memo = self._read, self._deployment.pages
        shape = shape_of(self._deployment, self._request, self._consent, self._allowed)
        key = memo.key(data, (read, shape))
        kept = memo.find(key, data)
        if kept is None:
            body, report = self._first(data, more=False)
            if self._body is None or self._body.broken or self._body.refused:
                return body, report
            kept = Kept(data, body, report)
            memo.keep(key, kept)
        return kept.after, kept.report

    def _first(self, data: bytes, more: bool) -> tuple[bytes, str]:
        """Turn the first message of a page, and say what was done, if that is to be told."""
        if self._read is None:
            return data, ""
        read = self._read
        page = Page(self._deployment, self._request, self._consent, self._allowed)
        self._body = Body(page.stage(read.kind, read.charset), read.coding or b"")
        body = self._rewrite(data, more)
        return body, page.report() if self._deployment.debug else ""

    def _rewrite(self, data: bytes, more: bool) -> bytes:
        return self._body.turn(data, more) if self._body is not None else data

    def _settled(self, start: Message, body: bytes, more: bool, report: str) -> Message:
        """Finish the held start message, now that the first bytes are known."""
        headers: Headers = start["headers"]  # a message and a list of ours, without any length
        if not more and not start.get("trailers", False):
            headers.append((b"content-length", b"%d" % len(body)))
        if self._body is not None and self._body.refused:
            if self._page.denies:
                headers.append((b"content-security-policy", work.BLOCKING))
            self._body = None
        if self._deployment.debug:
            report = ", ".join(filter(None, (self._page.header_report(), report)))
            headers.append((b"consentkit-gated", report[:MAX_REPORT].encode("ascii")))
            headers.append((b"consentkit-memo", self._deployment.pages.told()))
        return start


async def _hold() -> None:
    """Send nothing."""
