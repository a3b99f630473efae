"""`Consent`, the object that apps read, and `resolve`, which works it out."""

from collections.abc import Mapping
from functools import cached_property
from typing import Final, Literal, TypeAlias

import msgspec
from msgspec.structs import replace

from consentkit.catalog import default_catalog
from consentkit.consent.decision import DAY, Decision, Invalid, Source, page_mark
from consentkit.exceptions import UnknownPurpose
from consentkit.policy import NECESSARY, Link, Place, Policy, Purpose, Regime, Validity, strictest
from consentkit.signals import Signal, Signals

RENEWAL: Final = 30 * DAY
"""Seconds after which a visit renews the cookie of a refusal."""

Standing: TypeAlias = Source | Literal["regime", "invalid", "unsent"]

UNTOLD: Final = "?"
"""The mark of a page that was rendered without knowing the decision."""

MAX_MARK: Final = 1_000
"""Characters of a mark."""


class Consent(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a visitor allows, resolved once per request.

    Attributes:
        policy: The policy that it was resolved against.
        regimes: Purpose → regime at the visitor's place.
        granted: Purposes that are granted, `necessary` always among them.
        denied: All other purposes.
        chosen: Purposes that are granted because the visitor granted them.
        vendors_granted: Vendors allowed one by one, whatever their purpose.
        vendors_denied: Vendors refused one by one, whatever their purpose.
        prompt_for: Purposes that the banner asks or informs about.
        source: How the decision was made (`banner`, `settings`, `embed`, `gpc`, `api`). Without a decision:
            `regime`, or `gpc` if a signal denies something; `invalid` if the cookie is invalid; `unsent` if
            the request does not carry it.
        decision: The stored decision, or ``None``.
        place: Where the visitor is, as far as the site knows.
        validity: How long choices hold at the visitor's place.
        gpc: Whether the browser sends Sec-GPC.
        signals: The browser's signals that the policy honours, ``gpc`` first.
        signal_honoured: Whether the first of them is in effect: no purpose with `sale` is granted.
        narrow: Purposes that the law of the place grants, not the visitor: only for declared vendors, and for
            vendors known to make no use of the data for themselves.
        required_links: Links that the law of the place requires, such as ``choices``.
        renew: Whether the decision cookie should be signed and set again, unchanged.
        elsewhere: Whether the browser also has a decision under another cookie name: of a parent domain, or
            from before a change of domain or scheme. Scripts cannot tell which one counts.
    """

    policy: Policy
    regimes: Mapping[str, Regime]
    granted: frozenset[str]
    denied: frozenset[str]
    chosen: frozenset[str] = frozenset()
    vendors_granted: frozenset[str] = frozenset()
    vendors_denied: frozenset[str] = frozenset()
    prompt_for: frozenset[str] = frozenset()
    source: Standing = "regime"
    decision: Decision | None = None
    place: Place | None = None
    validity: Validity = Validity()
    gpc: bool = False
    signals: tuple[Signal, ...] = ()
    signal_honoured: bool = False
    narrow: frozenset[str] = frozenset()
    required_links: frozenset[Link] = frozenset()
    renew: bool = False
    elsewhere: bool = False

    def allows(self, name: str) -> bool:
        """Say whether a purpose or a declared vendor is allowed.

        Args:
            name: Id of a purpose or of a declared vendor.

        Raises:
            UnknownPurpose: The policy has neither.
        """
        if name in self.policy.purposes:
            return name in self.granted
        vendor = self.policy.vendors_declared.get(name)
        if vendor is None:
            raise UnknownPurpose(name, [*self.policy.purposes, *self.policy.vendors_declared])
        return self.allows_known(name, vendor.purpose)

    def allows_known(self, vendor_id: str, purpose: str) -> bool:
        """Say whether a vendor of the catalog is allowed, declared or not.

        Args:
            vendor_id: Id of the vendor. If the policy declares it, the policy's purpose counts.
            purpose: The purpose that the catalog gives it. One that the policy does not have is denied.
        """
        vendor = self.policy.vendors_declared.get(vendor_id)
        if vendor is not None:
            purpose = vendor.purpose
        if purpose not in self.policy.purposes:
            return False
        if purpose == NECESSARY or vendor_id in self.vendors_granted:
            return True
        if vendor is None and purpose in self.narrow:
            known = default_catalog().vendors.get(vendor_id)
            if known is None or not known.processor:
                return False
        return purpose in self.granted and vendor_id not in self.vendors_denied

    @cached_property
    def signal(self) -> Signal | Literal[""]:
        """Return the first signal that the policy honours; empty without one."""
        return self.signals[0] if self.signals else ""

    @cached_property
    def regime(self) -> Regime:
        """Return the strictest regime of all purposes; the banner has its text."""
        return strictest(self.regimes.values())

    @cached_property
    def prompting(self) -> frozenset[str]:
        """Return the purposes whose regime at the visitor's place has a banner."""
        return frozenset(name for name, regime in self.regimes.items() if regime.prompts)

    @cached_property
    def needs_prompt(self) -> bool:
        """Say whether the banner is shown."""
        return bool(self.prompt_for)

    @cached_property
    def restricts(self) -> bool:
        """Say whether anything at all is denied."""
        return bool(self.denied or self.vendors_denied)

    @property
    def decided_at(self) -> int | None:
        """Return epoch seconds of the day of the decision, or ``None`` without one."""
        return self.decision.decided_at if self.decision else None

    @property
    def expires_at(self) -> int | None:
        """Return epoch seconds at which the decision's grants expire, or ``None`` without one."""
        return self.decision.expires_at(self.validity) if self.decision else None

    @cached_property
    def opens(self) -> bool:
        """Say whether anything is on that a visitor could turn off."""
        return bool(self.granted - {NECESSARY} or self.vendors_granted)

    @cached_property
    def made_for(self) -> str:
        """Return the mark of a page that is made now; see `page_mark`.

        Empty without a decision. `UNTOLD` if the decision is unknown or invalid, if scripts see the decision
        of another site, or if it names so many vendors that the mark would be too long.
        """
        if self.source in ("invalid", "unsent") or (self.elsewhere and self.decision is None):
            return UNTOLD
        made_for = page_mark(self.decision, dated=self.needs_prompt) if self.decision else ""
        return made_for if len(made_for) <= MAX_MARK else UNTOLD

    def is_newer_than(self, made_for: str) -> bool:
        """Say whether the visitor has chosen since a page was made.

        Args:
            made_for: The page's mark.
        """
        if self.decision is None or made_for == self.made_for:
            return False
        return made_for not in (page_mark(self.decision), page_mark(self.decision, dated=True))

    @cached_property
    def key(self) -> str:
        """Return a key of all that is granted and denied under this policy, for caches and ETags."""
        names = (self.granted, self.vendors_granted, self.vendors_denied, self.narrow)
        return ":".join([self.policy.revision, *(",".join(sorted(part)) for part in names)])

    @cached_property
    def view(self) -> str:
        """Return a key of all that pages show this visitor: `key`, regimes, and what is asked."""
        regimes = ",".join(f"{name}={regime.value}" for name, regime in sorted(self.regimes.items()))
        asked = f"{int(self.needs_prompt)}{int(self.decision is None)}"
        links = ",".join(sorted(self.required_links))
        # Pages contain the visitor's state and signal only in the United States (GPP).
        told = (self.place.region, self.signal) if self.place and self.place.country == "US" else ""
        return f"{self.key}:{regimes}:{asked}{int(self.signal_honoured)}:{links}:{told}"


def resolve(
    policy: Policy,
    regimes: Mapping[str, Regime],
    decision: Decision | Invalid | None,
    signals: Signals,
    *,
    now: int,
    carries_lax_cookies: bool = True,
    validity: Validity | None = None,
    gpc_binding: bool = True,
    gpc_override: bool = False,
    narrow: frozenset[str] = frozenset(),
    required_links: frozenset[Link] = frozenset(),
) -> Consent:
    """Work out the consent, by the rules in the documentation ("How consent is resolved").

    Args:
        policy: The site's policy.
        regimes: Purpose → regime at the visitor's place. A purpose that is missing is `opt-in`.
        decision: The stored decision, `Invalid` for an invalid cookie, ``None`` without one.
        signals: The browser's signals.
        now: Epoch seconds.
        carries_lax_cookies: Whether the request carries Lax cookies. If not, all is denied, without a banner.
        validity: How long choices are valid at the place; by default as for an unknown place.
        gpc_binding: Whether Sec-GPC is binding at the place, and DNT if the policy honours it.
        gpc_override: Whether the place lets a visitor allow a sale after being shown the signal.
        narrow: Purposes whose regime there is an exception for vendors that make no own use of the data.
        required_links: Links that the law of the place requires.
    """
    denied = frozenset(policy.purposes) - {NECESSARY}
    nothing = Consent(
        policy=policy,
        regimes=regimes,
        granted=frozenset({NECESSARY}),
        denied=denied,
        decision=decision if isinstance(decision, Decision) else None,
        validity=validity or policy.validity_at(None),
        gpc=signals.gpc,
        signals=signals.names(dnt=policy.signals.dnt),
        narrow=narrow,
        required_links=required_links,
    )
    if not carries_lax_cookies:
        return replace(nothing, source="unsent")
    if isinstance(decision, Invalid):
        asked = (name for name in denied if regimes.get(name, Regime.OPT_IN).prompts)
        return replace(nothing, source="invalid", prompt_for=frozenset(asked))
    signal = bool(nothing.signals) and gpc_binding
    return _Resolution(nothing, decision or _UNDECIDED, now, signal, gpc_override).consent()


# Grants, denies and names nothing.
_UNDECIDED = Decision(regime=Regime.OPT_IN, day=0)


class _Resolution(msgspec.Struct, frozen=True):
    """The inputs of `resolve`; the rules are those of ``docs/explanation/consent.md``."""

    nothing: Consent  # the consent if everything is denied
    decision: Decision
    now: int
    signal: bool  # received and binding
    override: bool

    def consent(self) -> Consent:
        """Combine the results for all purposes and vendors."""
        nothing, decision = self.nothing, self.decision
        purposes = nothing.policy.purposes
        chosen = frozenset(name for name in decision.granted if name in purposes and self._in_force(name))
        granted = frozenset(name for name in purposes if self._grants(purposes[name], chosen))
        vendors = frozenset(filter(self._grants_vendor, decision.granted.difference(purposes)))
        sales = {purpose.id for purpose in purposes.values() if purpose.sale}
        denied = frozenset(purposes) - granted
        by_signal = self.signal and not sales.isdisjoint(denied)
        return replace(
            nothing,
            granted=granted,
            denied=denied,
            chosen=chosen & granted,
            vendors_granted=vendors,
            vendors_denied=decision.denied.difference(purposes),
            prompt_for=frozenset(name for name in purposes if self._asks(purposes[name], chosen)),
            source=nothing.decision.source if nothing.decision else "gpc" if by_signal else "regime",
            signal_honoured=self.signal and bool(sales) and sales <= denied,
            narrow=nothing.narrow - chosen,
            renew=not (chosen or vendors) and self._renews(),
        )

    def _regime(self, name: str) -> Regime:
        return self.nothing.regimes.get(name, Regime.OPT_IN)

    def _unchanged(self, name: str) -> bool:
        """Say whether the purpose has not changed since the decision."""
        return self.decision.fingerprints.get(name) == self.nothing.policy.fingerprints[name]

    def _in_force(self, name: str) -> bool:
        """Say whether an earlier grant of this purpose is still in force."""
        if self.now >= self.decision.expires_at(self.nothing.validity) or not self._unchanged(name):
            return False
        return self._regime(name).strictness <= self.decision.regime.strictness

    def _signal_denies(self, purpose: Purpose) -> bool:
        """Say whether a signal denies the purpose, and no later grant overrides the signal."""
        return self.signal and bool(purpose.sale) and not (self.override and self.decision.gpc_shown)

    def _grants(self, purpose: Purpose, chosen: frozenset[str]) -> bool:
        if purpose.required:
            return True
        if purpose.id in self.decision.denied or self._signal_denies(purpose):
            return False
        # Only an explicit grant overrides the signal; the regime's default does not.
        by_default = self._regime(purpose.id).grants and not (self.signal and purpose.sale)
        return purpose.id in chosen or by_default

    def _grants_vendor(self, vendor: str) -> bool:
        """Say whether a vendor's own grant is still in force."""
        purpose = self.nothing.policy.vendor_purpose(vendor)
        if purpose is None or self._signal_denies(self.nothing.policy.purposes[purpose]):
            return False
        return self._in_force(purpose)

    def _asks(self, purpose: Purpose, chosen: frozenset[str]) -> bool:
        name, regime, decision = purpose.id, self._regime(purpose.id), self.decision
        if purpose.required or not regime.prompts or name in chosen:
            return False
        if self.signal and purpose.sale:
            return False  # a binding signal is the answer
        if name in decision.left_on and regime.grants and self._in_force(name):
            return False  # on by default, and the visitor has left it on
        if name not in decision.denied or not self._unchanged(name):
            return True
        # A refusal is asked about again in time under `opt-in`; in the other regimes time never asks again.
        return not regime.grants and self.now >= decision.asks_again_at(self.nothing.validity)

    def _renews(self) -> bool:
        """Say whether this visit renews the cookie of a refusal.

        Not under `opt-in`, where a missing cookie denies as well. The caller makes sure that no grants are in
        force: a slow response must not restore grants that were withdrawn meanwhile.
        """
        late = self.now - self.decision.signed_at >= RENEWAL
        regimes = self.nothing.regimes.values()
        return bool(self.decision.denied) and late and any(regime.grants for regime in regimes)
