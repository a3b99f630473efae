"""One response on its way out: headers decided once, body rewritten as it streams.

The start message is held until the first body message shows what kind of response it is, as Starlette's own
compression middleware does. What is not HTML passes untouched but for `Set-Cookie`. What a browser shows as a
page and cannot be read here gets a policy under which the browser holds back what the gate cannot.
"""

from __future__ import annotations

import logging
import zlib

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi import headers as work
from consentkit.asgi.coding import Charset, Deflate, Inflate, Stage, acceptable, charset_of
from consentkit.asgi.conditional import mark, unmark
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.expiring import expire_hidden, hide
from consentkit.asgi.headers import Headers
from consentkit.asgi.page import Page
from consentkit.asgi.request import Request
from consentkit.consent import Consent, set_decision_cookie

_HTML = b"text/html"
# What browsers read by other rules than HTML's (XML), or guess (MIME Sniffing Standard, section 7).
_UNREADABLE = frozenset((b"application/xhtml+xml", b"", b"unknown/unknown", b"application/unknown", b"*/*"))
_BODILESS = (204, 205, 304)  # RFC 9110, section 6.4.1
_UNREADABLE_EXTENSIONS = ("http.response.pathsend", "http.response.zerocopysend")
# What describes bytes that were rewritten (RFC 9110, sections 8.8.2 and 14.3; RFC 9530; RFC 3230).
_STALE = frozenset(
    (b"last-modified", b"accept-ranges", b"content-digest", b"repr-digest", b"digest", b"content-md5")
)
_CODINGS = {b"": b"", b"identity": b"", b"gzip": b"gzip", b"x-gzip": b"gzip", b"deflate": b"deflate"}
_logger = logging.getLogger("consentkit")


