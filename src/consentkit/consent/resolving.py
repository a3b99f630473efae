"""Resolving consent: the six rules of the design, as one pure function."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from consentkit.consent.consent import Consent
from consentkit.consent.decision import DAY, Decision, Invalid
from consentkit.policy import NECESSARY, Policy, Purpose, Regime
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
    gpc_binding: bool = True,
    gpc_override: bool = False,
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
        gpc_binding: Whether Sec-GPC binds at the visitor's place.
        gpc_override: Whether the place lets a visitor allow a sale after being shown the signal.
    """
    stored = decision if isinstance(decision, Decision) else None
    if not travels:
        return _denied(policy, regimes, signals, source="unsent", decision=stored)
    if isinstance(decision, Invalid):
        return _denied(policy, regimes, signals, source="invalid", decision=None)
    judge = _Judge(
        policy=policy,
        regimes=regimes,
        decision=stored,
        now=now,
        gpc=signals.gpc and gpc_binding,
        override=gpc_override,
    )
    return judge.consent(signals)


def _denied(
    policy: Policy,
    regimes: Mapping[str, Regime],
    signals: Signals,
    *,
    source: str,
    decision: Decision | None,
) -> Consent:
    denied = frozenset(policy.purposes) - {NECESSARY}
    asked = (name for name in denied if regimes.get(name, Regime.OPT_IN).prompts)
    return Consent(
        policy=policy,
        regimes=regimes,
        granted=frozenset({NECESSARY}),
        denied=denied,
        prompt_for=frozenset(asked) if source == "invalid" else frozenset(),
        source=source,
        decision=decision,
        gpc=signals.gpc,
    )


class _Judge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one verdict depends on."""

    policy: Policy
    regimes: Mapping[str, Regime]
    decision: Decision | None
    now: int
    gpc: bool  # received and binding
    override: bool

    def consent(self, signals: Signals) -> Consent:
        """Put the verdicts on all purposes and vendors together."""
        purposes = self.policy.purposes
        granted = frozenset(name for name, purpose in purposes.items() if self._grants(purpose))
        denied = frozenset(purposes) - granted
        return Consent(
            policy=self.policy,
            regimes=self.regimes,
            granted=granted,
            denied=denied,
            vendors_granted=self._vendors_granted(),
            vendors_denied=self.decision.denied - frozenset(purposes) if self.decision else frozenset(),
            prompt_for=frozenset(name for name, purpose in purposes.items() if self._asks(purpose)),
            source=self._source(denied),
            decision=self.decision,
            gpc=signals.gpc,
            renew=self._renews(),
        )

    def _regime(self, name: str) -> Regime:
        return self.regimes.get(name, Regime.OPT_IN)

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
            and self.now < decision.expires_at
            and self._unchanged(name)
            and self._regime(name).strictness <= decision.regime.strictness
        )

    def _signal_denies(self, purpose: Purpose) -> bool:
        """Rule 5: Sec-GPC denies a sale, unless allowed knowing that the signal was received."""
        if not (self.gpc and purpose.sale):
            return False
        return not (self.override and self.decision is not None and self.decision.gpc_shown)

    def _granted_by_visitor(self, name: str) -> bool:
        return self.decision is not None and name in self.decision.granted and self._in_force(name)

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
        return self._regime(purpose.id).grants and not (self.gpc and purpose.sale)

    def _asks(self, purpose: Purpose) -> bool:
        if purpose.required or not self._regime(purpose.id).prompts:
            return False
        if self._denied_by_visitor(purpose.id):
            return not self._unchanged(purpose.id)
        # What a binding signal has answered is not asked again.
        return not (self._granted_by_visitor(purpose.id) or (self.gpc and purpose.sale))

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

    def _source(self, denied: frozenset[str]) -> str:
        if self.decision is not None:
            return self.decision.source
        return "gpc" if self.gpc and any(self.policy.purposes[name].sale for name in denied) else "regime"

    def _renews(self) -> bool:
        """Rule 1: refusals are renewed on visits, but under `opt-in`, where silence denies anyway.

        Not while grants are in force: a slow page must not set them again over a withdrawal made meanwhile.
        """
        return (
            self.decision is not None
            and bool(self.decision.denied)
            and not any(self._granted_by_visitor(name) for name in self.policy.purposes)
            and not self._vendors_granted()
            and any(regime.grants for regime in self.regimes.values())
            and self.now - self.decision.signed_at >= RENEWAL
        )
