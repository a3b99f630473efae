"""How long choices hold: grants lapse, refusals are respected at least as long, and none becomes a grant."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consentkit.consent.choice import allow, choose, reject
from consentkit.consent.consent import Consent, resolve
from consentkit.consent.cookies import DecisionCodec
from consentkit.consent.decision import Decision
from consentkit.policy import Lifetime, Place, Policy, Purpose, Regime, SignalRules, Validity, Vendor
from consentkit.policy.jurisdictions import jurisdictions
from consentkit.signals import Signals

SECONDS = 86_400
DAY = 20_780
NOW = DAY * SECONDS + 3_600
OPTIONAL = frozenset({"functional", "analytics", "marketing"})
OWN = Vendor(name="Own", purpose="analytics", retention="14 months")
POLICY = Policy(vendors={"own": OWN})
NOTHING = Signals()
SHORT = Validity(grant_days=30, refusal_days=90)


def consent(
    decision: Decision | None = None,
    regime: Regime = Regime.OPT_IN,
    *,
    days: float = 0,
    policy: Policy = POLICY,
    signals: Signals = NOTHING,
    **options: Any,
) -> Consent:
    regimes = dict.fromkeys(OPTIONAL, regime)
    now = NOW + int(days * SECONDS)
    return resolve(policy, regimes, decision, signals, now=now, **{"validity": SHORT, **options})


def refused(regime: Regime = Regime.OPT_IN) -> Decision:
    return reject(consent(None, regime), source="banner", now=NOW)


def granted(regime: Regime = Regime.OPT_IN) -> Decision:
    return choose(consent(None, regime), OPTIONAL, source="settings", now=NOW)


# Validity


def test_a_grant_lapses_after_the_days_of_the_place() -> None:
    begin = -3_600 / SECONDS  # counted from the beginning of the day
    decision = granted()
    before, after = consent(decision, days=begin + 29.99), consent(decision, days=begin + 30)
    assert before.granted == {"necessary", *OPTIONAL}
    assert not before.needs_prompt
    assert after.granted == {"necessary"}
    assert after.prompt_for == OPTIONAL
    assert before.expires_at == after.expires_at == (DAY + 30) * SECONDS


def test_where_nobody_says_how_long_it_is_as_long_as_where_the_place_is_not_known() -> None:
    policy = Policy(lifetime=Lifetime(consent="365 days", refusal="365 days"))
    result = resolve(policy, {}, None, Signals(), now=NOW)
    assert result.validity == policy.validity_at(None) == Validity(180, 365)


@pytest.mark.parametrize("regime", list(Regime))
def test_a_refusal_is_asked_about_again_under_opt_in_alone(regime: Regime) -> None:
    decision = refused(regime)
    assert not consent(decision, regime, days=89.9).needs_prompt
    later = consent(decision, regime, days=90)
    assert later.prompt_for == (OPTIONAL if regime is Regime.OPT_IN else frozenset())
    assert later.granted == {"necessary"}  # it stays refused meanwhile


def test_who_refused_is_not_asked_again_before_who_granted() -> None:
    for lifetime in (
        Lifetime(consent="90 days", refusal="1 day"),
        Lifetime(consent="1 day", refusal="1 day"),
    ):
        validity = Policy(lifetime=lifetime).validity_at(Place(country="BR"))
        asked = [day for day in range(500) if consent(refused(), days=day, validity=validity).needs_prompt]
        lapsed = [day for day in range(500) if consent(granted(), days=day, validity=validity).needs_prompt]
        assert asked[0] >= lapsed[0]


def test_what_a_signal_has_answered_is_not_asked_again_however_old() -> None:
    late = consent(refused(), days=300, signals=Signals(gpc=True))
    assert late.prompt_for == OPTIONAL - {"marketing"}


def test_refusing_again_begins_anew() -> None:
    asked = consent(refused(), days=100)
    again = reject(asked, source="banner", now=NOW + 100 * SECONDS)
    assert not consent(again, days=150).needs_prompt


def test_carried_grants_count_from_their_own_day() -> None:
    first = choose(consent(), {"functional"}, source="settings", now=NOW)
    decision = allow(consent(first, days=20), ["own"], source="embed", now=NOW + 20 * SECONDS)
    assert decision.day == DAY
    lapsed = allow(consent(first, days=31), ["own"], source="embed", now=NOW + 31 * SECONDS)
    assert lapsed.granted == {"own"}
    assert lapsed.day == DAY + 31


def test_cookies_of_earlier_versions_are_still_read() -> None:
    codec = DecisionCodec("Hn2r_5tGyB9wQ-xK7vM4zD1aPjE8sCf6")
    value = codec.dumps(refused(), now=NOW)
    assert value.startswith("1:opt-in:banner:0:20780:")
    loaded = codec.loads([value], now=NOW + 399 * SECONDS)
    assert isinstance(loaded, Decision)
    assert loaded.denied == OPTIONAL


# What asks again


@pytest.mark.parametrize(
    ("changed", "asked"),
    [
        (Policy(vendors={"own": OWN, "other": Vendor(name="Other", purpose="marketing")}), {"marketing"}),
        (Policy(), {"analytics"}),
        (
            Policy(vendors={"own": Vendor(name="Own", purpose="analytics", retention="2 years")}),
            {"analytics"},
        ),
        (Policy(vendors={"own": OWN}, purposes={"functional": Purpose(edition=2)}), {"functional"}),
        (Policy(vendors={"own": OWN}, lifetime=Lifetime(consent="90 days")), set()),
        (Policy(vendors={"own": OWN}, signals=SignalRules(dnt=True)), set()),
        (Policy(vendors={"own": replace(OWN, own_use=False)}), set()),
    ],
)
@pytest.mark.parametrize("make", [refused, granted])
def test_a_change_asks_again_for_its_purposes_alone(make: Any, changed: Policy, asked: set[str]) -> None:
    after = consent(make(), policy=changed)
    assert after.prompt_for == asked
    kept = OPTIONAL - asked
    assert after.granted & kept == (kept if make is granted else frozenset())
    assert not after.granted & asked


# Signals


def test_dnt_counts_only_where_the_site_says_so() -> None:
    heard = Policy(signals=SignalRules(dnt=True))
    told = Signals(dnt=True)
    deaf = consent(None, Regime.OPT_OUT, policy=Policy(), signals=told)
    assert (deaf.signal, deaf.allows("marketing")) == ("", True)
    honoured = consent(None, Regime.OPT_OUT, policy=heard, signals=told)
    assert (honoured.signal, honoured.gpc, honoured.signal_honoured) == ("dnt", False, True)
    assert honoured.denied == {"marketing"}
    assert honoured.source == "gpc"
    elsewhere = consent(None, Regime.OPT_OUT, policy=heard, signals=told, gpc_binding=False)
    assert (elsewhere.signal, elsewhere.signal_honoured) == ("dnt", False)
    assert elsewhere.allows("marketing")


def test_of_two_signals_gpc_is_named() -> None:
    heard = Policy(signals=SignalRules(dnt=True))
    both = consent(policy=heard, signals=Signals(gpc=True, dnt=True))
    assert (both.signal, both.signals) == ("gpc", ("gpc", "dnt"))
    assert (consent(policy=heard).signal, consent(policy=heard).signals) == ("", ())
    assert Signals(gpc=True, dnt=True).names(dnt=True) == ("gpc", "dnt")
    assert Signals(gpc=True, dnt=True).names(dnt=False) == ("gpc",)


def test_a_grant_against_dnt_takes_the_same_as_one_against_gpc() -> None:
    heard = Policy(signals=SignalRules(dnt=True))
    site: dict[str, Any] = {"policy": heard, "signals": Signals(dnt=True), "gpc_override": True}
    unaware = choose(consent(policy=heard), {"marketing"}, source="settings", now=NOW)
    assert not consent(unaware, Regime.OPT_OUT, **site).allows("marketing")
    before = consent(None, Regime.OPT_OUT, **site)
    informed = choose(before, {"marketing"}, source="settings", now=NOW, gpc_shown=True)
    assert informed.gpc_shown
    result = consent(informed, Regime.OPT_OUT, **site)
    assert result.allows("marketing")
    assert not result.signal_honoured


@pytest.mark.parametrize(
    ("decision", "regime", "honoured"),
    [
        (None, Regime.OPT_OUT, True),
        (None, Regime.OPT_IN, True),
        (granted(), Regime.OPT_IN, True),
        (refused(Regime.OPT_OUT), Regime.OPT_OUT, True),  # the visitor has said it as well
    ],
)
def test_a_signal_that_binds_is_shown_as_honoured_whatever_else_was_said(
    decision: Decision | None, regime: Regime, honoured: bool
) -> None:
    assert consent(decision, regime, signals=Signals(gpc=True)).signal_honoured is honoured
    assert not consent(decision, regime, signals=Signals(gpc=True), gpc_binding=False).signal_honoured


@pytest.mark.parametrize("travels", [True, False])
def test_links_that_the_place_prescribes_come_along_and_are_seen(travels: bool) -> None:
    links = frozenset({"choices"})
    shown, plain = (
        consent(carries_lax_cookies=travels, required_links=links),
        consent(carries_lax_cookies=travels),
    )
    assert shown.required_links == links
    assert shown.view != plain.view
    assert shown.key == plain.key


# Whatever comes in

PLACES = st.sampled_from(
    [None, Place(country="AQ"), Place(country="US")]
    + [Place(country=row.place[:2], region=row.place[3:]) for row in jurisdictions().rows]
)
RULES = st.dictionaries(
    st.sampled_from(["default", "EU", "US", "US-CA", "GB", "FR", "BR"]),
    st.sampled_from(list(Regime)),
    max_size=3,
)
POLICIES = st.builds(
    lambda rules, consent, refusal, edition, dnt, vendors: Policy(
        regimes=dict(rules),
        uses=tuple(vendors),
        lifetime=Lifetime(consent=f"{consent} days", refusal=f"{refusal} days"),
        purposes={"analytics": Purpose(edition=edition)},
        signals=SignalRules(dnt=dnt),
    ),
    RULES,
    st.integers(1, 400),
    st.integers(1, 400),
    st.integers(1, 2),
    st.booleans(),
    st.sets(st.sampled_from(["plausible", "google-analytics", "meta-pixel", "youtube"])),
)


def visit(
    policy: Policy, place: Place | None, decision: Decision | None, now: int, signals: Signals
) -> Consent:
    return resolve(
        policy,
        policy.regimes_at(place),
        decision,
        signals,
        now=now,
        validity=policy.validity_at(place),
        gpc_binding=policy.gpc_binding(place),
        gpc_override=policy.gpc_override(place),
        required_links=policy.required_links_at(place),
    )


SIGNALS = st.builds(Signals, gpc=st.booleans(), dnt=st.booleans())


@given(
    then=POLICIES,
    now=POLICIES,
    home=PLACES,
    abroad=PLACES,
    kept=st.frozensets(st.sampled_from(sorted(OPTIONAL))),
    days=st.integers(0, 2_000),
    signals=SIGNALS,
)
def test_a_denied_purpose_is_never_granted_without_a_decision(
    then: Policy,
    now: Policy,
    home: Place | None,
    abroad: Place | None,
    kept: frozenset[str],
    days: int,
    signals: Signals,
) -> None:
    before = visit(then, home, None, NOW, signals)
    decision = choose(before, kept, source="settings", now=NOW)
    later = visit(now, abroad, decision, NOW + days * SECONDS, signals)
    assert not later.granted & (OPTIONAL - kept)
    opt_in = {name for name, regime in later.regimes.items() if regime is Regime.OPT_IN}
    assert later.granted & opt_in <= kept
    if days > later.validity.grant_days:
        assert not later.granted & opt_in


@given(policy=POLICIES, home=PLACES, days=st.integers(0, 2_000), signals=SIGNALS)
def test_a_refusal_is_asked_about_in_time_or_never(
    policy: Policy, home: Place | None, days: int, signals: Signals
) -> None:
    decision = reject(visit(policy, home, None, NOW, signals), source="banner", now=NOW)
    later = visit(policy, home, decision, NOW + days * SECONDS, signals)
    assert all(later.regimes[name] is Regime.OPT_IN for name in later.prompt_for)
    if later.prompt_for:
        assert days >= later.validity.refusal_days >= later.validity.grant_days
