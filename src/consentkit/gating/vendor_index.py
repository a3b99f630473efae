"""The index of vendors: finds the party of an address, marker, cookie or container, first in the policy."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Final, NamedTuple

from consentkit.catalog import CONTAINER, UNREADABLE, Catalog, CookieTable, HostRule, HostTable, is_shared
from consentkit.catalog.urls import OWN_PAGE, URL, read_url
from consentkit.gating.elements import NAMES, RARE
from consentkit.gating.markers import WORDS, Marker
from consentkit.gating.model import NOBODY, Party, Reach, Reason
from consentkit.policy import Policy
from consentkit.rewriter import attributes, decode

_IGNORED: Final = re.compile(r"[\W_]+")
_USUAL: Final = frozenset({b"div", b"section", b"span"})
"""Elements that a container's selector without an element means."""


class Owner(NamedTuple):
    """The owner of an address.

    Attributes:
        reasons: The parties that must be allowed.
        linked: Whether pages commonly link to that host, so that its name in a script proves nothing.
    """

    reasons: tuple[Reason, ...]
    linked: bool = False


class VendorIndex:
    """A policy and the catalog, compiled for look-up.

    Args:
        policy: The declared vendors. They take precedence over equally specific ones of the catalog. Their
            rules with a path also apply on the site's own host, as first-party proxies.
        catalog: The known vendors. Its packages are tried before rules, its words after them.

    Attributes:
        proxies: The declared rules that have a path.
        signatures: Signatures of the inline snippets of known vendors.
        containers: Elements that vendors' scripts fill.
    """

    def __init__(self, policy: Policy, catalog: Catalog) -> None:
        self._catalog = catalog
        self._tools = frozenset(policy.markers)
        self._purposes = {p.id: Party("", p.title, p.id) for p in policy.purposes.values()}
        declared, known = policy.vendors_declared.values(), catalog.vendors.values()
        self._vendors = {
            v.id: _party_of(v.id, catalog)._replace(name=v.name, purpose=v.purpose) for v in declared
        }
        own = [(HostRule.parse(text), self._vendors[v.id]) for v in declared for text in v.hosts]
        self._declared = HostTable(own)
        self.proxies: Final = [(rule, party) for rule, party in own if rule.path]
        self._proxied = HostTable(self.proxies)
        # Tried before words, which are guesses.
        self._lists = [(entry.hosts, self._purposes[entry.purpose]) for entry in policy.lists]
        self._cookies = CookieTable(
            (c.name, v.id) for some in (declared, known) for v in some for c in v.cookies
        )
        self.signatures: Final = [(text, self._vendor(v.id)) for v in known for text in v.inline]
        self.containers: Final = Containers((css, self._vendor(v.id)) for v in known for css in v.containers)

    # --- addresses

    def find_reach(self, texts: Iterable[str], bases: Sequence[URL]) -> Reach:
        """Find which parties URLs contact.

        Args:
            texts: URLs with character references already decoded.
            bases: Base URLs that relative URLs may be resolved against, besides the page's own.
        """
        reasons: dict[Reason, None] = {}
        unknown: dict[str, None] = {}
        urls = (read_url(text, base=base) for text in texts for base in (OWN_PAGE, *bases))
        for url in filter(None, urls):
            owner = self.find_owner(url)
            if owner:
                reasons |= dict.fromkeys(owner.reasons)
            elif not url.own:
                unknown[host_of(url)] = None
        return Reach(tuple(reasons), tuple(unknown), UNREADABLE in unknown)

    def find_owner(self, url: URL) -> Owner | None:
        """Find the owner of an address; `None` if it is in neither policy, catalog nor list."""
        found = None if url.own else self._find_rule(url)
        if packages := self._catalog.words.find_packages(url.host, url.path, found and found[0]):
            vendors = packages.values()
            return Owner(tuple(Reason(self._vendor(vendor.id), host_of(url), "host") for vendor in vendors))
        if found is None:
            return self._guess_owner(url)
        rule, party = found
        # A declared host that serves anybody's scripts (a CDN) does not stand for a vendor's script on it.
        if not rule.path and is_shared(url.host) and (program := self._find_program(url)):
            return program
        reason = Reason(party, host_of(url), "host")
        proxy = self._proxied.find(url.host, url.path, url.query, url.port) if self.proxies else None
        if proxy is None:
            return Owner((reason,), rule.linked)
        if proxy[0] == rule:
            return Owner((reason._replace(site=rule.host),), rule.linked)
        # A more specific host without a path: it does not apply on the site's own pages, the proxy does.
        return Owner((reason, Reason(proxy[1], "", "host", proxy[0].host)), rule.linked)

    def _find_rule(self, url: URL) -> tuple[HostRule, Party] | None:
        place = (url.host, url.path, url.query, url.port)
        declared, known = self._declared.find(*place), self._catalog.hosts.find(*place)
        if known is None or (declared is not None and not known[0].beats(declared[0])):
            return declared
        return known[0], self._vendor(known[1].id)

    def _guess_owner(self, url: URL) -> Owner | None:
        """Find the owner of an address without a rule: by lists, the script's name, or words."""
        for hosts, party in self._lists:
            if spared := hosts.find(url):
                return Owner((Reason(party, host_of(url), "list", spared[0], spared),))
        if program := self._find_program(url):
            return program
        named = None if url.own else self._catalog.words.find(url.host, url.path)
        # Words are guesses: in a script they count only if the address is loaded.
        return named and Owner((Reason(self._vendor(named[1].id), host_of(url), "word"),), True)

    def _find_program(self, url: URL) -> Owner | None:
        found = self._catalog.words.find_program(url.path, url.query)
        return found and Owner((Reason(self._vendor(found[1].id), host_of(url), "program", url.path),), True)

    # --- names

    def find_cookie(self, name: str) -> Party | None:
        """Find the party of a first-party cookie."""
        return None if (vendor := self._cookies.find(name)) is None else self._vendor(vendor)

    def find_marked(self, marker: Marker) -> tuple[Reason, ...]:
        """Find the parties that a marker names; empty if it names none that are known."""
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
        """Say whether a marker is trusted to allow an element that would otherwise be blocked."""
        return not marker.tools or not self._tools.isdisjoint(marker.tools)

    def _named(self, name: str, exact: bool) -> Party | None:
        party = self._purposes.get(name) or self._vendor(name)
        if party is not NOBODY:
            return party
        return None if exact else self._purposes.get(WORDS.get(name, ""))

    def _vendor(self, ident: str) -> Party:
        """Return the party of a vendor; `NOBODY` if there is no such vendor."""
        if ident not in self._vendors and ident in self._catalog.vendors:
            self._vendors[ident] = _party_of(ident, self._catalog)
        return self._vendors.get(ident, NOBODY)

    @cached_property
    def _names(self) -> Mapping[str, Party]:
        idents = dict.fromkeys((*self._catalog.vendors, *self._vendors))
        return {_bare(party.name): party for party in map(self._vendor, idents)}

    def _service(self, name: str) -> Party | None:
        return self._named(name, False) or self._names.get(_bare(name))


