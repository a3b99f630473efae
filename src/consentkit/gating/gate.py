"""A policy and the catalog, compiled: who each tag, script and cookie belongs to.

What is found is a function of the bytes alone, so it is remembered across visitors; what their consent makes
of it is decided per response, in `consentkit.gating.page`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Final

from consentkit.catalog import URL, Catalog, default_catalog
from consentkit.consent import Consent
from consentkit.exceptions import ConfigurationError
from consentkit.gating.calls import VendorCalls
from consentkit.gating.containers import Containers
from consentkit.gating.inline import InlineReader, Reading
from consentkit.gating.judging import Unclassified
from consentkit.gating.page import PageGate
from consentkit.gating.parties import Parties
from consentkit.gating.party import Found, Party, Plan, is_allowed
from consentkit.gating.planning import Planner
from consentkit.gating.renderer import Renderer
from consentkit.policy import Policy
from consentkit.rewriter import Memory

MEMO_TAGS: Final = 8192
MEMO_TAG_BYTES: Final = 2048
MEMO_TEXTS: Final = 4096
MEMO_TEXT_BYTES: Final = 512
"""Tags remembered, the size up to which they are found by their bytes (at most 16 MB, usually a tenth) and
not by a digest, and the same for scripts."""

OWN_COOKIES: Final = ("__Host-consentkit", "__Secure-consentkit", "consentkit")
"""Beginnings of this package's own cookies, which no pattern of a policy touches."""

# What a tag holds that reaches a third party, runs a script or bears a marker: two slashes with nothing but
# removed characters between them, a scheme, or a character reference that could stand for any of it.
_SUSPECT: Final = re.compile(
    rb"[/\\][\t\n\r]*+[/\\]|[:&]|[\"'\s/]on[a-z]|srcdoc|optanon-|cmplz-|data-(?:consent|cookie|usercentrics|category|name)",
    re.I,
)
# The usual link that fetches nothing. Every page has some of its own.
_IDLE: Final = re.compile(
    rb"<link rel=\"(?:canonical|alternate|shortlink|amphtml|next|prev|author)\""
    rb"(?: (?:href|hreflang|type|title)=\"[^\"]*+\")*+ ?/?>"
)


