"""Trackers on CDNs that deliver anybody's programs: told by the name of the package, on any of them."""

from __future__ import annotations

import pytest

from consentkit.gating import Gate
from consentkit.policy import Policy, Vendor
from gating.pages import ALL, EVERYTHING, consent, rewrite, run

CDN = (
    "cdn.jsdelivr.net", "unpkg.com", "esm.sh", "esm.run", "cdn.skypack.dev", "ga.jspm.io", "jspm.dev",
    "cdnjs.cloudflare.com", "fastly.jsdelivr.net", "cdn.esm.sh", "rawcdn.githack.com", "ga.system.jspm.io",
)  # fmt: skip
NECESSARY = Policy(
    vendors={
        "cdn": Vendor(name="Library", purpose="necessary", hosts=CDN),
        "replay": Vendor(name="Replay", purpose="functional", hosts=("unpkg.com/logrocket",)),
    }
)
GATE = Gate(NECESSARY)
DENIED = consent(policy=NECESSARY)

TRACKERS = [
    ("hockeystack", "https://cdn.jsdelivr.net/npm/hockeystack@latest/hockeystack.min.js"),
    ("hockeystack", "https://cdn.jsdelivr.net/npm/hockeystack"),
    ("hockeystack", "//fastly.jsdelivr.net/npm/hockeystack@1.0.9/x.js"),
    ("statsig", "https://cdn.jsdelivr.net/npm/@statsig/js-client@3/build/a+session-replay.min.js?apikey=x"),
    ("statsig", "https://cdn.jsdelivr.net/npm/%40statsig/js-client@3/x.js"),
    ("statsig", "https://unpkg.com/@statsig/js-client"),
    ("posthog", "https://unpkg.com/posthog-js@1.2.3/dist/array.js"),
    ("posthog", "https://esm.sh/posthog-js@1?bundle&deps=react@18"),
    ("posthog", "https://esm.sh/*posthog-js@1"),
    ("posthog", "https://esm.sh/v135/posthog-js@1.2.3/es2022/posthog-js.mjs"),
    ("posthog", "https://esm.run/posthog-js"),
    ("posthog", "https://cdn.skypack.dev/posthog-js"),
    ("posthog", "https://cdn.skypack.dev/-/posthog-js@v1.2.3-abc/dist=es2019,mode=imports/optimized/x.js"),
    ("posthog", "https://cdn.skypack.dev/pin/posthog-js@v1.2.3-abc/posthog-js.js"),
    ("posthog", "https://ga.jspm.io/npm:posthog-js@1.2.3/dist/module.js"),
    ("posthog", "https://jspm.dev/posthog-js"),
    ("posthog", "https://ga.system.jspm.io/npm:posthog-js@1.2.3/dist/module.js"),
    ("posthog", "https://esm.sh/posthog-js&dev"),
    ("posthog", "https://cdn.jsdelivr.net/combine/npm/jquery,npm/posthog-js"),
    ("posthog", "https://cdn.jsdelivr.net/gh/PostHog/posthog-js@1.2.3/dist/array.js"),
    ("posthog", "https://cdn.jsdelivr.net/combine/npm/jquery@3,npm/posthog-js@1/dist/array.js"),
    ("posthog", "https://cdn.jsdelivr.net/combine/npm/posthog-js@1/dist/array.js,npm/jquery@3"),
    ("datadog", "https://ga.jspm.io/npm:@datadog/browser-rum@5/bundle/datadog-rum.js"),
    ("rollbar", "https://cdnjs.cloudflare.com/ajax/libs/rollbar.js/2.26.1/rollbar.min.js"),
    ("clarity", "https://cdn.jsdelivr.net/npm/clarity-js@0.7/build/clarity.min.js"),
    ("google-maps", "https://unpkg.com/@googlemaps/js-api-loader@1.16/dist/index.min.js"),
    ("mapbox", "https://unpkg.com/mapbox-gl@3/dist/mapbox-gl.js"),
    ("youtube", "https://cdn.jsdelivr.net/npm/lite-youtube-embed@0.3/src/lite-yt-embed.js"),
    ("vapi", "https://cdn.jsdelivr.net/gh/VapiAI/html-script-tag@latest/dist/assets/index.js"),
]


@pytest.mark.parametrize(("vendor", "address"), TRACKERS)
@pytest.mark.parametrize("page", ["<script src='{}'></script>", "<script>import('{}')</script>"])
def test_a_package_is_its_vendor_s_wherever_it_comes_from(page: str, vendor: str, address: str) -> None:
    page = page.format(address)
    assert [gated.vendor for gated in run(page)[1].gated] == [vendor]
    assert rewrite(page, consent(*ALL, vendors_denied=[vendor])) != page
    assert rewrite(page, EVERYTHING) == page


@pytest.mark.parametrize(("vendor", "address"), TRACKERS)
def test_a_cdn_that_is_declared_necessary_lets_none_of_them_through(vendor: str, address: str) -> None:
    page = f"<script src='{address}'></script>"
    assert [gated.vendor for gated in run(page, DENIED, gate=GATE)[1].gated] == [vendor]


@pytest.mark.parametrize(
    "address",
    [
        "https://cdn.jsdelivr.net/npm/jquery@3.7.1/dist/jquery.min.js",
        "https://cdn.jsdelivr.net/npm/alpinejs@3",
        "https://cdn.jsdelivr.net/npm/not-posthog-js@1/x.js",
        "https://cdn.jsdelivr.net/npm/@mine/posthog-js@1/x.js",
        "https://cdn.jsdelivr.net/npm/x@posthog-js/x.js",
        "https://unpkg.com/react@18/umd/react.production.min.js",
        "https://esm.sh/preact@10/hooks",
        "https://cdnjs.cloudflare.com/ajax/libs/htmx/2.0.4/htmx.min.js",
        "https://ga.jspm.io/npm:vue@3/dist/vue.esm-browser.js",
    ],
)
def test_other_packages_stay(address: str) -> None:
    page = f"<script src='{address}'></script><script>import('{address}')</script>"
    assert rewrite(page, DENIED, gate=GATE) == page
    assert rewrite(page) == page


def test_a_long_list_is_read_to_its_end() -> None:
    address = (
        f"https://cdn.jsdelivr.net/combine/{','.join(f'npm/own-{n}@1' for n in range(99))},npm/posthog-js"
    )
    page = f"<script src='{address}'></script>"
    assert [gated.vendor for gated in run(page, DENIED, gate=GATE)[1].gated] == ["posthog"]


def test_two_packages_at_once_need_both() -> None:
    page = "<script src='https://cdn.jsdelivr.net/combine/npm/logrocket@8,npm/posthog-js@1'></script>"
    assert rewrite(page, consent(*ALL, vendors_denied=["logrocket"])) != page
    assert rewrite(page, consent(*ALL, vendors_denied=["posthog"])) != page
    assert rewrite(page, EVERYTHING) == page


def test_a_rule_that_names_the_package_itself_is_the_site_s_last_word() -> None:
    page = "<script src='https://unpkg.com/logrocket/dist/x.js'></script>"
    (gated,) = run(page, DENIED, gate=GATE)[1].gated
    assert (gated.vendor, gated.purpose) == ("replay", "functional")
    assert rewrite(page, consent("functional", policy=NECESSARY), gate=GATE) == page


def test_an_import_map_s_package() -> None:
    page = '<script type=importmap>{"imports":{"a":"https://esm.sh/posthog-js@1"}}</script>'
    assert [gated.vendor for gated in run(page)[1].gated] == ["posthog"]
    assert rewrite(page, EVERYTHING) == page
