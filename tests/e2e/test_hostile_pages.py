"""Pages that a banner must survive: whatever they leave open, claim or hide, the visitor's choice arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Error, Page, expect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit import ConsentMiddleware, Policy
from e2e.conftest import patient
from e2e.serving import Served
from e2e.sink import Sink
from e2e.tabs import go

pytestmark = pytest.mark.browser

SECRET = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
POLICY = Policy(uses=("google-analytics", "meta-pixel", "youtube"))
UNGATED = "/ungated"
HTML = "text/html; charset=utf-8"

TRACKERS = (
    '<script async src="https://www.googletagmanager.com/gtag/js?id=G-0"></script>'
    "<script>document.createElement('img').src = 'https://www.facebook.com/tr?id=1';</script>"
    '<noscript><img alt="" src="https://www.facebook.com/tr?id=1&amp;noscript=1"></noscript>'
    '<img alt="" src="https://www.facebook.com/tr?id=1">'
    '<iframe title="Video" src="https://www.youtube.com/embed/0"></iframe>'
)
STORY = "<main><h1>A story</h1>" + "<p>Words, words.</p>" * 40 + f"</main>{TRACKERS}"


class Hostile(NamedTuple):
    """One page and how it is sent."""

    body: bytes
    media_type: str = HTML
    csp: str = ""


def page_of(head: str = "", body: str = "", *, media_type: str = HTML, csp: str = "") -> Hostile:
    """Put a page together around a hostile head, or the hostile beginning of a body."""
    text = (
        f"<!doctype html><html lang=en><head><title>T</title>{head}</head><body>{body}{STORY}</body></html>"
    )
    return Hostile(text.encode(), media_type, csp)


def raw(text: str) -> Hostile:
    """Send a page that is nothing but this."""
    return Hostile(text.encode())


def encoded(charset: str, codec: str) -> Hostile:
    """Send a page in another charset."""
    words = {"shift_jis": "日本語", "iso2022_jp": "日本語"}.get(codec, "café")
    text = f"<!doctype html><html><head><title>T</title></head><body><p>{words}</p>{STORY}</body></html>"
    return Hostile(text.encode(codec), f"text/html; charset={charset}")


EVIL = "https://evil.example"
PAGES = {
    "base": page_of(f'<base href="{EVIL}/">'),
    "base-in-body": page_of(body=f'<base href="{EVIL}/">'),
    "base-behind-text": raw(f"<html><head>Oops<base href='{EVIL}/'></head><body>{STORY}"),
    "base-twice": page_of('<base href="/deep/">', f'<base href="{EVIL}/">'),
    "base-target": page_of(f'<base href="{EVIL}/" target="_blank">'),
    "base-unreadable": page_of('<base href="https://[/">'),
    "base-other-port": page_of('<base href="http://127.0.0.1:9/">'),
    "base-data": page_of('<base href="data:text/html,x">'),
    "form": page_of(body=f'<form action="{EVIL}/" method="post" target="_blank">'),
    "form-in-head": page_of(f'<form action="{EVIL}/" method="post">'),
    "form-before-html": raw(f'<form action="{EVIL}/"><input name="action">{STORY}'),
    "link": page_of(body=f'<a href="{EVIL}/">'),
    "link-in-head": page_of(f'<a href="{EVIL}/">'),
    "button": page_of(body="<button disabled><fieldset disabled>"),
    "comment-in-head": page_of("<!--"),
    "comment-before-html": raw(f"<!-- <html><head><title>T</title></head><body>{STORY}"),
    "comment-in-body": page_of(body="<!--"),
    "bogus-comment": raw("<html><head><title>T</title></head><?oops"),
    "select": page_of(body="<select><option>"),
    "select-in-head": page_of("<select><option>"),
    "textarea": page_of(body="<textarea>"),
    "title": raw(f"<html><head><title>T<body>{STORY}"),
    "style": page_of("<style>p { color: red }"),
    "script": page_of("<script>var x = '<!--<script>';"),
    "noscript": page_of("<noscript>"),
    "noscript-in-body": page_of(body="<noscript>"),
    "noscript-around-base": page_of(f'<noscript><base href="{EVIL}/"></noscript>'),
    "template": page_of("<template>"),
    "template-in-body": page_of(body="<template>"),
    "svg": page_of(body="<svg>"),
    "svg-title": page_of(body="<svg><title>"),
    "svg-in-head": page_of("<svg>"),
    "math": page_of(body="<math><annotation-xml>"),
    "table": page_of(body="<table><tr>"),
    "table-in-head": page_of("<table>"),
    "plaintext": page_of(body="<plaintext>"),
    "iframe": page_of(body="<iframe>"),
    "object": page_of(body="<object>"),
    "dialog": page_of(body="<dialog open>"),
    "details": page_of(body="<details>"),
    "hidden": page_of(body='<div hidden><div inert style="display: none">'),
    "no-body": raw(f"<!doctype html><html><head><title>T</title></head>{STORY}"),
    "no-html": raw(f"<title>T</title>{STORY}"),
    "no-markup": raw("Just a line of text."),
    "white-space": raw(" \n "),
    "body-twice": page_of(body="<body class=x>"),
    "body-in-comment": raw(f"<!doctype html><head><!-- <body> --><title><body></title></head>{STORY}"),
    "unfinished-tag": raw("<!doctype html><html><head><title>T</title></head><body"),
    "unfinished-attribute": raw(f'<!doctype html><html><head><title>T</title></head><body class="{STORY}'),
    "closing-tags": raw(f"<!doctype html></head></body></html>{STORY}"),
    "byte-order-mark": Hostile(b"\xef\xbb\xbf" + page_of().body, "text/html"),
    "utf-16": Hostile(page_of().body.decode().encode("utf-16"), "text/html"),
    "utf-16-labelled": encoded("utf-16le", "utf-16-le"),
    "utf-16-big": Hostile(b"\xfe\xff" + page_of().body.decode().encode("utf-16-be"), "text/html"),
    "shift-jis": encoded("Shift_JIS", "shift_jis"),
    "iso-2022-jp": encoded("ISO-2022-JP", "iso2022_jp"),
    "windows-1252": encoded("windows-1252", "cp1252"),
    "buttons-unset": page_of("<style>button, a, form, p { all: unset }</style>"),
    "forms-hidden": page_of("<style>form, section, nav, button { display: none }</style>"),
    "hidden-by-id": page_of("<style>#consentkit-banner { position: static; opacity: .01 }</style>"),
    "overlay": page_of(
        body='<div style="position: fixed; inset: 0; z-index: 2147483646; background: #eee">On top</div>'
    ),
    "body-transformed": page_of("<style>body { transform: translateX(0); perspective: 1px }</style>"),
    "body-clipped": page_of("<style>body { height: 100vh; overflow: hidden; margin: 0 }</style>"),
    "body-flex": page_of("<style>body { display: grid; place-items: center } * { float: right }</style>"),
    "csp-self": page_of(csp="default-src 'self'; form-action 'self'; base-uri 'self'"),
    "csp-nonce": page_of(csp="default-src 'none'; script-src 'nonce-c2VjcmV0'; style-src 'nonce-c2VjcmV0'"),
    "csp-strict-dynamic": page_of(
        csp="script-src 'nonce-c2VjcmV0' 'strict-dynamic'; require-trusted-types-for 'script'; "
        "trusted-types 'none'; object-src 'none'; base-uri 'none'"
    ),
    "csp-nothing": page_of(csp="default-src 'none'"),
    "csp-no-fetch": page_of(csp="default-src 'self'; connect-src 'none'"),
}

PLAIN = page_of()

GA4 = (
    "<script>window.dataLayer = window.dataLayer || []; function gtag() { dataLayer.push(arguments); }"
    "gtag('js', new Date()); gtag('config', 'G-0');</script>"
)
TAG_MANAGER = (
    "<script>(function (w, d, l) { w[l] = w[l] || []; w[l].push({ event: 'gtm.js' });"
    "var s = d.createElement('script'); s.src = 'https://www.googletagmanager.com/gtm.js?id=GTM-0';"
    "d.head.append(s); })(window, document, 'dataLayer');</script>"
)
PIXEL = (
    "<script>!function (w, d) { var n = w.fbq = w._fbq = function () { n.queue.push(arguments); };"
    "n.queue = []; var s = d.createElement('script');"
    "s.src = 'https://connect.facebook.net/en_US/fbevents.js'; d.head.append(s); }(window, document);"
    "fbq('init', '1');</script>"
)
DONE = "document.title = 'Called'"
PUSH = f"dataLayer.push({{ event: 'buy', eventCallback: () => {DONE} }})"
HANDLERS = {
    "gtag": page_of(GA4, f"""<button onclick="gtag('event', 'buy', {{}}); {DONE}">Call</button>"""),
    "gtag-callback": page_of(
        GA4, f"""<button onclick="gtag('event', 'buy', {{ event_callback: () => {DONE} }})">Call</button>"""
    ),
    "fbq": page_of(PIXEL, f"""<button onclick="fbq('track', 'Lead'); {DONE}">Call</button>"""),
    "data-layer": page_of(TAG_MANAGER, f'<button onclick="{PUSH}">Call</button>'),
    "data-layer-of-ga4": page_of(GA4, f'<button onclick="{PUSH}">Call</button>'),
    "gtag-with-csp": page_of(
        GA4.replace("<script>", '<script nonce="c2VjcmV0">'),
        "<button>Call</button><script nonce='c2VjcmV0'>document.querySelector('body > button').onclick ="
        f" () => {{ gtag('event', 'buy'); {DONE} }}</script>",
        csp="script-src 'nonce-c2VjcmV0'",
    ),
}
FRAMES = raw(
    "<!doctype html><html><head><title>T</title></head><frameset cols='50%,50%'>"
    "<frame src='https://www.youtube.com/embed/0'><frame src='https://www.facebook.com/tr?id=1'></frameset>"
)
# For XML's parser every "/>" ends an element, whatever HTML makes of it.
XHTML = Hostile(
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title>'
    b'<script src="/own.js"/><style/><script src="https://www.googletagmanager.com/gtag/js?id=G-0"/>'
    b"<script><![CDATA[new Image().src = 'https://www.facebook.com/tr?id=1']]></script></head><body><p>Text</p>"
    b'<img alt="" src="https://www.facebook.com/tr?id=1"/></body></html>',
    "application/xhtml+xml",
)
SANDBOXED = page_of(csp="sandbox allow-scripts allow-forms")
SERVED = {**PAGES, **HANDLERS, "frameset": FRAMES, "xhtml": XHTML, "sandboxed": SANDBOXED}

both = pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the page that the last segment of the path names."""
    page = SERVED.get(scope["path"].rpartition("/")[2], PLAIN)
    headers = {"content-type": page.media_type}
    if page.csp:
        headers["content-security-policy"] = page.csp
    await Response(page.body, headers=headers)(scope, receive, send)


