"""Resolving consent: the design's six rules, one by one, and what holds whatever comes in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consentkit.consent.consent import Consent, resolve
from consentkit.consent.decision import INVALID, Decision, Invalid
from consentkit.exceptions import UnknownPurpose
from consentkit.policy import Policy, Purpose, Regime, Vendor
from consentkit.signals import Signals

DAY = 20_780
NOW = DAY * 86_400 + 3_600
OPTIONAL = frozenset({"functional", "analytics", "marketing"})
POLICY = Policy(
    vendors={
        "stats": Vendor(name="Stats", purpose="analytics"),
        "ads": Vendor(name="Ads", purpose="marketing"),
        "login": Vendor(name="Login", purpose="necessary"),
    }
)
NAMES = [*sorted(OPTIONAL), "stats", "ads"]


def everywhere(regime: Regime) -> dict[str, Regime]:
    return dict.fromkeys(OPTIONAL, regime)


def decided(granted: set[str] = frozenset(), denied: set[str] = frozenset(), **fields: Any) -> Decision:  # type: ignore[assignment]
    values: dict[str, Any] = {
        "regime": Regime.OPT_IN,
        "fingerprints": POLICY.fingerprints,
        "day": DAY,
        "signed_at": NOW,
        **fields,
    }
    return Decision(granted=frozenset(granted), denied=frozenset(denied), **values)


def consent(
    decision: Decision | Invalid | None = None,
    regime: Regime = Regime.OPT_IN,
    *,
    gpc: bool = False,
    now: int = NOW,
    policy: Policy = POLICY,
    **options: Any,
) -> Consent:
    return resolve(policy, everywhere(regime), decision, Signals(gpc=gpc), now=now, **options)


# Before a choice


@pytest.mark.parametrize("regime", list(Regime))
def test_before_a_choice(regime: Regime) -> None:
    result = consent(None, regime)
    assert result.granted == ({"necessary"} if regime is Regime.OPT_IN else {"necessary", *OPTIONAL})
    assert result.prompt_for == (OPTIONAL if regime is not Regime.NONE else frozenset())
    assert (result.regime, result.source, result.decided_at, result.expires_at) == (
        regime,
        "regime",
        None,
        None,
    )


def test_regimes_differ_by_purpose() -> None:
    regimes = {"analytics": Regime.INFORM, "marketing": Regime.OPT_IN}  # functional is missing: opt-in
    result = resolve(POLICY, regimes, None, Signals(), now=NOW)
    assert result.granted == {"necessary", "analytics"}
    assert result.regime is Regime.OPT_IN


# Rule 1: only grants lapse


def test_a_decision_holds_until_it_expires() -> None:
    decision = decided({"analytics", "functional"}, {"marketing"})
    result = consent(decision)
    assert result.granted == {"necessary", "analytics", "functional"}
    assert not result.needs_prompt
    assert result.decided_at == DAY * 86_400
    assert result.expires_at == (DAY + 180) * 86_400
    last = consent(decision, now=(DAY + 180) * 86_400 - 1)
    assert last.granted == result.granted


@pytest.mark.parametrize("regime", list(Regime))
def test_expired_grants_are_asked_again_and_expired_denials_stay(regime: Regime) -> None:
    decision = decided({"analytics", "functional"}, {"marketing"})
    result = consent(decision, regime, now=(DAY + 180) * 86_400)
    assert result.allows("analytics") is regime.grants
    assert result.allows("marketing") is False
    assert result.prompt_for == ({"analytics", "functional"} if regime.prompts else frozenset())
    assert result.prompting == (OPTIONAL if regime.prompts else frozenset())


@pytest.mark.parametrize(
    ("regime", "denied", "age", "renew"),
    [
        (Regime.OPT_OUT, {"marketing"}, 180 * 86_400, True),
        (Regime.NONE, {"stats"}, 300 * 86_400, True),
        (Regime.OPT_OUT, {"marketing"}, 86_400, False),
        (Regime.OPT_OUT, {"marketing"}, 100 * 86_400, False),  # grants are in force still
        (Regime.OPT_OUT, set(), 100 * 86_400, False),
        (Regime.OPT_IN, {"marketing"}, 100 * 86_400, False),
    ],
)
def test_refusals_are_renewed_on_visits(regime: Regime, denied: set[str], age: int, renew: bool) -> None:
    assert consent(decided({"functional"}, denied), regime, now=NOW + age).renew is renew


@pytest.mark.parametrize(("age", "renew"), [(29 * 86_400, False), (30 * 86_400, True)])
def test_a_refusal_without_grants_is_renewed_every_thirty_days(age: int, renew: bool) -> None:
    assert consent(decided(set(), {"marketing"}), Regime.OPT_OUT, now=NOW + age).renew is renew


# Rule 2: an invalid cookie denies


@pytest.mark.parametrize("regime", list(Regime))
def test_an_invalid_cookie_denies_in_every_regime(regime: Regime) -> None:
    result = consent(INVALID, regime)
    assert result.granted == {"necessary"}
    assert result.prompt_for == (OPTIONAL if regime.prompts else frozenset())
    assert (result.source, result.decision) == ("invalid", None)


# Rule 3: a cookie that does not travel


@pytest.mark.parametrize("regime", list(Regime))
@pytest.mark.parametrize("decision", [None, INVALID, decided({"analytics"})])
def test_a_request_without_lax_cookies_denies(regime: Regime, decision: Decision | Invalid | None) -> None:
    result = consent(decision, regime, carries_lax_cookies=False)
    assert result.granted == {"necessary"}
    assert (result.source, result.needs_prompt, result.renew) == ("unsent", False, False)


# Rule 4: a grant counts in no stricter regime


@pytest.mark.parametrize("given_in", list(Regime))
@pytest.mark.parametrize("now_in", list(Regime))
def test_a_grant_counts_only_in_regimes_no_stricter(given_in: Regime, now_in: Regime) -> None:
    result = consent(decided({"analytics"}, {"marketing", "functional"}, regime=given_in), now_in)
    counts = now_in.strictness <= given_in.strictness
    assert result.allows("analytics") is (counts or now_in.grants)
    assert ("analytics" in result.prompt_for) is (not counts and now_in.prompts)


# Rule 5: Sec-GPC


def test_binding_gpc_denies_sales_over_a_stored_grant() -> None:
    decision = decided(set(OPTIONAL))
    result = consent(decision, gpc=True)
    assert result.denied == {"marketing"}
    assert not result.needs_prompt
    assert result.gpc
    assert consent(decision, gpc=True, gpc_binding=False).denied == set()
    assert consent(decision, gpc=False).denied == set()


@pytest.mark.parametrize(
    ("shown", "override", "allowed"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_a_grant_against_the_signal(shown: bool, override: bool, allowed: bool) -> None:
    decision = decided({"marketing", "ads"}, gpc_shown=shown)
    result = consent(decision, gpc=True, gpc_override=override)
    assert result.allows("marketing") is result.allows("ads") is allowed


@pytest.mark.parametrize("override", [True, False])
def test_an_override_needs_a_grant_of_that_purpose(override: bool) -> None:
    decision = decided({"analytics"}, gpc_shown=True)
    assert not consent(decision, Regime.OPT_OUT, gpc=True, gpc_override=override).allows("marketing")


def test_gpc_never_grants_and_leaves_the_prompt_for_the_rest() -> None:
    result = consent(None, gpc=True)
    assert result.granted == {"necessary"}
    assert result.prompt_for == OPTIONAL - {"marketing"}
    assert consent(None, gpc=True, gpc_binding=False).prompt_for == OPTIONAL


def test_gpc_denies_before_a_choice_under_opt_out() -> None:
    result = consent(None, Regime.OPT_OUT, gpc=True)
    assert result.denied == {"marketing"}
    assert result.source == "gpc"
    assert result.prompt_for == OPTIONAL - {"marketing"}


def test_own_purposes_can_be_sales() -> None:
    policy = Policy(purposes={"partners": Purpose(title="Partners", description="P.", sale=True)})
    regimes = {**everywhere(Regime.OPT_OUT), "partners": Regime.OPT_OUT}
    assert resolve(policy, regimes, None, Signals(gpc=True), now=NOW).denied == {"marketing", "partners"}


# Rule 6: a changed fingerprint


@pytest.mark.parametrize("regime", list(Regime))
def test_a_changed_fingerprint_asks_for_its_purposes_alone(regime: Regime) -> None:
    changed = {**POLICY.fingerprints, "analytics": "000000", "marketing": "000000"}
    result = consent(decided({"analytics", "functional"}, {"marketing"}, fingerprints=changed), regime)
    assert result.allows("analytics") is regime.grants
    assert result.allows("functional") is True
    assert result.allows("marketing") is False
    assert result.prompt_for == ({"analytics", "marketing"} if regime.prompts else frozenset())


def test_a_new_purpose_is_asked_for() -> None:
    policy = Policy(purposes={"maps": Purpose(title="Maps", description="Shows maps.")})
    decision = decided({"functional"}, {"analytics", "marketing"}, fingerprints=policy.fingerprints)
    assert consent(decision, policy=policy).prompt_for == {"maps"}


# Single vendors


def test_a_vendor_allowed_by_name() -> None:
    result = consent(decided({"stats"}, {"analytics"}))
    assert result.allows("stats")
    assert not result.allows("analytics")
    assert result.vendors_granted == {"stats"}
    assert result.allows_known("stats", "marketing")  # the policy's purpose counts
    assert not consent(decided({"stats"}, {"analytics"}), now=NOW + 181 * 86_400).allows("stats")
    moved = decided({"stats"}, fingerprints={"analytics": "000000"})
    assert not consent(moved).allows("stats")


def test_a_vendor_refused_by_name() -> None:
    result = consent(decided(set(OPTIONAL), {"stats"}))
    assert result.allows("analytics")
    assert not result.allows("stats")
    assert result.restricts
    assert not consent(decided({"analytics"}, {"stats"}), Regime.NONE, now=NOW + 900 * 86_400).allows("stats")


def test_necessary_is_always_allowed() -> None:
    for result in (
        consent(INVALID),
        consent(decided(set(), {"necessary", "login"})),
        consent(carries_lax_cookies=False),
    ):
        assert result.allows("necessary")
        assert result.allows("login")
        assert result.allows_known("login", "marketing")


def test_vendors_of_the_catalog_are_judged_by_purpose() -> None:
    result = consent(decided({"analytics"}, {"marketing", "chartbeat"}))
    assert result.allows_known("google-analytics", "analytics")
    assert not result.allows_known("chartbeat", "analytics")
    assert not result.allows_known("meta-pixel", "marketing")
    assert not result.allows_known("meta-pixel", "no-such-purpose")


def test_a_catalog_vendor_allowed_by_name() -> None:
    result = consent(decided({"meta-pixel"}, {"marketing"}))
    assert result.allows_known("meta-pixel", "marketing")
    assert not result.allows_known("ads", "marketing")
    assert not consent(decided({"meta-pixel"}), gpc=True).allows_known("meta-pixel", "marketing")
    assert not consent(decided({"nobody-knows-it"})).vendors_granted


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(UnknownPurpose, match="Did you mean 'analytics'") as caught:
        consent().allows("analitycs")
    assert set(caught.value.known) == {"necessary", *OPTIONAL, "stats", "ads", "login"}
    with pytest.raises(UnknownPurpose):
        consent().allows("meta-pixel")  # known, not declared


# The key


def test_the_key_tells_apart_what_differs_and_nothing_else() -> None:
    refused = consent(decided(set(), set(OPTIONAL)))
    assert consent().key == refused.key == consent(INVALID).key
    keys = {
        consent(decision, policy=policy).key
        for policy in (POLICY, Policy())
        for decision in (None, decided({"analytics"}), decided({"stats"}), decided({"analytics"}, {"stats"}))
    }
    assert len(keys) == 6  # under the other policy the grants are worth nothing, the refusal stays
    assert isinstance(hash(refused.key), int)


def test_restricts() -> None:
    assert consent().restricts
    assert not consent(None, Regime.OPT_OUT).restricts


# Whatever comes in

subsets = st.frozensets(st.sampled_from(NAMES))
decisions = st.builds(
    Decision,
    regime=st.sampled_from(list(Regime)),
    granted=subsets,
    denied=subsets,
    fingerprints=st.sampled_from([POLICY.fingerprints, {}, {**POLICY.fingerprints, "analytics": "000000"}]),
    day=st.integers(DAY - 900, DAY),
    gpc_shown=st.booleans(),
)
situations = st.fixed_dictionaries(
    {
        "regimes": st.fixed_dictionaries(dict.fromkeys(OPTIONAL, st.sampled_from(list(Regime)))),
        "signals": st.builds(Signals, gpc=st.booleans()),
        "carries_lax_cookies": st.booleans(),
        "gpc_binding": st.booleans(),
        "gpc_override": st.booleans(),
    }
)


def allowed(result: Consent) -> set[str]:
    return {name for name in ["necessary", *NAMES] if result.allows(name)}


@given(decisions, situations, st.integers(0, 2_000))
def test_what_was_denied_is_never_granted(decision: Decision, situation: dict[str, Any], later: int) -> None:
    result = resolve(POLICY, decision=decision, now=NOW + later * 86_400, **situation)
    assert not allowed(result) & decision.denied
    assert result.granted | result.denied == set(POLICY.purposes)
    assert not result.granted & result.denied
    assert "necessary" in result.granted
    assert "necessary" not in result.prompt_for


@given(decisions, situations, st.integers(0, 2_000))
def test_only_a_grant_in_force_opens_opt_in(
    decision: Decision, situation: dict[str, Any], later: int
) -> None:
    result = resolve(POLICY, decision=decision, now=NOW + later * 86_400, **situation)
    closed = {name for name, regime in situation["regimes"].items() if regime is Regime.OPT_IN}
    assert result.granted & closed <= decision.granted
    if decision.expires_at(POLICY.validity_at(None)) <= NOW + later * 86_400:
        assert not result.granted & closed
        assert not result.vendors_granted


@given(st.none() | st.just(INVALID) | decisions, situations)
def test_a_binding_signal_is_overruled_by_nothing_but_an_informed_grant(
    decision: Decision | Invalid | None, situation: dict[str, Any]
) -> None:
    situation = {**situation, "signals": Signals(gpc=True), "gpc_binding": True}
    result = resolve(POLICY, decision=decision, now=NOW, **situation)
    if result.allows("marketing") or result.allows("ads"):
        assert isinstance(decision, Decision)
        assert decision.gpc_shown and situation["gpc_override"]
        assert decision.granted & {"marketing", "ads"}


@given(st.none() | st.just(INVALID) | decisions, situations)
def test_a_signal_never_grants(decision: Decision | Invalid | None, situation: dict[str, Any]) -> None:
    silent = resolve(POLICY, decision=decision, now=NOW, **{**situation, "signals": Signals()})
    spoken = resolve(POLICY, decision=decision, now=NOW, **{**situation, "signals": Signals(gpc=True)})
    assert allowed(spoken) <= allowed(silent)


@given(decisions, situations, st.integers(0, 900))
def test_time_never_grants_under_opt_in(decision: Decision, situation: dict[str, Any], later: int) -> None:
    situation = {**situation, "regimes": everywhere(Regime.OPT_IN)}
    before = resolve(POLICY, decision=decision, now=NOW, **situation)
    after = resolve(POLICY, decision=decision, now=NOW + later * 86_400, **situation)
    assert allowed(after) <= allowed(before)


@given(decisions, situations)
def test_an_answered_banner_is_gone(decision: Decision, situation: dict[str, Any]) -> None:
    full = replace(
        decision,
        regime=Regime.OPT_IN,
        granted=OPTIONAL - decision.denied,
        denied=decision.denied & OPTIONAL,
        fingerprints=POLICY.fingerprints,
        day=DAY,
    )
    assert not resolve(POLICY, decision=full, now=NOW, **situation).needs_prompt


def test_a_refusal_is_not_renewed_over_a_vendor_that_is_allowed() -> None:
    decision = decided({"stats"}, {"marketing"})
    assert not consent(decision, Regime.OPT_OUT, now=NOW + 40 * 86_400).renew
