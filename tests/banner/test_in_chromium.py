"""The banner and its pages in a real browser: what people see, reach and press."""

from __future__ import annotations

import html
import json
from collections.abc import Callable, Iterator
from typing import Any, Literal, TypedDict

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Route, expect

from consentkit.banner import (
    assets_by_name,
    render_banner,
    render_head,
    render_link,
    render_message,
    render_placeholder,
    render_settings,
)
from consentkit.consent import Consent, Decision
from consentkit.policy import Policy

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'"
)
HOSTILE = """<style>
* { font-family: fantasy; letter-spacing: 2px; box-sizing: content-box }
html { font-size: 50% } body { color: #fff; background: #222; text-align: center; line-height: 3 }
button, a { display: block; width: 100%; float: left; background: red; color: red; border: 9px dashed }
p { font-size: 40px; margin: 50px } section, nav, form { display: none }
div { opacity: .1; transform: rotate(9deg) }
</style>"""
ARTICLE = "<main><h1>A story</h1>" + '<p>Text with a <a href="#x">link</a>.</p>' * 24 + "</main>"


class Where(TypedDict):
    locale: str
    prefix: str
    return_to: str


URL = Where(locale="en", prefix="/_consent", return_to="/story")


class Site:
    """A site without a server: pages and files are answered inside the browser."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.pages: dict[str, str] = {}
        self.csp = CSP
        self.answer: tuple[int, dict[str, Any]] | None = (200, {"reload": False})
        self.posts: list[tuple[str, str]] = []
        self.loads: list[str] = []

    def serve(self, route: Route) -> None:
        request = route.request
        path = "/" + request.url.split("/", 3)[3].partition("?")[0]
        if path.startswith("/_consent/assets/"):
            asset = assets_by_name(self.policy)[path.rpartition("/")[2]]
            route.fulfill(body=asset.body, content_type=asset.media_type)
        elif request.method == "POST":
            self._decide(route)
        else:
            self.loads.append(path)
            self._html(route, self.pages.get(path, "<!doctype html><title>Elsewhere</title>"))

    def _decide(self, route: Route) -> None:
        script = route.request.headers["accept"] == "application/json"
        self.posts.append(("script" if script else "form", route.request.post_data or ""))
        if not script:
            self._html(route, "<!doctype html><title>Answered plainly</title>")
        elif self.answer is None:
            route.abort()
        else:
            route.fulfill(
                status=self.answer[0], body=json.dumps(self.answer[1]), content_type="application/json"
            )

    def _html(self, route: Route, body: str) -> None:
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": self.csp}
        route.fulfill(body=body, headers=headers)


def document(policy: Policy, body: str, *, head: str = "", lang: str = "en", base: str = "ltr") -> str:
    links = render_head(policy, prefix="/_consent")
    viewport = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    opening = f'<!doctype html><html lang="{lang}" dir="{base}"><head><meta charset="utf-8">{viewport}'
    return f"{opening}<title>Story</title>{links}{head}</head><body>{body}{ARTICLE}</body></html>"


def rtl(markup: str) -> str:
    return markup.replace('lang="en" dir="ltr"', 'lang="ar" dir="rtl"')


@pytest.fixture
def site(make_policy: MakePolicy, make_consent: MakeConsent) -> Site:
    site = Site(make_policy())
    for regime in ("opt-in", "opt-out", "inform"):
        policy = make_policy(regime)
        banner = render_banner(policy, make_consent(policy), **URL)
        site.pages[f"/{regime}"] = document(policy, banner)
        site.pages[f"/{regime}-rtl"] = document(policy, rtl(banner), lang="ar", base="rtl")
        site.pages[f"/{regime}-hostile"] = document(policy, banner, head=HOSTILE)
    return site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    context.set_default_timeout(60_000)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.route("**/*", site.serve)
    yield page
    context.close()
    assert errors == []


def violations(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


def go(page: Page, path: str) -> None:
    page.goto(f"http://news.example{path}")


def fill_pages(site: Site, make_consent: MakeConsent, decide: Callable[..., Decision]) -> None:
    policy = site.policy
    decision = decide(policy, "analytics ads", "functional marketing counter")
    decided = make_consent(policy, decision, gpc=True)
    settings = render_settings(policy, decided, saved=True, **URL)
    frame = render_placeholder(
        policy,
        "Tube",
        "Extras",
        vendor_id="tube",
        purpose_id="functional",
        notice_hash="0" * 64,
        **URL,
    )
    embed = f'<iframe title="Video" width="300" height="150" srcdoc="{html.escape(frame)}"></iframe>'
    message = render_message(policy, "Not saved", "Please try again.", **URL)
    site.pages |= {
        "/settings": settings,
        "/settings-rtl": rtl(settings),
        "/settings-new": render_settings(policy, make_consent(policy), **URL),
        "/message": message,
        "/link": document(policy, render_link(policy, make_consent(policy), **URL)),
        "/embed": document(policy, "").replace("</h1>", f"</h1>{embed}"),
    }


Look = tuple[Literal["light", "dark"], Literal["none", "active"], int]


@pytest.mark.parametrize(
    "look",
    [("light", "none", 1280), ("dark", "none", 1280), ("dark", "none", 320), ("light", "active", 360)],
    ids=str,
)
def test_axe_finds_nothing(
    chromium: Browser, site: Site, make_consent: MakeConsent, decide: Callable[..., Decision], look: Look
) -> None:
    fill_pages(site, make_consent, decide)
    theme, forced, width = look
    context = chromium.new_context(
        viewport={"width": width, "height": 640}, color_scheme=theme, forced_colors=forced
    )
    page = context.new_page()
    page.route("**/*", site.serve)
    found: dict[str, list[str]] = {}
    for path in [path for path in site.pages if not path.endswith("hostile")]:
        go(page, path)
        found[path] = violations(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    context.close()
    assert {path: rules for path, rules in found.items() if rules} == {}


@pytest.mark.parametrize("path", ["/opt-in", "/opt-in-hostile", "/opt-in-rtl"])
@pytest.mark.parametrize("width", [1280, 320])
def test_accept_and_reject_look_the_same(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    go(page, path)
    look = """element => {
        const s = getComputedStyle(element), r = element.getBoundingClientRect();
        return [s.font, s.color, s.backgroundColor, s.border, s.padding, r.width, r.height, r.top, s.opacity];
    }"""
    buttons = [page.locator(f"#consentkit-banner [value={value}]") for value in ("accept", "reject")]
    assert buttons[0].evaluate(look) == buttons[1].evaluate(look)


@pytest.mark.parametrize("regime", ["opt-in", "opt-out", "inform"])
def test_a_hostile_page_cannot_change_how_it_looks(page: Page, regime: str) -> None:
    boxes = []
    for path in (f"/{regime}", f"/{regime}-hostile"):
        go(page, path)
        elements = page.locator("#consentkit-banner, #consentkit-banner :is(p, button, a, div):not([hidden])")
        boxes.append(
            elements.evaluate_all(
                """all => all.map(element => {
                    const s = getComputedStyle(element), r = element.getBoundingClientRect();
                    return [element.tagName, r.x, r.y, r.width, r.height, s.color, s.opacity, s.fontFamily];
                })"""
            )
        )
    assert boxes[0] == boxes[1]


def test_the_seeds_notice_is_what_people_see(page: Page) -> None:
    go(page, "/opt-out")
    text = " ".join(page.locator("#consentkit-banner").inner_text().split())
    assert text == (
        "This website uses cookies to improve your experience. We'll assume you're ok with this, "
        "but you can opt-out if you wish. Accept Read More"
    )
    expect(page.get_by_role("region", name="Cookies")).to_be_visible()


def test_the_keyboard_reaches_it_first_and_it_takes_no_focus(page: Page) -> None:
    go(page, "/opt-out")
    assert page.evaluate("document.activeElement === document.body")
    reached = []
    for _ in range(4):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent"))
    assert reached == ["opt-out", "Accept", "Read More", "link"]


@pytest.mark.parametrize("width", [1280, 320])
def test_focus_is_never_hidden_behind_it(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    go(page, "/opt-in")
    for link in (page.locator("main a").nth(12), page.locator("main a").last):
        link.focus()
        banner = page.locator("#consentkit-banner").bounding_box()
        box = link.bounding_box()
        assert banner and box and box["y"] + box["height"] <= banner["y"]


def test_it_is_there_at_first_paint_and_shifts_nothing(page: Page) -> None:
    page.add_init_script(
        """window.shifts = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true });"""
    )
    go(page, "/opt-in")
    expect(page.locator("#consentkit-banner")).to_be_visible()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.shifts") == 0


def test_targets_are_large_enough(page: Page) -> None:
    for path in ("/opt-in", "/opt-out"):
        go(page, path)
        for target in page.locator("#consentkit-banner :is(button, a)").all():
            box = target.bounding_box()
            assert box and box["height"] >= 24 and box["width"] >= 24


def test_a_refusal_with_nothing_granted_stays_on_the_page(page: Page, site: Site) -> None:
    go(page, "/opt-in")
    page.get_by_role("button", name="Reject all").press("Enter")
    expect(page.locator("#consentkit-banner")).to_have_count(0)
    expect(page.get_by_role("link", name="Privacy settings")).to_be_visible()
    assert site.loads == ["/opt-in"]
    [(how, fields)] = site.posts
    assert how == "script" and "action=reject" in fields and "return_to=%2Fstory" in fields


def test_a_grant_reloads(page: Page, site: Site) -> None:
    site.answer = (200, {"reload": True})
    go(page, "/opt-in")
    with page.expect_navigation():
        page.get_by_role("button", name="Accept all").click()
    assert site.loads == ["/opt-in", "/opt-in"]


def test_what_went_wrong_is_said_in_the_banner(page: Page, site: Site) -> None:
    go(page, "/opt-in")
    accept = page.get_by_role("button", name="Accept all")
    said_by_status = {503: ({"error": "<b>Later</b>"}, "<b>Later</b>"), 413: ({}, "Please try again")}
    for status, (body, said) in said_by_status.items():
        site.answer = (status, body)
        accept.press("Enter")
        expect(page.get_by_role("status")).to_contain_text(said)
        expect(accept).to_be_focused()
    site.answer = (200, {"reload": False})
    accept.press("Enter")
    expect(page.locator("#consentkit-banner")).to_have_count(0)


def test_where_something_else_is_asked_by_now_the_page_is_shown_anew(page: Page, site: Site) -> None:
    go(page, "/opt-in")
    site.answer = (409, {"error": "Please look again"})
    with page.expect_navigation():
        page.get_by_role("button", name="Accept all").click()
    assert site.loads == ["/opt-in", "/opt-in"]


def test_where_the_request_fails_the_form_goes_by_itself(page: Page, site: Site) -> None:
    site.answer = None
    go(page, "/opt-in")
    page.get_by_role("button", name="Reject all").click()
    expect(page).to_have_title("Answered plainly")
    assert [how for how, _ in site.posts] == ["script", "form"]
    assert site.posts[0][1] == site.posts[1][1]


def test_pressing_twice_sends_once(page: Page, site: Site) -> None:
    go(page, "/opt-in")
    page.locator("[value=reject]").evaluate("button => { button.click(); button.click(); }")
    expect(page.locator("#consentkit-banner")).to_have_count(0)
    assert len(site.posts) == 1


def test_without_scripts_the_form_suffices(chromium: Browser, site: Site) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("**/*", site.serve)
    go(page, "/opt-out")
    page.get_by_role("button", name="opt-out").click()
    expect(page).to_have_title("Answered plainly")
    assert "action=reject" in site.posts[0][1]
    context.close()


def test_the_pages_own_element_replaces_the_link_and_opens_settings(
    page: Page, site: Site, make_consent: MakeConsent
) -> None:
    link = render_link(site.policy, make_consent(site.policy), **URL)
    site.pages["/own"] = document(site.policy, link + "<span data-consentkit-open>Cookies</span>")
    go(page, "/own")
    expect(page.locator("#consentkit-link")).to_be_hidden()
    own = page.get_by_role("button", name="Cookies")
    own.focus()
    with page.expect_navigation():
        own.press("Enter")
    assert page.url == "http://news.example/_consent/?return_to=%2Fstory&locale=en"


@pytest.mark.parametrize(
    ("element", "hidden"),
    [
        ('<a href="/_consent/" data-consentkit-open>Cookies</a>', True),
        ("<b data-consentkit-open>Cookies</b>", False),
    ],
)
def test_without_scripts_the_link_gives_way_only_to_a_link(
    chromium: Browser, site: Site, make_consent: MakeConsent, element: str, hidden: bool
) -> None:
    link = render_link(site.policy, make_consent(site.policy), **URL)
    site.pages["/own"] = document(site.policy, link + element)
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("**/*", site.serve)
    go(page, "/own")
    assert page.locator("#consentkit-link").is_hidden() is hidden
    context.close()


def test_a_page_from_the_back_forward_cache_is_never_stale(page: Page, site: Site) -> None:
    restored = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    go(page, "/opt-in")
    page.evaluate(restored)
    page.evaluate("document.cookie = 'consentkit=changed; path=/'")
    with page.expect_navigation():
        page.evaluate(restored)
    assert site.loads == ["/opt-in", "/opt-in"]


def test_scripts_of_the_page_can_open_settings(page: Page) -> None:
    go(page, "/opt-in")
    with page.expect_navigation():
        page.evaluate("consentkit.open()")
    assert page.url.startswith("http://news.example/_consent/?")


def test_in_settings_vendors_follow_their_purpose(
    page: Page, site: Site, make_consent: MakeConsent, decide: Callable[..., Decision]
) -> None:
    fill_pages(site, make_consent, decide)
    go(page, "/settings-new")
    page.get_by_role("checkbox", name="Audience").check()
    page.locator("summary").nth(1).click()
    expect(page.get_by_label("Newsroom")).to_be_checked()
    page.get_by_label("Counter").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Answered plainly")
    [(how, fields)] = site.posts
    assert how == "form"
    assert "purpose=analytics&vendor=newsroom" in fields and "vendor=counter" not in fields
    assert "%3Danalytics" in fields and "action=save" in fields
