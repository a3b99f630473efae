"""What the law of a place asks for, where the site's own rows say nothing of it."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.lint.jurisdiction_rules import local_laws
from consentkit.policy import Place, Policy, Purpose, Regime, Vendor, strictest
from consentkit.policy.duration import check_date
from consentkit.policy.jurisdictions import EU_AND_EEA, US_STATES, Jurisdictions, jurisdictions

TABLE = jurisdictions()
PLACES = [row.place for row in TABLE.rows]
GPC_STATES = {"CA", "CO", "CT", "DE", "MD", "MN", "MT", "NE", "NH", "NJ", "OR", "TX"}


def at(code: str) -> Place:
    country, _, region = code.partition("-")
    return Place(country=country, region=region)


def regimes(policy: Policy, code: str) -> dict[str, str]:
    return {name: regime.value for name, regime in policy.regimes_at(at(code)).items()}


def everything(regime: str) -> dict[str, str]:
    return dict.fromkeys(("functional", "analytics", "marketing"), regime)


# The table


@pytest.mark.parametrize("days", [0, 401, 720])
def test_a_refusal_that_no_cookie_can_keep_is_rejected(days: int) -> None:
    row = {"place": "FR", "name": "France", "regime": "opt-in", "source": "A law", "refusal_days_min": days}
    with pytest.raises(
        msgspec.ValidationError, match=r"(>= 1|<= 400) - at `\$\.rows\[0\]\.refusal_days_min`"
    ):
        msgspec.convert({"date": TABLE.date, "rows": [row]}, Jurisdictions)


def test_rows_are_dated_sorted_and_have_a_source() -> None:
    check_date(TABLE.date, path="date")
    assert sorted(set(PLACES)) == PLACES
    assert all(row.source and row.name for row in TABLE.rows)
    for row in TABLE.rows:
        assert re.fullmatch(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", row.place)  # ISO 3166-1 alpha-2, ISO 3166-2
        assert all(regime.strictness <= row.regime.strictness for regime in row.purposes.values()), row.place
        if row.since:
            check_date(row.since, path=row.place)
    assert set(PLACES) >= {"EU", "GB", "CH", "BR", "CA-QC", "US", "US-LA", "JP", "ZA", "AU", "FR", "IT"}


def test_a_row_says_more_than_a_place_without_one_has() -> None:
    """What overviews alone say, and what holds without a row as well, is no row."""
    for row in TABLE.rows:
        others = [other for other in TABLE.chain(row.place) if other is not row]
        without = others[0].regime if others else Regime.OPT_IN
        says = row.purposes or row.consent_days_max or row.refusal_days_min or row.gpc_binding or row.links
        assert says or row.note or not row.secondary or row.regime is not without, row.place


@pytest.mark.parametrize("code", ["DE", "AX", "NO", "IN", "KR", "CN", "TR", "AQ"])
def test_a_place_without_a_row_asks_first(code: str) -> None:
    assert code not in PLACES
    assert regimes(Policy(uses=("meta-pixel",)), code) == everything("opt-in")
    assert not Policy().gpc_binding(at(code)) and not Policy().required_links_at(at(code))
    wide = Policy(regimes={"default": "inform"})
    assert code in " ".join(law.code for law in local_laws(wide) if law.row.regime is Regime.OPT_IN)


def test_louisiana() -> None:
    """SB 386 (Act 502): a right to opt out, from 2027 on; of signals the row says what was not read."""
    row = TABLE.by_place["US-LA"]
    assert (row.regime, row.since, row.gpc_binding, row.links) == ("opt-out", "2027-01-01", False, ())
    assert "Act 502" in row.source and "not read" in row.note
    assert regimes(Policy(), "US-LA") == everything("opt-out")


def test_states_that_bind_the_signal() -> None:
    assert {row.place.removeprefix("US-") for row in TABLE.rows if row.gpc_binding} == GPC_STATES
    states = {place.removeprefix("US-") for place in PLACES if place.startswith("US-")}
    assert GPC_STATES < states < US_STATES
    assert all(row.regime is Regime.OPT_OUT for row in TABLE.rows if row.place.startswith("US-"))
    assert [row.place for row in TABLE.rows if row.gpc_override] == ["US-CA"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"regime": "optin"},
        {"consent_days_max": 0},
        {"links": ["do-not-sell"]},
        {"colour": "red"},
    ],
)
def test_a_row_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    row = {"place": "BR", "name": "Brazil", "regime": "opt-in", "source": "LGPD", **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"date": "2026-11-22", "rows": [row]}, Jurisdictions)


# Regimes by law


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("FR", everything("opt-in")),
        ("RE", everything("opt-in")),
        ("EU", everything("opt-in")),  # some databases know no more
        ("GB", everything("opt-in")),  # nothing is known of who counts visits
        ("BR", everything("opt-in")),
        ("CA-QC", everything("opt-in")),
        ("CA-ON", everything("opt-out")),
        ("CA", everything("opt-in")),  # could be Québec
        ("CA-ZZ", everything("opt-in")),
        ("US-CA", everything("opt-out")),
        ("US-WY", everything("inform")),  # a state without a law of its own
        ("US", everything("opt-out")),  # could be California
        ("JP", {"functional": "inform", "analytics": "inform", "marketing": "opt-in"}),
        ("AU", everything("inform")),
        ("AQ", everything("opt-in")),  # no row
        ("", everything("opt-in")),
        ("XX", everything("opt-in")),
    ],
)
def test_a_policy_without_rows_asks_for_what_the_law_asks(code: str, expected: dict[str, str]) -> None:
    assert regimes(Policy(), code) == expected


def test_the_sites_own_rows_come_first() -> None:
    policy = Policy(regimes={"US": "none", "FR": {"analytics": "inform"}, "EU": {"functional": "inform"}})
    assert regimes(policy, "US-CA") == everything("none")
    assert regimes(policy, "FR") == {"functional": "inform", "analytics": "inform", "marketing": "opt-in"}
    assert regimes(policy, "AU") == everything("inform")
    assert set(policy.regimes_at(None).values()) == {Regime.OPT_IN}


def test_a_default_decides_for_every_place_that_is_not_named() -> None:
    policy = Policy(regimes={"default": "opt-out", "EU": "opt-in"})
    assert {strictest(policy.regimes_at(at(code)).values()) for code in ("GB", "BR", "AU", "US-WY")} == {
        Regime.OPT_OUT
    }
    partly = Policy(regimes={"default": {"analytics": "none"}})
    assert regimes(partly, "AU") == {"functional": "inform", "analytics": "none", "marketing": "inform"}


def test_purposes_of_the_sites_own_follow_the_row_at_its_strictest() -> None:
    policy = Policy(purposes={"maps": Purpose(title="Maps", description="Shows maps.")})
    assert regimes(policy, "US-CA")["maps"] == "opt-out"
    assert regimes(policy, "JP")["maps"] == "opt-in"


def test_codes_for_vendors_that_take_regions_have_the_laws_places() -> None:
    codes = Policy().regimes_by_code
    granting = {code for code, found in codes.items() if strictest(found.values()).grants}
    assert {"US", "US-CA", "CA", "AU"} <= granting
    assert not granting & {"", "CA-QC", "JP", "BR", *EU_AND_EEA}
    assert "EU" not in codes
    assert set(Policy(regimes={"default": "opt-in"}).regimes_by_code) == {""}


@given(
    code=st.sampled_from([place for place in PLACES if place not in ("EU", "US", "CA")]),
    rows=st.dictionaries(
        st.sampled_from(["default", "EU", "US", "FR", "US-CA"]), st.sampled_from(list(Regime))
    ),
)
def test_what_vendors_are_told_of_a_place_is_what_holds_there(code: str, rows: dict[str, Regime]) -> None:
    policy = Policy(regimes=dict(rows))
    codes = policy.regimes_by_code
    told = codes.get(code) or codes.get(code.partition("-")[0]) or codes[""]
    assert told == policy.regimes_at(at(code))


@given(
    country=st.sampled_from(["FR", "DE", "US", "CA", "JP"]), region=st.sampled_from(["CA", "QC", "WY", "ON"])
)
def test_knowing_less_is_never_laxer(country: str, region: str) -> None:
    known, country_only, nothing = (
        Place(country=country, region=region), Place(country=country), None
    )  # fmt: skip
    policy = Policy()
    ranks = [
        strictest(policy.regimes_at(place).values()).strictness for place in (known, country_only, nothing)
    ]
    assert ranks == sorted(ranks)
    assert policy.gpc_binding(known) <= policy.gpc_binding(country_only) <= policy.gpc_binding(nothing)
    grants = [policy.validity_at(place).grant_days for place in (known, country_only, nothing)]
    assert grants == sorted(grants, reverse=True)


# Statistics in the United Kingdom


def statistics(**vendors: Vendor) -> str:
    return regimes(Policy(vendors=vendors), "GB")["analytics"]


def own(**fields: Any) -> Vendor:
    return Vendor(**{"name": "Newsroom", "purpose": "analytics", **fields})


def test_statistics_need_no_consent_where_nobody_uses_the_data_for_itself() -> None:
    assert statistics(newsroom=own(own_use=False)) == "inform"
    assert statistics(newsroom=own(own_use=True)) == "opt-in"
    assert statistics(newsroom=own()) == "opt-in"  # what nobody says counts as own use
    assert statistics(newsroom=own(own_use=False), other=own()) == "opt-in"
    assert statistics(newsroom=own(own_use=False, purpose="marketing")) == "opt-in"


def test_the_catalog_knows_some_who_work_for_the_site_alone() -> None:
    assert regimes(Policy(uses=("plausible",)), "GB")["analytics"] == "inform"
    assert regimes(Policy(uses=("google-analytics",)), "GB")["analytics"] == "opt-in"
    assert regimes(Policy(uses=("plausible", "google-analytics")), "GB")["analytics"] == "opt-in"
    doubted = Policy(uses=("plausible",), vendors={"plausible": Vendor(own_use=True)})
    assert regimes(doubted, "GB")["analytics"] == "opt-in"


def test_the_exception_is_for_statistics_and_appearance_alone() -> None:
    vendors = {
        name: own(purpose=name, own_use=False)
        for name in ("functional", "analytics", "marketing", "appearance")
    }
    policy = Policy(
        vendors={f"by-{name}": vendor for name, vendor in vendors.items()},
        purposes={"appearance": Purpose(title="Appearance", description="Remembers large type.")},
    )
    assert regimes(policy, "GB") == {
        "functional": "opt-in",
        "analytics": "inform",
        "marketing": "opt-in",
        "appearance": "inform",
    }
    assert regimes(policy, "FR")["analytics"] == "opt-in"


def test_a_row_of_the_site_stands_though_somebody_uses_the_data() -> None:
    policy = Policy(uses=("google-analytics",), regimes={"GB": {"analytics": "inform"}})
    assert regimes(policy, "GB") == {**everything("opt-in"), "analytics": "inform"}


# Links, and who sells


@pytest.mark.parametrize(
    ("place", "links"),
    [
        (None, set()),
        (Place(country="XX"), set()),
        (at("US-CA"), {"choices"}),
        (at("US-WY"), set()),
        (at("US"), {"choices"}),  # could be California
        (at("DE"), set()),
        (at("AQ"), set()),
    ],
)
def test_required_links(place: Place | None, links: set[str]) -> None:
    assert Policy().required_links_at(place) == links


def test_who_sells() -> None:
    assert not Policy().sells
    assert not Policy(uses=("plausible",)).sells
    assert Policy(uses=("meta-pixel",)).sells


# Signals


def test_the_date_of_the_statement_on_gpc() -> None:
    assert Policy().gpc_updated == TABLE.date
    assert Policy.loads('signals.gpc_updated = "2026-01-31"').gpc_updated == "2026-01-31"
