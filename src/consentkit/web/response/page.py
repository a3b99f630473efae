"""A page that is being sent: gates its body, and sends its headers with the first chunk."""

import msgspec

from consentkit.gating import PageGate
from consentkit.rewriter import Rewriter
from consentkit.web.request import MAX_HERE, Headers
from consentkit.web.resolver import Exchange
from consentkit.web.response.content_encoding import UTF_8, Charset, CodedBody, Stage
from consentkit.web.response.csp import Allowed
from consentkit.web.response.gate_report import MAX_REPORT, NOTHING, report_of
from consentkit.web.response.injection import Injection, PageRenderer
from consentkit.web.response.page_cache import CachedPage, page_key
from consentkit.web.response.response_kind import HTML, Read

_MARKS = (b"\xef", b"\xff", b"\xfe")  # first bytes of byte order marks

CUT_OFF = "a page is not in the coding that its Content-Encoding names; it was cut off"


class Part(msgspec.Struct, frozen=True, eq=False):
    """The output for one message of the app.

    Attributes:
        body: Its bytes.
        headers: With the first part, all headers of the response; else empty.
        asked: With the last part, regime and language of the banner, such as ``opt-in de``, to be counted;
            empty if there is none.
        problem: With the last part, a message for the site's developers; empty if there is none.
    """

    body: bytes
    headers: Headers
    asked: str = ""
    problem: str = ""


class PageResponse(msgspec.Struct, eq=False):
    """One page and its gate. Nothing refers back to it, so it is freed without garbage collection.

    Attributes:
        exchange: The request.
        headers: The response's headers, without a length.
        read: How the page is read.
        allowed: The insertions that the site's own Content-Security-Policy allows.
        gate: The gate, if it has judged headers already; else it is made with the first bytes.
    """

    exchange: Exchange
    headers: Headers
    read: Read
    allowed: Allowed
    gate: PageGate | None
    _begun: bool = False
    _stage: Stage | None = None
    _coded: CodedBody | None = None
    _injection: Injection | None = None

    def turn(self, data: bytes, *, more: bool, trailers: bool = False) -> Part:
        """Process the next bytes and return the output so far. The headers come with the first output.

        Args:
            data: Any number of bytes.
            more: Whether others follow.
            trailers: Whether headers follow the body, which then has no length.
        """
        if self._begun:
            body, headers, asked = self._rewrite(data, more), [], self._asked
        else:
            self._begun = True
            page = self._begin(data, more)
            body, headers, asked = page.after, self.headers, page.asked
            if not (more or trailers) and self.exchange.options.enforce:
                headers.append((b"content-length", b"%d" % len(body)))
        return Part(body, headers) if more else Part(body, headers, asked, self._problem)

    def _begin(self, data: bytes, more: bool) -> CachedPage:
        """Rewrite the first bytes; with ``debug``, add the headers that report what was blocked so far."""
        options, told, since = self.exchange.options, "", NOTHING
        if options.debug and self.gate is not None:
            told, since = self._report(), (len(self.gate.gated), len(self.gate.undeclared))
        # A report is split between headers and body: such a page is not cached, its report fits no other.
        if data and not more and options.enforce and since == NOTHING:
            page = self._whole(data)
        else:
            body = self._rewrite(data, more)
            page = CachedPage(data, body, self._report(since), self._asked)
        if options.debug:
            name = b"consentkit-gated" if options.enforce else b"consentkit-would-gate"
            line = ", ".join(filter(None, (told, page.report)))[:MAX_REPORT].encode("ascii")
            self.headers = [*self.headers, (name, line)]
            if options.enforce:
                self.headers.append((b"consentkit-memo", options.pages.account()))
        return page

    @property
    def _asked(self) -> str:
        return self._injection.asked if self._injection is not None else ""

    @property
    def _problem(self) -> str:
        broken = self._coded is not None and self._coded.broken and self.exchange.options.enforce
        return CUT_OFF if broken else ""

    def _report(self, since: tuple[int, int] = NOTHING) -> str:
        return report_of(self.gate, since) if self.gate is not None and self.exchange.options.debug else ""

    def _rewrite(self, data: bytes, more: bool) -> bytes:
        """Rewrite the next bytes; an empty page stays empty."""
        if self._stage is None and not data:
            return b""
        self._stage = self._stage or self._open(data)
        if self._coded is not None:
            body = self._coded.turn(data, more)
        else:
            body = self._stage.feed(data)
            body = body if more else body + self._stage.close()
        return body if self.exchange.options.enforce else data

    def _open(self, data: bytes) -> Stage:
        """Create the page's pipeline. With ``enforce=False`` its output is discarded."""
        exchange, read = self.exchange, self.read
        gate = self.gate = self.gate or open_gate(exchange)
        gate.renderer = PageRenderer(exchange, self.allowed)
        memory = exchange.options.gate.memory
        if exchange.traits.asked == "page" and read.kind == HTML and exchange.options.enforce:
            injection = self._injection = Injection(gate.renderer, gate)
            stage: Stage = Rewriter(gate, head=injection.head, body=injection.body, memory=memory)
        else:
            stage = Rewriter(gate, memory=memory)
        if read.coding or read.charset not in UTF_8 or data.startswith(_MARKS):
            stage = Charset(read.charset, stage)
        if read.coding:
            self._coded = CodedBody(stage, read.coding)
        return stage

    def _whole(self, data: bytes) -> CachedPage:
        """Rewrite a page of one message, or return it from the cache."""
        request, cache = self.exchange.request, self.exchange.options.pages
        address = (request.path, request.query, "" if request.is_safe else request.here)
        key = page_key(data, (self.exchange.resolution.shape, address, self.read, self.allowed))
        page = cache.find(key, data)
        if page is None:
            body = self._rewrite(data, more=False)
            page = CachedPage(data, body, self._report(), self._asked)
            if not self._problem and len(request.path) + len(request.query) <= MAX_HERE:
                cache.keep(key, page)
        return page


def open_gate(exchange: Exchange) -> PageGate:
    """Make the gate of one response."""
    options, host = exchange.options, exchange.resolution.host
    path = exchange.request.root_path + exchange.request.path
    return options.gate.page(exchange.consent, host=host, path=path, enforce=options.enforce)
