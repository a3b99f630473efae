"""Elements that a gated script would have filled: the placeholder stands in them."""

from __future__ import annotations

import random

import pytest

from consentkit.catalog import default_catalog
from consentkit.catalog.vendor_files import read_vendors
from consentkit.exceptions import ConfigurationError
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter
from gating.pages import EVERYTHING, NOTHING, Markers, consent, rewrite, run

FRAME = '<iframe data-consentkit-fill width="100%" height="200" frameborder="0" title="'


def shown(page: str) -> list[str]:
    """Return the vendors whose placeholders stand in a page, in order."""
    return [part.split('"')[0] for part in rewrite(page).split(FRAME)[1:]]


CASES = [
    ('<div class="g-recaptcha" data-sitekey="k"></div>', "reCAPTCHA"),
    ("<div class='form-row g-recaptcha mt-2' data-sitekey='k'></div>", "reCAPTCHA"),
    ("<div class=g-recaptcha></div>", "reCAPTCHA"),
    ('<DIV\n CLASS=" g-recaptcha"></DIV>', "reCAPTCHA"),
    ('<span class="g-recaptcha" data-sitekey="k"></span>', "reCAPTCHA"),
    ('<div class="h-captcha" data-sitekey="k"></div>', "hCaptcha"),
    ('<section class="col h-captcha" data-sitekey="k"></section>', "hCaptcha"),
    ('<div class="hs-form-frame" data-region="eu1" data-form-id="f" data-portal-id="1"></div>', "HubSpot"),
    ('<div data-tf-widget="abc" data-tf-opacity="100"></div>', "Typeform"),
    ('<div data-tf-live="01H"></div>', "Typeform"),
    ('<div class="typeform-widget" data-url="https://form.typeform.com/to/x"></div>', "Typeform"),
    (
        '<div class="calendly-inline-widget" data-url="https://calendly.com/x"></div>',
        "Calendly",
    ),
    ('<blockquote class="twitter-tweet"><p>A text</p></blockquote>', "X (Twitter)"),
    ('<blockquote data-lang="de" class="wide twitter-tweet"><p>A text</p></blockquote>', "X (Twitter)"),
    ('<blockquote class="instagram-media" data-instgrm-version="14"></blockquote>', "Instagram"),
    ('<blockquote class="tiktok-embed" cite="https://www.tiktok.com/@x/video/1"></blockquote>', "TikTok"),
    ('<div id="disqus_thread"></div>', "Disqus"),
    ('<section class="wide" id="disqus_thread"></section>', "Disqus"),
    ('<div class="fb-page" data-href="https://www.facebook.com/x"></div>', "Meta Pixel"),
    ('<div class="g_id_signin" data-type="standard"></div>', "Sign in with Google"),
    ('<gmp-map center="1,2" zoom="4"></gmp-map>', "Google Maps"),
    ('<div class="klaviyo-form-aB3x"></div>', "Klaviyo"),
    ('<div class="elfsight-app-0a1b" data-elfsight-app-lazy></div>', "Elfsight"),
    ('<div class="trustpilot-widget" data-template-id="1"><a href="/">T</a></div>', "Trustpilot"),
]


@pytest.mark.parametrize(("page", "name"), CASES)
def test_a_container_gets_the_placeholder_first(page: str, name: str) -> None:
    out = rewrite(page)
    assert shown(page) == [name]
    start = page.index(">") + 1
    assert out.startswith(page[:start] + FRAME) and out.endswith("</iframe>" + page[start:])
    assert rewrite(page, EVERYTHING) == page


@pytest.mark.parametrize(
    "page",
    [
        # other elements, other words
        '<div class="recaptcha"></div>',
        '<div class="g-recaptcha-badge-x"></div>',
        '<div id="disqus_thread_2"></div>',
        '<div title="g-recaptcha" data-sitekey="k"></div>',
        '<p class="g-recaptcha"></p>',
        '<blockquote class="quote"></blockquote>',
        '<div class="twitter-tweet"></div>',
        '<div data-class="g-recaptcha"></div>',
        # necessary, so allowed
        '<div class="cf-turnstile" data-sitekey="k"></div>',
        # where no frame may stand
        '<body><noscript><div class="g-recaptcha"></div></noscript>',
        '<svg><div class="g-recaptcha" /></svg>',
        # buttons that are no spot
        '<div class="fb-like" data-href="https://www.facebook.com/x"></div>',
    ],
)
def test_other_elements_stay_as_they_are(page: str) -> None:
    assert shown(page) == []


def test_each_container_gets_one_and_no_more() -> None:
    tweet = '<blockquote class="twitter-tweet"><p>A text</p></blockquote>'
    script = '<script async src="https://platform.twitter.com/widgets.js"></script>'
    assert shown(tweet * 3 + script) == ["X (Twitter)"] * 3
    assert shown(script + tweet) == ["X (Twitter)"]


def test_a_vendor_that_is_allowed_by_name_fills_its_own() -> None:
    page = '<div class="g-recaptcha"></div><div id="disqus_thread"></div>'
    out = rewrite(page, consent(vendors_granted={"recaptcha"}))
    assert out.startswith('<div class="g-recaptcha"></div>') and out.count("<iframe") == 1


def test_nothing_is_put_in_where_the_gate_only_reports() -> None:
    page = '<div class="g-recaptcha"></div><style id=at-body-style>body{opacity:0}</style>'
    assert run(page, enforce=False)[0] == page


