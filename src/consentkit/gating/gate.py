"""`Gate`, one per policy: creates the handler for each response, and gates cookies."""

from collections.abc import Iterable
from typing import Final, get_args

from consentkit.catalog import Catalog, default_catalog
from consentkit.consent.consent import Consent
from consentkit.exceptions import ConfigurationError
from consentkit.gating.classifier import Classifier
from consentkit.gating.document import NO_BASES, BaseURLs, PageGate
from consentkit.gating.judge import Judge, is_allowed
from consentkit.gating.model import Party, Renderer, Unclassified
from consentkit.gating.vendor_calls import VendorCalls
from consentkit.gating.vendor_index import VendorIndex, is_below
from consentkit.policy import Policy
from consentkit.rewriter import Memory

OWN_COOKIES: Final = ("__Host-consentkit", "__Secure-consentkit", "consentkit")
"""Prefixes of this package's own cookies, which patterns of a policy never match."""


class Gate:
    """Gates by one policy. Made once per application and shared by all requests.

    Args:
        policy: The policy. Its vendors take precedence over equally specific ones of the catalog.
        catalog: The catalog; by default the package's own.
        unclassified: Whether third parties that neither knows are reported, gated, or ignored. If they are
            gated, visitors cannot allow them: only a marker or a declaration lets them through.

    Attributes:
        classifier: Finds which parties tags and scripts contact.
        calls: The calls that tell vendors the consent.
        memory: The rewriter's cache.

    Raises:
        ConfigurationError: ``unclassified`` is none of the three.
    """

    def __init__(
        self, policy: Policy, catalog: Catalog | None = None, *, unclassified: Unclassified = "report"
    ) -> None:
        if unclassified not in get_args(Unclassified):
            problem = f'expected "report", "gate" or "allow", got {unclassified!r}'
            raise ConfigurationError(problem, path="unclassified")
        self.unclassified: Final = unclassified
        self._vendors = VendorIndex(policy, catalog or default_catalog())
        self.classifier: Final = Classifier(self._vendors, exact=unclassified == "gate")
        self.calls: Final = VendorCalls(policy)
        self.memory: Final = Memory()

    def page(
        self, consent: Consent, *, host: str = "", path: str = "/", renderer: Renderer | None = None,
        enforce: bool = True,
    ) -> PageGate:  # fmt: skip
        """Make the rewriter's handler for one response.

        Args:
            consent: The visitor's consent.
            host: The request's own host, with its port if it has one; never a third party.
            path: The request's path, against which relative URLs are resolved.
            renderer: Renders insertions; without one nothing is inserted.
            enforce: Whether to make edits, or to report only.
        """
        judge = Judge(consent, self.unclassified, host)
        # Relative URLs can contact a vendor only if the policy declares a path of this host as its proxy.
        proxied = any(is_below(judge.own.host, rule.host) for rule, _ in self._vendors.proxies)
        bases = BaseURLs((judge.own._replace(path=path),)) if proxied else NO_BASES
        return PageGate(self.classifier, self.calls, judge, bases, renderer=renderer, enforce=enforce)

    def reaches(self, address: bytes) -> bool:
        """Say whether an address belongs to a vendor that needs consent, granted or not."""
        found = self.classifier.classify(b'<img src="%b">' % address.replace(b'"', b"%22"), b"img")
        return found is not None and bool(found.load.reach.reasons)

    def cookie_party(self, name: str) -> Party | None:
        """Find the party of a first-party cookie, first in the policy, then in the catalog."""
        return None if name.startswith(OWN_COOKIES) else self._vendors.find_cookie(name)

    def drop_cookie(self, consent: Consent, set_cookie: str) -> Party | None:
        """Decide on a ``Set-Cookie`` header.

        Args:
            consent: The visitor's consent.
            set_cookie: The header's value.

        Returns:
            The party whose consent is missing; `None` if the header stays, as undeclared cookies do.
        """
        name, equals, _ = set_cookie.partition(";")[0].partition("=")
        party = self.cookie_party(name.strip()) if equals else None
        return party if party and not is_allowed(party, consent) else None

    def hidden_cookies(self, consent: Consent, names: Iterable[str]) -> frozenset[str]:
        """Return the cookies to remove from the request. Names are stripped, as applications do."""
        parties = {name: self.cookie_party(name.strip()) for name in names}
        return frozenset(name for name, party in parties.items() if party and not is_allowed(party, consent))
