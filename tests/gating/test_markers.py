"""Markers of the tools that people come from: inert without consent, made live by the server with it."""

from __future__ import annotations

import re

import pytest

from consentkit.gating import Gate
from consentkit.gating.judge import Gated
from consentkit.policy import Policy
from consentkit.policy.tables import MARKER_TOOLS, MarkerTool
from gating.pages import EVERYTHING, consent, rewrite, run

T = 'type="text/plain"'
OFF = 'data-consentkit-type="text/plain"'

# Scripts that need nothing but their type taken away.
TYPED = [
    (f'<script {T} data-category="analytics">a()</script>', "analytics"),  # vanilla-cookieconsent
    (f'<script {T} data-category="analytics" data-service="Google Analytics">a()</script>', "analytics"),
    (f"<script {T} data-cookiecategory=targeting src=/a.js></script>", "marketing"),
    (f"<script {T} data-cookieconsent=statistics src=/a.js></script>", "analytics"),  # Cookiebot
    (f'<script {T} class="x optanon-category-C0002">a()</script>', "analytics"),  # OneTrust
    (f'<script {T} class="optanon-category-3">a()</script>', "functional"),
    (f'<script {T} class="optanon-category-C0005">a()</script>', "marketing"),
    (f'<script {T} data-cookieyes="cookieyes-analytics">a()</script>', "analytics"),  # CookieYes
    (f'<script {T} data-usercentrics="Google Analytics">a()</script>', "analytics"),  # Usercentrics
    (f'<script {T} data-service="google-analytics" data-category="statistics">a()</script>', "analytics"),
    (f'<script {T} class="cmplz-stats">a()</script>', "analytics"),  # Complianz
]

PARKED = [
    (
        f'<script data-type="module" {T} data-category="analytics" data-src=/a.js></script>',
        "analytics",
        f'<script type="module" {OFF} data-category="analytics" src=/a.js></script>',
    ),
    (
        f'<script {T} data-type="application/javascript" data-name="google-analytics">a()</script>',  # Klaro
        "analytics",
        f'<script {OFF} type="application/javascript" data-name="google-analytics">a()</script>',
    ),
    (
        "<iframe data-name='youtube' data-src='https://www.youtube.com/embed/1'></iframe>",
        "marketing",
        "<iframe data-name='youtube' src='https://www.youtube.com/embed/1'></iframe>",
    ),
    (
        "<iframe data-cookieblock-src=/v data-cookieconsent=preferences></iframe>",
        "functional",
        "<iframe src=/v data-cookieconsent=preferences></iframe>",
    ),
    (
        '<img data-src="/p.gif" data-usercentrics="YouTube">',
        "marketing",
        '<img src="/p.gif" data-usercentrics="YouTube">',
    ),
    (
        '<iframe data-category="marketing" src="about:blank" data-src-cmplz="//www.youtube.com/1"></iframe>',
        "marketing",
        '<iframe data-category="marketing" data-consentkit-src="about:blank" src="//www.youtube.com/1">'
        "</iframe>",
    ),
]
WRITTEN_INERT = [*((page, purpose, page.replace(T, OFF)) for page, purpose in TYPED), *PARKED]


@pytest.mark.parametrize(("page", "purpose", "live"), WRITTEN_INERT)
def test_what_was_written_inert_is_made_live_by_its_purpose_alone(page: str, purpose: str, live: str) -> None:
    assert rewrite(page, consent(purpose)) == live
    others = {"functional", "analytics", "marketing"} - {purpose}
    denied = rewrite(page, consent(*others))
    assert "<script" not in page or denied == page
    assert not re.search(r"""\ssrc=['"]?(?:https:|/)""", denied) or denied.startswith("<script")