@pytest.fixture(scope="module")
def site() -> Iterator[Served]:
    """Serve every page at its name, and below `UNGATED` as the app made it."""
    app: ASGIApp = ConsentMiddleware(answer, secret_key=SECRET, log=None, policy=POLICY, exclude=[UNGATED])
    with Served(app) as running:
        yield running


@pytest.fixture(scope="module")
def tabs(wired: Browser) -> Iterator[dict[bool, Page]]:
    """Give the tabs of two visitors, with JavaScript and without."""
    tabs = {
        script: patient(wired.new_context(java_script_enabled=script)).new_page() for script in (True, False)
    }
    yield tabs
    for tab in tabs.values():
        tab.context.close()


@pytest.fixture
def visit(site: Served, sink: Sink, tabs: dict[bool, Page]) -> Iterator[Callable[[str, bool], Page]]:
    """Open a page as a new visitor; at the end, nothing was thrown that the app's own page does not throw."""
    thrown: list[tuple[str, set[str]]] = []

    def note(error: Error) -> None:
        thrown[-1][1].add(error.message)

    def visit(name: str, script: bool = True) -> Page:
        page = tabs[script]
        go(page, "about:blank")  # a page whose choice is gone loads itself again
        page.context.clear_cookies()
        thrown.append((name, set()))
        sink.forget()
        page.goto(f"{site.url}/{name}")
        return page

    for tab in tabs.values():
        tab.on("pageerror", note)
    yield visit
    for name, errors in [one for one in thrown if one[1]]:
        visit(f"{UNGATED}/{name}".lstrip("/"))
        assert errors <= thrown[-1][1]
    for tab in tabs.values():
        tab.remove_listener("pageerror", note)


