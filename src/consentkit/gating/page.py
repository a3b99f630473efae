"""The gate for one response: the rewriter's handler, which also keeps account of what it did."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from consentkit.catalog import OWN_PAGE, URL, read_url
from consentkit.consent import Consent
from consentkit.gating import elements
from consentkit.gating.inline import host_of
from consentkit.gating.party import Party, Plan, Reason, Why, is_allowed
from consentkit.rewriter import Splice, Where, attributes, decode

if TYPE_CHECKING:
    from consentkit.gating.gate import Gate

MAX_REPORTED: Final = 64
"""Kinds of gated elements, and hosts, that one response reports."""

MAX_BASES: Final = 4
"""Foreign bases that are considered where it is not certain which one counts."""

_CUT: Final = Reason(Party("", "", ""), "", "cut")


class Renderer(Protocol):
    """What is put into pages in place of what is gated."""

    def placeholder(self, party: Party, *, foreign_base: bool) -> str:
        """Render the document shown in a gated frame, in HTML.

        Args:
            party: Whom to allow; without a vendor it is a whole purpose.
            foreign_base: Whether the page's base is another origin, which such a document inherits.
        """

    def stubs(self, names: str, *, foreign_base: bool) -> bytes:
        """Render ``<script src=… data-consentkit-stubs="…"></script>`` with the URL of `stubs_script`.

        Args:
            names: What to define, the value of the attribute, safe in double quotes.
            foreign_base: Whether the page's base is another origin.
        """


class Gated(NamedTuple):
    """One element that was made inert, or would have been.

    Attributes:
        element: Lower-case name of the element.
        vendor: Id of the vendor; empty for a purpose; for an unknown marker what it says.
        purpose: Id of the purpose; empty where nothing is known.
        host: The host that would have been asked; empty where there is none.
        why: How the party was recognised.
    """

    element: str
    vendor: str
    purpose: str
    host: str
    why: Why


class PageGate:
    """Decides on the tags of one document; made by `consentkit.gating.gate.Gate.page`.

    Attributes:
        names: The elements the rewriter shows.
        gated: What was made inert, each kind once, in order of appearance.
        undeclared: Third-party hosts that neither policy nor catalog knows, in order of appearance.
        mentioned: Hosts of vendors that inline scripts name without loading anything.
        foreign_base: Whether relative URLs of the page may go to another origin.
    """

    names: Final = frozenset(elements.LOADING) | {b"base"}

    def __init__(
        self, gate: Gate, consent: Consent, *, host: str, renderer: Renderer | None, enforce: bool
    ) -> None:
        self.gated: dict[Gated, None] = {}
        self.undeclared: dict[str, None] = {}
        self.mentioned: dict[str, None] = {}
        self._gate = gate
        self._consent = consent
        self._own = read_url("//" + host) or OWN_PAGE
        self._own_host = host_of(self._own) if self._own.host else ""
        self._renderer = renderer
        self._enforce = enforce
        self._bases: tuple[URL, ...] = ()
        self._base_is_certain = False
        self._base_is_settled = False
        self._allowed: dict[tuple[str, str], bool] = {}
        self._stubbed: set[str] = set()
        self._frames = 0
        self._placeholders: dict[tuple[str, str], bytes] = {}

    @property
    def foreign_base(self) -> bool:
        """Whether relative URLs of the page may go to another origin."""
        return bool(self._bases)

    def settle_base(self) -> None:
        """Take note that relative URLs of ours are in the page: from here on no base may lead them away.

        The first base counts for URLs before it, too (WHATWG HTML 4.2.3); behind the beginning of the body,
        where none is allowed, a foreign one would carry the visitor's choice to another site.
        """
        self._base_is_settled = True

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        """Decide on a start tag; see `consentkit.rewriter.Handler`."""
        if name == b"base":
            return self._see_base(raw, where)
        plan = self._gate.plan(raw, name, self._bases)
        if plan is None:
            return ()
        self._note(self.undeclared, plan.hosts)
        denied = self._denied(plan.reasons)
        if denied is None:
            return plan.live if self._enforce else ()
        self._report(name, denied)
        if not self._enforce:
            return ()
        if name not in elements.FRAMES:
            return plan.inert
        self._frames += 1
        renamed = elements.rename_frame(raw, name, self._frames)
        return [renamed, *self._placeholder(plan, denied.party, where, len(name) + 1), *plan.inert]

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        """Decide on a script; see `consentkit.rewriter.Handler`."""
        plan = self._gate.plan(raw, b"script", self._bases)
        if plan is None:
            return ()
        reasons, stubs = plan.reasons, frozenset[str]()
        if not plan.marked and text and not text.isspace():
            reading = self._gate.read(decode(text).encode() if where & Where.FOREIGN else text)
            reasons, stubs = (*reasons, *reading.reasons), reading.stubs
            self._note(self.mentioned, reading.mentioned)
            self._note(self.undeclared, reading.hosts)
            if not whole and self._consent.restricts:
                reasons = (*reasons, _CUT)
        self._note(self.undeclared, plan.hosts)
        denied = self._denied(reasons)
        if denied is None:
            return plan.live if self._enforce else ()
        self._report(b"script", denied)
        return [*self._stubs(stubs, where), *plan.inert] if self._enforce else ()

    def _denied(self, reasons: Iterable[Reason]) -> Reason | None:
        """Return the first reason not to let an element be. The page's own origin is no third party."""
        for reason in reasons:
            if not self._is_allowed(reason.party) and (reason.host != self._own_host or not reason.host):
                return reason
        return None

    def _is_allowed(self, party: Party) -> bool:
        key = (party.vendor, party.purpose)
        allowed = self._allowed.get(key)
        if allowed is None:
            allowed = self._allowed[key] = is_allowed(party, self._consent)
        return allowed

    def _report(self, name: bytes, reason: Reason) -> None:
        if len(self.gated) < MAX_REPORTED:
            party = reason.party
            vendor = party.name if reason.why == "unknown-marker" else party.vendor
            self.gated[Gated(name.decode("ascii"), vendor, party.purpose, reason.host, reason.why)] = None

    def _note(self, account: dict[str, None], hosts: Iterable[str]) -> None:
        for host in hosts:
            if len(account) < MAX_REPORTED and not self._is_own(host):
                account[host] = None

    def _is_own(self, host: str) -> bool:
        own = self._own.host.removeprefix("www.")
        return bool(own) and (host == self._own_host or f".{host.partition(':')[0]}".endswith(f".{own}"))

    def _see_base(self, raw: bytes, where: Where) -> Sequence[Splice]:
        """Take the first ``<base href>``: it counts for every URL behind it (WHATWG HTML 4.2.3).

        Where it is not certain that a browser sees it as such, others may follow, and all are considered.
        """
        found = attributes(raw)
        href = elements.first(found, b"href")
        if href is None or self._base_is_certain or where & Where.FOREIGN:
            return ()
        url = read_url(href, base=OWN_PAGE)
        foreign = url is not None and not url.own and host_of(url) != self._own_host
        if foreign and self._base_is_settled:
            return elements.unhook_base(found)
        self._base_is_certain = not where
        if foreign and url is not None and url not in self._bases and len(self._bases) < MAX_BASES:
            self._bases = (*self._bases, url)
        return ()

    def _placeholder(self, plan: Plan, party: Party, where: Where, at: int) -> Sequence[Splice]:
        """Put the placeholder into a frame that visitors would have seen."""
        if not plan.framed or not party.embed or not party.purpose or self._renderer is None or where:
            return ()
        key = (party.vendor, party.purpose)
        if key not in self._placeholders:
            document = self._renderer.placeholder(party, foreign_base=self.foreign_base)
            value = html.escape(document).encode("ascii", "xmlcharrefreplace")
            self._placeholders[key] = b' srcdoc="' + value + b'"'
        return [(at, at, self._placeholders[key])]

    def _stubs(self, wanted: frozenset[str], where: Where) -> Sequence[Splice]:
        """Load stubs directly before the script whose globals will be missing."""
        missing = sorted(wanted - self._stubbed)
        if not missing or self._renderer is None or where:
            return ()
        self._stubbed.update(missing)
        return [(0, 0, self._renderer.stubs(" ".join(missing), foreign_base=self.foreign_base))]
