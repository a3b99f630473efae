"""First-party proxies that a site declares: a path of its own that stands for a vendor."""

from __future__ import annotations

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy, Vendor
from gating.pages import consent, rewrite

POLICY = Policy(
    vendors={
        "metrics": Vendor(name="Metrics", purpose="analytics", hosts=("news.example/metrics",)),
        "whole": Vendor(name="Whole", purpose="analytics", hosts=("www.news.example",)),
        "elsewhere": Vendor(name="Elsewhere", purpose="analytics", hosts=("other.example/m",)),
    }
)
GATE = Gate(POLICY)
DENIED, GRANTED = consent(policy=POLICY), consent("analytics", policy=POLICY)

PROXIED = [
    "<script src=/metrics/a.js></script>",
    "<img src=/metrics>",
    "<img src='/metrics?id=1'>",
    "<img src=https://www.news.example/metrics/x.gif>",
    "<img src=//news.example/metrics/x.gif>",
    "<img src=../metrics/x.gif>",
    "<img src=/x/../%6detrics/x.gif>",
    "<img src='/&#109;etrics/x.gif'>",
    "<link rel=preload href=/metrics/a.js>",
    "<script>fetch('/metrics/hit')</script>",
    "<script>navigator.sendBeacon(location.origin + '/metrics/hit')</script>",
    '<script>fetch("https://www.news.example/metrics/hit")</script>',
    "<script>fetch('https:\\/\\/www.news.example\\/metrics\\/hit')</script>",
    "<body onload=\"fetch('/metrics/hit')\">",
]


@pytest.mark.parametrize("page", PROXIED)
def test_the_path_is_a_third_party(page: str) -> None:
    denied = rewrite(page, DENIED, gate=GATE, path="/stories/1")
    assert "data-consentkit-" in denied or "<script type=text/plain>" in denied
    assert rewrite(page, GRANTED, gate=GATE, path="/stories/1") == page


@pytest.mark.parametrize(
    "page",
    [
        "<img src=/metricsque/x.gif>",
        "<img src=metrics/x.gif>",
        "<img src=/x/metrics/x.gif>",
        "<img src=https://www.news.example/x.gif>",
        "<img src=/m/x.gif>",
        "<script>fetch('/m/hit')</script>",
        "<script>fetch('/metricsque/hit')</script>",
        "<script>var path = '/metrics/'</script>",
    ],
)
def test_the_rest_of_the_site_is_not_and_a_rule_without_a_path_says_nothing_about_it(page: str) -> None:
    assert rewrite(page, DENIED, gate=GATE, path="/stories/1") == page


def test_relative_addresses_follow_the_page_s_own_path() -> None:
    page = "<img src=metrics/x.gif>"
    assert rewrite(page, DENIED, gate=GATE, path="/") != page
    assert rewrite(page, DENIED, gate=GATE, path="/stories/1") == page
