"""Who the host of an address belongs to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from consentkit.catalog import UNREADABLE, URL, Catalog, HostRule, HostTable, is_shared
from consentkit.catalog.hostlist import HostList
from consentkit.gating.party import Party, Reason

Rules = Sequence[tuple[HostRule, Party]]
Lists = Sequence[tuple[HostList, Party]]


class Owned(NamedTuple):
    """Whose an address is.

    Attributes:
        reasons: Who must be allowed.
        linked: Whether pages link to that host, so that its name in the text of a script says nothing.
    """

    reasons: tuple[Reason, ...]
    linked: bool = False


class Owners:
    """The rules of all vendors.

    Args:
        declared: Rules of the policy. Those with a path count on the site's own host, too: a first-party
            proxy stands for the vendor behind it.
        catalog: Whose rules count where they are more specific; whose packages count before rules, and whose
            words where no rule holds.
        party: Returns the party of a vendor, by its id.
        lists: Lists of hosts, each with whom to allow. They come before words, which are a guess.

    Attributes:
        proxies: The declared rules that have a path.
    """

    def __init__(
        self, declared: Rules, catalog: Catalog, party: Callable[[str], Party], lists: Lists = ()
    ) -> None:
        self.proxies: list[tuple[HostRule, Party]] = [(rule, party) for rule, party in declared if rule.path]
        self._declared = HostTable(declared)
        self._proxied = HostTable(self.proxies)
        self._catalog, self._party = catalog, party
        self._lists = lists

    def is_proxied(self, host: str) -> bool:
        """Tell whether the policy declares paths on a host."""
        return any(is_below(host, rule.host) for rule, _ in self.proxies)

    def find(self, url: URL) -> Owned | None:
        """Find whose an address is; `None` if neither policy, catalog nor a list knows."""
        found = None if url.own else self._rule(url)
        if packages := self._catalog.words.find_packages(url.host, url.path, found and found[0]):
            vendors = packages.values()
            return Owned(tuple(Reason(self._party(vendor.id), host_of(url), "host") for vendor in vendors))
        if found is None:
            for hosts, party in self._lists:
                if spared := hosts.find(url):
                    return Owned((Reason(party, host_of(url), "list", spared[0], spared),))
            if program := self._program(url):
                return program
            named = None if url.own else self._catalog.words.find(url.host, url.path)
            # A word is a guess: in a script it counts only where the address is loaded.
            return named and Owned((Reason(self._party(named[1].id), host_of(url), "word"),), True)
        rule, party = found
        # Who declares a host of anybody's programs does not mean a vendor's on it.
        if not rule.path and is_shared(url.host) and (program := self._program(url)):
            return program
        reason = Reason(party, host_of(url), "host")
        proxy = self._proxied.find(url.host, url.path, url.query, url.port) if self.proxies else None
        if proxy is None:
            return Owned((reason,), rule.linked)
        if proxy[0] == rule:
            return Owned((reason._replace(site=rule.host),), rule.linked)
        # A more specific host without the path: on the site's own pages it says nothing, the proxy does.
        return Owned((reason, Reason(proxy[1], "", "host", proxy[0].host)), rule.linked)

    def _rule(self, url: URL) -> tuple[HostRule, Party] | None:
        place = (url.host, url.path, url.query, url.port)
        declared, known = self._declared.find(*place), self._catalog.hosts.find(*place)
        if known is None or (declared is not None and not known[0].beats(declared[0])):
            return declared
        return known[0], self._party(known[1].id)

    def _program(self, url: URL) -> Owned | None:
        found = self._catalog.words.find_program(url.path, url.query)
        return found and Owned((Reason(self._party(found[1].id), host_of(url), "program", url.path),), True)


def host_of(url: URL) -> str:
    """Return a URL's host as it is reported: with its port where it has one, ``?`` if it cannot be read."""
    if not url.readable:
        return UNREADABLE
    return url.host if url.port is None else f"{url.host}:{url.port}"


def is_below(host: str, site: str) -> bool:
    """Tell whether a host is a site's, or one below it."""
    return host == site or host.endswith("." + site)