class Responder:
    """Answers one request of the wrapped app.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        consent: What holds for it.
        now: Epoch seconds.
    """

    def __init__(self, deployment: Deployment, request: Request, consent: Consent, now: int) -> None:
        self._deployment = deployment
        self._request = request
        self._consent = consent
        self._now = now
        self._page = Page(deployment, request, consent)
        self._conditional = False
        self._start: Message | None = None
        self._pipe: Stage | None = None
        self._inflate: Inflate | None = None
        self._deflate: Deflate | None = None
        self._broken = False
        self._empty = True

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app behind the gate."""
        self._send = send
        await app(self._inner_scope(scope), receive, self._handle)

    def _inner_scope(self, scope: Scope) -> Scope:
        request = self._request
        headers = hide(self._deployment, request, self._consent, list(scope["headers"]))
        if request.asks_if_changed:
            page = self._page.fingerprint
            headers, self._conditional = unmark(headers, page, document=request.wants_document)
        if request.wants_document:
            headers = work.without(headers, (b"range", b"if-range"))
        if request.takes_markup:
            accepted = b", ".join(value for name, value in headers if name == b"accept-encoding")
            headers = work.replaced(headers, b"accept-encoding", acceptable(accepted))
        extensions = {
            name: value
            for name, value in (scope.get("extensions") or {}).items()
            if name not in _UNREADABLE_EXTENSIONS
        }
        return {**scope, "headers": headers, "extensions": extensions}

    async def _handle(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = self._begin(message)
            if self._pipe is None:
                await self._release()
        elif message["type"] == "http.response.body" and (self._pipe is not None or self._broken):
            await self._body(message)
        else:
            await self._send(message)

    async def _release(self) -> None:
        if self._start is not None:
            start, self._start = self._start, None
            await self._send(start)

    # --- headers

    def _begin(self, message: Message) -> Message:
        """Decide what happens to the body, and do what concerns headers alone."""
        headers: Headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        headers = self._gate_cookies(headers)
        status = message["status"]
        if status == 304 and self._conditional:
            headers = self._with_tag(self._shared(headers))
        elif _is_shown(status, headers):
            kinds = _media_types(headers)
            if _HTML in kinds:
                headers = self._html(status, headers)
            elif self._request.wants_document and kinds & _UNREADABLE and status not in _BODILESS:
                headers = self._unreadable(self._shared(headers))
        return {**message, "headers": headers}

    def _gate_cookies(self, headers: Headers) -> Headers:
        gate, consent = self._deployment.gate, self._consent
        return [
            (name, value)
            for name, value in headers
            if name.lower() != b"set-cookie" or not gate.drop_cookie(consent, value.decode("latin-1"))
        ]

    def _html(self, status: int, headers: Headers) -> Headers:
        headers = self._shared(headers)
        coding = _coding(headers)
        if status == 206 or coding is None:
            return self._unreadable(headers)
        headers = self._with_tag(work.without(headers, _STALE))
        if self._request.method == "HEAD" or status in _BODILESS or status < 200:
            return work.without(headers, (b"content-length",))
        self._open(coding, charset_of(work.get(headers, b"content-type")), work.nonce(headers))
        return self._visit(headers)

    def _unreadable(self, headers: Headers) -> Headers:
        if self._consent.restricts:
            headers = [*headers, (b"content-security-policy", work.BLOCKING)]
        return self._visit(headers)

    def _open(self, coding: bytes, charset: bytes, nonce: str) -> None:
        self._pipe = Charset(charset, self._page.rewriter(nonce))
        if coding:
            self._inflate, self._deflate = Inflate(coding), Deflate(coding)

    def _shared(self, headers: Headers) -> Headers:
        return work.made_private(work.with_vary(headers, self._page.vary))

    def _with_tag(self, headers: Headers) -> Headers:
        tag = work.get(headers, b"etag")
        return work.replaced(headers, b"etag", mark(tag, self._page.fingerprint)) if tag else headers

    def _visit(self, headers: Headers) -> Headers:
        """Set and expire cookies on a page that no shared cache keeps."""
        if not self._request.takes_banner:
            return headers
        deployment, request = self._deployment, self._request
        headers = list(headers)
        decision = self._consent.decision
        if self._consent.renew and decision is not None:
            value = deployment.decisions.dumps(decision, now=self._now)
            age = decision.max_age(now=self._now)
            cookie = set_decision_cookie(
                value, max_age=age, secure=request.secure, domain=deployment.cookie_domain
            )
            headers.append((b"set-cookie", cookie.encode("ascii")))
        headers += [(b"set-cookie", line.encode("ascii")) for line in deployment.expire_plain(request)]
        if request.cookie_values(deployment.once.cookie_name(request.secure)):
            headers.append(
                (b"set-cookie", deployment.once.set_cookie("", secure=request.secure).encode("ascii"))
            )
        expire_hidden(deployment, request, self._consent, headers)
        return headers

    # --- body

    async def _body(self, message: Message) -> None:
        more = message.get("more_body", False)
        body = bytes(message.get("body", b""))
        self._empty = self._empty and not body
        body = b"" if self._empty else self._rewrite(body, more)
        if self._start is not None:
            self._settle(self._start, body, more)
            await self._release()
        if body or not more:
            await self._send({**message, "body": body})

    def _rewrite(self, body: bytes, more: bool) -> bytes:
        try:
            data = self._inflate.feed(body) if self._inflate else body
            if not more and self._inflate:
                data += self._inflate.close()
        except zlib.error:
            # Fail closed: what cannot be decoded is cut off, not let through.
            if not self._broken:
                _logger.error("a page is not in the coding that its Content-Encoding names; it was cut off")
            self._broken, data = True, b""
        if self._pipe is None or self._broken:
            return b""
        data = self._pipe.feed(data)
        if not more:
            data += self._pipe.close()
        if self._deflate is None:
            return data
        return self._deflate.feed(data) if more else self._deflate.feed(data) + self._deflate.close()

    def _settle(self, start: Message, body: bytes, more: bool) -> None:
        """Finish the held start message, now that the first bytes are known."""
        headers = work.without(start["headers"], (b"content-length",))
        if not more and not start.get("trailers", False):
            headers.append((b"content-length", str(len(body)).encode("ascii")))
        if self._deployment.debug:
            headers.append((b"consentkit-gated", self._page.report().encode("ascii")))
        start["headers"] = headers


def _media_types(headers: Headers) -> set[bytes]:
    """Return what the body may be read as; nothing stands for a type that is missing and may be guessed."""
    values = [value for name, value in headers if name.lower() == b"content-type"]
    if not values:
        return set() if b"nosniff" in work.get(headers, b"x-content-type-options").lower() else {b""}
    return {part.split(b";")[0].strip().lower() for part in b",".join(values).split(b",")}


def _coding(headers: Headers) -> bytes | None:
    """Return the content coding, nothing for none, ``None`` for one that cannot be undone."""
    values = [value for name, value in headers if name.lower() == b"content-encoding"]
    return _CODINGS.get(b",".join(values).strip().lower())


def _is_shown(status: int, headers: Headers) -> bool:
    """Say whether a browser shows the body, rather than saving it or going elsewhere."""
    if 300 <= status < 400 and work.get(headers, b"location"):
        return False
    return not work.get(headers, b"content-disposition").lower().lstrip().startswith(b"attachment")


class Observer:
    """Watches one response go by unchanged and reports what the gate would have done.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        consent: What holds for it.
    """

    def __init__(self, deployment: Deployment, request: Request, consent: Consent) -> None:
        self._debug = deployment.debug
        self._page = Page(deployment, request, consent)
        self._start: Message | None = None
        self._pipe: Stage | None = None
        self._inflate: Inflate | None = None

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app."""
        self._send = send
        await app(scope, receive, self._handle)
        report = self._page.report()
        if report:
            _logger.info("not enforced; the gate would have held back: %s", report)

    async def _handle(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": list(message.get("headers", ()))}
            if self._watches(message["headers"]):
                self._start = message
                return
        if message["type"] == "http.response.body":
            self._watch(bytes(message.get("body", b"")))
        if self._start is not None:
            start, self._start = self._start, None
            if self._debug:
                report = (b"consentkit-would-gate", self._page.report().encode("ascii"))
                start = {**start, "headers": [*start["headers"], report]}
            await self._send(start)
        await self._send(message)

    def _watches(self, headers: Headers) -> bool:
        coding = _coding(headers)
        if _HTML not in _media_types(headers) or coding is None:
            return False
        content_type = work.get(headers, b"content-type")
        self._pipe = Charset(charset_of(content_type), self._page.observer())
        self._inflate = Inflate(coding) if coding else None
        return True

    def _watch(self, body: bytes) -> None:
        if self._pipe is None:
            return
        try:
            self._pipe.feed(self._inflate.feed(body) if self._inflate else body)
        except zlib.error:
            self._pipe = None
