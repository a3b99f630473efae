"""Rules of what the law of a place asks for, and of how long things last."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit import Policy
from consentkit.lint import lint
from consentkit.policy import Regime
from lint.findings import TODAY, found

# Rule 1


def test_what_is_looser_than_the_law_is_found_where_it_is_written() -> None:
    policy = """
        [regimes]
        default = "opt-out"
        EU = "opt-in"
        FR = { functional = "none" }
        US = "inform"
        """
    assert found(policy, 1) == [("error", "regimes.default"), ("error", "regimes.FR.functional")]


@given(
    st.dictionaries(
        st.sampled_from(["default", "EU", "FR", "GB", "US", "US-CA", "BR"]), st.sampled_from(list(Regime))
    )
)
def test_only_rows_that_grant_break_rule_1(rows: dict[str, Regime]) -> None:
    places = {finding.where for finding in lint(Policy(regimes=rows)) if finding.rule == 1}
    assert places <= {f"regimes.{key}" for key, regime in rows.items() if regime.grants}
    assert "regimes.US" not in places
    assert ("regimes.BR" in places) is rows.get("BR", Regime.OPT_IN).grants


def test_statistics_for_the_site_alone_may_be_exempt() -> None:
    policy = 'regimes.FR = {{ analytics = "{}" }}\n[vendors.own]\nname = "Own"\npurpose = "analytics"\n{}'
    where = "regimes.FR.analytics"
    assert found(policy.format("inform", "own_use = false"), 1) == [("warning", where)]
    assert found(policy.format("inform", ""), 1) == [("error", where)]
    assert found(policy.format("none", "own_use = false"), 1) == [("error", where)]


@pytest.mark.parametrize(
    "rows",
    [
        {"DE-BY": "none", "FR-IDF": "opt-out"},
        {"BY": "none", "AQ": "inform"},  # the table has no row: consent is asked first
        {"BY-MI": "opt-out"},
        {"CA-QC": "opt-out"},
    ],
)
def test_every_place_that_the_policy_names_is_looked_at(rows: dict[str, str]) -> None:
    findings = lint(Policy(regimes=rows), today=TODAY)
    assert {finding.where for finding in findings if finding.rule == 1} == {f"regimes.{key}" for key in rows}


def test_a_stricter_region_hides_nothing_of_its_country() -> None:
    assert found('[regimes]\nDE = "none"\nDE-BY = "opt-in"', 1) == [("error", "regimes.DE")]


def test_advanced_mode_is_worth_a_warning() -> None:
    policy = 'vendors.google-analytics.consent_mode = "advanced"'
    assert found(policy, 1) == [("warning", "vendors.google-analytics.consent_mode")]


OWN_STATISTICS = """
    [regimes]
    GB = { stats = "inform" }
    [purposes.stats]
    title = "Statistics"
    description = "Counts visits."
    [vendors.plausible]
    purpose = "stats"
    """


def test_the_british_exception_is_for_statistics_by_any_name() -> None:
    assert found(OWN_STATISTICS, 1) == found(OWN_STATISTICS, 31) == []
    doubted = OWN_STATISTICS + "own_use = true"
    assert (found(doubted, 1), found(doubted, 31)) == ([], [("error", "vendors.plausible.own_use")])
    silent = OWN_STATISTICS.replace("inform", "none")
    assert (found(silent, 1), found(silent, 31)) == ([], [("error", "regimes.GB.stats")])


def test_the_british_exception_is_for_nothing_else() -> None:
    where = [("error", "regimes.GB.stats")]
    assert found(OWN_STATISTICS.replace("plausible", "meta-pixel") + "own_use = false", 1) == where
    assert found(OWN_STATISTICS + '[vendors.meta-pixel]\npurpose = "stats"\nown_use = false', 1) == where
    assert found(OWN_STATISTICS.replace("title =", "sale = true\ntitle ="), 1) == where


# Rules 15 to 18


def test_both_lifetimes_are_looked_at() -> None:
    policy = '[lifetime]\nconsent = "100 days"\nrefusal = "90 days"'
    assert found(policy, 15) == [("error", "lifetime.refusal")]
    assert found(policy, 16) == [("error", "lifetime.consent"), ("error", "lifetime.refusal")]


def test_a_place_with_a_shorter_maximum_is_named() -> None:
    findings = lint(Policy.loads('lifetime.consent = "200 days"'))
    (finding,) = [finding for finding in findings if finding.rule == 18]
    assert "FR (180 days)" in finding.message
    assert "ES" not in finding.message


# Rules 26 and 31 to 35


def test_the_link_matters_only_where_something_is_sold() -> None:
    assert found("banner.link = false", 26) == []
    assert found('uses = ["hotjar"]\nbanner.link = false', 26) == []
    policy = 'uses = ["meta-pixel"]\nregimes.US-CA = { marketing = "none" }'
    assert found(policy, 26) == [("warning", "regimes.US-CA.marketing")]


@pytest.mark.parametrize(
    ("rows", "link", "expected"),
    [
        ('US-CA = "inform"', "true", [("warning", "regimes.US-CA")]),
        ('US = "none"', "true", [("warning", "regimes.US")]),
        ('US-VA = "none"', "false", [("error", "banner.link"), ("error", "regimes.US-VA")]),
        ('US = { analytics = "none" }', "true", []),  # counting is no sale
        ('US-WY = "inform"\nAU = "none"', "true", []),  # the law there asks for no opt-out
        ('CA-ON = "inform"\nCA-QC = "opt-in"', "true", [("warning", "regimes.CA-ON")]),
    ],
)
def test_less_than_the_opt_out_of_a_sale(rows: str, link: str, expected: list[tuple[str, str]]) -> None:
    policy = f'uses = ["meta-pixel", "google-analytics"]\nbanner.link = {link}\n[regimes]\n{rows}'
    assert found(policy, 26) == expected
    assert found(policy.replace('"meta-pixel", ', "").replace("false", "true"), 26) == []


def test_nobody_can_object_without_a_banner() -> None:
    assert found('regimes.GB = { analytics = "none" }', 31) == [("error", "regimes.GB.analytics")]


def test_what_nobody_says_of_own_use_counts_as_own_use() -> None:
    policy = '[vendors.own]\nname = "Own"\npurpose = "analytics"\n[regimes]\nGB = { analytics = "inform" }'
    assert found(policy, 31) == [("error", "vendors.own.own_use")]
    assert found(policy.replace("inform", "opt-in"), 31) == []


def test_the_law_s_own_exception_is_never_broken() -> None:
    assert found('uses = ["google-analytics", "hotjar"]', 31) == []


def test_limits_of_the_french_authority_are_a_warning_elsewhere() -> None:
    vendor = '[vendors.own]\nname = "Own"\npurpose = "analytics"\nretention = "3 years"\nown_use = false\n'
    asked = '[regimes]\ndefault = "opt-in"\n'
    where = "vendors.own.retention"
    assert found(vendor + asked, 32) == []
    assert found(vendor + asked + 'FR = { analytics = "inform" }', 32) == [("error", where)]
    assert found(vendor + asked + 'GB = { analytics = "inform" }', 32) == [("warning", where)]
    assert found(vendor + asked + 'US = { analytics = "inform" }', 32) == []
    assert found(vendor, 32) == [("warning", where)]  # the law's own exception in the United Kingdom
    unsaid = vendor.replace('retention = "3 years"\n', "")
    assert found(unsaid + asked + 'FR = { analytics = "inform" }', 32) == [("warning", where)]
