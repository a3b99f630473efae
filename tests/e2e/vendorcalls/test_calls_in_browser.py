"""The script in a real browser: what it does to the globals of vendors, and never to the page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from consentkit.vendorcalls import calls_script, calls_table, write_attributes
from e2e.tabs import borrowed

pytestmark = pytest.mark.browser

META = (
    "!function(f,b,e,v,n,t,s){if(f.fbq)return;n=f.fbq=function(){n.callMethod?"
    "n.callMethod.apply(n,arguments):n.queue.push(arguments)};if(!f._fbq)f._fbq=n;"
    "n.push=n;n.loaded=!0;n.version='2.0';n.queue=[];t=b.createElement(e);t.async=!0;"
    "s=b.getElementsByTagName(e)[0]}(window,document,'script','');"
    "fbq('init','1');fbq('track','PageView');"
)
CLARITY = (
    "(function(c,l,a,r,i,t,y){c[a]=c[a]||function(){(c[a].q=c[a].q||[]).push(arguments)};"
    "})(window,document,'clarity','script','1');"
)
ASKS = {
    "ads": [("google-ads", "marketing")],
    "analytics": [("google-analytics", "analytics"), ("", "statistics")],
    "functional": [("", "functional")],
}
READ = "queue => JSON.stringify(Array.from(queue, call => call[Symbol.iterator] ? [...call] : call))"

Load = Callable[..., Page]


@pytest.fixture
def load(chromium: Browser) -> Iterator[Load]:
    """Load a page: a script before, the calls, a script behind; no error may come of it."""
    with borrowed(chromium) as page:

        def make(attributes: str, *, before: str = "", behind: str = "", cookies: str = "") -> Page:
            html = (
                f"<script>{before}</script><script {attributes}>{calls_script().decode()}</script>"
                f"<script>{behind}</script>"
            )
            page.route("**/*", lambda route: route.fulfill(body=html, content_type="text/html"))
            page.context.clear_cookies()
            for cookie in filter(None, cookies.split("; ")):
                name, _, value = cookie.partition("=")
                page.context.add_cookies(
                    [{"name": name, "value": value, "url": "https://localhost", "secure": True}]
                )
            page.goto("https://localhost/")
            return page

        yield make


def attributes(calls: str, before: set[str], now: set[str] | None = None) -> str:
    row = calls_table()[calls]
    asks = {word: ASKS[word] for word in row.asks}
    return write_attributes(row, row.defaults(before), asks, before, now)


def queued(page: Page, name: str) -> Any:
    return json.loads(page.evaluate(f"({READ})({name})"))


def consent(page: Page) -> list[tuple[str, set[str]]]:
    """Google's queue: each consent call with the signals that it grants."""
    calls = [call for call in queued(page, "dataLayer") if isinstance(call, list) and call[0] == "consent"]
    return [(call[1], {name for name, value in call[2].items() if value == "granted"}) for call in calls]


ADS = {"ad_storage", "ad_user_data", "ad_personalization"}
OWN = {"security_storage"}


def test_google_takes_arguments_objects(load: Load) -> None:
    page = load(attributes("google", set(), {"ads"}), before="window.dataLayer = [{ page: 1 }]")
    assert page.evaluate("dataLayer.map(item => String(item))") == [
        "[object Object]",
        "[object Arguments]",
        "[object Arguments]",
    ]
    assert page.evaluate("dataLayer[0].page") == 1
    assert consent(page) == [("default", OWN), ("update", OWN | ADS)]


def test_without_a_choice_there_is_no_update(load: Load) -> None:
    assert consent(load(attributes("google", {"analytics"}))) == [("default", OWN | {"analytics_storage"})]


def test_uet_takes_one_argument_after_another(load: Load) -> None:
    page = load(attributes("uet", set(), {"ads"}), before="window.uetq = ['kept']")
    assert page.evaluate("uetq") == [
        "kept",
        *("consent", "default", {"ad_storage": "denied"}),
        *("consent", "update", {"ad_storage": "granted"}),
    ]


def test_matomo_takes_arrays(load: Load) -> None:
    behind = "var _paq = window._paq = window._paq || []; _paq.push(['trackPageView']);"
    page = load(attributes("matomo", set(), {"analytics"}), behind=behind)
    assert queued(page, "_paq") == [["requireConsent"], ["setConsentGiven"], ["trackPageView"]]


