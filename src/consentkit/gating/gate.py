"""A policy and the catalog, compiled: who each tag, script and cookie belongs to.

What is found is a function of the bytes alone, so it is remembered across visitors; what their consent makes
of it is decided per response, in `consentkit.gating.page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from consentkit.catalog import (
    OWN_PAGE,
    URL,
    Catalog,
    CookieTable,
    HostRule,
    HostTable,
    default_catalog,
    read_url,
)
from consentkit.consent import Consent
from consentkit.gating import elements
from consentkit.gating.inline import InlineReader, Reading, host_of
from consentkit.gating.page import PageGate, Renderer
from consentkit.gating.party import Party, Plan, Reason, declared_party, is_allowed, known_party
from consentkit.policy import Policy
from consentkit.rewriter import Attribute, attributes

MEMO_TAGS: Final = 8192
MEMO_TAG_BYTES: Final = 2048
MEMO_TEXTS: Final = 4096
"""Tags remembered, the size up to which they are (at most 16 MB, usually a tenth), and scripts remembered."""

OWN_COOKIES: Final = ("__Host-consentkit", "__Secure-consentkit", "consentkit")
"""Beginnings of this package's own cookies, which no pattern of a policy touches."""

# What a tag holds that reaches a third party or bears a marker: two slashes with nothing but removed
# characters between them, a scheme, or a character reference that could stand for any of it.
_SUSPECT: Final = re.compile(rb"[/\\][\t\n\r]*[/\\]|[:&]|data-consent", re.I)


