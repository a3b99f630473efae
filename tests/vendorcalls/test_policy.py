"""What a policy says about vendors' calls, and what becomes of it under a visitor's consent."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.consent.consent import Consent, resolve
from consentkit.exceptions import ConfigurationError
from consentkit.gating.vendor_calls import VendorCalls
from consentkit.policy import ConsentMode, Place, Policy, Regime
from consentkit.policy.jurisdictions import EU_AND_EEA
from consentkit.signals import Signals
from consentkit.vendorcalls import calls_table

NOW = 1_800_000_000
REGIMES: dict[str, str | Mapping[str, str]] = {
    "default": "opt-in",
    "EU": "opt-in",
    "US": "opt-out",
    "US-CA": {"marketing": "opt-in"},
}
TEXAS = Place(country="US", region="TX")


def consent_of(policy: Policy, place: Place | None = None, *, gpc: bool = False) -> Consent:
    signals = Signals(gpc=gpc, dnt=False)
    return resolve(policy, policy.regimes_at(place), None, signals, now=NOW, gpc_binding=True)


def said(policy: Policy, consent: Consent, calls: str = "google") -> dict[str, Any]:
    text = VendorCalls(policy).write(calls_table()[calls], consent)
    found = re.search("data-says='(.*)'", text)
    assert found is not None
    says: dict[str, Any] = json.loads(found[1])
    return says


def defaults(says: dict[str, Any]) -> dict[tuple[str, ...], set[str]]:
    """Region → signals granted there by default."""
    calls = [call[2] for call in says["calls"] if call[1] == "default"]
    return {
        tuple(signals.get("region", ())): {name for name, value in signals.items() if value == "granted"}
        for signals in calls
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('vendors.meta-pixel.consent_mode = "advanced"', 'vendors.meta-pixel.consent_mode: this vendor'),
        ('vendors.youtube.consent_mode = "basic"', "vendors.youtube.consent_mode: this vendor documents no"),
        ("consent_mode.wait_for_updates = 1", 'consent_mode.wait_for_updates: unknown key; did you mean '),
        ("consent_mode.wait_for_update = -1", "consent_mode.wait_for_update: expected int >= 0"),
        ("consent_mode.wait_for_update = 60000", "consent_mode.wait_for_update: expected int <= 10000"),
        ("consent_mode.url_passthrough = 1", "consent_mode.url_passthrough: expected bool"),
        ('consent_mode = "advanced"', "consent_mode: expected a table"),
        ('consent_mod.url_passthrough = true', 'consent_mod: unknown key; did you mean "consent_mode"'),
    ],
)  # fmt: skip
def test_errors_name_the_key_path(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Policy.loads(text)
    assert str(caught.value).startswith(problem)


def test_settings_change_the_revision_and_ask_nobody_again() -> None:
    plain, redacted = Policy(), Policy(consent_mode=ConsentMode(ads_data_redaction=False))
    assert plain.revision != redacted.revision
    assert plain.fingerprints == redacted.fingerprints


def test_places_are_spelled_out() -> None:
    codes = Policy(regimes={**REGIMES, "FR": "inform"}).regimes_by_code
    assert set(codes) == {"", "US", "US-CA"} | EU_AND_EEA
    assert {codes["FR"]["analytics"], codes["DE"]["analytics"]} == {Regime.INFORM, Regime.OPT_IN}
    # The country's own row holds in regions without one, though the strictest does where none is known.
    assert codes["US"]["marketing"] is Regime.OPT_OUT
    assert codes["US-CA"] == {
        "functional": Regime.OPT_OUT,
        "analytics": Regime.OPT_OUT,
        "marketing": Regime.OPT_IN,
    }


def test_nothing_is_said_where_nobody_listens() -> None:
    policy = Policy(uses=("google-analytics",), regimes=REGIMES)
    calls = VendorCalls(policy)
    assert calls.write(calls_table()["google"], consent_of(policy)) == ""
    assert calls.write(calls_table()["google"], consent_of(policy, TEXAS)) != ""
    assert calls.by_vendor.get("youtube") is None


def test_who_may_run_before_consent_is_told_that_all_is_denied() -> None:
    policy = Policy.loads('vendors.google-analytics.consent_mode = "advanced"')
    says = said(policy, consent_of(policy))
    assert defaults(says) == {(): {"security_storage"}}
    assert ["set", "ads_data_redaction", True] in says["calls"]
    assert "now" not in says


def test_settings_are_said() -> None:
    settings = ConsentMode(ads_data_redaction=False, url_passthrough=True, wait_for_update=500)
    policy = Policy(regimes={"default": "opt-out"}, consent_mode=settings)
    says = said(policy, consent_of(policy))
    assert [call for call in says["calls"] if call[0] == "set"] == [["set", "url_passthrough", True]]
    assert says["calls"][0][2]["wait_for_update"] == 500
    assert "wait_for_update" not in json.dumps(said(policy, consent_of(policy), "uet"))


def test_places_are_granted_what_both_opinions_grant() -> None:
    policy = Policy(regimes=REGIMES)
    ads = {"ad_storage", "ad_user_data", "ad_personalization"}
    found = defaults(said(policy, consent_of(policy, TEXAS)))
    assert set(found) == {(), ("US",), ("US-CA",)}
    assert found[()] == {"security_storage"}
    assert found[("US",)] >= ads
    assert found[("US-CA",)] == found[("US",)] - ads
    # The signal has denied what the place would grant.
    assert not ads & set().union(*defaults(said(policy, consent_of(policy, TEXAS, gpc=True))).values())


def test_stricter_places_are_named_where_the_rest_is_granted() -> None:
    policy = Policy(regimes={"default": "opt-out", "EU": "opt-in"})
    found = defaults(said(policy, consent_of(policy, TEXAS)))
    assert set(found) == {(), tuple(sorted(EU_AND_EEA))}
    assert found[tuple(sorted(EU_AND_EEA))] == {"security_storage"}


@given(
    rows=st.dictionaries(
        st.sampled_from(["default", "EU", "FR", "US", "US-CA", "US-TX"]), st.sampled_from(list(Regime))
    ),
    place=st.sampled_from([None, TEXAS, Place(country="FR"), Place(country="US"), Place(country="JP")]),
    gpc=st.booleans(),
)
def test_no_place_is_granted_more_than_the_visitor(
    rows: dict[str, Regime], place: Place | None, gpc: bool
) -> None:
    policy = Policy.loads('vendors.google-ads.consent_mode = "advanced"')
    policy = Policy(vendors=policy.vendors, regimes=dict(rows))
    consent = consent_of(policy, place, gpc=gpc)
    found = defaults(said(policy, consent))
    granted = set().union(*found.values())
    assert ("ad_storage" in granted) <= consent.allows("marketing")
    assert ("analytics_storage" in granted) <= consent.allows("analytics")
    named = [code for region in found for code in region]
    assert len(named) == len(set(named)) and "EU" not in named
    # Read as Google documents it, the nearest place counts: it is what the policy says of that place.
    for code, regimes in policy.regimes_by_code.items():
        near = next(
            (found[region] for one in (code, code[:2]) for region in found if one and one in region),
            found[()],
        )
        assert ("ad_storage" in near) == (regimes["marketing"].grants and consent.allows("marketing"))


def test_the_purpose_is_that_of_the_vendors_that_the_policy_declares() -> None:
    policy = Policy.loads(
        """
        regimes.default = { newsletter = "opt-out" }
        purposes.newsletter = { title = "Letter", description = "Sends letters." }
        vendors.doubleclick.purpose = "newsletter"
        """
    )
    says = said(policy, consent_of(policy))
    assert says["asks"]["ads"] == [["doubleclick", "newsletter"]]
    assert says["before"] == ["ads"]
    both = Policy(
        vendors=policy.vendors, purposes=policy.purposes, regimes=policy.regimes, uses=("google-ads",)
    )
    says = said(both, consent_of(both))
    assert sorted(says["asks"]["ads"]) == [["doubleclick", "newsletter"], ["google-ads", "marketing"]]
    assert says["before"] == []
