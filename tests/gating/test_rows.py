"""Every element and attribute that reaches somebody: gone without consent, byte for byte there with it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.gating.resource_urls import refresh_urls, unwrap
from gating.pages import CLASSIFIER, EVERYTHING, NOTHING, consent, rewrite, rewrite_cut, run
from live_tags import live

V = "https://www.google-analytics.com/x"
LOADS = f"new Image().src='{V}'"
ENCODED = base64.b64encode(f"<img src='{V}'>".encode()).decode()
RULES = f'{{"imports": {{"a": "{V}"}}}}'

# A mark stands where the private name's prefix is put.
PLAIN = [
    f"<body ~background={V}>",
    f"<table ~background={V}><td ~background={V}></table>",
    f'<a href=/x ~ping="/own {V}">x</a>',
    f"<area ~attributionsrc={V}>",
    f"<meta http-equiv=Refresh ~content='0;url={V}'>",
    f"<video ~poster='{V}'></video>",
    f"<embed ~src={V}>",
    f"<object><param name=movie ~value={V}></object>",
    f"<portal ~src={V}></portal>",
    f"<fencedframe ~src={V}></fencedframe>",
    f"<link rel=manifest ~href={V}>",
    f"<img ~data-bg='url({V})'>",
    f"<img ~data-bgset='/a 1x, {V} 2x'>",
    f"<svg><image><animate attributeName=href ~values='a;{V}'/></image></svg>",
    f"<svg><image><set attributeName=xlink:href ~to={V} /></image></svg>",
    f"<table><colgroup ~background={V}><col ~background={V}></colgroup></table>",
    f"<TABLE><COL span=2 ~BACKGROUND='{V}'></TABLE>",
    f"<embed ~code={V}>",
    f"<amp-pixel ~src={V} layout=nodisplay></amp-pixel>",
    f"<amp-img ~src=/own.png ~srcset='/own.png 1x, {V} 2x'></amp-img>",
    f"<amp-iframe ~src={V}></amp-iframe>",
    f"<amp-video ~poster={V}></amp-video>",
    f"<amp-ad type=a9 ~data-lazy-src={V}></amp-ad>",
    f"<amp-analytics ~config={V}></amp-analytics>",
    f"<img ~nitro-lazy-src={V}>",
    f"<img ~nitro-lazy-srcset='{V} 1x'>",
    f"<img ~data-n-src={V}>",
    f"<img ~data-ezsrc={V}>",
    f"<img ~lazy-src={V}>",
    f"<img ~data-lazyload={V}>",
    f"<img ~data-zoom-image={V}>",
    f"<iframe name=consentkit-1 ~data-litespeed-src={V} hidden></iframe>",
    f"<script type=text/plain ~data-flying-src={V}></script>",
    f"<video ~data-poster={V}></video>",
    f"<div ~data-bg={V}></div>",
    f"<div class='a b' ~data-bg='url({V})'></div>",
    f"<section id=x ~data-background-image=\"url('{V}')\"></section>",
    f"<SPAN ~data-bgset='/own 1x, {V} 2x'></SPAN>",
    f'<figure class="x" ~data-src-bg="{V}"></figure>',
    f"<li ~nitro-lazy-bg={V}>",
    f"<header ~data-background={V}></header>",
    f"<div ~data-bg-multi='url(/own), url({V})'></div>",
]


@pytest.mark.parametrize("marked", PLAIN)
def test_attributes_that_load(marked: str) -> None:
    page = (
        marked.replace("~", "").replace(" name=consentkit-1", "").replace("script type=text/plain", "script")
    )
    inert = marked.replace("~", "data-consentkit-").encode()
    assert rewrite_cut(page.encode()) == inert
    assert rewrite_cut(page.encode(), EVERYTHING) == page.encode()
    assert rewrite_cut(inert) == inert


@pytest.mark.parametrize(
    "page",
    [
        f"<meta name=description content={V}>",
        f"<meta http-equiv=content-security-policy content='img-src {V}'>",
        f"<svg><set attributeName=fill to={V} /></svg>",
        f"<param name=bgcolor value={V}>",
        f"<form action={V}><button formaction={V}></form>",
        f"<a href={V}>x</a>",
        f"<link rel='image_src' href={V}>",
        "<iframe src='data:text/plain,new Image()'></iframe>",
        "<iframe src='javascript:void(0)'></iframe>",
        f"<img src='data:image/svg+xml,<svg><image href={V}/></svg>'>",
        "<object data='data:image/svg+xml,<svg xmlns=\"http://www.w3.org/2000/svg\"><title>Only</title></svg>'>",
        "<embed src='data:image/svg+xml,<svg><style>a{fill:url(#b)}</style><use href=\"#c\"/></svg>'>",
        "<iframe src='data:application/xhtml+xml,<p>Text</p>'></iframe>",
        f"<iframe src='data:unknown/unknown,<img src={V}>'></iframe>",
        "<body onload=start()>",
        f"<img data-original-title={V}><img data-href={V}>",
        f"<div data-src={V}></div><div data-url={V} data-share={V}></div><p data-bg={V}>",
        f"<div data-background-color=#fff data-bg=/own.png data-image={V}></div>",
        f"<amp-social-share data-share-endpoint={V}></amp-social-share>",
        "<amp-img src=/own.png></amp-img><col span=2><embed code=/own.swf>",
        "<slot onslotchange=show()></slot>",
        "<iframe srcdoc='<p>here</p>'></iframe>",
    ],
)
def test_what_reaches_nobody_by_itself_stays(page: str) -> None:
    assert rewrite(page) == page


HANDLERS = [
    f'<body onload="{LOADS}">',
    f'<body onpageshow="{LOADS}">',
    f'<img src=/own.gif onerror="{LOADS}">',
    f'<link rel=stylesheet href=/own.css onload="{LOADS}">',
    f'<script src=/own.js onload="{LOADS}"></script>',
    f'<iframe src=/own onload="{LOADS}"></iframe>',
    f'<video src=/own.mp4 onloadstart="{LOADS}"></video>',
    f'<input autofocus onfocus="{LOADS}">',
    f'<style onload="{LOADS}"></style>',
    f'<svg onload="{LOADS}"></svg>',
    f'<svg><animate attributeName=x onbegin="{LOADS}" /></svg>',
    f'<details open ontoggle="{LOADS}"></details>',
    f'<marquee onstart="{LOADS}"></marquee>',
    f'<img src=/own.gif onerror="fix()" onerror="{LOADS}">',
    '<img src=/own.gif onload="fbq(&#39;init&#39;, 1)">',
    f'<slot onslotchange="{LOADS}"></slot>',
    f'<template shadowrootmode=open><SLOT name=x ONSLOTCHANGE="{LOADS}"></SLOT></template>',
    f'<slot class="x" onslotchange="{LOADS}"></slot>',
    f'<div class="x" onslotchange="{LOADS}"><slot></slot></div>',
    '<img src=/own.gif onload="this.src=&quot;//www.google-analytics.com/x&quot;">',
]


@pytest.mark.parametrize("page", HANDLERS)
def test_handlers_are_judged_as_scripts(page: str) -> None:
    out = rewrite(page)
    assert " on" not in out.lower()
    assert out.replace("data-consentkit-", "") == page
    assert rewrite(page, EVERYTHING) == page


WRAPPED = [
    f"<iframe src=\"javascript:document.write('<script src={V}></script>')\"></iframe>",
    f"<iframe src=\"javascript:'<img src={V}>'\"></iframe>",
    f"<iframe src=\"javascript:var a='{V}'; '%3Cimg src='+a+'>';\"></iframe>",
    f"<iframe src=\"javascript:(function(){{return '<img src={V}>'}})()\"></iframe>",
    f"<iframe src=\"javascript:'\\x3cimg src={V}>'//\"></iframe>",
    f'<iframe src="java&#10;script:{LOADS}"></iframe>',
    f"<iframe src='data:text/html,<img src={V}>'></iframe>",
    "<iframe src='data:text/html,%3Cimg%20src=%2F%2Fwww.google-analytics.com%2Fx%3E'></iframe>",
    f"<iframe src='data:text/html;base64,{ENCODED}'></iframe>",
    f"<iframe src='data:text/html;base64,{ENCODED[:20]} {ENCODED[20:].rstrip('=')}'></iframe>",
    f"<iframe src='DATA:text/html;charset=utf-8 ; BASE64,{ENCODED}'></iframe>",
    "<iframe src='data:text/html;base64,?'></iframe>",
    "<iframe src='data:text/html;charset=utf-16le,x'></iframe>",
    "<iframe src='data:text/html;charset=\"utf\\-16\",x'></iframe>",
    "<iframe src='data:text/html;charset=iso-2022-jp,x'></iframe>",
    f"<iframe src='data:text/html,<meta charset=iso-2022-jp>%1b$B<!--%1b(B<img src={V}>'></iframe>",
    f"<iframe src='data:text/html;charset=x,<meta charset=csiso2022jp>\x1b$B<!--<img src={V}>'></iframe>",
    f"<object data='data:text/html,{'a' * 3000}<meta charset=iso-2022-jp>%1B(I<!--<img src={V}>'></object>",
    "<iframe src=\"data:text/xml,<!DOCTYPE x [<!ENTITY y SYSTEM 'z'>]>&y;\"></iframe>",
    f"<iframe src=\"data:application/xhtml+xml,<x:script xmlns:x='' src='{V}'/>\"></iframe>",
    f"<object data='data:image/svg+xml,<svg><image href=\"{V}\"/></svg>'></object>",
    f"<embed src='data:,<img src={V}>'>",
    f"<iframe src='data:*/*,<img src={V}>'></iframe>",
    f"<iframe src='data:text/xml,<x><![CDATA[ > <!-- ]]><script src=\"{V}\"/></x>'></iframe>",
    f"<object data='data:application/xhtml+xml,<style><script src=\"{V}\"></script></style>'></object>",
    f"<embed src='data:image/svg+xml,<svg><title><style><image href=\"{V}\"/></style></title></svg>'>",
    f"<iframe src='data:image/svg+xml,<svg onload=\"{LOADS[:9]}\"/>'></iframe>",
    "<iframe src='data:text/html,%3C%00?%00x%00'></iframe>",
    f'<script src="data:text/javascript,{LOADS}"></script>',
    f'<script src="data:,{LOADS}"></script>',
    f"<iframe src='data:text/html,<iframe src=\"data:text/html,<img src={V}>\"></iframe>'></iframe>",
]


@pytest.mark.parametrize("page", WRAPPED)
def test_urls_that_bring_their_content_with_them(page: str) -> None:
    out = rewrite(page)
    assert "data-consentkit-src=" in out or "data-consentkit-data=" in out
    assert live(out) == []
    assert rewrite(page, EVERYTHING) == page


def test_documents_nested_too_deep_are_held_back_while_anything_is_denied() -> None:
    page = "<p>"
    for _ in range(6):
        page = "<iframe srcdoc='" + page.replace("&", "&amp;").replace("'", "&#39;") + "'></iframe>"
    assert "data-consentkit-srcdoc=" in rewrite(page)
    assert rewrite(page, EVERYTHING) == page


@pytest.mark.parametrize("page", [*(page.replace("~", "") for page in PLAIN), *HANDLERS, *WRAPPED])
def test_an_independent_parser_finds_nothing_live(page: str) -> None:
    assert live(rewrite(page)) == []


def test_a_srcdoc_is_rewritten_as_a_page() -> None:
    page = f"<iframe srcdoc='<p title=&quot;a&amp;amp;b&quot;>é &eacute;</p><img src={V}>'></iframe>"
    document = f"<p title=&quot;a&amp;amp;b&quot;>&#233; &#233;</p><img data-consentkit-src={V}>"
    assert rewrite(page) == f"<iframe srcdoc='{document}'></iframe>"
    assert rewrite(page, EVERYTHING) == page


def test_a_srcdoc_without_quotes_gets_them() -> None:
    page = f"<iframe srcdoc=&lt;img/src={V}&gt;></iframe>"
    assert rewrite(page) == f'<iframe srcdoc="<img/data-consentkit-src={V}>"></iframe>'


def test_a_srcdoc_has_globals_of_its_own_and_the_page_s_base() -> None:
    pixel = "<script>fbq(`init`, 1)</script>"
    out = rewrite(f"{pixel}<iframe srcdoc='{pixel}'></iframe>")
    assert out.count("{fbq:call}") == 2
    inside = f"<base href='{V}'><iframe srcdoc='<img src=x.gif>'></iframe>"
    assert "<img data-consentkit-src=x.gif>" in rewrite(inside)


def test_a_srcdoc_in_an_uncertain_place_is_moved() -> None:
    page = f"<body><noscript><iframe srcdoc='<img src={V}>'></iframe></noscript>"
    assert "data-consentkit-srcdoc='" in rewrite(page)


def test_what_a_srcdoc_holds_is_reported_once_and_by_name() -> None:
    handler = run(f"<iframe srcdoc='<img src={V}>'></iframe>")[1]
    assert [(gated.element, gated.vendor) for gated in handler.gated] == [("img", "google-analytics")]


@pytest.mark.parametrize("kind", ["importmap", " ImportMap "])
def test_a_module_stands_in_for_a_vendors(kind: str) -> None:
    page = f'<script type="{kind}">{RULES}</script>'
    assert rewrite(page) == page.replace(V, "/_consent/assets/md.js")
    assert rewrite(page, EVERYTHING) == page
    assert rewrite(page.replace(V, "/own.js")) == page.replace(V, "/own.js")


def test_lists_of_addresses() -> None:
    page = f'<script type="speculationrules">{{"prefetch": [{{"urls": ["{V}"]}}]}}</script>'
    assert rewrite(page) == page.replace("type=", "type=text/plain data-consentkit-type=", 1)
    assert rewrite(page, EVERYTHING) == page
    assert rewrite(page.replace(V, "/own.js")) == page.replace(V, "/own.js")


def test_a_list_of_addresses_may_escape_its_slashes() -> None:
    written = rewrite(f"<script type=importmap>{RULES}</script>".replace("/", "\\/", 2))
    assert "/_consent/assets/md.js" in written and "google" not in written


@pytest.mark.parametrize(
    "kind",
    [
        *("application/json", "application/ld+json", "text/x-template", "text/x-handlebars", "text/html"),
        *("text/javascript;charset=utf-8", "text/x-javascript-template", "math/tex", "x-shader/x-vertex"),
        *("text/markdown", "text/ng-template", "lazy/json", "application/graphql"),
    ],
)
def test_other_data_blocks_are_never_touched(kind: str) -> None:
    page = f'<script type="{kind}">{RULES} {LOADS}</script>'
    assert rewrite(page) == page


@pytest.mark.parametrize(
    "kind",
    [
        "rocketlazyloadscript",
        "litespeed/javascript",
        "pmdelayedscript",
        "javascript/blocked",
        "lazy",
        "text/lazyload",
        "text/delayscript",
        "text/psajs",
        "text/partytown",
        "Flying-Press-Lazyload-Script",
        "text/javascript-delayed",
        "0123456789abcdef01234567-module",
        "0123456789abcdef01234567-text/javascript",
    ],
)
def test_scripts_that_an_optimiser_runs_later_are_scripts(kind: str) -> None:
    page = f'<script type="{kind}" data-rocket-src="{V}"></script>'
    assert rewrite(page) == (
        f'<script type=text/plain data-consentkit-type="{kind}"'
        f' data-consentkit-data-rocket-src="{V}"></script>'
    )
    assert rewrite(page, EVERYTHING) == page
    page = f'<script type="{kind}">{LOADS}</script>'
    assert rewrite(page) == page.replace("type", "type=text/plain data-consentkit-type", 1)


@pytest.mark.parametrize(
    ("content", "urls"),
    [
        ("5", [""]),
        ("0; url=/a", ["/a"]),
        (" .5 , URL = '/a b' x", ["/a b"]),
        ('0 "/a"', ["/a"]),
        ("0;/a", ["/a"]),
        ("1;url", ["url"]),
        ("; url=//x", ["//x"]),
        ('0;url="//own"@x/b"', ["//own", '//own"@x/b']),
        ("0;url='//own", ["//own"]),
        ("0\x0b;url=//x", ["\x0b;url=//x", "//x"]),
        ("\u20030 //x", ["\u20030 //x", "//x"]),
    ],
)
def test_refresh(content: str, urls: list[str]) -> None:
    assert refresh_urls(content) == urls


@given(st.binary(max_size=60))
def test_base64_is_read_back_with_and_without_padding(content: bytes) -> None:
    for text in (base64.b64encode(content).decode(), base64.b64encode(content).decode().rstrip("=")):
        inner = unwrap(f"data:text/html;base64,{text}", b"iframe")
        assert inner is not None
        strange = content.startswith((b"\xfe\xff", b"\xff\xfe")) or b"\x1b$" in content or b"\x1b(" in content
        assert inner.text == content or strange


WORDS = st.sampled_from(
    f"""{V} < > ' " \\ ` ~ &quot; &#39; &amp; &eacute; é <p> <img~src= <iframe~srcdoc= </iframe>
    <script> </script> fetch(' ') data:text/html, javascript: ~onload=""".split()
).map(lambda word: word.replace("~", " "))


@given(st.lists(WORDS, max_size=12).map("".join))
def test_whatever_stands_in_a_frame_nothing_in_it_is_live(inside: str) -> None:
    page = '<iframe srcdoc="' + inside.replace('"', "&quot;") + '"></iframe>'
    assert live(rewrite(page)) == []
    assert rewrite(page, EVERYTHING) == page


def test_plans_are_remembered_and_those_of_documents_too() -> None:
    for page in (*HANDLERS, *WRAPPED):
        tag = page[: page.index(">") + 1].encode()
        if tag.count(b"'") % 2 == 0 and tag.startswith(b"<iframe"):
            assert CLASSIFIER.classify(tag, b"iframe") is CLASSIFIER.classify(tag, b"iframe")
    assert rewrite(WRAPPED[2], consent("analytics")) == WRAPPED[2]
    assert rewrite(WRAPPED[2], NOTHING) != WRAPPED[2]
