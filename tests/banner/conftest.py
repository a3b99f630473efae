"""A policy with something of everything, and consent under each regime."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consentkit.consent.consent import Consent, resolve
from consentkit.consent.decision import Decision
from consentkit.policy import Cookie, Place, Policy, Purpose, Regime, Site, Vendor
from consentkit.signals import Signals

NOW = 1_795_000_000

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]


@pytest.fixture(scope="session")
def make_policy() -> MakePolicy:
    def make(regime: str = "opt-in", **changes: object) -> Policy:
        values: dict[str, object] = {
            "site": Site(controller="Odu & Söhne", contact="privacy@odu.example", privacy_policy="/privacy"),
            "regimes": {"default": regime},
            "purposes": {"analytics": Purpose(title="Audience <b>measurement</b>", description="Counts.")},
            "vendors": {
                "newsroom": Vendor(
                    name="Newsroom",
                    purpose="analytics",
                    retention="30 days",
                    cookies=(Cookie(name="_nr*", retention="30 days"),),
                    privacy_policy="https://newsroom.example/privacy",
                ),
                "counter": Vendor(name="Counter", purpose="analytics"),
                "ads": Vendor(name="Ads", purpose="marketing"),
                "shop": Vendor(name="Basket", purpose="necessary"),
            },
        }
        return Policy(**{**values, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def make_consent() -> MakeConsent:
    def make(
        policy: Policy, decision: Decision | None = None, *, gpc: bool = False, place: Place | None = None
    ) -> Consent:
        return resolve(
            policy,
            policy.regimes_at(place),
            decision,
            Signals(gpc=gpc),
            now=NOW,
            required_links=policy.required_links_at(place),
        )

    return make


@pytest.fixture(scope="session")
def decide() -> Callable[..., Decision]:
    def make(
        policy: Policy, granted: str = "", denied: str = "", *, regime: Regime = Regime.OPT_IN
    ) -> Decision:
        return Decision(
            regime=regime,
            granted=frozenset(granted.split()),
            denied=frozenset(denied.split()),
            fingerprints=policy.fingerprints,
            day=NOW // 86_400,
        )

    return make