class Gate:
    """What one policy gates. Made once per application and shared by all requests.

    Args:
        policy: What is declared. Its vendors win over the catalog's where both are equally specific.
        catalog: What is known; the package's own if left out.
        unclassified: Whether third parties that neither knows are reported only, gated, or let through
            unseen. Where they are gated nobody can allow them: a marker or a declaration lets them through.

    Raises:
        ConfigurationError: ``unclassified`` is none of the three.
    """

    def __init__(
        self, policy: Policy, catalog: Catalog | None = None, *, unclassified: Unclassified = "report"
    ) -> None:
        if unclassified not in ("report", "gate", "allow"):
            problem = f'expected "report", "gate" or "allow", got {unclassified!r}'
            raise ConfigurationError(problem, path="unclassified")
        self.unclassified: Final = unclassified
        self.calls: Final = VendorCalls(policy)
        self.memory: Final = Memory()
        self._parties = Parties(policy, catalog or default_catalog())
        self.containers: Final = Containers(self._parties.containers)
        exact = unclassified == "gate"
        self._inline = InlineReader(self._parties.signatures, self._parties.owners, exact=exact)
        self._planner = Planner(self._parties, self.read)
        self._plans: dict[bytes | tuple[bytes, Sequence[URL]], Plan | None] = {}
        self._readings: dict[tuple[bytes, int], Reading] = {}

    def page(
        self,
        consent: Consent,
        *,
        host: str = "",
        path: str = "/",
        renderer: Renderer | None = None,
        enforce: bool = True,
    ) -> PageGate:
        """Make the rewriter's handler for one response.

        Args:
            consent: What holds for the visitor.
            host: The request's own host, with its port where it has one; never a third party.
            path: The request's path, which relative addresses are resolved against.
            renderer: Renders placeholders, and the tags that load stubs and make vendors' calls; none of them
                if left out.
            enforce: Whether to change anything, or to report only.
        """
        return PageGate(self, consent, host=host, path=path, renderer=renderer, enforce=enforce)

    def plan(self, raw: bytes, name: bytes, bases: Sequence[URL] = ()) -> Plan | None:
        """Find whom a tag would reach.

        Args:
            raw: The tag's bytes.
            name: Lower-case name of the element.
            bases: What relative URLs may be resolved against, besides the page itself.

        Returns:
            What to do with the tag, or `None` if there is nothing to do, whatever the consent.
        """
        known_as = raw if len(raw) <= MEMO_TAG_BYTES else b"#" + blake2b(raw, digest_size=20).digest()
        key = (known_as, bases) if bases else known_as
        try:
            return self._plans[key]
        except KeyError:
            pass
        matters = (
            bases or name in (b"script", b"iframe") or (_SUSPECT.search(raw) and not _IDLE.fullmatch(raw))
        )
        plan = self._planner.plan(raw, name, bases) if matters else None
        if (party := self.containers.find(raw, name)) is not None:
            plan = (plan or Plan())._replace(container=party)
        # A plan for a long tag is remembered unless it holds a document or a picture.
        small = known_as is raw or plan is None or not (plan.others or (plan.embed and plan.embed.poster))
        if small and sum(len(base.path) for base in bases) <= MEMO_TAG_BYTES:
            if len(self._plans) >= MEMO_TAGS:
                self._plans.clear()
            self._plans[key] = plan
        return plan

    def read(self, text: bytes) -> Reading:
        """Find whom the text of an inline script would reach."""
        known_as = text if len(text) <= MEMO_TEXT_BYTES else blake2b(text, digest_size=20).digest()
        key = known_as, len(text)
        reading = self._readings.get(key)
        if reading is None:
            if len(self._readings) >= MEMO_TEXTS:
                self._readings.clear()
            reading = self._readings[key] = self._inline.read(text)
        return reading

    def ruled(self, kind: str, text: bytes, bases: Sequence[URL]) -> Found:
        """Find whom a list of addresses would reach: an import map, speculation rules, a web bundle."""
        return self._planner.ruled(kind, text, bases)

    def loads(self, text: bytes) -> bool:
        """Tell whether an inline script holds something that loads."""
        return self._inline.loads(text)

    def based(self, bases: Sequence[URL]) -> Found:
        """Find whom relative addresses would reach behind some bases."""
        return self._parties.reached(["."], bases)

    def reaches(self, address: bytes) -> bool:
        """Tell whether an address is somebody's whose consent is needed, whatever is granted."""
        plan = self.plan(b'<img src="%b">' % address.replace(b'"', b"%22"), b"img")
        return plan is not None and bool(plan.load.found.reasons)

    def is_proxied(self, host: str) -> bool:
        """Tell whether the policy declares paths on a host that stand for a vendor."""
        return self._parties.owners.is_proxied(host)

    def cookie_party(self, name: str) -> Party | None:
        """Find whose first-party cookie this is, by the policy first and the catalog second."""
        return None if name.startswith(OWN_COOKIES) else self._parties.cookie(name)

    def drop_cookie(self, consent: Consent, set_cookie: str) -> Party | None:
        """Decide on a ``Set-Cookie`` header.

        Args:
            consent: What holds for the visitor.
            set_cookie: The header's value.

        Returns:
            The party whose consent is missing; `None` if the header stays, as undeclared cookies do.
        """
        name, equals, _ = set_cookie.partition(";")[0].partition("=")
        party = self.cookie_party(name.strip()) if equals else None
        return party if party and not is_allowed(party, consent) else None

    def hidden_cookies(self, consent: Consent, names: Iterable[str]) -> frozenset[str]:
        """Choose the request's cookies that the app must not see. Apps strip more off names than browsers."""
        parties = {name: self.cookie_party(name.strip()) for name in names}
        return frozenset(name for name, party in parties.items() if party and not is_allowed(party, consent))
