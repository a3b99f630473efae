"""Which regime holds where, and where Sec-GPC binds. What is not known counts as the strictest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.policy import Place, Policy, Regime, strictest
from consentkit.policy.jurisdictions import CA_PROVINCES, COUNTRIES, EU_AND_EEA, US_STATES, jurisdictions

ROWS = """
[regimes]
default = "inform"
EU = "opt-in"
FR = { analytics = "none" }
US = "opt-out"
US-CA = { marketing = "opt-in" }
US-TX = "none"
"""
POLICY = Policy.loads(ROWS)


@pytest.mark.parametrize(
    ("country", "region", "analytics", "marketing"),
    [
        ("US", "CA", "opt-out", "opt-in"),  # region, then country
        ("US", "US-TX", "none", "none"),
        ("US", "NY", "opt-out", "opt-out"),
        ("US", "", "opt-out", "opt-in"),  # could be California
        ("us", "ca", "opt-out", "opt-in"),
        ("FR", "IDF", "none", "opt-in"),  # country, then EU
        ("DE", "", "opt-in", "opt-in"),
        ("NO", "", "opt-in", "opt-in"),  # EEA
        ("RE", "", "opt-in", "opt-in"),  # France overseas
        ("JP", "", "inform", "inform"),  # known and without a row
        ("XK", "", "inform", "inform"),
        ("", "", "opt-in", "opt-in"),  # not known
        ("XX", "", "opt-in", "opt-in"),
        ("T1", "", "opt-in", "opt-in"),
        ("ZZ", "CA", "opt-in", "opt-in"),
        ("AP", "", "opt-in", "opt-in"),  # no country, though it looks like one
        ("SU", "", "opt-in", "opt-in"),
        ("EU", "", "opt-in", "opt-in"),
    ],
)
def test_regimes_by_place(country: str, region: str, analytics: str, marketing: str) -> None:
    regimes = POLICY.regimes_at(Place(country=country, region=region))
    assert (regimes["analytics"], regimes["marketing"]) == (analytics, marketing)


def test_no_place_is_the_strictest_of_all_rows() -> None:
    assert set(POLICY.regimes_at(None).values()) == {Regime.OPT_IN}
    assert set(Policy(regimes={"US": "none"}).regimes_at(None).values()) == {Regime.OPT_IN}
    assert set(Policy(regimes={"default": "none"}).regimes_at(None).values()) == {Regime.NONE}


def test_necessary_has_no_regime() -> None:
    assert list(POLICY.regimes_at(None)) == ["functional", "analytics", "marketing"]


def test_strictest() -> None:
    assert strictest([Regime.NONE, Regime.INFORM]) is Regime.INFORM
    assert strictest([]) is Regime.OPT_IN
    order = [regime.strictness for regime in (Regime.OPT_IN, Regime.OPT_OUT, Regime.INFORM, Regime.NONE)]
    assert order == [3, 2, 1, 0]


@given(
    rows=st.dictionaries(
        st.sampled_from(["default", "EU", "FR", "US", "US-CA", "US-TX"]), st.sampled_from(list(Regime))
    ),
    country=st.sampled_from(["FR", "DE", "US", "JP"]),
    region=st.sampled_from(["CA", "TX", "NY"]),
)
def test_knowing_less_is_never_laxer(rows: dict[str, Regime], country: str, region: str) -> None:
    policy = Policy(regimes=dict(rows))
    known, country_only, nothing = (
        strictest(policy.regimes_at(place).values()).strictness
        for place in (Place(country=country, region=region), Place(country=country), None)
    )
    assert known <= country_only <= nothing


@pytest.mark.parametrize(
    ("place", "binding", "override"),
    [
        (None, True, False),
        (Place(), True, False),
        (Place(country="XX"), True, False),
        (Place(country="US"), True, False),
        (Place(country="US", region="CA"), True, True),
        (Place(country="US", region="TX"), True, False),
        (Place(country="US", region="FL"), False, False),
        (Place(country="DE"), False, False),
        (Place(country="DE", region="BE"), False, False),
    ],
)
def test_where_gpc_binds(place: Place | None, binding: bool, override: bool) -> None:
    assert Policy().gpc_binding(place) is binding
    assert Policy().gpc_override(place) is override


@pytest.mark.parametrize("region", ["XX", "ZZ", "US-1"])
def test_a_region_that_is_no_state_is_not_known(region: str) -> None:
    policy = Policy(regimes={"default": "opt-in", "US": "opt-out", "US-CA": "opt-in"})
    place = Place(country="US", region=region)
    assert place.region == ""
    assert set(policy.regimes_at(place).values()) == {Regime.OPT_IN}
    assert policy.gpc_binding(place)


# Codes


def test_countries_are_those_of_the_standard_and_kosovo() -> None:
    assert len(COUNTRIES) == 250
    assert EU_AND_EEA | {"GB", "US", "SS", "XK"} < COUNTRIES
    assert COUNTRIES.isdisjoint({"AN", "AP", "CS", "EU", "SU", "UK", "WW", "XX", "YU", "ZZ"})
    rows = {row.place.partition("-")[0] for row in jurisdictions().rows} - {"EU"}
    assert rows <= COUNTRIES


@pytest.mark.parametrize(
    ("country", "region", "place"),
    [
        ("gb", "eng", ("GB", "ENG")),
        (" DE ", "DE-BY", ("DE", "BY")),
        ("UK", "", ("GB", "")),  # reserved for the United Kingdom
        ("UK", "UK-ENG", ("GB", "ENG")),
        ("UK", "GB-ENG", ("GB", "ENG")),
        ("JP", "13", ("JP", "13")),
        ("DE", "BAVARIA", ("DE", "")),
        ("DE", "FR-IDF", ("DE", "")),
        ("DE", "B\u00dc", ("DE", "")),
        ("\u00df", "", ("", "")),  # "SS" in upper case, which is South Sudan
        ("l\u0131", "", ("", "")),  # "LI"
        ("XX", "CA", ("", "")),
        ("US-CA", "CA", ("", "")),
        ("", "CA", ("", "")),
    ],
)
def test_what_is_no_code_is_not_kept(country: str, region: str, place: tuple[str, str]) -> None:
    found = Place(country=country, region=region)
    assert (found.country, found.region) == place
    assert found.known is bool(place[0])


@given(country=st.text(max_size=4), region=st.text(max_size=8))
def test_whatever_a_header_says_few_places_come_of_it(country: str, region: str) -> None:
    place = Place(country=country, region=region)
    assert place.country in COUNTRIES | {""}
    assert len(place.region) <= 3 and (place.region.isalnum() or not place.region)
    assert place.country != "US" or place.region in US_STATES | {""}
    assert place.country != "CA" or place.region in CA_PROVINCES | {""}
    assert Place(country=place.country, region=place.region) == place
