"""Gating of one response: the request headers that the app gets, and the handling of its response.

Response headers are gated by the table `consentkit.gating.response_headers.HEADER_GATES`, cookies by the
policy and the catalog (`consentkit.web.cookie_headers`). Outcomes:

Pass          the body is sent unchanged: not a page, or a page that cannot be read, with a blocking policy
PageResponse  a page: its body is gated
Stamped       a service worker's script, with a comment that changes with its policy
Dropped       a redirect to a denied vendor, requested as a resource of a page
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

import msgspec

from consentkit.gating import PageGate
from consentkit.gating.response_headers import gate_headers, gate_links, is_reached
from consentkit.web.cookie_headers import gate_cookies, hide_cookies, visit_cookies
from consentkit.web.request import Headers
from consentkit.web.resolver import Exchange
from consentkit.web.response import response_kind as kinds
from consentkit.web.response.cache_headers import BLOCKING, get, is_ours, mark, personal, replaced, unmark
from consentkit.web.response.csp import Allowed, read_allowed
from consentkit.web.response.gate_report import report_of, things_of
from consentkit.web.response.page import PageResponse, open_gate

# Sec-Fetch-Dest of navigations and of data for scripts; everything else is a resource of a page.
_ASKED_FOR: Final = frozenset((b"", b"document", b"empty"))
_EVERYTHING: Final = Allowed()

XML_HELD: Final = (
    "an XML document (XHTML, SVG …) was asked for as a page: it has no banner, and a Content-Security-Policy "
    "keeps it from loading anything of other sites. Send it as text/html to have it gated like other pages, "
    "or exclude its path to leave it alone"
)


class Pass(msgspec.Struct, frozen=True, eq=False):
    """The body is sent unchanged.

    Attributes:
        headers: The headers; the same list object if nothing changes.
        problem: A message for the site's developers, to be logged; empty if there is none.
    """

    headers: Headers
    problem: str = ""


class Stamped(msgspec.Struct, frozen=True, eq=False):
    """Some bytes are appended to the body."""

    headers: Headers
    stamp: bytes


class Dropped(msgspec.Struct, frozen=True, eq=False):
    """The response is replaced by one without a body."""

    status: int
    headers: Headers


Outcome: TypeAlias = Pass | PageResponse | Stamped | Dropped


class GatedResponse(msgspec.Struct, eq=False):
    """Handles the headers of one request and of its response.

    Attributes:
        exchange: The request with its resolution.
    """

    exchange: Exchange
    _confirmed: bool = False  # whether the request's conditions include our tag with the present fingerprint
    _gate: PageGate | None = None

    @property
    def gate(self) -> PageGate:
        """The gate of the response, created on first use."""
        if self._gate is None:
            self._gate = open_gate(self.exchange)
        return self._gate

    # --- the request

    def request_headers(self) -> Headers:
        """Return the request headers for the app; the same list object if nothing is removed."""
        exchange, resolution = self.exchange, self.exchange.resolution
        headers, traits = exchange.request.headers, exchange.traits
        if resolution.headers_unchanged or not exchange.options.enforce:
            return headers
        if resolution.hidden:
            headers = hide_cookies(exchange, headers)
        if traits.asks_if_changed:
            alone = traits.wants_document or traits.asked == "worker"
            if alone or is_ours(headers):
                headers, self._confirmed = unmark(headers, resolution.fingerprint, document=alone)
        stamped = traits.wants_service_worker and resolution.csp
        coding = b"identity" if stamped else traits.coding
        if coding is not None:
            headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
            headers.append((b"accept-encoding", coding))
        return headers

    # --- what goes before the response

    def gate_links(self, links: Sequence[bytes]) -> list[bytes]:
        """Return the links of an early hint that are allowed."""
        return gate_links(links, self.gate) if self._holds_back else [*links]

    def may_reach(self, address: bytes) -> bool:
        """Say whether a push or redirect to an address is allowed."""
        return not self._holds_back or is_reached(address.decode("utf-8", "replace"), self.gate)

    @property
    def _holds_back(self) -> bool:
        return self.exchange.resolution.denies and self.exchange.options.enforce

    # --- the response

    def classify(self, status: int, headers: Headers) -> Outcome:
        """Decide how to handle the response, by status and headers.

        Args:
            status: Its status.
            headers: Its headers.
        """
        traits, options = self.exchange.traits, self.exchange.options
        if not options.enforce:
            return self._watch(status, kinds.as_pairs(headers))
        if status in kinds.REDIRECTS:
            targets = [bytes(value) for name, value in headers if name.lower() == b"location"]
            if self._is_loaded() and not all(map(self.may_reach, targets)):
                return self._dropped(headers)
            if any(map(options.gate.reaches, targets)):
                # A cached redirect would be followed later, after a withdrawal too.
                headers = personal(headers, options.vary)
                headers = replaced(headers, b"cache-control", b"no-store")
        # `passes` is a quick check for responses that are unlikely to be pages.
        watched = traits.wants_document or self._confirmed or options.csp != "off"
        if not watched and kinds.passes(headers):
            return Pass(headers)
        headers = kinds.as_pairs(headers)
        shown = kinds.read_shown(status, tuple(headers), options.vary)
        if shown.cookies or shown.gated:
            headers = self._gated(headers, shown)
            shown = kinds.read_shown(status, tuple(headers), options.vary)
        if status == 304 and self._confirmed:
            return Pass(self._unchanged(headers))
        if shown.page is not None:
            return self._page(status, headers, shown, shown.page)
        if traits.wants_document and shown.kind in kinds.UNREADABLE and status not in kinds.BODILESS:
            problem = XML_HELD if shown.kind == kinds.XML and self.exchange.resolution.denies else ""
            return Pass(self._unreadable(headers), problem)
        if traits.asked == "worker" and options.csp != "off":
            return self._worker(status, headers)
        return Pass(headers)

    def things(self) -> Iterator[str]:
        """Yield descriptions of what was blocked, or would have been."""
        return things_of(self.gate) if self._gate is not None else iter(())

    def _watch(self, status: int, headers: Headers) -> Outcome:
        """Handle a response with ``enforce=False``: report only, change nothing."""
        shown = kinds.read_shown(status, tuple(headers), self.exchange.options.vary)
        if shown.gated and self.exchange.resolution.denies:
            gate_headers(headers, self.gate)
        if shown.page is None or shown.page.coding is None or not self._has_body(status):
            return Pass(headers)
        return PageResponse(self.exchange, headers, shown.page, _EVERYTHING, self.gate)

    def _has_body(self, status: int) -> bool:
        return not (self.exchange.request.method == "HEAD" or status in kinds.BODILESS or status < 200)

    def _is_loaded(self) -> bool:
        """Say whether the request is for a resource of a page, not a navigation or a script's data."""
        header = self.exchange.request.header
        ahead = b"prefetch" in header(b"sec-purpose") + header(b"purpose")
        return ahead or header(b"sec-fetch-dest") not in _ASKED_FOR

    def _dropped(self, headers: Headers) -> Dropped:
        """Replace a redirect: with status 403, or 204 in a frame."""
        exchange = self.exchange
        cookies = [(bytes(name), bytes(value)) for name, value in headers if name.lower() == b"set-cookie"]
        kept = [*gate_cookies(exchange, cookies), (b"cache-control", b"no-store")]
        if exchange.options.debug:
            kept.append((b"consentkit-gated", report_of(self.gate).encode("ascii")))
        return Dropped(204 if exchange.traits.wants_document else 403, kept)

    def _gated(self, headers: Headers, shown: kinds.Shown) -> Headers:
        headers = gate_cookies(self.exchange, headers) if shown.cookies else headers
        denies = shown.gated and self.exchange.resolution.denies
        return gate_headers(headers, self.gate) if denies else headers

    def _page(self, status: int, headers: Headers, shown: kinds.Shown, read: kinds.Read) -> Outcome:
        exchange, resolution = self.exchange, self.exchange.resolution
        if status == 206 or read.coding is None:
            return Pass(self._unreadable(headers))
        made = [*shown.headers, *resolution.csp]
        if shown.tagged:
            made = self._with_tag(made)
        if not self._has_body(status):
            return Pass(made)
        if resolution.may_set_cookies:
            made += visit_cookies(exchange)
        allowed = read_allowed(headers, resolution.origin) if shown.restricted else _EVERYTHING
        return PageResponse(exchange, made, read, allowed, self._gate)

    def _unreadable(self, headers: Headers) -> Headers:
        """Return headers with a Content-Security-Policy that blocks what the gate cannot read."""
        resolution = self.exchange.resolution
        made = personal(headers, self.exchange.options.vary)
        if resolution.denies:
            made.append((b"content-security-policy", BLOCKING))
        made += resolution.csp
        return made + visit_cookies(self.exchange) if resolution.may_set_cookies else made

    def _worker(self, status: int, headers: Headers) -> Outcome:
        """Add the policy to a worker's script. Browsers keep the old one until the script's bytes change."""
        exchange, policy = self.exchange, self.exchange.resolution.csp
        plain = status == 200 and exchange.request.method == "GET" and not get(headers, b"content-encoding")
        stamped = plain and exchange.traits.wants_service_worker
        made = personal(headers, exchange.options.vary, rewritten=stamped)
        made = self._with_tag([*made, *policy])
        digest = hashlib.sha256(repr(policy).encode()).hexdigest()
        return Stamped(made, f"\n// {digest[:12]}\n".encode("ascii")) if stamped else Pass(made)

    def _unchanged(self, headers: Headers) -> Headers:
        made = self._with_tag(personal(headers, self.exchange.options.vary))
        # Headers of a 304 replace the stored ones (RFC 9111, section 3.2), including our policy.
        stored = get(made, b"content-security-policy")
        return [*made, *self.exchange.resolution.csp] if stored else made

    def _with_tag(self, headers: Headers) -> Headers:
        tag = get(headers, b"etag")
        return replaced(headers, b"etag", mark(tag, self.exchange.resolution.fingerprint)) if tag else headers
