"""The demonstration keeps to every rule, and the visits that say so have seen what they should."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from consentkit import Policy
from consentkit.scanner import lint_site
from consentkit.scanner.site import Plan, Site
from e2e.conftest import PLACES
from e2e.serving import ROOT, Demo

pytestmark = pytest.mark.browser

POLICY = Policy.from_toml(ROOT / "examples" / "news" / "consent.toml")
QUIET = 0.2


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    with Demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.mark.parametrize("place", ["eu", "california"])
def test_the_demo_keeps_to_every_rule(demo: Demo, chromium: Browser, place: str) -> None:
    told: list[str] = []
    found = lint_site(
        demo.article if place == "eu" else demo.url + "/privacy",
        policy=POLICY,
        headers=PLACES[place],
        pages=2,
        quiet=QUIET,
        browser=chromium,
        progress=told.append,
    )
    assert found == []
    assert len(told) == len(set(told)) >= 8


def test_what_the_visits_see(demo: Demo, chromium: Browser) -> None:
    plan = Plan(url=demo.url + "/privacy", policy=POLICY, headers=PLACES["eu"], pages=2, quiet=QUIET)
    site = Site(chromium, plan, lambda _: None)
    assert site.regime == "opt-in" and site.allowed == {"necessary"}
    assert site.layer is not None and site.layer.path == "#consentkit-banner"
    assert [site.tracking(trace) for trace in site.arrival.walk] == [[], []]
    assert site.refused.presses == site.granted.presses == 1
    assert [bool(site.tracking(trace)) for trace in site.granted.walk] == [True, True]
    withdrawn = site.granted.withdrawn
    assert withdrawn is not None and withdrawn.presses == 1
    assert site.tracking(site.granted.walk[1]) and not site.tracking(withdrawn.walk[-1])
    granted, refused = site.granted.shown, site.refused.shown
    assert granted is not None and refused is not None
    assert all(granted[1]) and sum(refused[1]) == 1  # the one that is necessary