def test_the_same_for_all_chunks_and_for_pages_that_were_seen_before() -> None:
    around = '<p class="a b">text</p><div class="x" title="y"></div>\n' * 3
    page = around.join(case for case, _ in CASES).encode()
    page += b'<blockquote class="twitter-tweet" data-state="%s"></div>' % (b"x" * 3000)
    gate = Gate(Policy())

    def rewritten(chunks: list[bytes]) -> bytes:
        rewriter = Rewriter(gate.page(NOTHING, renderer=Markers()), memory=gate.memory)
        return b"".join(map(rewriter.feed, chunks)) + rewriter.close()

    whole = rewritten([page])
    assert whole.count(b"data-consentkit-fill") == len(CASES)
    for _ in range(3):
        assert rewritten([page]) == whole
    assert rewritten([page[at : at + 1] for at in range(len(page))]) == whole
    chance = random.Random(1)
    for _ in range(20):
        cuts = sorted(chance.sample(range(len(page)), 6))
        chunks = [page[start:end] for start, end in zip([0, *cuts], [*cuts, None], strict=True)]
        assert rewritten(chunks) == whole


@pytest.mark.parametrize("length", [10, 3_000, 100_000])
def test_a_container_of_any_length_is_gated_for_what_it_loads(length: int) -> None:
    page = f'<div class="{"x" * length}" data-bg="https://connect.facebook.net/q">y</div>'
    assert "data-consentkit-data-bg=" in rewrite(page)


# --- styles that hide a page until a tool comes


@pytest.mark.parametrize(
    "page",
    [
        "<style id=at-body-style>body{opacity:0 !important}</style>",
        '<style type="text/css" id="alloy-prehiding">#a{opacity:0}</style>',
        "<head><style id='kameleoonLoadingStyleSheet'>*{visibility:hidden}</style>",
        '<style media=all id="convert_hide_body">body{visibility:hidden}</style>',
    ],
)
def test_a_style_that_hides_the_page_is_held(page: str) -> None:
    assert rewrite(page) == page.replace("<style", "<style type=text/plain")
    assert rewrite(page, EVERYTHING) == page


HIDING = [
    "(function(w,h,c,q,t){h.className+=' '+c;(w[q]=w[q]||[]).hide={};setTimeout(function(){h.className="
    "h.className.replace(c,'')},t)})(window,document.documentElement,'async-hide','dataLayer',4000,{'GTM-1':true})",
    "!function(w, d) { d.className += ' ' + w }(window, document.documentElement, \"async-hide\")",
    "(function(doc, css){var STYLE_ID = 'at-body-style'; var s = doc.createElement('style'); s.id = STYLE_ID;"
    "s.innerHTML = css; doc.head.appendChild(s)})(document, 'body {opacity: 0 !important}')",
    '!function(d,css){var s=d.createElement("style");s.id="alloy-prehiding",s.innerText=css,d.head.append(s)}'
    '(document,"body { opacity: 0 !important }")',
    "var kameleoonLoadingTimeout = 750; var css = '* { visibility: hidden !important }';",
    "var s = document.createElement('style'); s.id = \"convert_hide_body\"; document.head.appendChild(s)",
]


@pytest.mark.parametrize("script", HIDING)
def test_a_script_that_hides_the_page_is_held(script: str) -> None:
    page = f"<script>{script}</script>"
    assert "<script type=text/plain>" in rewrite(page)
    assert rewrite(page, EVERYTHING) == page


@pytest.mark.parametrize(
    "page",
    [
        "<style>.async-hide { opacity: 0 !important }</style>",
        "<style id=own>body{opacity:0}</style>",
        "<style>body{opacity:1}</style>",
        "<script>document.documentElement.className += ' js'</script>",
        "<script>var s = document.createElement('style'); s.id = 'own'; document.head.append(s)</script>",
    ],
)
def test_other_styles_and_scripts_stay_live(page: str) -> None:
    assert rewrite(page) == page


# --- the catalog's key


@pytest.mark.parametrize("selector", ["", ".x", "div .a-b", "#a#b", "[data-x=1]", ">a", "A.bcd", ".a b c"])
def test_what_is_no_selector_is_refused(selector: str) -> None:
    table = f'[a]\nname = "A"\ndescription = "A."\ncontainers = ["{selector}"]\n'
    with pytest.raises(ConfigurationError, match=r"functional\.a\.containers"):
        list(read_vendors(table, purpose="functional"))


def test_the_catalog_knows_those_that_many_pages_have() -> None:
    known = {vendor.id for vendor in default_catalog().vendors.values() if vendor.containers}
    assert {
        "recaptcha",
        "hubspot",
        "typeform",
        "calendly",
        "x",
        "instagram",
        "disqus",
        "google-sign-in",
    } <= known
    assert {"google-maps", "hcaptcha", "tiktok", "trustpilot"} <= known


@pytest.mark.parametrize(
    "address",
    [
        "https://www.google.com/recaptcha/api.js?render=key",
        "https://www.google.com/recaptcha/enterprise.js?render=key",
        "https://www.recaptcha.net/recaptcha/api.js",
    ],
)
def test_the_stub_comes_with_the_script_of_a_captcha(address: str) -> None:
    script = f"<script src={address}></script>"
    assert rewrite(script).startswith("{grecaptcha:form}<script type=text/plain ")
    assert rewrite(script, EVERYTHING) == script
    assert rewrite(script * 2).count("{grecaptcha:form}") == 1
