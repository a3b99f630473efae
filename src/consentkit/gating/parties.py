"""Who a name, an address or a cookie stands for, by the policy first and the catalog second."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from consentkit.catalog import OWN_PAGE, UNREADABLE, URL, Catalog, CookieTable, HostRule, WordTable, read_url
from consentkit.gating.markers import WORDS, Marker
from consentkit.gating.owners import Owners, host_of
from consentkit.gating.party import NOBODY, Found, Party, Reason, declared_party, known_party
from consentkit.policy import Policy

_IGNORED: Final = re.compile(r"[\W_]+")


class Parties:
    """A policy and the catalog, compiled.

    Args:
        policy: What is declared. Its vendors win over the catalog's where both are equally specific.
        catalog: What is known.

    Attributes:
        owners: Rules of all vendors.
        cookies: First-party cookies of all vendors.
        signatures: How inline snippets of known vendors begin to act.
        containers: Elements that their scripts fill.
    """

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        known = catalog.vendors
        declared = policy.vendors_declared
        self._tools = frozenset(policy.markers)
        self._purposes = {p.id: Party("", p.title, p.id) for p in policy.purposes.values()}
        self._vendors = {vendor.id: known_party(vendor) for vendor in known.values()}
        self._vendors |= {v.id: declared_party(v, known.get(v.id)) for v in declared.values()}
        self._names = {_plain(party.name): party for party in self._vendors.values()}
        own = [(HostRule.parse(text), self._vendors[v.id]) for v in declared.values() for text in v.hosts]
        rules = [(rule, self._vendors[v.id]) for v in known.values() for rule in v.hosts]
        words = WordTable((v, self._vendors[v.id]) for v in known.values())
        lists = [(entry.hosts, self._purposes[entry.purpose]) for entry in policy.lists]
        self.owners = Owners(own, rules, words, lists)
        self.cookies = CookieTable(
            [(cookie.name, self._vendors[v.id]) for v in declared.values() for cookie in v.cookies]
            + [(cookie.name, self._vendors[v.id]) for v in known.values() for cookie in v.cookies]
        )
        self.signatures = [(text, self._vendors[v.id]) for v in known.values() for text in v.inline]
        self.containers = [(one, self._vendors[v.id]) for v in known.values() for one in v.containers]

    def reached(self, texts: Iterable[str], bases: Iterable[URL]) -> Found:
        """Find whose URLs these are.

        Args:
            texts: URLs with character references already decoded.
            bases: What relative URLs may be resolved against, besides the page itself.
        """
        reasons: dict[Reason, None] = {}
        unknown: dict[str, None] = {}
        for url in _resolved(texts, (OWN_PAGE, *bases)):
            owned = self.owners.find(url)
            if owned:
                reasons |= dict.fromkeys(owned.reasons)
            elif not url.own:
                unknown[host_of(url)] = None
        return Found(tuple(reasons), tuple(unknown), UNREADABLE in unknown)

    def marked(self, marker: Marker) -> tuple[Reason, ...]:
        """Find who must be allowed by what a marker says; empty if it says nothing that means anything."""
        service = self._service(marker.service) if marker.service else None
        parties = [(name, self._named(name, marker.exact)) for name in marker.names]
        if service:
            parties = [(name, party and service._replace(purpose=party.purpose)) for name, party in parties]
        if not parties:
            parties = [(marker.service, service)]
        if not marker.sure and not all(party for _, party in parties):
            return ()
        return tuple(
            Reason(party, "", "marker") if party else Reason(NOBODY._replace(name=name), "", "unknown-marker")
            for name, party in parties
        )

    def trusts(self, marker: Marker) -> bool:
        """Tell whether a marker may let through what would be held back without it."""
        return not marker.tools or not self._tools.isdisjoint(marker.tools)

    def _named(self, name: str, exact: bool) -> Party | None:
        party = self._purposes.get(name) or self._vendors.get(name)
        if party or exact:
            return party
        return self._purposes.get(WORDS.get(name, ""))

    def _service(self, name: str) -> Party | None:
        return self._named(name, False) or self._names.get(_plain(name))


def _resolved(texts: Iterable[str], bases: Iterable[URL]) -> Iterator[URL]:
    for text in texts:
        for base in bases:
            url = read_url(text, base=base)
            if url is not None:
                yield url


def _plain(name: str) -> str:
    return _IGNORED.sub("", name).casefold()
