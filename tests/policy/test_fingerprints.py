"""What asks visitors again, and what must not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.policy import Banner, Cookie, Policy, Purpose, Site, Vendor

DAILY = Cookie(name="_o", retention="1 day")
OWN = Vendor(name="Own", purpose="analytics", retention="14 months", cookies=(Cookie(name="_o"),))
BASE = Policy(uses=("google-analytics", "youtube"), vendors={"own": OWN})


def changed(policy: Policy) -> set[str]:
    """The purposes for which a policy asks again."""
    return {name for name, value in policy.fingerprints.items() if BASE.fingerprints[name] != value}


def with_own(**fields: object) -> Policy:
    own = Vendor(**{"name": "Own", "purpose": "analytics", "retention": "14 months", **fields})  # type: ignore[arg-type]
    return Policy(uses=BASE.uses, vendors={"own": own})


@pytest.mark.parametrize(
    "policy",
    [
        Policy(uses=BASE.uses, vendors={"own": OWN}, site=Site(controller="New name")),
        Policy(uses=BASE.uses, vendors={"own": OWN}, banner=Banner(accent="#123456")),
        Policy(uses=BASE.uses, vendors={"own": OWN}, regimes={"US": "opt-out"}),
        Policy(uses=tuple(reversed(BASE.uses)), vendors={"own": OWN}),
        Policy(
            uses=BASE.uses,
            vendors={"own": OWN},
            purposes={"analytics": Purpose(title="New words", description="Other words.")},
        ),
        with_own(name="New name", description="Words.", privacy_policy="/own", country="DE"),
        with_own(retention=" 14  MONTHS"),
        with_own(cookies=(Cookie(name="_other"),)),
    ],
)
def test_words_and_looks_ask_nobody_again(policy: Policy) -> None:
    assert changed(policy) == set()
    assert policy.revision != BASE.revision or policy == BASE


@pytest.mark.parametrize(
    ("policy", "asked"),
    [
        (with_own(retention="15 months"), {"analytics"}),
        (with_own(retention=""), {"analytics"}),
        (with_own(cookies=(DAILY,)), {"analytics"}),
        (with_own(purpose="marketing"), {"analytics", "marketing"}),
        (Policy(uses=BASE.uses), {"analytics"}),
        (Policy(uses=("google-analytics",), vendors={"own": OWN}), {BASE.vendor_purpose("youtube") or ""}),
        (Policy(uses=(*BASE.uses, "meta-pixel"), vendors={"own": OWN}), {"marketing"}),
        (
            Policy(uses=BASE.uses, vendors={"own": OWN}, purposes={"analytics": Purpose(edition=2)}),
            {"analytics"},
        ),
    ],
)
def test_vendors_retention_and_edition_ask_again_for_their_purpose_alone(
    policy: Policy, asked: set[str]
) -> None:
    assert changed(policy) == asked


def test_what_the_catalog_adds_does_not_count() -> None:
    named = Policy(uses=("youtube",), vendors={"youtube": Vendor(name="YouTube by Google", country="IE")})
    assert named.fingerprints == Policy(uses=("youtube",)).fingerprints


@given(st.permutations(["google-analytics", "youtube", "chartbeat", "meta-pixel"]))
def test_fingerprints_do_not_depend_on_the_order(uses: list[str]) -> None:
    policy = Policy(uses=tuple(uses))
    assert policy.fingerprints == Policy(uses=tuple(sorted(uses))).fingerprints
    assert all(re.fullmatch("[0-9a-f]{6}", value) for value in policy.fingerprints.values())


def test_fingerprints_are_pinned() -> None:
    # Another value here asks every visitor of every site again: never change it.
    assert dict(Policy().fingerprints) == dict.fromkeys(Policy().purposes, "b87cdd")
    own = Vendor(name="Own", purpose="analytics", retention="14 months", cookies=(DAILY,))
    assert Policy(vendors={"own": own}).fingerprints["analytics"] == "f6268a"


def test_vendor_purposes() -> None:
    assert BASE.vendor_purpose("own") == "analytics"
    assert BASE.vendor_purpose("meta-pixel") == "marketing"
    assert BASE.vendor_purpose("nobody") is None


def test_whatever_a_choice_may_name_has_a_purpose() -> None:
    policy = Policy(vendors={"own": OWN}, purposes={"youtube": Purpose(title="Films", description="Shows.")})
    named = policy.purpose_by_name
    assert [named[name] for name in ("analytics", "own", "meta-pixel")] == [
        "analytics",
        "analytics",
        "marketing",
    ]
    assert named["youtube"] == "youtube"  # of a purpose and of a known vendor, the purpose
    assert "nobody" not in named


def test_policies_that_say_the_same_are_one_to_memos() -> None:
    same = Policy(uses=BASE.uses, vendors={"own": OWN})
    assert same == BASE and {same: 1}[BASE] == 1
    assert hash(same) == hash(BASE) == hash(BASE.revision) != hash(Policy())
    assert [vendor.id for vendor in BASE.vendors_for("analytics")] == ["google-analytics", "own"]
