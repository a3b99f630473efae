"""The gate for one response: which request headers the app is shown, and what becomes of its answer.

Response headers are gated by the table `consentkit.gating.response_headers.HEADER_GATES`, cookies by the
policy and the catalog (`consentkit.web.cookie_headers`). Outcomes:

Pass          the body goes as it is: no page, or one whose headers were all that had to change; of what
              browsers show as a page and cannot be read here, the blocking policy is among them
PageResponse  a page: its bytes go through the gate
Stamped       a service worker's script, whose bytes change with its policy
Dropped       a redirect by which a page's own request would reach who is denied
"""

from __future__ import annotations

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

# Where visitors themselves go, or a script asks for data; everything else a page loads.
_ASKED_FOR: Final = frozenset((b"", b"document", b"empty"))
_EVERYTHING: Final = Allowed()

XML_HELD: Final = (
    "an XML document (XHTML, SVG …) was asked for as a page: it has no banner, and a Content-Security-Policy "
    "keeps it from loading anything of other sites. Send it as text/html to have it gated like other pages, "
    "or exclude its path to leave it alone"
)


class Pass(msgspec.Struct, frozen=True, eq=False):
    """The body goes as it is.

    Attributes:
        headers: The headers; the very same list where nothing is to change.
        problem: What is to be told to the site's developers; empty if nothing is.
    """

    headers: Headers
    problem: str = ""


class Stamped(msgspec.Struct, frozen=True, eq=False):
    """Some bytes are put behind the body."""

    headers: Headers
    stamp: bytes


class Dropped(msgspec.Struct, frozen=True, eq=False):
    """Another answer without a body takes the place of this one."""

    status: int
    headers: Headers


Outcome: TypeAlias = Pass | PageResponse | Stamped | Dropped


class GatedResponse(msgspec.Struct, eq=False):
    """What becomes of one request of the app and of its response.

    Attributes:
        exchange: The request, and what holds for it.
    """

    exchange: Exchange
    _confirmed: bool = False  # a tag of ours, with the fingerprint of now, is among the request's conditions
    _gate: PageGate | None = None

    @property
    def gate(self) -> PageGate:
        """The gate of the response, made when something first asks for it."""
        if self._gate is None:
            self._gate = open_gate(self.exchange)
        return self._gate

    # --- the request

    def request_headers(self) -> Headers:
        """Return the headers that the app is shown: the request's own list where nothing is hidden."""
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
        """Return the links of an early hint that may be followed."""
        return gate_links(links, self.gate) if self._holds_back else [*links]

    def may_reach(self, address: bytes) -> bool:
        """Say whether a browser may be made to ask an address, by a push or a redirect."""
        return not self._holds_back or is_reached(address.decode("utf-8", "replace"), self.gate)

    @property
    def _holds_back(self) -> bool:
        return self.exchange.resolution.denies and self.exchange.options.enforce

    # --- the response

    def classify(self, status: int, headers: Headers) -> Outcome:
        """Decide what becomes of the response, by all but its body.

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
                # A browser that keeps it would follow it for a page later, whatever holds by then.
                headers = personal(headers, options.vary)
                headers = replaced(headers, b"cache-control", b"no-store")
        # What is likely to be a page is looked at in full at once.
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
        """Yield what was held back, or would have been, in plain words."""
        return things_of(self.gate) if self._gate is not None else iter(())

    def _watch(self, status: int, headers: Headers) -> Outcome:
        """Look on, where nothing is enforced: headers and bytes stay what they are."""
        shown = kinds.read_shown(status, tuple(headers), self.exchange.options.vary)
        if shown.gated and self.exchange.resolution.denies:
            gate_headers(headers, self.gate)
        if shown.page is None or shown.page.coding is None or not self._has_body(status):
            return Pass(headers)
        return PageResponse(self.exchange, headers, shown.page, _EVERYTHING, self.gate)

    def _has_body(self, status: int) -> bool:
        return not (self.exchange.request.method == "HEAD" or status in kinds.BODILESS or status < 200)

    def _is_loaded(self) -> bool:
        """Say whether a page asks, and not the visitor or a script for data."""
        header = self.exchange.request.header
        ahead = b"prefetch" in header(b"sec-purpose") + header(b"purpose")
        return ahead or header(b"sec-fetch-dest") not in _ASKED_FOR

    def _dropped(self, headers: Headers) -> Dropped:
        """Answer in place of a redirect: with an error, or with nothing where a frame would show it."""
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
        """Return headers by which browsers hold back what the gate cannot, since it cannot read it."""
        resolution = self.exchange.resolution
        made = personal(headers, self.exchange.options.vary)
        if resolution.denies:
            made.append((b"content-security-policy", BLOCKING))
        made += resolution.csp
        return made + visit_cookies(self.exchange) if resolution.may_set_cookies else made

    def _worker(self, status: int, headers: Headers) -> Outcome:
        """Add the policy to a worker's script, which keeps the one it came with until its bytes change."""
        exchange, policy = self.exchange, self.exchange.resolution.csp
        plain = status == 200 and exchange.request.method == "GET" and not get(headers, b"content-encoding")
        stamped = plain and exchange.traits.wants_service_worker
        made = personal(headers, exchange.options.vary, rewritten=stamped)
        made = self._with_tag([*made, *policy])
        digest = hashlib.sha256(repr(policy).encode()).hexdigest()
        return Stamped(made, f"\n// {digest[:12]}\n".encode("ascii")) if stamped else Pass(made)

    def _unchanged(self, headers: Headers) -> Headers:
        made = self._with_tag(personal(headers, self.exchange.options.vary))
        # A policy in it takes the place of all that is stored (RFC 9111, section 3.2), ours among them.
        stored = get(made, b"content-security-policy")
        return [*made, *self.exchange.resolution.csp] if stored else made

    def _with_tag(self, headers: Headers) -> Headers:
        tag = get(headers, b"etag")
        return replaced(headers, b"etag", mark(tag, self.exchange.resolution.fingerprint)) if tag else headers
