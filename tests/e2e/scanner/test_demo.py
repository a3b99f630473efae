"""The demonstration keeps to every rule, and the visits that say so have seen what they should."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from consentkit import Policy
from consentkit.scanner.origin_headers import OriginHeaders
from consentkit.scanner.site_visits import SiteVisits, check_site
from consentkit.scanner.visit import VisitPlan
from e2e.conftest import PLACES
from e2e.serving import ROOT, Demo

pytestmark = pytest.mark.browser

POLICY = Policy.from_toml(ROOT / "examples" / "news" / "consent.toml")
QUIET = 0.1


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with Demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


def at(url: str, browser: Browser, place: str) -> SiteVisits:
    plan = VisitPlan(url=url, policy=POLICY, headers=OriginHeaders(url, PLACES[place]), pages=2, quiet=QUIET)
    return SiteVisits(browser, plan, lambda _: None)


def test_the_demo_keeps_to_every_rule_where_consent_is_asked_first(demo: Demo, chromium: Browser) -> None:
    site = at(demo.article, chromium, "eu")
    assert check_site(site) == []
    assert site.regime == "opt-in" and site.allowed == {"necessary"}
    assert site.layer is not None and site.layer.path == "#consentkit-banner"
    assert [site.tracking(trace) for trace in site.arrival.walk] == [[], []]
    assert site.refused.presses == site.granted.presses == 1
    assert all(site.tracking(trace) for trace in site.granted.walk)
    withdrawn = site.granted.withdrawn
    assert withdrawn is not None and withdrawn.presses == 1
    assert not any(site.tracking(trace) for trace in withdrawn.walk)
    granted, refused = site.granted.shown, site.refused.shown
    assert granted is not None and refused is not None
    assert all(granted[1]) and sum(refused[1]) == 1  # the one that is necessary
    assert [done.name for done in site.gestures] == [
        "scrolling",
        "pressing Escape",
        "clicking beside the layer",
    ]


def test_the_demo_keeps_to_every_rule_where_visitors_opt_out(demo: Demo, chromium: Browser) -> None:
    site = at(demo.url + "/privacy", chromium, "california")
    assert check_site(site) == []
    assert site.regime == "opt-out" and "marketing" in site.allowed
    asked = {
        owner.purpose
        for trace in site.arrival.walk
        for url in trace.requests
        if (owner := site.vendors.match_request(url))
    }
    assert "marketing" in asked
    assert site.overridden is not None and site.overridden.state is not None
    assert "marketing" not in site.overridden.state.granted