def test_clarity_is_called(load: Load) -> None:
    page = load(attributes("clarity", set(), {"analytics"}), behind=CLARITY + "clarity('set', 'a', 'b')")
    both = [call[1]["analytics_Storage"] for call in queued(page, "clarity.q")[:2]]
    assert both == ["denied", "granted"]
    assert queued(page, "clarity.q")[2] == ["set", "a", "b"]


def test_meta_is_told_before_it_begins(load: Load) -> None:
    page = load(attributes("meta", set(), {"ads"}), behind=META)
    assert queued(page, "fbq.queue") == [
        ["consent", "revoke"],
        ["consent", "grant"],
        ["init", "1"],
        ["track", "PageView"],
    ]
    assert page.evaluate("Object.getOwnPropertyDescriptor(window, 'fbq').writable") is True


def test_meta_is_told_where_it_has_begun(load: Load) -> None:
    page = load(attributes("meta", set()), before=META)
    assert queued(page, "fbq.queue")[-1] == ["consent", "revoke"]


def test_a_global_of_the_pages_own_is_left_in_peace(load: Load) -> None:
    page = load(attributes("meta", set()), behind="window.fbq = 7")
    assert page.evaluate("fbq") == 7
    load(attributes("google", set()), before="window.dataLayer = 'mine'")
    assert page.evaluate("dataLayer") == "mine"


def test_what_stands_in_for_a_gated_snippet_gives_way(load: Load) -> None:
    stub = "window.dataLayer = []; dataLayer.stub = true; dataLayer.push = function () {};"
    page = load(attributes("google", set()), before=stub, behind="dataLayer.push(['kept'])")
    assert len(queued(page, "dataLayer")) == 2


@pytest.mark.parametrize(
    ("cookies", "granted"),
    [
        ("", ADS | {"analytics_storage"}),
        (
            "__Host-consentkit=1:opt-in:banner:0:20000:analytics*abcdef:marketing!abcdef.t.s",
            {"analytics_storage"},
        ),
        ("__Secure-consentkit=1:opt-in:banner:0:20000:google-analytics!:marketing*abcdef.t.s", ADS),
        (
            "other=1; __Host-consentkit=1:opt-in:banner:0:20000:marketing!abcdef:google-ads*.t.s",
            ADS | {"analytics_storage"},
        ),
        ("__Host-consentkit=2:something:marketing*abcdef:analytics*abcdef.t.s", set()),
        ("xconsentkit=1:opt-in:banner:0:20000:analytics!abcdef.t.s", ADS | {"analytics_storage"}),
    ],
    ids=["none", "purpose", "vendor", "vendor-in-purpose", "unknown-version", "another-name"],
)
def test_the_cookie_takes_away_and_never_gives(load: Load, cookies: str, granted: set[str]) -> None:
    page = load(attributes("google", set(), {"ads", "analytics"}), cookies=cookies)
    assert consent(page)[-1] == ("update", OWN | granted)
    page = load(attributes("google", set()), cookies=cookies)
    assert consent(page) == [("default", OWN)]


def test_a_page_older_than_a_refusal_is_corrected(load: Load) -> None:
    refused = "__Host-consentkit=1:opt-out:banner:0:20000:marketing!abcdef.t.s"
    page = load(attributes("google", {"ads", "analytics"}), cookies=refused)
    assert consent(page)[-1] == ("update", OWN | {"analytics_storage"})


def test_a_choice_in_the_page_is_an_update(load: Load) -> None:
    page = load(attributes("google", set()))
    tell = "state => dispatchEvent(new CustomEvent('consentkit', { detail: state }))"
    page.evaluate(
        tell, {"granted": ["necessary", "marketing", "functional"], "denied": ["analytics", "google-ads"]}
    )
    assert consent(page)[-1] == ("update", OWN | {"functionality_storage", "personalization_storage"})
    page.evaluate(tell, {"granted": ["statistics", "google-analytics", "google-ads"], "denied": []})
    assert consent(page)[-1] == ("update", OWN | ADS | {"analytics_storage"})
    page.evaluate("dispatchEvent(new Event('consentkit'))")
    assert len(consent(page)) == 3


