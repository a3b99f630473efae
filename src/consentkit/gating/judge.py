"""The judge: decides whether the visitor's consent covers a reach, and records what was blocked."""

from collections.abc import Container, Iterable
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import OWN_PAGE, URL, read_url
from consentkit.consent.consent import Consent
from consentkit.gating.model import CUT, NOBODY, Party, Reach, Reason, Unclassified, Why
from consentkit.gating.vendor_index import host_of, is_below

MAX_REPORTED: Final = 64
"""Kinds of gated elements, and hosts, that one response reports."""


class Gated(NamedTuple):
    """One element that was made inert, or would have been.

    Attributes:
        element: Lower-case name of the element.
        vendor: Id of the vendor; empty for a purpose; for an unknown marker its text.
        purpose: Id of the purpose; empty if unknown.
        host: The host that would have been contacted; empty if there is none.
        why: How the party was recognised.
    """

    element: str
    vendor: str
    purpose: str
    host: str
    why: Why


class Judge:
    """Decides for one response, and records what was blocked.

    Args:
        consent: The visitor's consent.
        unclassified: The mode for unclassified third parties.
        host: The page's own host, with its port if it has one.

    Attributes:
        consent: As given.
        own: The page's own address, as far as it is known.
        own_host: Its host as hosts are reported; empty if unknown.
        held: The elements that were made inert, each kind once, in order of appearance.
        undeclared: Third-party hosts that neither policy nor catalog knows, in order of appearance; and paths
            of the site itself with a vendor's script, each with the vendor's id.
        mentioned: Hosts of vendors that inline scripts name without loading anything.
    """

    own: URL
    own_host: str

    def __init__(self, consent: Consent, unclassified: Unclassified, host: str) -> None:
        self.own, self.own_host = _read_own(host)
        self.undeclared: dict[str, str | None] = {}
        self.mentioned: dict[str, str | None] = {}
        self.held: dict[tuple[bytes, str, str, str, Why], None] = {}
        self.consent: Final = consent
        self._unclassified = unclassified
        self._reported: set[tuple[str, ...]] = set()

    def refusal(self, reach: Reach, runs: Container[str] = ()) -> Reason | None:
        """Return the first reason to block a reach, and record unclassified third parties.

        Args:
            reach: The parties and hosts that would be contacted.
            runs: Vendors that are not blocked (advanced mode).
        """
        for reason in reach.reasons:
            # A vendor's script on the site's own host is not blocked, but reported.
            if reason.why == "program":
                self._note_program(reason, reach)
            if reason.party.vendor in runs:
                continue
            if not is_allowed(reason.party, self.consent) and self.applies(reason):
                if reach.hosts:
                    self._note_unknown(reach.hosts)
                return reason
        if reach.hosts and (host := self._note_unknown(reach.hosts)):
            return Reason(NOBODY, host, "unclassified")
        return CUT if reach.unreadable and self.consent.restricts else None

    def may_be_fetched(self, reach: Reach) -> bool:
        """Say whether a resource that we insert contacts only known and allowed parties."""
        denied = any(self.applies(one) and not is_allowed(one.party, self.consent) for one in reach.reasons)
        return not (denied or reach.unreadable) and all(map(self.is_own, reach.hosts))

    def applies(self, reason: Reason) -> bool:
        """Say whether a reason applies on this page, whose own origin is no third party."""
        # Guesses never apply to the site itself and its subdomains.
        if reason.why in ("list", "word", "program"):
            spared = any(is_below(self.own.host, site) for site in reason.spared)
            return bool(reason.host) and not spared and not self.is_own(reason.host)
        # A first-party proxy: a path that the policy declares on the site's own host.
        if reason.site and not reason.host:
            return is_below(self.own.host, reason.site)
        return not reason.host or reason.host != self.own_host or bool(reason.site)

    def report(self, name: bytes, reason: Reason) -> None:
        """Record a blocked element and the reason."""
        if len(self.held) < MAX_REPORTED:
            party = reason.party
            vendor = party.name if reason.why == "unknown-marker" else party.vendor
            self.held[name, vendor, party.purpose, reason.host, reason.why] = None

    def is_own(self, host: str) -> bool:
        """Say whether a host is the page's own or a subdomain of its site."""
        own = self.own.host.removeprefix("www.")
        return bool(own) and (host == self.own_host or is_below(host.partition(":")[0], own))

    def _note_program(self, reason: Reason, reach: Reach) -> None:
        """Record a vendor's script on the site's own host, unless its path is declared."""
        known = bool(self.own_host) and not any(self.applies(other) for other in reach.reasons)
        if known and self._unclassified != "allow" and len(self.undeclared) < MAX_REPORTED:
            foreign = reason.host not in ("", self.own_host)
            self.undeclared[reason.host if foreign else self.own_host + reason.site] = reason.party.vendor

    def _note_unknown(self, hosts: tuple[str, ...]) -> str:
        """Record unclassified hosts; return the first that is gated, or nothing."""
        if self._unclassified == "allow" or hosts in self._reported:
            return ""
        self.note(self.undeclared, hosts)
        if self._unclassified == "report":
            self._reported.add(hosts)
            return ""
        return next((host for host in hosts if not self.is_own(host)), "")

    def note(self, account: dict[str, str | None], hosts: Iterable[str]) -> None:
        """Record hosts other than the page's own in `undeclared` or `mentioned`."""
        for host in hosts:
            if len(account) < MAX_REPORTED and not self.is_own(host):
                account[host] = None


def is_allowed(party: Party, consent: Consent) -> bool:
    """Say whether a visitor's consent covers a party. Unknown parties are never covered."""
    if party.vendor:
        return consent.allows_known(party.vendor, party.purpose)
    return bool(party.purpose) and consent.allows(party.purpose)


@lru_cache(maxsize=1024)
def _read_own(host: str) -> tuple[URL, str]:
    own = read_url("//" + host) or OWN_PAGE
    return own, host_of(own) if own.host else ""