class Gate:
    """What one policy gates. Made once per application and shared by all requests.

    Args:
        policy: What is declared. Its vendors win over the catalog's where both are equally specific.
        catalog: What is known; the package's own if left out.
    """

    def __init__(self, policy: Policy, catalog: Catalog | None = None) -> None:
        known = (catalog or default_catalog()).vendors
        declared = policy.vendors_declared
        self._purposes = {p.id: Party("", p.title, p.id) for p in policy.purposes.values()}
        self._vendors = {vendor.id: known_party(vendor) for vendor in known.values()}
        self._vendors |= {v.id: declared_party(v, known.get(v.id)) for v in declared.values()}
        self._hosts = HostTable(
            [(HostRule.parse(text), self._vendors[v.id]) for v in declared.values() for text in v.hosts]
            + [(rule, self._vendors[v.id]) for v in known.values() for rule in v.hosts]
        )
        self._cookies = CookieTable(
            [(cookie.name, self._vendors[v.id]) for v in declared.values() for cookie in v.cookies]
            + [(cookie.name, self._vendors[v.id]) for v in known.values() for cookie in v.cookies]
        )
        signatures = [(text, self._vendors[v.id]) for v in known.values() for text in v.inline]
        self._inline = InlineReader(signatures, self._hosts)
        self._plans: dict[bytes, Plan | None] = {}
        self._readings: dict[bytes, Reading] = {}

    def page(
        self, consent: Consent, *, host: str = "", renderer: Renderer | None = None, enforce: bool = True
    ) -> PageGate:
        """Make the rewriter's handler for one response.

        Args:
            consent: What holds for the visitor.
            host: The request's own host, with its port where it has one; never a third party.
            renderer: Renders placeholders and the tag that loads stubs; neither is put in if left out.
            enforce: Whether to change anything, or to report only.
        """
        return PageGate(self, consent, host=host, renderer=renderer, enforce=enforce)

    def plan(self, raw: bytes, name: bytes, bases: Sequence[URL] = ()) -> Plan | None:
        """Find whom a tag would reach.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
            bases: Foreign bases that relative URLs may be resolved against.

        Returns:
            What to do with the tag, or `None` if there is nothing to do, whatever the consent.
        """
        if bases:
            return self._make_plan(raw, name, bases)
        try:
            return self._plans[raw]
        except KeyError:
            pass
        plan = self._make_plan(raw, name, ()) if name == b"script" or _SUSPECT.search(raw) else None
        if len(raw) <= MEMO_TAG_BYTES:
            if len(self._plans) >= MEMO_TAGS:
                self._plans.clear()
            self._plans[raw] = plan
        return plan

    def read(self, text: bytes) -> Reading:
        """Find whom the text of an inline script would reach."""
        key = blake2b(text, digest_size=20).digest()
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) >= MEMO_TEXTS:
                self._readings.clear()
            reading = self._readings[key] = self._inline.read(text)
        return reading

    def cookie_party(self, name: str) -> Party | None:
        """Find whose first-party cookie this is, by the policy first and the catalog second."""
        return None if name.startswith(OWN_COOKIES) else self._cookies.find(name)

    def drop_cookie(self, consent: Consent, set_cookie: str) -> Party | None:
        """Decide on a ``Set-Cookie`` header.

        Args:
            consent: What holds for the visitor.
            set_cookie: The header's value.

        Returns:
            The party whose consent is missing; `None` if the header stays, as undeclared cookies do.
        """
        name, equals, _ = set_cookie.partition(";")[0].partition("=")
        party = self.cookie_party(name.strip(" \t")) if equals else None
        return party if party and not is_allowed(party, consent) else None

    def hidden_cookies(self, consent: Consent, names: Iterable[str]) -> frozenset[str]:
        """Choose the request's cookies that the app must not see."""
        parties = {name: self.cookie_party(name) for name in names}
        return frozenset(name for name, party in parties.items() if party and not is_allowed(party, consent))

    def _make_plan(self, raw: bytes, name: bytes, bases: Sequence[URL]) -> Plan | None:
        found = attributes(raw)
        marker = elements.first(found, elements.MARKER)
        if name == b"script":
            return self._script_plan(raw, found, marker, bases)
        if marker is None and name == b"link" and elements.is_idle_link(found):
            return None
        plan = self._parties(name, found, marker, bases)
        if not plan.reasons and not plan.hosts:
            return None
        framed = name == b"iframe" and elements.is_visible(found)
        return plan._replace(inert=elements.move(name, found), framed=framed)

    def _script_plan(
        self, raw: bytes, found: Sequence[Attribute], marker: str | None, bases: Sequence[URL]
    ) -> Plan | None:
        kind = elements.script_type(found)
        plan = self._parties(b"script", found, marker, bases)
        if kind in ("javascript", "module"):
            return plan._replace(inert=elements.stop_script(raw, found))
        if kind == "text/plain" and plan.marked:
            return plan._replace(live=elements.start_script(found))
        return None

    def _parties(
        self, name: bytes, found: Sequence[Attribute], marker: str | None, bases: Sequence[URL]
    ) -> Plan:
        """Find out who must be allowed: whom the marker names, or else the owners of all URLs."""
        if marker is not None:
            return Plan(reasons=(self._marked(marker.strip()),), marked=True)
        reasons: dict[Reason, None] = {}
        unknown: dict[str, None] = {}
        for url in self._urls(name, found, bases):
            pair = self._hosts.find(url.host, url.path, url.query, url.port)
            if pair:
                reasons[Reason(pair[1], host_of(url), "host")] = None
            else:
                unknown[host_of(url)] = None
        return Plan(reasons=tuple(reasons), hosts=tuple(unknown))

    def _urls(self, name: bytes, found: Sequence[Attribute], bases: Sequence[URL]) -> Iterable[URL]:
        for text in elements.urls(name, found):
            for base in (OWN_PAGE, *bases):
                url = read_url(text, base=base)
                if url is not None and not url.own:
                    yield url

    def _marked(self, name: str) -> Reason:
        party = self._purposes.get(name) or self._vendors.get(name)
        if party is None:
            return Reason(Party("", name, ""), "", "unknown-marker")
        return Reason(party, "", "marker")
