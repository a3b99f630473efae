"""How long choices hold: what the site wants, within what the law of the place allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import ConfigurationError
from consentkit.policy import Lifetime, Place, Policy, Validity
from consentkit.policy.jurisdictions import jurisdictions

PLACES = [None, Place(country="AQ"), Place(country="CA")] + [
    Place(country=row.place[:2], region=row.place[3:]) for row in jurisdictions().rows
]


def wanted(consent: str, refusal: str) -> Policy:
    return Policy(lifetime=Lifetime(consent=consent, refusal=refusal))


def test_by_default_grants_last_half_a_year_and_refusals_as_long_as_can_be() -> None:
    assert {Policy().validity_at(place) for place in PLACES} == {Validity(180, 400)}


@pytest.mark.parametrize(
    ("country", "validity"),
    [
        ("FR", (180, 180)),  # both are kept six months
        ("RE", (180, 180)),
        ("IT", (365, 365)),  # nobody is asked again within six months, nor before a grant would lapse
        ("IE", (180, 180)),
        ("LU", (360, 360)),
        ("ES", (365, 365)),  # 24 months are more than a cookie lasts
        ("BR", (365, 365)),
        ("AQ", (180, 180)),  # no row: the strictest of all
        ("", (180, 180)),
    ],
)
def test_the_law_shortens_grants_and_prolongs_refusals(country: str, validity: tuple[int, int]) -> None:
    assert wanted("1 year", "30 days").validity_at(Place(country=country)) == validity


def test_a_refusal_is_respected_at_least_as_long_as_a_grant() -> None:
    assert wanted("90 days", "10 days").validity_at(Place(country="BR")) == Validity(90, 90)
    assert wanted("10 days", "10 days").validity_at(Place(country="IT")) == Validity(10, 180)


@given(consent=st.integers(1, 400), refusal=st.integers(1, 400), place=st.sampled_from(PLACES))
def test_whatever_is_configured(consent: int, refusal: int, place: Place | None) -> None:
    found = wanted(f"{consent} days", f"{refusal} days").validity_at(place)
    assert 1 <= found.grant_days <= consent
    assert max(refusal, found.grant_days) <= found.refusal_days <= 400


@pytest.mark.parametrize("key", ["consent", "refusal"])
@pytest.mark.parametrize("text", ["soon", "session", "36 hours", "14 months", "401 days", "1 second"])
def test_what_no_cookie_can_keep_is_refused(key: str, text: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^lifetime\.{key}: expected .*{text}") as caught:
        Policy.loads(f'lifetime.{key} = "{text}"')
    assert caught.value.path == f"lifetime.{key}"


@pytest.mark.parametrize(
    ("text", "days"), [("24 hours", 1), ("400 days", 370), ("6 months", 180), ("1 year", 365)]
)
def test_units(text: str, days: int) -> None:
    assert wanted(text, "400 days").validity_at(Place(country="BR")).grant_days == days


def test_lifetimes_ask_nobody_again() -> None:
    assert wanted("30 days", "60 days").fingerprints == Policy().fingerprints
    assert wanted("30 days", "60 days").revision != Policy().revision
