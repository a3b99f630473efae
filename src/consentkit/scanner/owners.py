"""Whose a request or something stored is: by the policy where one is given, then by the catalog."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from consentkit.catalog import URL, CookieTable, HostRule, HostTable, KnownVendor, default_catalog, read_url
from consentkit.policy import NECESSARY, Policy, Vendor

Kind = Literal["cookie", "local storage", "session storage", "database"]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a visit left in the browser.

    Attributes:
        kind: Where.
        name: Under which name.
        value: With which value; empty for databases.
        domain: Whose page it was set on, or the cookie's domain without its leading dot.
    """

    kind: Kind
    name: str
    value: str
    domain: str


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whom something belongs to.

    Attributes:
        name: The vendor's name.
        purpose: What for.
        guessed: Whether only a word of the address says so.
    """

    name: str
    purpose: str
    guessed: bool = False


class Owners:
    """Knows who is who.

    Args:
        policy: What the site declares, if that is known.
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
            (HostRule.parse(text), vendor) for vendor in declared for text in vendor.hosts
        )
        self._cookies = CookieTable((cookie.name, vendor) for vendor in declared for cookie in vendor.cookies)
        self.sale: frozenset[str] = frozenset(
            name for name, purpose in self._policy.purposes.items() if purpose.sale
        )

    def of_request(self, address: str) -> Owner | None:
        """Return whom a request goes to; nobody where that is the site itself, or not known."""
        url = read_url(address)
        if url is None or not url.host:
            return None
        declared = self._hosts.find(url.host, url.path, url.query)
        words = default_catalog().words
        for vendor in words.find_packages(url.host, url.path, declared and declared[0]).values():
            return self._known(vendor)
        if declared is not None:
            return _owner(declared[1])
        own = (url.host, url.port) == (self._site.host, self._site.port)
        known = None if own else default_catalog().match_host(url.host, url.path, url.query)
        if known is not None:
            return self._known(known)
        word = default_catalog().find_word("" if own else url.host, url.path, url.query)
        return self._known(word[1], guessed=True) if word else None

    def of_stored(self, stored: Stored) -> Owner | None:
        """Return who stored something; nobody where that is not known."""
        declared = self._cookies.find(stored.name)
        if declared is not None:
            return _owner(declared)
        known = default_catalog().cookies.find(stored.name)
        if known is None and not self.is_own(stored.domain):
            known = default_catalog().match_host(stored.domain)
        return self._known(known) if known else None

    def is_own(self, domain: str) -> bool:
        """Say whether a cookie's domain is the site's."""
        host = self._site.host
        return host == domain or host.endswith("." + domain)

    def undeclared(self, stored: Stored) -> bool:
        """Say whether a policy is known and does not name what is stored."""
        own = stored.name.removeprefix("__Host-").removeprefix("__Secure-").startswith("consentkit")
        return self._declares and not own and self.of_stored(stored) is None

    def _known(self, vendor: KnownVendor, *, guessed: bool = False) -> Owner:
        purpose = self._policy.vendor_purpose(vendor.id) or vendor.purpose
        return Owner(name=vendor.name, purpose=purpose, guessed=guessed)


def needing_consent(owners: Iterable[Owner | None], allowed: Iterable[str]) -> list[Owner]:
    """Return the owners, each once, whose purpose is neither necessary nor allowed."""
    exempt = {NECESSARY, *allowed}
    found = [owner for owner in owners if owner is not None and owner.purpose not in exempt]
    return list(dict.fromkeys(found))


def _owner(vendor: Vendor) -> Owner:
    return Owner(name=vendor.name, purpose=vendor.purpose)
