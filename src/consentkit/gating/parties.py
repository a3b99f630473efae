"""Who a name, an address or a cookie stands for, by the policy first and the catalog second."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Final

from consentkit.catalog import OWN_PAGE, UNREADABLE, URL, Catalog, CookieTable, HostRule, read_url
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
        signatures: How inline snippets of known vendors begin to act.
        containers: Elements that their scripts fill.
    """

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        self._known = catalog.vendors
        self._tools = frozenset(policy.markers)
        self._purposes = {p.id: Party("", p.title, p.id) for p in policy.purposes.values()}
        declared, known = policy.vendors_declared.values(), self._known.values()
        self._vendors = {v.id: declared_party(v, self._known.get(v.id)) for v in declared}
        own = [(HostRule.parse(text), self._vendors[v.id]) for v in declared for text in v.hosts]
        lists = [(entry.hosts, self._purposes[entry.purpose]) for entry in policy.lists]
        self.owners: Owners = Owners(own, catalog, self._vendor, lists)
        self._cookies = CookieTable(
            [(cookie.name, v.id) for v in declared for cookie in v.cookies]
            + [(cookie.name, v.id) for v in known for cookie in v.cookies]
        )
        self.signatures: list[tuple[str, Party]] = [
            (text, self._vendor(v.id)) for v in known for text in v.inline
        ]
        self.containers: list[tuple[str, Party]] = [
            (one, self._vendor(v.id)) for v in known for one in v.containers
        ]

    def cookie(self, name: str) -> Party | None:
        """Find whose first-party cookie this is."""
        return None if (vendor := self._cookies.find(name)) is None else self._vendor(vendor)

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
        party = self._purposes.get(name) or self._vendor(name)
        if party is not NOBODY:
            return party
        return None if exact else self._purposes.get(WORDS.get(name, ""))

    def _vendor(self, ident: str) -> Party:
        """Return the party of a vendor, made where it is first asked for; `NOBODY` for what is none."""
        if ident not in self._vendors and ident in self._known:
            self._vendors[ident] = known_party(self._known[ident])
        return self._vendors.get(ident, NOBODY)

    @cached_property
    def _names(self) -> Mapping[str, Party]:
        return {_plain(p.name): p for p in map(self._vendor, dict.fromkeys((*self._known, *self._vendors)))}

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