def test_a_second_element_says_nothing(load: Load) -> None:
    page = load(attributes("google", set()))
    markup = f"<script {attributes('google', set())}>{calls_script().decode()}</script>"
    page.evaluate(
        "text => document.body.append(document.createRange().createContextualFragment(text))", markup
    )
    assert consent(page) == [("default", OWN)]


def test_the_element_leaves_the_page(load: Load) -> None:
    page = load(attributes("google", set()))
    assert page.locator("[data-calls]").count() == 0


GTAG = "function gtag(){dataLayer.push(arguments)}"
LOOSE = "{ad_storage:'granted',analytics_storage:'granted'}"


@pytest.mark.parametrize(
    "behind",
    [
        "dataLayer = [{page: 'story'}]",
        "var dataLayer = [{page: 'story'}];",
        "window.dataLayer = [{page: 'a'}]; window.dataLayer = [{page: 'b'}]",
        "window['dataLayer'] = []; dataLayer.push({page: 'story'})",
        "dataLayer = JSON.parse('[{}]')",
    ],
)
def test_a_queue_that_is_replaced_begins_with_what_was_said(load: Load, behind: str) -> None:
    page = load(attributes("google", set(), {"analytics"}), behind=behind)
    assert consent(page) == [("default", OWN), ("update", OWN | {"analytics_storage"})]
    assert isinstance(queued(page, "dataLayer")[0], list) and len(queued(page, "dataLayer")) in (2, 3)


def test_other_queues_are_kept_in_the_same_way(load: Load) -> None:
    page = load(attributes("uet", set()), behind="window.uetq = []; uetq.push('event', 'x', {})")
    assert page.evaluate("[uetq[0], uetq[1], uetq[3]]") == ["consent", "default", "event"]
    page = load(attributes("matomo", set()), behind="var _paq = [['trackPageView']]")
    assert queued(page, "_paq") == [["requireConsent"], ["trackPageView"]]


@pytest.mark.parametrize(
    "behind",
    [
        f"{GTAG} gtag('consent', 'default', {LOOSE}); gtag('js', new Date())",
        f"window.dataLayer = window.dataLayer || []; {GTAG} gtag('consent', 'default', {LOOSE})",
        f"dataLayer = []; {GTAG} gtag('consent', 'default', {LOOSE})",
        f"dataLayer.push(['consent', 'default', {LOOSE}])",
        "var own = dataLayer.push; dataLayer.push = function () { return own.apply(dataLayer, arguments) };"
        f"{GTAG} gtag('consent', 'default', {LOOSE})",
    ],
)
def test_of_two_defaults_ours_is_the_last(load: Load, behind: str) -> None:
    page = load(attributes("google", set()), behind=behind)
    told = consent(page)
    assert told[0] == ("default", OWN) and told[-1] == ("default", OWN)
    assert any("ad_storage" in granted for _, granted in told)


def test_the_choice_comes_after_the_default_of_a_page(load: Load) -> None:
    page = load(
        attributes("google", set(), {"analytics"}), behind=f"{GTAG} gtag('consent', 'default', {LOOSE})"
    )
    assert [name for name, _ in consent(page)][-2:] == ["default", "update"]
    assert consent(page)[-1] == ("update", OWN | {"analytics_storage"})


@pytest.mark.parametrize(
    "behind",
    [
        "dataLayer = {push: function () {}}",
        "dataLayer.push({event: 'consent'}); dataLayer.push(['consent', 'update', {}])",
        "dataLayer = window.dataLayer || []; for (var i in dataLayer) found = (window.found || '') + i",
    ],
)
def test_what_else_a_page_does_with_its_queue_stays_as_it_is(load: Load, behind: str) -> None:
    page = load(attributes("google", set()), behind=behind)
    assert page.evaluate("typeof dataLayer.push") == "function"
    assert page.evaluate("window.found || '0'") == "0"
    if page.evaluate("Array.isArray(dataLayer)"):
        assert consent(page)[0][0] == "default"
        assert [name for name, _ in consent(page)].count("default") == 1


def test_what_is_wrong_with_the_element_stays_there(load: Load) -> None:
    page = load('data-calls="google" data-says="{"')
    assert page.evaluate("typeof dataLayer") == "undefined"
