"""Resolving consent: the six rules of the design, as one pure function."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from consentkit.consent.consent import Consent, Standing
from consentkit.consent.decision import DAY, Decision, Invalid
from consentkit.policy import NECESSARY, Link, Policy, Purpose, Regime, Validity
from consentkit.signals import Signals

RENEWAL = 30 * DAY  # seconds between two signatures of a refusal that visits keep alive


def resolve(
    policy: Policy,
    regimes: Mapping[str, Regime],
    decision: Decision | Invalid | None,
    signals: Signals,
    *,
    now: int,
    travels: bool = True,
    validity: Validity | None = None,
    gpc_binding: bool = True,
    gpc_override: bool = False,
    narrow: frozenset[str] = frozenset(),
    required_links: frozenset[Link] = frozenset(),
) -> Consent:
    """Resolve what holds now.

    Args:
        policy: The site's policy.
        regimes: Purpose → regime at the visitor's place. A purpose that is missing is `opt-in`.
        decision: The stored decision, `Invalid` if there is one that cannot be believed, ``None`` if none.
        signals: What the browser says.
        now: Epoch seconds.
        travels: Whether a Lax cookie travels with such a request. If not, nothing is known of the visitor,
            so all but `necessary` is denied and nobody is asked.
        validity: How long choices hold at the visitor's place; by default as where it is not known.
        gpc_binding: Whether Sec-GPC binds at the visitor's place, and DNT where the policy honours it.
        gpc_override: Whether the place lets a visitor allow a sale after being shown the signal.
        narrow: Purposes whose regime there is an exception for vendors that make no own use of the data.
        required_links: Links that the law of the place prescribes.
    """
    stored = decision if isinstance(decision, Decision) else None
    denied = frozenset(policy.purposes) - {NECESSARY}
    nothing = Consent(
        policy=policy,
        regimes=regimes,
        granted=frozenset({NECESSARY}),
        denied=denied,
        decision=stored,
        validity=validity or policy.validity_at(None),
        gpc=signals.gpc,
        signals=signals.names(dnt=policy.signals.dnt),
        narrow=narrow,
        required_links=required_links,
    )
    if not travels:
        return replace(nothing, source="unsent")
    if isinstance(decision, Invalid):
        asked = (name for name in denied if regimes.get(name, Regime.OPT_IN).prompts)
        return replace(nothing, source="invalid", prompt_for=frozenset(asked))
    signal = bool(nothing.signals) and gpc_binding
    return _Judge(
        nothing=nothing, policy=policy, decision=stored, now=now, signal=signal, override=gpc_override
    ).consent()


class _Judge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one verdict depends on."""

    nothing: Consent  # what would hold if everything were denied
    policy: Policy
    decision: Decision | None
    now: int
    signal: bool  # received and binding
    override: bool

    def consent(self) -> Consent:
        """Put the verdicts on all purposes and vendors together."""
        purposes = self.policy.purposes
        granted = frozenset(name for name, purpose in purposes.items() if self._grants(purpose))
        denied = frozenset(purposes) - granted
        return replace(
            self.nothing,
            granted=granted,
            denied=denied,
            chosen=frozenset(name for name in granted if self._granted_by_visitor(name)),
            vendors_granted=self._vendors_granted(),
            vendors_denied=self.decision.denied - frozenset(purposes) if self.decision else frozenset(),
            prompt_for=frozenset(name for name, purpose in purposes.items() if self._asks(purpose)),
            source=self._source(denied),
            signal_honoured=self._signal_honoured(),
            narrow=frozenset(name for name in self.nothing.narrow if not self._granted_by_visitor(name)),
            renew=self._renews(),
        )

    def _regime(self, name: str) -> Regime:
        return self.nothing.regimes.get(name, Regime.OPT_IN)

    def _unchanged(self, name: str) -> bool:
        """Rule 6: the purpose is what it was when the visitor decided."""
        return self.decision is not None and (
            self.decision.fingerprints.get(name) == self.policy.fingerprints[name]
        )

    def _in_force(self, name: str) -> bool:
        """Rules 1 and 4: a grant given for this purpose then would still count now."""
        decision = self.decision
        return (
            decision is not None
            and self.now < decision.expires_at(self.nothing.validity)
            and self._unchanged(name)
            and self._regime(name).strictness <= decision.regime.strictness
        )

    def _signal_denies(self, purpose: Purpose) -> bool:
        """Rule 5: a signal denies a sale, unless allowed knowing that it was received."""
        if not (self.signal and purpose.sale):
            return False
        return not (self.override and self.decision is not None and self.decision.gpc_shown)

    def _granted_by_visitor(self, name: str) -> bool:
        return self.decision is not None and name in self.decision.granted and self._in_force(name)

    def _left_on(self, name: str) -> bool:
        """Say whether the visitor has seen that the regime's default is on, and left it on."""
        decision = self.decision
        left = decision is not None and name in decision.left_on
        return left and self._regime(name).grants and self._in_force(name)

    def _denied_by_visitor(self, name: str) -> bool:
        return self.decision is not None and name in self.decision.denied

    def _grants(self, purpose: Purpose) -> bool:
        if purpose.required:
            return True
        if self._denied_by_visitor(purpose.id) or self._signal_denies(purpose):
            return False
        if self._granted_by_visitor(purpose.id):
            return True
        # An override takes an explicit grant: without one the signal stands against the regime's default.
        return self._regime(purpose.id).grants and not (self.signal and purpose.sale)

    def _asks(self, purpose: Purpose) -> bool:
        if purpose.required or not self._regime(purpose.id).prompts:
            return False
        if self._granted_by_visitor(purpose.id) or (self.signal and purpose.sale):
            return False  # what a binding signal has answered is not asked again
        if self._left_on(purpose.id):
            return False
        return not self._denied_by_visitor(purpose.id) or self._asks_after_refusal(purpose.id)

    def _asks_after_refusal(self, name: str) -> bool:
        """Rules 1 and 6: a refusal is asked about again where its purpose changed, under `opt-in` in time.

        In the other regimes time never asks again.
        """
        decision = self.decision
        if decision is None or not self._unchanged(name):
            return True
        late = self.now >= decision.asks_again_at(self.nothing.validity)
        return late and not self._regime(name).grants

    def _vendors_granted(self) -> frozenset[str]:
        if self.decision is None:
            return frozenset()
        singles = self.decision.granted - frozenset(self.policy.purposes)
        return frozenset(vendor for vendor in singles if self._grants_vendor(vendor))

    def _grants_vendor(self, vendor: str) -> bool:
        purpose = self.policy.vendor_purpose(vendor)
        if purpose is None or self._signal_denies(self.policy.purposes[purpose]):
            return False
        return self._in_force(purpose)

    def _source(self, denied: frozenset[str]) -> Standing:
        if self.decision is not None:
            return self.decision.source
        sales = self.signal and any(self.policy.purposes[name].sale for name in denied)
        return "gpc" if sales else "regime"

    def _signal_honoured(self) -> bool:
        """Say whether a binding signal stands: nothing that it speaks of is granted."""
        sales = [purpose for purpose in self.policy.purposes.values() if purpose.sale]
        return self.signal and bool(sales) and not any(map(self._grants, sales))

    def _renews(self) -> bool:
        """Rule 1: refusals are renewed on visits, but under `opt-in`, where silence denies anyway.

        Not while grants are in force: a slow page must not set them again over a withdrawal made meanwhile.
        """
        return (
            self.decision is not None
            and bool(self.decision.denied)
            and not any(self._granted_by_visitor(name) for name in self.policy.purposes)
            and not self._vendors_granted()
            and any(regime.grants for regime in self.nothing.regimes.values())
            and self.now - self.decision.signed_at >= RENEWAL
        )
