"""From a visitor's act to the next decision."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.consent.choice import accept, allow, choose, forget, reject
from consentkit.consent.consent import Consent, resolve
from consentkit.consent.decision import INVALID, Decision, Invalid
from consentkit.exceptions import UnknownPurpose
from consentkit.policy import Policy, Regime, Vendor
from consentkit.signals import Signals

DAY = 20_780
NOW = DAY * 86_400 + 60
OPTIONAL = frozenset({"functional", "analytics", "marketing"})
POLICY = Policy(
    vendors={
        "stats": Vendor(name="Stats", purpose="analytics"),
        "count": Vendor(name="Count", purpose="analytics"),
        "login": Vendor(name="Login", purpose="necessary"),
    }
)


def consent(
    decision: Decision | Invalid | None = None,
    regime: Regime = Regime.OPT_IN,
    *,
    gpc: bool = False,
    now: int = NOW,
    policy: Policy = POLICY,
) -> Consent:
    return resolve(
        policy, dict.fromkeys(OPTIONAL, regime), decision, Signals(gpc=gpc), now=now, gpc_override=True
    )


def test_accept_grants_every_purpose() -> None:
    decision = accept(consent(), source="banner", now=NOW)
    assert decision.granted == OPTIONAL
    assert decision.denied == frozenset()
    assert (decision.day, decision.regime, decision.source) == (DAY, Regime.OPT_IN, "banner")
    assert consent(decision).granted == {"necessary", *OPTIONAL}


def test_reject_denies_every_purpose_and_forgets_single_vendors() -> None:
    allowed = allow(consent(), ["stats"], source="embed", now=NOW)
    decision = reject(consent(allowed), source="banner", now=NOW)
    assert decision.granted == frozenset()
    assert decision.denied == OPTIONAL


def test_accept_on_a_banner_speaks_of_what_was_asked_alone() -> None:
    newer = Policy(vendors={"stats": Vendor(name="Stats", purpose="analytics")})
    first = choose(consent(), {"analytics", "functional"}, source="settings", now=NOW)
    asked = consent(first, policy=newer)
    assert asked.prompt_for == {"analytics"}
    decision = accept(asked, source="banner", now=NOW + 86_400)
    assert decision.granted == {"analytics", "functional"}
    assert decision.denied == {"marketing"}
    assert not consent(decision, policy=newer, now=NOW + 86_400).needs_prompt
    assert accept(asked, source="settings", now=NOW).granted == OPTIONAL


def test_choose_replaces() -> None:
    decision = choose(consent(), {"analytics", "functional", "necessary"}, source="api", now=NOW)
    assert decision.granted == {"analytics", "functional"}
    assert decision.denied == {"marketing"}


def test_choose_names_vendors_only_where_they_differ() -> None:
    some = choose(consent(), {"analytics", "stats"}, source="settings", now=NOW)
    assert some.granted == {"analytics"}
    assert some.denied == {"functional", "marketing", "count"}
    every = choose(consent(some), {"analytics", "stats", "count", "login"}, source="settings", now=NOW)
    assert every.granted == {"analytics"}
    assert every.denied == {"functional", "marketing"}
    single = choose(consent(), {"stats"}, source="settings", now=NOW)
    assert single.granted == {"stats"}
    assert single.denied == OPTIONAL


def test_choose_keeps_a_vendor_denied_that_nobody_named() -> None:
    first = choose(consent(), {"analytics"}, {"stats"}, source="api", now=NOW)
    again = choose(consent(first), {"analytics"}, source="api", now=NOW)
    assert first.denied == again.denied == {"functional", "marketing", "stats"}


def test_what_is_named_in_both_lists_is_denied() -> None:
    decision = choose(consent(), {"analytics", "marketing"}, {"analytics"}, source="api", now=NOW)
    assert decision.granted == {"marketing"}


def test_allow_adds_and_leaves_the_rest_undecided() -> None:
    decision = allow(consent(), ["stats"], source="embed", now=NOW)
    result = consent(decision)
    assert result.allows("stats") and not result.allows("count")
    assert result.prompt_for == OPTIONAL
    catalog = allow(result, ["meta-pixel"], source="embed", now=NOW)
    assert catalog.granted == {"stats", "meta-pixel"}
    assert consent(catalog).allows_known("meta-pixel", "marketing")


def test_allowing_a_purpose_takes_back_denials_of_its_vendors() -> None:
    first = choose(consent(), {"analytics"}, {"stats"}, source="settings", now=NOW)
    decision = allow(consent(first), ["analytics"], source="embed", now=NOW)
    assert decision.denied == {"functional", "marketing"}


def test_allowing_one_thing_behind_an_invalid_cookie_denies_the_rest() -> None:
    decision = allow(consent(INVALID, Regime.OPT_OUT), ["stats"], source="embed", now=NOW)
    assert decision.granted == {"stats"}
    assert decision.denied == OPTIONAL
    assert accept(consent(INVALID), source="banner", now=NOW).granted == OPTIONAL


def test_carried_grants_gain_no_time() -> None:
    first = choose(consent(), {"functional"}, source="settings", now=NOW)
    later = NOW + 100 * 86_400
    decision = allow(consent(first, now=later), ["stats"], source="embed", now=later)
    assert decision.day == DAY
    expired = NOW + 181 * 86_400
    decision = allow(consent(first, now=expired), ["stats"], source="embed", now=expired)
    assert decision.granted == {"stats"}
    assert decision.day == expired // 86_400


def test_carried_grants_gain_no_regime() -> None:
    weak = accept(consent(None, Regime.OPT_OUT), source="banner", now=NOW)
    assert weak.regime is Regime.OPT_OUT
    decision = allow(consent(weak), ["stats"], source="embed", now=NOW)
    assert decision.regime is Regime.OPT_IN
    assert decision.granted == {"stats"}


def test_carried_grants_gain_no_knowledge_of_the_signal() -> None:
    before = accept(consent(), source="banner", now=NOW)
    decision = allow(consent(before, gpc=True), ["stats"], source="embed", now=NOW)
    assert not consent(decision, gpc=True).allows("marketing")
    informed = accept(consent(before, gpc=True), source="settings", now=NOW, gpc_shown=True)
    assert informed.gpc_shown
    assert consent(informed, gpc=True).allows("marketing")


def test_unknown_names_are_refused() -> None:
    with pytest.raises(UnknownPurpose):
        choose(consent(), {"analitycs"}, source="api", now=NOW)
    with pytest.raises(UnknownPurpose):
        choose(consent(), (), {"nobody"}, source="api", now=NOW)
    with pytest.raises(UnknownPurpose):
        allow(consent(), ["nobody"], source="api", now=NOW)


NAMES = [*sorted(OPTIONAL), "stats", "count"]


@given(
    st.frozensets(st.sampled_from(NAMES)),
    st.frozensets(st.sampled_from(NAMES)),
    st.frozensets(st.sampled_from(NAMES), min_size=1),
    st.sampled_from(list(Regime)),
    st.sampled_from(list(Regime)),
    st.integers(0, 400),
)
def test_allowing_one_thing_grants_nothing_else(
    granted: frozenset[str],
    denied: frozenset[str],
    names: frozenset[str],
    then: Regime,
    here: Regime,
    later: int,
) -> None:
    now = NOW + later * 86_400
    first = choose(consent(None, then), granted, denied, source="settings", now=NOW)
    before = consent(first, here, now=now)
    after = consent(allow(before, names, source="embed", now=now), here, now=now)
    covered = names | {vendor for vendor in NAMES if POLICY.vendor_purpose(vendor) in names}
    assert {name for name in NAMES if after.allows(name) and not before.allows(name)} <= covered
    assert all(after.allows(name) for name in names)


@given(st.frozensets(st.sampled_from(NAMES)), st.sampled_from(list(Regime)))
def test_a_choice_is_what_holds_afterwards(granted: frozenset[str], regime: Regime) -> None:
    result = consent(choose(consent(None, regime), granted, source="settings", now=NOW), regime)
    assert result.granted - {"necessary"} == granted & OPTIONAL
    assert all(result.allows(name) for name in granted)
    assert not result.needs_prompt


@pytest.mark.parametrize("told", [True, False])
def test_only_who_was_told_of_the_signal_overrules_it(told: bool) -> None:
    decision = allow(consent(gpc=True), ["marketing"], source="settings", now=NOW, gpc_shown=told)
    assert decision.gpc_shown is told
    assert consent(decision, gpc=True).allows("marketing") is told
    assert not allow(consent(), ["marketing"], source="settings", now=NOW, gpc_shown=told).gpc_shown


def test_what_is_forgotten_leaves_the_refusals_alone() -> None:
    assert forget(consent()) is None
    mixed = choose(consent(), ["analytics", "stats"], ["count"], source="settings", now=NOW)
    after = forget(consent(mixed))
    assert after is not None
    assert not after.granted and after.denied == {"functional", "marketing", "count"}
    assert after.fingerprints == mixed.fingerprints
    assert consent(after).prompt_for == {"analytics"}
    accepted = accept(consent(gpc=True), source="settings", now=NOW, gpc_shown=True)
    nothing = forget(consent(accepted, gpc=True))
    assert nothing is not None
    assert (nothing.granted, nothing.denied, nothing.fingerprints) == (frozenset(), frozenset(), {})
    # Having been shown the signal then is no reason to overrule it now.
    assert not nothing.gpc_shown


@given(
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
    st.sampled_from([*Regime]),
    st.booleans(),
)
def test_forgetting_grants_nothing_and_takes_back_no_refusal(
    granted: set[str], denied: set[str], regime: Regime, gpc: bool
) -> None:
    before = consent(choose(consent(), granted, denied, source="settings", now=NOW), regime, gpc=gpc)
    after = consent(forget(before), regime, gpc=gpc)
    assert not after.chosen and not after.vendors_granted
    assert after.granted <= before.granted | consent(None, regime, gpc=gpc).granted
    assert after.denied >= before.denied & (before.decision.denied if before.decision else frozenset())
    assert after.vendors_denied == before.vendors_denied
