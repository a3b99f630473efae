"""The banner and its pages in a real browser: what people see, reach and press."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from banner.fragments import banner_page, link_page
from consentkit.consent.consent import Consent
from consentkit.policy import Banner, Policy
from e2e.banner.site import CALIFORNIA, CSP, Site, go, visiting

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

STAYS = "onbeforeunload = (event) => event.preventDefault()"

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]


@pytest.fixture
def site(make_policy: MakePolicy, make_consent: MakeConsent) -> Site:
    policy = make_policy()
    site = Site(policy, make_consent(policy))
    for regime in ("opt-in", "opt-out", "inform"):
        policy = make_policy(regime)
        site.pages[f"/{regime}"] = banner_page(policy, make_consent(policy))
    return site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with visiting(chromium, site) as page:
        yield page


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
    said_by_status = {
        503: ({"error": "<b>Later</b>"}, "<b>Later</b>"),
        413: ({}, "Please try again"),
        # Something in between answers that all is in order, such as the page of a network that wants a login.
        203: ({}, "Please try again"),
    }
    for status, (body, said) in said_by_status.items():
        site.answer = (status, body)
        accept.press("Enter")
        expect(page.get_by_role("status")).to_contain_text(said)
        expect(accept).to_be_focused()
    site.answer = (200, {"reload": False})
    accept.press("Enter")
    expect(page.locator("#consentkit-banner")).to_have_count(0)


def test_who_stays_on_the_page_can_still_refuse(page: Page, site: Site) -> None:
    site.answer = (200, {"reload": True})
    article = '<input aria-label="Letter"><script src="/stays.js"></script>'
    site.pages["/letter"] = banner_page(site.policy, site.consent, article=article)
    page.route("**/stays.js", lambda route: route.fulfill(body=STAYS, content_type="text/javascript"))
    go(page, "/letter")
    page.get_by_label("Letter").fill("Dear editor")
    page.on("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog") as asked:
        page.get_by_role("button", name="Accept all").click()
    site.answer = (200, {"reload": False})
    page.get_by_role("button", name="Reject all").click()
    expect(page.locator("#consentkit-banner")).to_have_count(0)
    assert asked.value.type == "beforeunload" and site.loads == ["/letter"]
    assert ["action=reject" in fields for _, fields in site.posts] == [False, True]
    page.evaluate("onbeforeunload = null")


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
    with visiting(chromium, site, java_script_enabled=False) as page:
        go(page, "/opt-out")
        page.get_by_role("button", name="opt-out").click()
        expect(page).to_have_title("Answered plainly")
    assert "action=reject" in site.posts[0][1]


def test_the_pages_own_element_replaces_the_link_and_opens_settings(
    page: Page, site: Site, make_consent: MakeConsent
) -> None:
    own = "<span data-consentkit-open>Cookies</span>"
    site.pages["/own"] = link_page(site.policy, make_consent(site.policy), article=own)
    go(page, "/own")
    expect(page.locator("#consentkit-link")).to_be_hidden()
    opener = page.get_by_role("button", name="Cookies")
    opener.press("Enter")
    expect(page.get_by_role("dialog", name="Privacy settings")).to_be_visible()
    page.get_by_role("button", name="Close").press("Enter")
    expect(opener).to_be_focused()
    opener.press(" ")
    expect(page.get_by_role("dialog", name="Privacy settings")).to_be_visible()


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
    site.pages["/own"] = link_page(site.policy, make_consent(site.policy), article=element)
    with visiting(chromium, site, java_script_enabled=False) as page:
        go(page, "/own")
        assert page.locator("#consentkit-link").is_hidden() is hidden


@pytest.mark.parametrize("link", [True, False])
def test_a_link_that_the_law_prescribes_stays_beside_the_pages_own(
    page: Page, make_policy: MakePolicy, make_consent: MakeConsent, site: Site, link: bool
) -> None:
    policy = make_policy("opt-out", banner=Banner(link=link))
    site.know(policy)
    consent = make_consent(policy, place=CALIFORNIA)
    site.pages["/own"] = link_page(policy, consent, article="<b data-consentkit-open>Cookies</b>")
    go(page, "/own")
    expect(page.get_by_role("link", name="Your Privacy Choices")).to_have_count(int(link))


def test_a_page_from_the_back_forward_cache_is_never_stale(page: Page, site: Site) -> None:
    restored = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
    go(page, "/opt-in")
    page.evaluate(restored)
    page.evaluate("document.cookie = 'consentkit=changed; path=/'")
    with page.expect_navigation():
        page.evaluate(restored)
    assert site.loads == ["/opt-in", "/opt-in"]


def test_scripts_of_the_page_open_settings_and_are_told(page: Page) -> None:
    go(page, "/opt-in")
    page.evaluate(
        "window.told = []; addEventListener('consentkit-settings', ({ detail }) => told.push(detail.open))"
    )
    page.evaluate("consentkit.open()")
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#consentkit-dialog")).to_have_count(0)
    assert page.evaluate("told") == [True, False]


@pytest.mark.parametrize("way", ["page", "settings"])
def test_where_frames_are_forbidden_settings_are_a_page_of_their_own(
    page: Page, site: Site, way: str
) -> None:
    if way == "page":
        site.csp = CSP.replace("frame-src 'self'", "frame-src 'none'")
    else:
        site.headers = {"x-frame-options": "DENY"}
    go(page, "/opt-in")
    page.get_by_role("link", name="Read more").click()
    page.wait_for_url("http://news.example/_consent/?return_to=%2Fstory&locale=en")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    expect(page.get_by_role("link", name="Back to the page")).to_be_visible()


def test_a_click_that_asks_for_another_tab_gets_one(page: Page) -> None:
    go(page, "/opt-in")
    with page.context.expect_page():
        page.get_by_role("link", name="Read more").click(modifiers=["Control"])
    expect(page.locator("#consentkit-dialog")).to_have_count(0)


def test_in_settings_vendors_follow_their_purpose(page: Page, site: Site) -> None:
    go(page, "/_consent/?return_to=%2Fstory&locale=en")
    page.get_by_role("checkbox", name="Audience").check()
    page.locator("summary").nth(1).click()
    expect(page.get_by_label("Newsroom")).to_be_checked()
    page.get_by_label("Counter").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    [(how, fields)] = site.posts
    assert how == "script"
    assert "purpose=analytics&vendor=newsroom" in fields and "vendor=counter" not in fields
    assert "%7Eanalytics" in fields and "action=save" in fields
