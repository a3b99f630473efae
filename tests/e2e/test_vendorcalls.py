"""What vendors' scripts are told in a real browser, on pages with their snippets as they document them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, expect
from starlette.types import Receive, Scope, Send

from consentkit import ConsentMiddleware, FromHeaders, Policy
from e2e.serving import Served
from e2e.sink import Sink

pytestmark = pytest.mark.browser

Visitor = Callable[..., BrowserContext]

GTAG = """<script async src="https://www.googletagmanager.com/gtag/js?id=G-TEST"></script>
<script>
  window.dataLayer = window.dataLayer || [];
  function gtag(){dataLayer.push(arguments);}
  gtag('js', new Date());
  gtag('config', 'G-TEST');
</script>"""
GTM = """<script>(function(w,d,s,l,i){w[l]=w[l]||[];w[l].push({'gtm.start':
new Date().getTime(),event:'gtm.js'});var f=d.getElementsByTagName(s)[0],
j=d.createElement(s),dl=l!='dataLayer'?'&l='+l:'';j.async=true;j.src=
'https://www.googletagmanager.com/gtm.js?id='+i+dl;f.parentNode.insertBefore(j,f);
})(window,document,'script','dataLayer','GTM-TEST');</script>"""
UET = """<script>(function(w,d,t,r,u){var f,n,i;w[u]=w[u]||[],f=function(){var o={ti:"1"};
o.q=w[u],w[u]=new UET(o),w[u].push("pageLoad")},n=d.createElement(t),n.src=r,n.async=1,
n.onload=n.onreadystatechange=function(){var s=this.readyState;s&&s!=="loaded"&&s!=="complete"||
(f(),n.onload=n.onreadystatechange=null)},i=d.getElementsByTagName(t)[0],i.parentNode.insertBefore(n,i)
})(window,document,"script","//bat.bing.com/bat.js","uetq");</script>"""
CLARITY = """<script>(function(c,l,a,r,i,t,y){
c[a]=c[a]||function(){(c[a].q=c[a].q||[]).push(arguments)};
t=l.createElement(r);t.async=1;t.src="https://www.clarity.ms/tag/"+i;
y=l.getElementsByTagName(r)[0];y.parentNode.insertBefore(t,y);
})(window, document, "clarity", "script", "test");</script>"""
META = """<script>!function(f,b,e,v,n,t,s)
{if(f.fbq)return;n=f.fbq=function(){n.callMethod?
n.callMethod.apply(n,arguments):n.queue.push(arguments)};
if(!f._fbq)f._fbq=n;n.push=n;n.loaded=!0;n.version='2.0';
n.queue=[];t=b.createElement(e);t.async=!0;
t.src=v;s=b.getElementsByTagName(e)[0];
s.parentNode.insertBefore(t,s)}(window, document,'script',
'https://connect.facebook.net/en_US/fbevents.js');
fbq('init', '1');
fbq('track', 'PageView');</script>"""
MATOMO = """<script>
  var _paq = window._paq = window._paq || [];
  _paq.push(['trackPageView']);
  (function() {
    var u="https://example.matomo.cloud/";
    _paq.push(['setTrackerUrl', u+'matomo.php']);
    var d=document, g=d.createElement('script'), s=d.getElementsByTagName('script')[0];
    g.async=true; g.src='//cdn.matomo.cloud/example.matomo.cloud/matomo.js'; s.parentNode.insertBefore(g,s);
  })();
</script>"""
EVERYBODY = (GTAG, GTM, UET, CLARITY, META, MATOMO)
VENDORS = {
    "www.googletagmanager.com",
    "bat.bing.com",
    "www.clarity.ms",
    "connect.facebook.net",
    "cdn.matomo.cloud",
}
EARLY = VENDORS - {"connect.facebook.net"}
"""Those whose scripts may run before consent, and keep to what they are told."""

BASIC = """
uses = ["google-analytics", "google-ads", "bing-ads", "clarity", "meta-pixel", "matomo"]
[regimes]
default = "opt-in"
US = "opt-out"
"""
ADVANCED = (
    BASIC
    + """
[vendors]
google-analytics.consent_mode = "advanced"
matomo.consent_mode = "advanced"
clarity.consent_mode = "advanced"
bing-ads.consent_mode = "advanced"
[consent_mode]
url_passthrough = true
wait_for_update = 300
"""
)
ADS = {"ad_storage", "ad_user_data", "ad_personalization"}
STATISTICS = {"analytics_storage"}
EXTRAS = {"functionality_storage", "personalization_storage"}
SECURITY = {"security_storage"}
ALL = ADS | STATISTICS | EXTRAS | SECURITY

# What a vendor's script would find when it begins: the calls made so far.
FINDS = "window.found = Array.from(dataLayer, call => call[0] + ':' + call[1]);"


class Site(NamedTuple):
    """A site with the snippets of all vendors on ``/all``, Google's on ``/gtag``, and none on ``/none``."""

    url: str

    def visit(self, context: BrowserContext, path: str = "/all") -> Page:
        """Open a page; no error may come of it."""
        page = context.new_page()
        page.on("pageerror", lambda error: pytest.fail(str(error)))
        page.goto(self.url + path)
        page.wait_for_load_state("networkidle")
        return page


