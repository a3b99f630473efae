"""Whose requests and cookies are."""

from __future__ import annotations

import pytest

from consentkit import Policy
from consentkit.lint.vendor_matcher import MatchedVendor, VendorMatcher, needing_consent

SITE = "https://www.news.example/story"
POLICY = Policy.loads(
    """
uses = ["google-analytics", "youtube"]

[vendors.youtube]
purpose = "functional"

[vendors.newsroom]
name = "Newsroom"
purpose = "analytics"
hosts = ["stats.news.example", "www.news.example/stats"]
cookies = [{ name = "_nr*" }]

[vendors.cdn]
name = "Library"
purpose = "necessary"
hosts = ["cdn.jsdelivr.net"]
"""
)


def cookie(name: str, domain: str = "www.news.example") -> tuple[str, str]:
    return name, domain


@pytest.mark.parametrize(
    ("url", "owner"),
    [
        ("https://www.google-analytics.com/g/collect", ("Google Analytics", "analytics")),
        ("https://www.youtube.com/embed/x", ("YouTube", "functional")),
        ("https://stats.news.example/a.gif", ("Newsroom", "analytics")),
        ("https://www.news.example/stats/a.gif", ("Newsroom", "analytics")),
        ("https://www.news.example/a.gif", None),
        ("https://cdn.jsdelivr.net/npm/jquery@3", ("Library", "necessary")),
        ("https://cdn.jsdelivr.net/npm/posthog-js@1/dist/array.js", ("PostHog", "analytics")),
        ("https://www.news.example/m/gtm.js?id=GTM-1", ("Google Tag Manager", "marketing")),
        ("https://www.news.example/analytics.js", None),
        ("https://nobody.example/m/gtm.js?id=GTM-1", ("Google Tag Manager", "marketing")),
        ("https://nobody.example/", None),
        ("data:image/gif;base64,R0lGOD", None),
    ],
)
def test_whose_a_request_is(url: str, owner: tuple[str, str] | None) -> None:
    found = VendorMatcher(POLICY, SITE).match_request(url)
    assert (found and (found.name, found.purpose)) == owner


def test_without_a_policy_the_catalog_says_what_for() -> None:
    owners = VendorMatcher(None, SITE)
    assert owners.match_request("https://www.youtube.com/embed/x") == MatchedVendor(
        name="YouTube", purpose="marketing"
    )
    assert owners.match_request("https://press.news.example/a.gif") is None
    guess = owners.match_request("https://stats.news.example/a.gif")
    assert guess is not None and guess.guessed


def test_a_vendor_s_program_on_the_site_s_own_host_is_a_guess() -> None:
    owner = VendorMatcher(POLICY, SITE).match_request("https://www.news.example/stats.js/matomo.js")
    assert owner == MatchedVendor(name="Matomo Cloud", purpose="analytics", guessed=True)


def test_whose_a_cookie_is() -> None:
    owners = VendorMatcher(POLICY, SITE)
    assert owners.match_stored(*cookie("_nr_id")) == MatchedVendor(name="Newsroom", purpose="analytics")
    assert owners.match_stored(*cookie("_ga")) == MatchedVendor(name="Google Analytics", purpose="analytics")
    assert owners.match_stored(*cookie("anything", "www.facebook.com")) is not None
    assert owners.match_stored(*cookie("session")) is None


def test_what_nobody_declares() -> None:
    owners = VendorMatcher(POLICY, SITE)
    assert owners.is_undeclared(*cookie("session"))
    assert not owners.is_undeclared(*cookie("__Host-consentkit"))
    assert not owners.is_undeclared(*cookie("_ga"))
    assert not VendorMatcher(None, SITE).is_undeclared(*cookie("session"))


def test_the_sites_own_domain() -> None:
    owners = VendorMatcher(None, SITE)
    assert owners.is_own("www.news.example") and owners.is_own("news.example")
    assert not owners.is_own("ews.example") and not owners.is_own("a.www.news.example")


def test_who_needs_consent() -> None:
    owners = [
        MatchedVendor(name="A", purpose="analytics"),
        MatchedVendor(name="N", purpose="necessary"),
        None,
    ]
    assert needing_consent([*owners, *owners], ()) == owners[:1]
    assert needing_consent(owners, {"analytics"}) == []