@pytest.mark.parametrize(
    ("page", "purpose"),
    [
        ("<script data-cookieconsent=marketing src=/a.js></script>", "marketing"),
        ('<script data-cookieyes="cookieyes-performance">a()</script>', "analytics"),
        ('<script class="optanon-category-C0004">a()</script>', "marketing"),
        ('<img src=/p.gif data-usercentrics="YouTube">', "marketing"),
    ],
)
def test_live_tags_with_a_marker_are_made_inert_and_left_alone_with_consent(page: str, purpose: str) -> None:
    assert "data-consentkit-src=" in rewrite(page) or "<script type=text/plain" in rewrite(page)
    assert rewrite(page, consent(purpose)) == page


def test_a_list_needs_all_of_its_purposes() -> None:
    page = f"<script {T} data-cookieconsent='statistics, marketing'>a()</script>"
    assert rewrite(page, consent("analytics")) == rewrite(page, consent("marketing")) == page
    assert rewrite(page, EVERYTHING) != page
    groups = f'<script {T} class="optanon-category-C0002-C0004">a()</script>'
    assert rewrite(groups, consent("analytics")) == groups
    assert rewrite(groups, EVERYTHING) != groups


def test_groups_are_told_by_their_numbers_however_long_they_are() -> None:
    page = f'<script {T} class="optanon-category-{"0" * 5_000}2">a()</script>'
    assert rewrite(page, consent("analytics")) != page
    page = f'<script {T} class="optanon-category-{"1" * 5_000}">a()</script>'
    assert rewrite(page, EVERYTHING) == page


def test_a_service_can_be_refused_and_allowed_by_itself() -> None:
    page = f'<script {T} data-category="analytics" data-service="Google Analytics">a()</script>'
    assert rewrite(page, consent("analytics", vendors_denied=["google-analytics"])) == page
    assert rewrite(page, consent(vendors_granted=["google-analytics"])) != page


@pytest.mark.parametrize(
    "page",
    [
        f"<script {T} data-category='!analytics'>a()</script>",
        f"<script {T} data-category=unheard-of>a()</script>",
        f"<script {T} data-usercentrics='Some Tool'>a()</script>",
        f"<script {T} data-cookieconsent=''>a()</script>",
        f'<script {T} class="optanon-category-SPD_BG">a()</script>',
    ],
)
def test_names_that_nobody_knows_are_never_allowed(page: str) -> None:
    out, handler = run(page, EVERYTHING)
    assert out == page
    assert [gated.why for gated in handler.gated] in (["unknown-marker"], [])


def test_an_unknown_name_is_reported() -> None:
    handler = run(f"<script {T} data-usercentrics='Some Tool'>a()</script>", EVERYTHING)[1]
    assert list(handler.gated) == [Gated("script", "Some Tool", "", "", "unknown-marker")]


@pytest.mark.parametrize(
    "page",
    [
        f"<script {T} id=template><p>hi</p></script>",
        f"<script {T} data-name=row>{{{{ row }}}}</script>",
        "<img class=lazy data-src=/logos/youtube.png data-name=YouTube>",
        "<img class=lazy data-src=/a.png data-category=marketing>",
        "<img src=/a.png data-category=marketing class=cmplz-marketing>",
        "<script src=/a.js data-category=marketing></script>",
    ],
)
def test_attributes_that_other_pages_use_for_other_things_are_no_markers(page: str) -> None:
    assert rewrite(page) == page
    assert rewrite(page, EVERYTHING) == page


def test_necessary_things_are_made_live_at_once() -> None:
    assert rewrite(f'<script {T} class="optanon-category-C0001">a()</script>').startswith(f"<script {OFF}")
    ignored = "<script src=/own.js data-cookieconsent=ignore></script>"
    assert rewrite(ignored) == ignored