PAGES = {
    "/all": "\n".join(EVERYBODY),
    "/gtag": GTAG,
    "/none": "<script>window.dataLayer = [{ page: 1 }]</script>",
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    body = f"<!DOCTYPE html><title>Story</title>{PAGES.get(scope['path'], '')}<h1>Story</h1>".encode()
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def serve(policy: str, **options: Any) -> Served:
    site = ConsentMiddleware(
        app,
        secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2",
        log=None,
        policy=Policy.loads(policy),
        place=FromHeaders("CF-IPCountry", "CF-Region-Code"),
        **options,
    )
    return Served(site)


@pytest.fixture(scope="module")
def basic() -> Iterator[Site]:
    with serve(BASIC) as running:
        yield Site(running.url)


@pytest.fixture(scope="module")
def advanced() -> Iterator[Site]:
    with serve(ADVANCED) as running:
        yield Site(running.url)


def layer(page: Page) -> list[Any]:
    """Google's queue as lists; plain objects by their event."""
    text = page.evaluate("JSON.stringify(dataLayer.map(call => call.event || Array.from(call)))")
    found: list[Any] = json.loads(text)
    return found


def consents(page: Page) -> list[tuple[str, tuple[str, ...], set[str]]]:
    """Kind, regions, and signals granted, of each of Google's consent calls."""
    calls = [call for call in layer(page) if call[0] == "consent"]
    return [
        (
            kind,
            tuple(signals.get("region", ())),
            {key for key, value in signals.items() if value == "granted"},
        )
        for _, kind, signals in calls
    ]


def choose(page: Page, action: str) -> None:
    page.locator(f"#consentkit-banner [data-consentkit-action={action}]").click()
    expect(page.locator("#consentkit-banner")).to_be_hidden()
    page.wait_for_load_state("networkidle")


def press(page: Page, action: str) -> None:
    """Send the form in the settings."""
    with page.expect_navigation():
        page.locator(f"[data-consentkit-action={action}]").first.click()


def told(page: Page) -> int:
    return page.locator("script[data-calls]").count()


def test_basic_before_a_choice_nothing_runs_and_nothing_is_told(
    basic: Site, visitor: Visitor, sink: Sink
) -> None:
    page = basic.visit(visitor())
    assert sink.hosts == set()
    assert told(page) == 0


def test_basic_after_accept_everybody_is_told_first(basic: Site, visitor: Visitor, sink: Sink) -> None:
    page = basic.visit(visitor())
    choose(page, "accept")
    sink.wait_for(VENDORS)
    names = [call[0] if isinstance(call, list) else call for call in layer(page)]
    assert names.index("consent") < names.index("js") < names.index("config")
    assert consents(page)[0] == ("default", (), SECURITY)
    assert consents(page)[-1] == ("update", (), ALL)
    assert page.evaluate("uetq.slice(0, 6)") == [
        *("consent", "default", {"ad_storage": "denied"}),
        *("consent", "update", {"ad_storage": "granted"}),
    ]
    assert page.evaluate("clarity.q.slice(0, 2).map(call => [call[0], call[1].analytics_Storage])") == [
        ["consentv2", "denied"],
        ["consentv2", "granted"],
    ]
    assert page.evaluate("fbq.queue.map(call => Array.from(call).join())") == [
        "consent,revoke",
        "consent,grant",
        "init,1",
        "track,PageView",
    ]
    assert page.evaluate("_paq.slice(0, 3)") == [["requireConsent"], ["setConsentGiven"], ["trackPageView"]]


def test_basic_a_part_of_the_purposes(basic: Site, visitor: Visitor, sink: Sink) -> None:
    page = basic.visit(visitor())
    page.goto(basic.url + "/_consent/?return_to=/all")
    page.locator("input[name=purpose][value=analytics]").check()
    press(page, "save")
    page.goto(basic.url + "/all")
    page.wait_for_load_state("networkidle")
    assert consents(page)[-1] == ("update", (), STATISTICS | SECURITY)
    assert page.evaluate("clarity.q[1][1]") == {"ad_Storage": "denied", "analytics_Storage": "granted"}
    assert "connect.facebook.net" not in sink.hosts and "bat.bing.com" not in sink.hosts


def test_basic_after_withdrawal_nothing_runs(basic: Site, visitor: Visitor, sink: Sink) -> None:
    page = basic.visit(visitor())
    choose(page, "accept")
    page.goto(basic.url + "/_consent/?return_to=/all")
    press(page, "reject")
    sink.forget()
    page.goto(basic.url + "/all")
    page.wait_for_load_state("networkidle")
    assert (sink.hosts, told(page)) == (set(), 0)


def test_opt_out_is_granted_where_both_opinions_grant(basic: Site, visitor: Visitor, sink: Sink) -> None:
    page = basic.visit(visitor("california"))
    sink.wait_for(VENDORS)
    assert consents(page) == [("default", (), SECURITY), ("default", ("US",), ALL)]
    choose(page, "reject")
    sink.forget()
    page.goto(basic.url + "/all")
    page.wait_for_load_state("networkidle")
    assert (sink.hosts, told(page)) == (set(), 0)


def test_opt_out_accepting_in_the_page_is_an_update(basic: Site, visitor: Visitor) -> None:
    page = basic.visit(visitor("california"))
    choose(page, "accept")
    assert consents(page)[-1] == ("update", (), ALL)
    assert page.evaluate("_paq.at(-1)") == ["setConsentGiven"]
    assert page.evaluate("Array.from(fbq.queue.at(-1))") == ["consent", "grant"]


def test_the_signal_denies_advertising(basic: Site, visitor: Visitor, sink: Sink) -> None:
    page = basic.visit(visitor("california", extra_http_headers={"Sec-GPC": "1"}))
    assert consents(page) == [("default", (), SECURITY), ("default", ("US",), ALL - ADS)]
    assert page.evaluate("_paq[1]") == ["setConsentGiven"]
    assert not sink.hosts & {"connect.facebook.net", "bat.bing.com"}


def test_advanced_runs_before_a_choice_and_is_told_that_all_is_denied(
    advanced: Site, visitor: Visitor, sink: Sink
) -> None:
    context = visitor()
    page = advanced.visit(context)
    sink.wait_for(EARLY)
    assert sink.hosts == EARLY
    assert consents(page) == [("default", (), SECURITY)]
    assert layer(page)[0][2]["wait_for_update"] == 300
    settings = [call[1:] for call in layer(page) if call[0] == "set"]
    assert settings == [["ads_data_redaction", True], ["url_passthrough", True]]
    assert page.evaluate("_paq[0]") == ["requireCookieConsent"]
    assert page.evaluate("_paq.flat().includes('setCookieConsentGiven')") is False
    assert page.evaluate("uetq.slice(0, 3)") == ["consent", "default", {"ad_storage": "denied"}]
    assert page.evaluate("clarity.q[0][1].analytics_Storage") == "denied"
    assert page.evaluate("dataLayer.some(call => call.event === 'gtm.js')") is False


def test_advanced_the_vendors_script_finds_the_default(advanced: Site, visitor: Visitor) -> None:
    context = visitor()
    context.route("**/gtag/js**", lambda route: route.fulfill(body=FINDS, content_type="text/javascript"))
    page = advanced.visit(context, "/gtag")
    assert page.evaluate("found[0]") == "consent:default"


def test_advanced_refusing_in_the_page_is_an_update(advanced: Site, visitor: Visitor) -> None:
    page = advanced.visit(visitor())
    choose(page, "reject")
    assert consents(page)[-1] == ("update", (), SECURITY)
    assert page.evaluate("_paq.at(-1)") == ["forgetCookieConsentGiven"]
    page.reload()
    assert consents(page) == [("default", (), SECURITY), ("update", (), SECURITY)]


def test_advanced_accepting_and_withdrawing(advanced: Site, visitor: Visitor) -> None:
    page = advanced.visit(visitor())
    choose(page, "accept")
    assert consents(page)[-1] == ("update", (), ALL)
    page.goto(advanced.url + "/_consent/?return_to=/all")
    press(page, "reject")
    page.goto(advanced.url + "/all")
    assert consents(page) == [("default", (), SECURITY), ("update", (), SECURITY)]


def test_pages_without_vendors_are_told_nothing(advanced: Site, visitor: Visitor) -> None:
    page = advanced.visit(visitor(), "/none")
    assert page.evaluate("dataLayer") == [{"page": 1}]
    assert told(page) == 0


def test_advanced_runs_under_an_enforced_policy(visitor: Visitor, sink: Sink) -> None:
    with serve(ADVANCED, csp="enforce") as running:
        page = Site(running.url).visit(visitor())
        sink.wait_for({"www.googletagmanager.com"})
        assert "connect.facebook.net" not in sink.hosts
        assert consents(page) == [("default", (), SECURITY)]