LEAD = """all => all.map(one => {
    const link = document.createElement("a");
    link.href = one.getAttribute("action") ?? one.getAttribute("href");
    return link.origin;
})"""


@both
@pytest.mark.parametrize("name", PAGES)
def test_the_choice_arrives(
    site: Served, sink: Sink, visit: Callable[[str, bool], Page], name: str, script: bool
) -> None:
    page = visit(name, script)
    banner = page.locator("#consentkit-banner")
    banner.wait_for(state="visible")
    assert set(banner.locator("form, a").evaluate_all(LEAD)) == {site.url}
    banner.locator("[data-consentkit-action=reject]").click()
    banner.wait_for(state="detached")
    state = page.request.get(f"{site.url}/_consent/state").json()
    assert (state["source"], state["granted"], state["needs_prompt"]) == ("banner", ["necessary"], False)
    assert page.url == f"{site.url}/{name}"
    assert sink.hosts == set()


def test_a_frameset_has_no_place_for_a_banner_and_leaks_nothing(
    sink: Sink, visit: Callable[[str, bool], Page]
) -> None:
    page = visit("frameset", True)
    assert page.locator("frame").count() == 2
    assert sink.hosts == set()


@both
def test_xhtml_is_shown_as_it_is_and_leaks_nothing(
    sink: Sink, visit: Callable[[str, bool], Page], script: bool
) -> None:
    page = visit("xhtml", script)
    expect(page.get_by_text("Text", exact=True)).to_be_visible()
    assert sink.hosts == set()


def test_a_page_without_an_origin_of_its_own_leads_to_where_a_choice_can_be_made(
    site: Served, visit: Callable[[str, bool], Page]
) -> None:
    page = visit("sandboxed", True)
    assert page.locator("#consentkit-banner").count() == 0
    page.get_by_role("link", name="Privacy settings").click()
    page.wait_for_url(f"{site.url}/_consent/?return_to=%2Fsandboxed*")
    page.get_by_role("button", name="Reject").click()
    page.wait_for_url("**saved=1*")
    state = page.request.get(f"{site.url}/_consent/state").json()
    assert (state["source"], state["granted"]) == ("settings", ["necessary"])


@pytest.mark.parametrize("name", HANDLERS)
def test_what_calls_a_gated_snippet_goes_on(
    sink: Sink, visit: Callable[[str, bool], Page], name: str
) -> None:
    page = visit(name, True)
    page.get_by_role("button", name="Call").click()
    page.wait_for_function("document.title === 'Called'")
    assert sink.hosts == set()
