"""Vendors' programs on hosts that nobody knows: reported on the site's own, gated elsewhere."""

from __future__ import annotations

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy, Vendor
from gating.pages import EVERYTHING, GATE, NOTHING, POLICY, consent, rewrite, run

OWN = [
    ("google-tag-manager", "https://gtm.news.example/gtm.js?id=GTM-1", "gtm.news.example"),
    ("google-tag-manager", "/metrics/?s=1&amp;id=GTM-1", "www.news.example/metrics"),
    ("google-tag-manager", "/load.js?id=GTM-1", "www.news.example/load.js"),
    ("google-analytics", "/metrics/gtag/js?id=G-1", "www.news.example/metrics/gtag/js"),
    ("google-analytics", "/a/../metrics/gtag/js?l=x&amp;id=G-1", "www.news.example/metrics/gtag/js"),
    ("google-ads", "https://www.news.example/gtag/js?id=AW-1", "www.news.example/gtag/js"),
    ("google-tag-manager", "//tags.news.example/ns.html?id=GTM-1", "tags.news.example"),
    ("google-tag-manager", "/ns.html?id=GTM-1", "www.news.example/ns.html"),
    ("matomo", "/stats/matomo.js", "www.news.example/stats/matomo.js"),
    ("matomo", "//www.news.example/piwik.js?v=2", "www.news.example/piwik.js"),
    ("posthog", "/ingest/static/array.js", "www.news.example/ingest/static/array.js"),
    ("meta-pixel", "/assets/fbevents.js", "www.news.example/assets/fbevents.js"),
    ("plausible", "https://news.example/js/plausible.js", "news.example"),
    ("vercel-insights", "/_vercel/insights/script.js", "www.news.example/_vercel/insights/script.js"),
    ("cloudflare-zaraz", "/cdn-cgi/zaraz/s.js?z=x", "www.news.example/cdn-cgi/zaraz/s.js"),
]


@pytest.mark.parametrize(("vendor", "address", "rule"), OWN)
@pytest.mark.parametrize("name", ["script", "iframe"])
def test_on_the_site_s_own_host_it_passes_and_is_reported(
    name: str, vendor: str, address: str, rule: str
) -> None:
    page = f"<{name} src='{address}'></{name}>"
    for given in (NOTHING, EVERYTHING):
        out, handler = run(page, given)
        assert out == page
        assert handler.undeclared == {rule: vendor}
        assert not handler.gated


@pytest.mark.parametrize(("vendor", "address", "rule"), OWN)
def test_declared_as_the_report_says_it_is_gated_and_no_longer_reported(
    vendor: str, address: str, rule: str
) -> None:
    policy = Policy(vendors={vendor: Vendor(id=vendor, hosts=(rule,))})
    gate, denied = Gate(policy), consent(policy=policy)
    page = f"<script src='{address}'></script>"
    out, handler = run(page, denied, gate=gate)
    assert out != page
    assert [gated.vendor for gated in handler.gated] == [vendor]
    assert handler.undeclared == {}
    assert rewrite(page, consent(*policy.purposes, policy=policy), gate=gate) == page


@pytest.mark.parametrize(
    "address",
    [
        "/js/app.js",
        "/gtm.js",
        "/gtm.js?id=1",
        "/gtag/js?id=x",
        "/gtm.js?xid=GTM-1",
        "/xmatomo.js",
        "/ns.html",
        "/matomo.js/x",
        "/matomo.json",
        "/array.js",
        "/static/arrays.js",
        "https://www.news.example/analytics.js",
    ],
)
def test_other_programs_of_the_site_are_its_own_business(address: str) -> None:
    for page in (f"<script src='{address}'></script>", f"<iframe src='{address}'></iframe>"):
        out, handler = run(page)
        assert out == page
        assert handler.undeclared == {}


@pytest.mark.parametrize(
    ("vendor", "address"),
    [
        ("google-tag-manager", "https://x.elsewhere.example/gtm.js?id=GTM-1"),
        ("google-analytics", "//elsewhere.example/m/gtag/js?id=G-1"),
        ("matomo", "https://elsewhere.example/matomo/matomo.js"),
        ("posthog", "https://e.elsewhere.example/static/array.js"),
        ("chatwoot", "https://help.elsewhere.example/packs/js/sdk.js"),
        ("mautic", "https://elsewhere.example/mtc.js"),
    ],
)
def test_on_a_host_of_somebody_else_s_it_is_the_vendor_s(vendor: str, address: str) -> None:
    page = f"<script src='{address}'></script>"
    (gated,) = run(page)[1].gated
    assert (gated.vendor, gated.why) == (vendor, "program")
    assert rewrite(page, EVERYTHING) == page


def test_a_declared_host_is_its_vendor_s_whatever_its_programs_are_called() -> None:
    (gated,) = run("<script src='https://stats.news.example/matomo.js'></script>")[1].gated
    assert (gated.vendor, gated.why) == ("newsroom", "host")


def test_where_nobody_is_to_be_told_nobody_is() -> None:
    page = "<script src=/matomo.js></script>"
    assert run(page, gate=Gate(POLICY, unclassified="allow"))[1].undeclared == {}
    assert run(page, gate=Gate(POLICY, unclassified="gate"))[0] == page


def test_a_page_whose_host_is_not_known_reports_none() -> None:
    handler = GATE.page(NOTHING)
    assert not handler.start_tag(b"<iframe src=/ns.html?id=GTM-1>", b"iframe", 0)  # type: ignore[arg-type]
    assert handler.undeclared == {}


def test_a_frame_in_noscript() -> None:
    page = "<body><noscript><iframe src=/ns.html?id=GTM-1 height=0></iframe></noscript>"
    out, handler = run(page)
    assert out == page
    assert handler.undeclared == {"www.news.example/ns.html": "google-tag-manager"}


def test_a_script_in_a_frame_s_document() -> None:
    page = '<iframe srcdoc="<script src=/matomo.js></script>"></iframe>'
    out, handler = run(page)
    assert out == page
    assert handler.undeclared == {"www.news.example/matomo.js": "matomo"}
