"""`VendorMatcher`: finds the vendor of a request or stored name, in the policy, then in the catalog."""

from collections.abc import Iterable
from typing import NamedTuple

from consentkit.catalog import URL, CookieTable, HostRule, HostTable, KnownVendor, default_catalog, read_url
from consentkit.policy import NECESSARY, Policy


class MatchedVendor(NamedTuple):
    """The vendor of a request or stored name.

    Attributes:
        name: The vendor's name.
        purpose: The vendor's purpose.
        guessed: Whether it was recognised only by a word in the address.
    """

    name: str
    purpose: str
    guessed: bool = False


class VendorMatcher:
    """Matches requests and stored names with vendors.

    Args:
        policy: The site's policy, if known.
        site: The site's address.

    Attributes:
        sale: Purposes that Sec-GPC denies.
    """

    def __init__(self, policy: Policy | None, site: str) -> None:
        self._policy = policy or Policy()
        self._declares = policy is not None
        self._site = read_url(site) or URL()
        declared = self._policy.vendors_declared.values()
        self._hosts = HostTable(
            (HostRule.parse(host), vendor) for vendor in declared for host in vendor.hosts
        )
        self._cookies = CookieTable((cookie.name, vendor) for vendor in declared for cookie in vendor.cookies)
        self.sale: frozenset[str] = frozenset(one.id for one in self._policy.purposes.values() if one.sale)

    def match_request(self, address: str) -> MatchedVendor | None:
        """Return the vendor of a request; ``None`` for the site itself, or if unknown."""
        url = read_url(address)
        if url is None or not url.host:
            return None
        declared = self._hosts.find(url.host, url.path, url.query)
        packages = default_catalog().words.find_packages(url.host, url.path, declared and declared[0])
        for vendor in packages.values():
            return self._known(vendor)
        if declared is not None:
            return MatchedVendor(declared[1].name, declared[1].purpose)
        own = (url.host, url.port) == (self._site.host, self._site.port)
        known = None if own else default_catalog().match_host(url.host, url.path, url.query)
        if known is not None:
            return self._known(known)
        word = default_catalog().find_word("" if own else url.host, url.path, url.query)
        return self._known(word[1], guessed=True) if word else None

    def match_stored(self, name: str, domain: str) -> MatchedVendor | None:
        """Return the vendor that stores a name on a domain; ``None`` if unknown."""
        declared = self._cookies.find(name)
        if declared is not None:
            return MatchedVendor(declared.name, declared.purpose)
        known = default_catalog().cookies.find(name)
        if known is None and not self.is_own(domain):
            known = default_catalog().match_host(domain)
        return self._known(known) if known else None

    def is_own(self, domain: str) -> bool:
        """Say whether a cookie's domain is the site's."""
        host = self._site.host
        return host == domain or host.endswith("." + domain)

    def is_undeclared(self, name: str, domain: str) -> bool:
        """Say whether the policy is known and declares no vendor for a stored name."""
        own = name.removeprefix("__Host-").removeprefix("__Secure-").startswith("consentkit")
        return self._declares and not own and self.match_stored(name, domain) is None

    def _known(self, vendor: KnownVendor, *, guessed: bool = False) -> MatchedVendor:
        purpose = self._policy.vendor_purpose(vendor.id) or vendor.purpose
        return MatchedVendor(vendor.name, purpose, guessed)


def needing_consent(found: Iterable[MatchedVendor | None], allowed: Iterable[str]) -> list[MatchedVendor]:
    """Return the vendors whose purpose is neither necessary nor allowed, without duplicates."""
    exempt = {NECESSARY, *allowed}
    return [vendor for vendor in dict.fromkeys(found) if vendor is not None and vendor.purpose not in exempt]
