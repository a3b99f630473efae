"""`cookie_for`: a visitor who has chosen, for other people's tests."""

from __future__ import annotations

from typing import Any

import pytest

from consentkit.consent import Consent, Decision, DecisionCodec, resolve
from consentkit.exceptions import ConfigurationError, UnknownPurpose
from consentkit.policy import Policy, Regime, Vendor
from consentkit.signals import Signals
from consentkit.testing import cookie_for

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
NOW = 1_795_392_000


class Secret:
    """Wraps a key and hides it, as Starlette's does."""

    def __str__(self) -> str:
        return SECRET


def consent(value: str, policy: Policy, *, now: int = NOW) -> Consent:
    decision = DecisionCodec(SECRET).loads([value], now=now)
    assert isinstance(decision, Decision)
    return resolve(policy, policy.regimes_at(None), decision, Signals(), now=now)


@pytest.mark.parametrize(
    ("arguments", "granted"),
    [
        ({}, {"necessary"}),
        ({"granted": "all"}, {"necessary", "functional", "analytics", "marketing"}),
        ({"granted": ["analytics", "necessary"]}, {"necessary", "analytics"}),
        ({"granted": "analytics"}, {"necessary", "analytics"}),
        ({"granted": "all", "denied": ["marketing"]}, {"necessary", "functional", "analytics"}),
    ],
)
def test_it_says_what_was_asked_for_and_needs_no_banner(arguments: dict[str, Any], granted: set[str]) -> None:
    name, value = cookie_for(secret_key=SECRET, now=NOW, **arguments)
    assert name == "consentkit"
    result = consent(value, Policy())
    assert result.granted == granted
    assert not result.needs_prompt


def test_without_now_it_is_this_moment() -> None:
    _, value = cookie_for(secret_key=Secret(), granted="all")
    assert isinstance(DecisionCodec(SECRET).loads([value], now=2**33), Decision)


def test_names_and_options() -> None:
    assert cookie_for(secret_key=SECRET, secure=True)[0] == "__Host-consentkit"
    assert cookie_for(secret_key=SECRET, secure=True, domain="example.org")[0] == "__Secure-consentkit"
    _, value = cookie_for(secret_key=SECRET, regime="opt-out", gpc_shown=True, source="api", now=NOW)
    decision = DecisionCodec(SECRET).loads([value], now=NOW)
    assert isinstance(decision, Decision)
    assert (decision.regime, decision.gpc_shown, decision.source) == (Regime.OPT_OUT, True, "api")


def test_vendors_of_a_policy() -> None:
    policy = Policy(vendors={"stats": Vendor(name="Stats", purpose="analytics")})
    _, value = cookie_for(policy, secret_key=SECRET, granted=["stats"], now=NOW)
    assert consent(value, policy).allows("stats")


def test_mistakes_are_said() -> None:
    with pytest.raises(UnknownPurpose):
        cookie_for(secret_key=SECRET, granted=["analitycs"])
    with pytest.raises(ConfigurationError):
        cookie_for(secret_key="short")
