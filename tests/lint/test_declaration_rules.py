"""Rules of who is declared for what, and of what a new policy declares anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit import Policy
from consentkit.lint import lint
from consentkit.policy import Vendor
from lint.findings import found

# Rules 19 to 22


def test_what_the_catalog_says_need_not_be_said_again() -> None:
    assert found('uses = ["google-analytics"]', 19) == []
    assert found('uses = ["youtube"]', 19) == [("warning", "vendors.youtube.retention")]


def test_hosts_and_cookies_claimed_twice() -> None:
    policy = """
        [vendors.one]
        name = "One"
        purpose = "analytics"
        hosts = ["a.example", "b.example"]
        cookies = [{ name = "_one" }]
        [vendors.two]
        name = "Two"
        purpose = "functional"
        hosts = ["b.example"]
        cookies = [{ name = "_one" }]
        [vendors.three]
        name = "Three"
        purpose = "analytics"
        hosts = ["a.example"]
        """
    assert found(policy, 20) == [("error", "vendors.two.hosts[0]"), ("error", "vendors.two.cookies[0]")]


def test_another_purpose_than_the_catalog_s_is_worth_a_note() -> None:
    assert found('vendors.hotjar.purpose = "functional"', 20) == [("note", "vendors.hotjar.purpose")]
    policy = '[vendors.own]\nname = "Own"\npurpose = "functional"\nhosts = ["static.hotjar.com"]'
    assert found(policy, 20) == [("note", "vendors.own.hosts[0]")]


@pytest.mark.parametrize(
    ("key", "where"),
    [
        ('hosts = ["login.example", "static.hotjar.com"]', ["hosts[1]"]),
        ('cookies = [{ name = "_ga" }]', ["cookies[0]"]),
        ('cookies = [{ name = "_ga_*" }]', ["cookies[0]"]),
        ('cookies = [{ name = "_g*" }]', ["cookies[0]"]),
        ('cookies = [{ name = "sessionid" }]', []),
        ('hosts = ["js.stripe.com"]', []),
    ],
)
def test_what_is_called_necessary_is_compared_with_the_catalog(key: str, where: list[str]) -> None:
    policy = f'[vendors.own]\nname = "Own"\npurpose = "necessary"\n{key}'
    assert found(policy, 21) == [("error", f"vendors.own.{place}") for place in where]


BEFORE = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nhosts = ["a.example"]\nown_use = false\n'


@pytest.mark.parametrize(
    ("after", "levels"),
    [
        (BEFORE, []),
        (BEFORE.replace("false", "true"), ["error"]),
        (BEFORE.replace("a.example", "b.example"), ["warning"]),
        (BEFORE + 'cookies = [{ name = "_own" }]', ["warning"]),
        (BEFORE + 'cookies = [{ name = "_own", retention = "1 day" }]', []),
        (BEFORE.replace('"a.example"', '"b.example"') + 'retention = "2 days"', []),
    ],
)
def test_what_fingerprints_do_not_see_is_compared(after: str, levels: list[str]) -> None:
    expected = [(level, "purposes.analytics") for level in levels]
    assert found(after, 22, before=Policy.loads(BEFORE)) == expected


def test_an_edition_is_never_lowered() -> None:
    before = Policy.loads("purposes.analytics.edition = 3")
    (finding,) = [one for one in lint(Policy(), before=before) if one.rule == 22]
    assert (finding.level, finding.fix) == ("error", "Raise the edition to 4.")


@given(st.sets(st.sampled_from("abcdef"), min_size=1), st.sampled_from("abcdef"))
def test_a_vendor_more_or_less_always_changes_the_fingerprint(names: set[str], other: str) -> None:
    vendors = {name: Vendor(name=name, purpose="analytics") for name in names}
    changed = {name: Vendor(name=name, purpose="analytics") for name in names ^ {other}}
    policy, after = Policy(vendors=vendors), Policy(vendors=changed)
    assert policy.fingerprints["analytics"] != after.fingerprints["analytics"]
    assert [finding for finding in lint(after, before=policy) if finding.rule == 22] == []


@pytest.mark.parametrize(
    ("after", "found_there"),
    [
        ("purposes.analytics.edition = 2", True),
        ("purposes.analytics.edition = 2\npurposes.analytics.description = 'Counts and compares.'", False),
        ('uses = ["hotjar"]', False),
        ("", False),
    ],
)
def test_asking_again_for_no_reason_is_worth_a_note(after: str, found_there: bool) -> None:
    expected = [("note", "purposes.analytics")] if found_there else []
    assert found(after, 16, before=Policy()) == expected


@pytest.mark.parametrize(
    ("purpose", "vendor", "level"),
    [
        ("marketing", "meta-pixel", []),
        ("ads", "meta-pixel", ["error"]),
        ("ads", "hotjar", []),
        ("ads", "youtube", ["note"]),  # content that is shown
        ("functional", "youtube", ["note"]),
        ("functional", "meta-pixel", ["warning"]),
        ("analytics", "meta-pixel", ["warning"]),
        ("necessary", "meta-pixel", []),  # rule 21
    ],
)
def test_the_signal_stops_who_advertises(purpose: str, vendor: str, level: list[str]) -> None:
    ads = '[purposes.ads]\ntitle = "Ads"\ndescription = "Shows ads."\n'
    policy = f'{ads}[vendors.{vendor}]\npurpose = "{purpose}"'
    assert found(policy, 27) == [(one, f"vendors.{vendor}.purpose") for one in level]
    assert found(policy.replace("title", "sale = true\ntitle"), 27) == (
        [] if purpose == "ads" else found(policy, 27)
    )


def test_the_signal_stops_advertising_that_is_called_no_sale() -> None:
    policy = 'uses = ["meta-pixel"]\npurposes.marketing.sale = false'
    assert found(policy, 27) == [("error", "vendors.meta-pixel.purpose")]
    contract = policy + "\nvendors.meta-pixel.own_use = false"
    assert found(contract, 27) == [("note", "vendors.meta-pixel.purpose")]
    own = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nhosts = ["connect.facebook.net"]'
    assert found(own, 27) == [("warning", "vendors.own.hosts[0]")]
    hidden = '[vendors.youtube]\npurpose = "functional"\nhosts = ["connect.facebook.net"]'
    assert ("warning", "vendors.youtube.hosts[0]") in found(hidden, 27)