META = "https://connect.facebook.net/q"
LOADS = f"new Image().src='{META}'"
# Tool, what a visitor granted, and a tag whose marker asks for no more, though it reaches a vendor.
LOOSE = [
    ("onetrust", "", f"<script src={META} class=optanon-category-C0001></script>"),
    ("onetrust", "analytics", f"<img src={META} class='x optanon-category-2'>"),
    ("onetrust", "", f"<script class=optanon-category-C0001>{LOADS}</script>"),
    ("cookiebot", "", f"<script src={META} data-cookieconsent=ignore></script>"),
    ("cookiebot", "", f'<script data-cookieconsent="necessary">{LOADS}</script>'),
    ("cookiebot", "", f'<img src=/own.gif onerror="{LOADS}" data-cookieconsent=ignore>'),
    ("cookiebot", "", f"<iframe srcdoc='<img src={META}>' data-cookieconsent=ignore></iframe>"),
    ("cookieyes", "", f"<link rel=preload href={META} data-cookieyes=cookieyes-necessary>"),
    ("usercentrics", "analytics", f"<object data={META} data-usercentrics='Google Analytics'></object>"),
    ("vanilla-cookieconsent", "", f"<script {T} data-category=necessary src={META}></script>"),
    ("vanilla-cookieconsent", "", f"<script {T} data-cookiecategory=necessary>{LOADS}</script>"),
    ("complianz", "functional", f"<script {T} class=cmplz-native>{LOADS}</script>"),
    ("complianz", "functional", f"<iframe data-category=functional data-src-cmplz={META}></iframe>"),
    (
        "klaro",
        "analytics",
        f"<script {T} data-type=module data-name=google-analytics data-src={META}></script>",
    ),
]


def is_live(page: str, given: str, *, tools: tuple[MarkerTool, ...] = ()) -> bool:
    out, handler = run(page, consent(given or "necessary"), gate=Gate(Policy(markers=tools)))
    assert (OFF in out or out.count(" src=") > page.count(" src=") or out == page) or handler.gated
    return not handler.gated


@pytest.mark.parametrize(("tool", "given", "page"), LOOSE)
def test_markers_let_through_only_where_the_site_uses_their_tool(
    tool: MarkerTool, given: str, page: str
) -> None:
    assert is_live(page, given, tools=(tool,))
    assert not is_live(page, given)
    assert not is_live(
        page, given, tools=tuple({*MARKER_TOOLS} - {tool, "complianz", "vanilla-cookieconsent"})
    )
    assert is_live(page, "marketing") == is_live(page, "marketing", tools=(tool,))


@pytest.mark.parametrize(("tool", "given", "page"), LOOSE)
def test_what_is_marked_and_reaches_nobody_is_let_through(tool: str, given: str, page: str) -> None:
    assert is_live(page.replace(META, "/own"), given)


@pytest.mark.parametrize(
    "page",
    [
        "<script src=/own.js class=optanon-category-C0004></script>",
        "<script data-cookieconsent=marketing>own()</script>",
        "<img src=/own.gif data-cookieyes=cookieyes-advertisement>",
        "<iframe src=/own data-usercentrics=Unheard></iframe>",
        f"<script {T} data-category=marketing src=/own.js></script>",
    ],
)
def test_markers_hold_back_whatever_the_site_uses(page: str) -> None:
    assert not is_live(page, "analytics")
    assert not is_live(page, "analytics", tools=tuple(MARKER_TOOLS))


def test_import_maps_are_read_although_they_are_marked() -> None:
    page = f'<script type=importmap data-cookieconsent=ignore>{{"imports": {{"a": "{META}"}}}}</script>'
    assert not is_live(page, "")
    assert is_live(page, "", tools=("cookiebot",))


def test_the_package_s_own_marker_is_trusted() -> None:
    assert is_live(f"<script src={META} data-consent=necessary></script>", "")


def test_the_package_s_own_marker_knows_no_words_of_others() -> None:
    page = "<script data-consent=statistics>a()</script>"
    assert "text/plain" in rewrite(page, EVERYTHING)


def test_in_an_uncertain_place_only_insertions_make_a_tag_live() -> None:
    frame = "<iframe data-cookieconsent=marketing data-src=/v></iframe>"
    page = f"<body><noscript>{frame}</noscript>"
    assert rewrite(page, EVERYTHING) == page
    assert rewrite(frame, EVERYTHING) != frame
