"""What the gate does to whole pages, driven through the real rewriter."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.catalog import default_catalog
from consentkit.gating import Gate
from consentkit.gating.judge import Gated
from consentkit.gating.model import stubs_script
from consentkit.policy import Cookie, Policy, Vendor
from consentkit.rewriter import Rewriter
from gating.pages import CLASSIFIER, EVERYTHING, GATE, NOTHING, Markers, consent, rewrite, run

GA = "https://www.google-analytics.com"

INERT = [
    # scripts
    (
        f'<script src="{GA}/x.js"></script>',
        f'<script type=text/plain data-consentkit-src="{GA}/x.js"></script>',
    ),
    (
        f"<script/src={GA}/x.js async></script>",
        f"<script type=text/plain /data-consentkit-src={GA}/x.js async></script>",
    ),
    (
        f'<SCRIPT TYPE=module SRC="{GA}/x.js"></SCRIPT>',
        f'<SCRIPT type=text/plain data-consentkit-TYPE=module data-consentkit-SRC="{GA}/x.js"></SCRIPT>',
    ),
    (
        f'<script src="{GA}/a" src="{GA}/b" type="" type=x></script>',
        f'<script type=text/plain data-consentkit-src="{GA}/a" data-consentkit-src="{GA}/b"'
        ' data-consentkit-type="" data-consentkit-type=x></script>',
    ),
    (
        f'<svg><script xlink:href="{GA}/x.js"/></svg>',
        f'<svg><script type=text/plain data-consentkit-xlink:href="{GA}/x.js"/></svg>',
    ),
    (
        "<script>fetch('//stats.news.example/hit')</script>",
        "<script type=text/plain>fetch('//stats.news.example/hit')</script>",
    ),
    # images
    (f"<img src='{GA}/x.gif' alt=x>", f"<img data-consentkit-src='{GA}/x.gif' alt=x>"),
    (
        f'<img src=/a.png srcset="/a.png 1x, {GA}/b.png 2x">',
        f'<img data-consentkit-src=/a.png data-consentkit-srcset="/a.png 1x, {GA}/b.png 2x">',
    ),
    (
        f"<img src=/a.png data-src={GA}/x>",
        f"<img data-consentkit-src=/a.png data-consentkit-data-src={GA}/x>",
    ),
    ("<img src='//stats.news.example&#x2f;x'>", "<img data-consentkit-src='//stats.news.example&#x2f;x'>"),
    ("<img src='/&#9;/stats.news.example/x'>", "<img data-consentkit-src='/&#9;/stats.news.example/x'>"),
    ("<img src='/\t/stats.news.example/x'>", "<img data-consentkit-src='/\t/stats.news.example/x'>"),
    ("<img src=\\\\stats.news.example/x>", "<img data-consentkit-src=\\\\stats.news.example/x>"),
    ("<img src=https:stats.news.example/x>", "<img data-consentkit-src=https:stats.news.example/x>"),
    ("<img src=http://localhost:8001/x>", "<img data-consentkit-src=http://localhost:8001/x>"),
    (f"<svg><image href='{GA}/x'/></svg>", f"<svg><image data-consentkit-href='{GA}/x'/></svg>"),
    # noscript, in both readings of its content
    (
        f"<body><noscript><img src={GA}/x></noscript>",
        f"<body><noscript><img data-consentkit-src={GA}/x></noscript>",
    ),
    (
        "<body><noscript><iframe src=https://www.googletagmanager.com/ns.html?id=GTM-1></iframe></noscript>",
        "<body><noscript><iframe name=consentkit-1 data-consentkit-src=https://www.googletagmanager.com/ns.html?id=GTM-1>"
        "</iframe></noscript>",
    ),
    # links
    (f"<link rel=preconnect href={GA}>", f"<link rel=preconnect data-consentkit-href={GA}>"),
    (
        f"<link rel=preload as=image imagesrcset='{GA}/x 1x'>",
        f"<link rel=preload as=image data-consentkit-imagesrcset='{GA}/x 1x'>",
    ),
    (
        f"<link rel='alternate stylesheet' href={GA}>",
        f"<link rel='alternate stylesheet' data-consentkit-href={GA}>",
    ),
    # media and plug-ins
    (f"<video poster={GA}/p src=/v>", f"<video data-consentkit-poster={GA}/p data-consentkit-src=/v>"),
    (f"<object data={GA}/x>", f"<object data-consentkit-data={GA}/x>"),
    (f"<input type=image src={GA}/x>", f"<input type=image data-consentkit-src={GA}/x>"),
    # frames
    (
        "<iframe src=//www.youtube.com/embed/1 srcdoc=x sandbox onload='a()' width=560></iframe>",
        '<iframe name=consentkit-1 srcdoc="&lt;p title=&quot;youtube&quot;&gt;marketing &#233;&lt;/p&gt;"'
        " data-consentkit-src=//www.youtube.com/embed/1 data-consentkit-srcdoc=x data-consentkit-sandbox"
        " data-consentkit-onload='a()' width=560></iframe>",
    ),
    (
        "<iframe src=//www.youtube.com/embed/1 width=1 height=1></iframe>",
        "<iframe name=consentkit-1 data-consentkit-src=//www.youtube.com/embed/1 width=1 height=1></iframe>",
    ),
    (
        "<iframe src=//www.youtube.com/embed/1 style='border:0; DISPLAY : none'></iframe>",
        "<iframe name=consentkit-1 data-consentkit-src=//www.youtube.com/embed/1"
        " style='border:0; DISPLAY : none'></iframe>",
    ),
    (
        "<iframe/name=ad src=//ad.doubleclick.net/x></iframe>",
        "<iframe name=consentkit-1 /data-consentkit-name=ad data-consentkit-src=//ad.doubleclick.net/x>"
        "</iframe>",
    ),
    (
        "<iframe src=//ad.doubleclick.net/x width=300></iframe>",
        "<iframe name=consentkit-1 data-consentkit-src=//ad.doubleclick.net/x width=300></iframe>",
    ),
    (
        "<frameset><frame src=//www.youtube.com/embed/1></frameset>",
        "<frameset><frame name=consentkit-1 data-consentkit-src=//www.youtube.com/embed/1></frameset>",
    ),
    # markers
    (
        "<script data-consent=analytics>x()</script>",
        "<script type=text/plain data-consent=analytics>x()</script>",
    ),
    (
        "<script src=/own.js data-consent=newsroom></script>",
        "<script type=text/plain data-consentkit-src=/own.js data-consent=newsroom></script>",
    ),
    (
        "<img src=/own.gif data-consent=marketing>",
        "<img data-consentkit-src=/own.gif data-consent=marketing>",
    ),
    ("<img src=/own.gif DATA-CONSENT=hotjar>", "<img data-consentkit-src=/own.gif DATA-CONSENT=hotjar>"),
]


@pytest.mark.parametrize(("page", "inert"), INERT)
def test_what_is_made_inert_without_consent_and_untouched_with_it(page: str, inert: str) -> None:
    assert rewrite(page) == inert
    assert rewrite(page, EVERYTHING) == page


@pytest.mark.parametrize(
    "page",
    [
        "<script src=/own.js></script>",
        "<script>site()</script>",
        '<script type="application/ld+json">{"sameAs": "//www.google-analytics.com", "x": "fetch("}</script>',
        f'<script type="text/x-template" src="{GA}/x.js">fbq(\'init\')</script>',
        f"<script type=text/plain>import('{GA}')</script>",
        f'<script type="text/javascript;charset=utf-8" src={GA}/x></script>',
        f"<script>var links = ['{GA}/a']</script>",
        "<script>var share = 'https://twitter.com/intent'; document.createElement('p')</script>",
        f"<link rel=canonical href={GA}>",
        f"<link rel='me author' href={GA}>",
        "<img src=data:image/gif;base64,//www.google-analytics.com/>",
        "<img src=https://cdn.elsewhere.example/x.png>",
        f"<a href={GA}>x</a>",
        f"<!-- <img src={GA}/x> -->",
        f"<img src={GA}/x data-consent=necessary>",
    ],
)
def test_what_is_left_alone(page: str) -> None:
    assert rewrite(page) == page


SNIPPETS = {
    "meta-pixel": """!function(f,b,e,v,n){n=f.fbq=v}(window,document,'script',v);fbq( "init" , '1');""",
    "google-analytics": "window.dataLayer = window.dataLayer || []; gtag(\"config\",'G-ABC');",
    "google-ads": "gtag('config', 'AW-1')",
    "google-tag-manager": "(function(w,d,s,l,i){w[l].push({event:'gtm.js'})})(w,d,'s','dataLayer','GTM-1');",
    "matomo": "var _paq = window._paq || []; _paq.push(['trackPageView']);",
    "scorecardresearch": """var s = document.createElement("script"); s.src =
        (location.protocol == "https:" ? "https://sb" : "http://b") + ".scorecardresearch.com/beacon.js";""",
    "chartbeat": r"""document.write('<script src="\/\/static.chartbeat.com\/js\/c.js"></scr'+'ipt>')""",
    "quantcast": "new Image().src='https:\\/\\/pixel.quantserve.com\\/pixel\\/p-1.gif'",
    "baidu-analytics": "var hm = document.createElement('script'); hm.src = 'https://hm.baidu.com/hm.js?1';",
    "plausible": "import 'https://plausible.io/js/plausible.js'",
    "segment": "import(`https://cdn.segment.com/x.js`)",
    "hotjar": "navigator.sendBeacon('https://in.hotjar.com/x')",
}


@pytest.mark.parametrize(("vendor", "text"), SNIPPETS.items())
def test_inline_snippets_of_vendors(vendor: str, text: str) -> None:
    page = f"<script>{text}</script>"
    out, handler = run(page)
    assert "<script type=text/plain>" in out
    assert out.endswith(text + "</script>")
    assert [gated.vendor for gated in handler.gated] == [vendor]
    assert rewrite(page, EVERYTHING) == page


def test_every_signature_is_found_as_it_stands_and_minified() -> None:
    for vendor in default_catalog().vendors.values():
        for signature in vendor.inline:
            for text in (signature, signature.replace("'", '"').replace(" =", "=").replace(", ", ",")):
                found = [
                    reason.party.vendor for reason in CLASSIFIER.analyze(b"x;" + text.encode()).reach.reasons
                ]
                assert vendor.id in found, text


def test_stubs_stand_directly_before_the_first_script_that_would_have_defined_them() -> None:
    first = "<script>fbq('init', '1')</script>"
    second = "<script>fbq('init', '2'); _paq.push([])</script>"
    out = rewrite(first + second)
    assert out == (
        "{fbq:call}<script type=text/plain>fbq('init', '1')</script>"
        "{_paq:queue}<script type=text/plain>fbq('init', '2'); _paq.push([])</script>"
    )


def test_no_stubs_where_a_script_element_would_not_run() -> None:
    snippet = "<script>fbq('init', '1')</script>"
    assert "{" not in rewrite(f"<svg>{snippet}</svg>")


def test_a_script_that_reaches_two_vendors_needs_both() -> None:
    page = "<script>gtag('config', 'G-1'); gtag('config', 'AW-1')</script>"
    out, handler = run(page, consent("analytics"))
    assert "text/plain" in out
    assert [gated.vendor for gated in handler.gated] == ["google-ads"]


def test_single_vendors_can_be_allowed_and_refused() -> None:
    page = f"<img src={GA}/x>"
    assert rewrite(page, consent(vendors_granted=["google-analytics"])) == page
    assert rewrite(page, consent("analytics", vendors_denied=["google-analytics"])) != page


def test_a_marker_overrides_the_catalog() -> None:
    page = f"<img src={GA}/x data-consent=marketing>"
    assert rewrite(page, consent("marketing")) == page
    assert rewrite(page, consent("analytics")) != page
    inline = "<script data-consent=analytics>fbq('init', '1')</script>"
    assert rewrite(inline, consent("analytics")) == inline


def test_an_unknown_marker_is_gated_whatever_the_consent_and_reported() -> None:
    out, handler = run("<script data-consent=analitycs>x()</script>", EVERYTHING)
    assert "type=text/plain" in out
    assert list(handler.gated) == [Gated("script", "analitycs", "", "", "unknown-marker")]
    assert rewrite("<iframe src=/x data-consent=nobody></iframe>") == (
        "<iframe name=consentkit-1 data-consentkit-src=/x data-consent=nobody></iframe>"
    )


def test_a_marked_script_written_inert_is_made_live_by_consent() -> None:
    page = '<script type="text/plain" data-consent="analytics">x()</script>'
    assert rewrite(page) == page
    assert rewrite(page, consent("analytics")) == page.replace("type=", "data-consentkit-type=")
    block = '<script type="application/json" data-consent="analytics">{}</script>'
    assert rewrite(block, consent("analytics")) == block


def test_each_gated_frame_has_a_name_of_its_own_so_that_going_back_restores_none() -> None:
    out = rewrite("<iframe src=//www.youtube.com/embed/1></iframe>" * 2)
    assert ("<iframe name=consentkit-1 " in out, "<iframe name=consentkit-2 " in out) == (True, True)


def test_a_marked_frame_gets_a_placeholder_for_its_purpose() -> None:
    out = rewrite("<iframe src=/map data-consent=functional></iframe>")
    assert out.startswith('<iframe name=consentkit-1 srcdoc="&lt;p title=&quot;&quot;&gt;functional')


def test_a_script_that_was_cut_off_is_gated_if_anything_is_denied() -> None:
    page = "<script>var a = 1;"
    out, handler = run(page)
    assert out == "<script type=text/plain>var a = 1;"
    assert [gated.why for gated in handler.gated] == ["cut"]
    assert rewrite(page, EVERYTHING) == page


def test_relative_urls_follow_a_foreign_base() -> None:
    page = f"<base href='{GA}/a/'><base href=/><img src=x.gif><iframe src=//www.youtube.com/embed/1></iframe>"
    out, handler = run(page)
    assert "<img data-consentkit-src=x.gif>" in out
    assert handler.foreign_base
    assert "&#233; //" in out


@pytest.mark.parametrize(
    "base",
    [
        "<base href=/sub/>",
        "<base target=_blank>",
        "<base href=https://www.news.example/x>",
        "<base href=//www.news.example>",
        "<base href=data:,x>",
        f"<base href=/><base href={GA}>",
    ],
)
def test_bases_that_are_not_foreign(base: str) -> None:
    out, handler = run(base + "<img src=x.gif>")
    assert out == base + "<img src=x.gif>"
    assert not handler.foreign_base


def test_a_base_in_noscript_counts_for_those_who_run_no_scripts() -> None:
    handler = run(f"<head><noscript><base href={GA}></noscript><base href=/><img src=x.gif>")[1]
    assert handler.foreign_base
    assert len(handler.gated) == 1


def test_undeclared_hosts_are_reported_and_own_ones_are_not() -> None:
    page = (
        "<img src=//cdn.elsewhere.example/x><img src=https://www.news.example/x>"
        "<img src=//img.news.example/x>"
        "<script>fetch('https://api.third.example:8443/x')</script><script>a='//mentioned.example/x'</script>"
        f"<img src=//bad^host/x><script>link='{GA}/x'</script>"
    )
    out, handler = run(page)
    assert out == page
    assert list(handler.undeclared) == ["cdn.elsewhere.example", "api.third.example:8443"]
    assert list(handler.mentioned) == ["www.google-analytics.com"]


def test_what_is_reported_is_bounded() -> None:
    page = "".join(f"<img src=//h{i}.example/x><img src=//g{i}.google-analytics.com/x>" for i in range(200))
    handler = run(page)[1]
    assert len(handler.undeclared) == len(handler.gated) == 64


def test_without_enforcement_everything_is_reported_and_nothing_changed() -> None:
    page = "".join(page for page, _ in INERT)
    out, handler = run(page, enforce=False)
    assert out == page
    assert len(handler.gated) > 15


def test_gated_names_vendor_purpose_host_and_reason() -> None:
    handler = run(f"<img src={GA}/x><script>fbq('init')</script>")[1]
    assert list(handler.gated) == [
        Gated("img", "google-analytics", "analytics", "www.google-analytics.com", "host"),
        Gated("script", "meta-pixel", "marketing", "", "signature"),
    ]


def test_the_page_s_own_origin_is_no_third_party() -> None:
    handler = GATE.page(NOTHING, host="stats.news.example")
    rewriter = Rewriter(handler)
    page = b"<img src=//stats.news.example/x>"
    assert rewriter.feed(page) + rewriter.close() == page


def test_the_policy_s_purpose_wins_over_the_catalog_s() -> None:
    policy = Policy(vendors={"youtube": Vendor(purpose="functional")})
    handler = Gate(policy).page(consent("functional", policy=policy))
    rewriter = Rewriter(handler)
    page = b"<iframe src=//www.youtube.com/embed/1></iframe>"
    assert rewriter.feed(page) + rewriter.close() == page


@pytest.mark.parametrize(
    ("header", "vendor"),
    [
        ("_ga=GA1.1; Path=/; Max-Age=1", "google-analytics"),
        (" _ga_X = 1;x", "google-analytics"),
        ("_nrvisit=1", "newsroom"),
        ("_fbp=1", "newsroom"),  # the policy wins
        ("sessionid=1; HttpOnly", None),
        ("_ga", None),
        ("=_ga", None),
        ("", None),
        ("__Host-consentkit=1", None),
    ],
)
def test_set_cookie(header: str, vendor: str | None) -> None:
    party = GATE.drop_cookie(NOTHING, header)
    assert (party.vendor if party else None) == vendor
    assert GATE.drop_cookie(EVERYTHING, header) is None


def test_request_cookies_of_denied_purposes_are_hidden() -> None:
    names = ["_ga", "_nr1", "_gcl_au", "sessionid", "csrftoken", "__Host-consentkit"]
    assert GATE.hidden_cookies(consent("marketing"), names) == {"_ga", "_nr1"}


def test_no_pattern_of_a_policy_takes_the_decision_itself() -> None:
    everything = Vendor(
        name="A", purpose="marketing", cookies=(Cookie(name="_*"), Cookie(name="consentkit*"))
    )
    gate = Gate(Policy(vendors={"a": everything}))
    assert gate.cookie_party("__Host-consentkit-id") is None
    assert gate.cookie_party("consentkit") is None
    assert gate.cookie_party("__other") is not None


TAGS = st.sampled_from(
    [page for page, _ in INERT] + ["<p>", "<script>", "</script>", "<svg>", "<!--", "-->", '"', "<a href='"]
)


@given(st.lists(TAGS, max_size=8).map("".join), st.integers(1, 40))
def test_edits_are_insertions_and_the_same_for_all_chunks(page: str, size: int) -> None:
    whole = rewrite(page)
    rewriter = Rewriter(GATE.page(NOTHING, host="www.news.example", renderer=Markers()))
    data = page.encode()
    parts = [rewriter.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert (b"".join(parts) + rewriter.close()).decode() == whole
    assert rewrite(page, EVERYTHING) == page


def test_the_stubs_script_is_small() -> None:
    assert stubs_script() is stubs_script()
    assert len(gzip.compress(stubs_script(), mtime=0)) < 2850