class Containers:
    """Elements that a vendor's script fills, such as ``<div class=g-recaptcha>``.

    Args:
        selectors: CSS selectors with their parties. A frequent element is found by class only if the class is
            the first one, or if the element has the attribute after the class in the selector.

    Attributes:
        names: The elements that the rewriter passes to the gate, those of `elements.NAMES` included.
        rare: The attributes with which it passes others; see `consentkit.rewriter.Handler`.
    """

    def __init__(self, selectors: Iterable[tuple[str, Party]]) -> None:
        names, rare = set(NAMES), dict(RARE)
        self._filled: dict[bytes, list[_Container]] = {}
        for text, party in selectors:
            match = CONTAINER.match(text)
            element, sign, word, star, attribute = match.groups("") if match else ("",) * 5
            elements = frozenset({element.encode()}) if element else _USUAL
            key = {".": b"class", "#": b"id"}.get(sign, attribute.encode())
            for name in elements:
                self._filled.setdefault(name, []).append(_Container(party, key, word, bool(star)))
            names |= frozenset() if key else elements
            for found in {attribute.encode(), key + b"=" + word.encode() if sign else b""} - {b""}:
                rare[found] = rare.get(found, frozenset()) | elements
        self.names: Final = frozenset(names)
        self.rare: Final = frozenset(rare.items())

    def find(self, raw: bytes, name: bytes) -> Party | None:
        """Find the party whose container a tag is.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
        """
        if name not in self._filled:
            return None
        values = {item.name: decode(item.value or b"") for item in reversed(attributes(raw))}
        return next((one.party for one in self._filled[name] if one.is_in(values)), None)


class _Container(NamedTuple):
    party: Party
    key: bytes  # class, id or another attribute; empty if the element alone decides
    word: str
    is_beginning: bool

    def is_in(self, values: Mapping[bytes, str]) -> bool:
        """Say whether an element with these attributes matches."""
        words = values.get(self.key, "").split() if self.word else ()
        if self.is_beginning:
            return any(word.startswith(self.word) for word in words)
        return self.word in words if self.word else not self.key or self.key in values


def host_of(url: URL) -> str:
    """Return a URL's host for reports: with its port if it has one; ``?`` if it cannot be read."""
    if not url.readable:
        return UNREADABLE
    return url.host if url.port is None else f"{url.host}:{url.port}"


def is_below(host: str, site: str) -> bool:
    """Say whether a host is a site or a subdomain of it."""
    return host == site or host.endswith("." + site)


def _party_of(ident: str, catalog: Catalog) -> Party:
    known = catalog.vendors.get(ident)
    if known is None:
        return Party(ident, "", "")
    return Party(ident, known.name, known.purpose, known.embed, known.plays, tuple(known.stubs.items()))


def _bare(name: str) -> str:
    return _IGNORED.sub("", name).casefold()
