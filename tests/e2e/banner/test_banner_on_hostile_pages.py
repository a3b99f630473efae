"""Pages whose own scripts and style sheets mean every form, button and element: ours are not theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, Literal

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Route, expect

from banner.fragments import ARTICLE, banner_page
from consentkit.consent.consent import Consent
from consentkit.policy import Banner, Policy
from e2e.banner.site import CALIFORNIA, ORIGIN, Site, go, visiting

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]
Show = Callable[..., None]

BANNER: Final = "#consentkit-banner"
LINK: Final = "#consentkit-link"
DIALOG: Final = "#consentkit-dialog"
SETTINGS: Final = "/_consent/?return_to=%2Fstory&locale=en"
FORM: Final = (
    '<form method="post" action="/acs"><input type="hidden" name="SAMLResponse" value="x">'
    "<button>Go</button></form>"
)


@pytest.fixture
def site(make_policy: MakePolicy, make_consent: MakeConsent) -> Site:
    policy = make_policy()
    site = Site(policy, make_consent(policy))
    site.csp = ""
    return site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with visiting(chromium, site) as page:
        yield page


@pytest.fixture
def show(site: Site) -> Show:
    """Make the page `/story` from what is hostile about it."""

    def make(article: str = ARTICLE, *, head: str = "", body: str = "<body>") -> None:
        markup = banner_page(site.policy, site.consent, article=article, head=head)
        site.pages["/story"] = markup.replace("<body>", body)

    return make


def reject(page: Page) -> None:
    """Press the banner's button and see that it was taken."""
    page.get_by_role("button", name="Reject all").click()
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator(LINK)).to_be_visible()


def open_settings(page: Page) -> FrameLocator:
    """Open the dialog and wait for its frame."""
    page.get_by_role("link", name="Read more").click()
    frame = page.frame_locator(f"{DIALOG} iframe")
    frame.get_by_role("heading", level=1).wait_for()
    page.frames[1].wait_for_load_state()
    return frame


# --- forms


@pytest.mark.parametrize(
    ("attributes", "script"),
    [
        ('onload="document.forms[0].submit()"', ""),
        ('onload="document.forms[0].requestSubmit()"', ""),
        ("onload=\"document.querySelector('form').submit()\"", ""),
        ("onload=\"document.querySelector('form button').click()\"", ""),
        ("", "<script>document.querySelector('form button').click()</script>"),
    ],
)
def test_a_page_that_submits_its_first_form_submits_its_own(
    page: Page, site: Site, show: Show, attributes: str, script: str
) -> None:
    sent = []

    def sign_in(route: Route) -> None:
        sent.append(route.request.post_data)
        route.fulfill(body="<!doctype html><title>Signed in</title>", content_type="text/html")

    page.route("**/acs", sign_in)
    show(FORM + script, body=f"<body {attributes}>")
    page.goto(f"{ORIGIN}/story", wait_until="commit")
    expect(page).to_have_title("Signed in")
    assert (sent, site.posts) == (["SAMLResponse=x"], [])


@pytest.mark.parametrize(("button", "action"), [("Accept all", "accept"), ("Reject all", "reject")])
def test_without_scripts_the_buttons_still_belong_to_the_form(
    chromium: Browser, site: Site, show: Show, button: str, action: str
) -> None:
    show(FORM)
    with visiting(chromium, site, java_script_enabled=False) as page:
        go(page, "/story")
        page.get_by_role("button", name=button).click()
        expect(page).to_have_title("Answered plainly")
    [(how, fields)] = site.posts
    assert how == "form" and f"action={action}" in fields and "return_to=%2Fstory" in fields


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_enter_on_a_switch_submits_nothing(chromium: Browser, site: Site, script: bool) -> None:
    with visiting(chromium, site, java_script_enabled=script) as page:
        go(page, SETTINGS)
        page.get_by_role("checkbox", name="Audience").press("Enter")
        page.get_by_role("button", name="Reject").press("Enter")
        expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    assert ["action=reject" in fields for _, fields in site.posts] == [True], site.posts


STOPPED: Final = {
    "each-form": "document.querySelectorAll('form').forEach((form) => form.onsubmit = () => false)",
    "jquery": "document.querySelectorAll('form').forEach((form) => form.addEventListener('submit', stop))",
    "capture": "document.addEventListener('submit', stop, true)",
    "bubble": "document.addEventListener('submit', stop)",
    "late": "addEventListener('load', () => addEventListener('submit', stop, true))",
}


@pytest.mark.parametrize("how", STOPPED)
def test_a_page_that_stops_every_form_does_not_stop_the_choice(
    page: Page, site: Site, show: Show, how: str
) -> None:
    stop = "const stop = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };"
    wrapped = f"addEventListener('DOMContentLoaded', () => {{ {STOPPED[how]} }})"
    show(ARTICLE + f"<script>{stop} {wrapped}</script>")
    go(page, "/story")
    reject(page)
    assert [how for how, _ in site.posts] == ["script"]
    assert site.loads == ["/story"]


# --- style sheets

STYLES: Final = (
    "#page section { position: static; padding: 60px } #page p { font-size: 30px; margin: 9px }"
    "#page button { background: #eee; color: #ccc; font-size: 9px } #page a { color: #999; padding: 0 }"
    "#page form { display: block; padding: 20px } #page * { letter-spacing: 2px; float: left }",
    # What tools make of cascade layers.
    "button:not(#\\#):not(#\\#) { background: #eee; color: #bbb; padding: 0 }"
    "section:not(#\\#):not(#\\#) { position: relative } a:not(#\\#):not(#\\#) { display: none }",
    "#root #page nav, #root #page section, #root #page dialog { display: none; width: 90px }"
    "#root #page iframe { height: 9px } #root #page button { opacity: .1 }",
)
LOOKS: Final = """(selector) => [...document.querySelectorAll(`${selector}, ${selector} *`)].map((one) => {
    const { x, y, width, height } = one.getBoundingClientRect(), style = getComputedStyle(one);
    const { color, backgroundColor, font, letterSpacing, opacity } = style;
    return [one.localName, x, y, width, height, color, backgroundColor, font, letterSpacing, opacity];
})"""


def looks(page: Page) -> list[object]:
    """Return places, sizes and colours of banner, dialog and link."""
    go(page, "/story")
    seen = [page.evaluate(LOOKS, BANNER)]
    open_settings(page)
    seen.append(page.evaluate(LOOKS, DIALOG))
    page.get_by_role("button", name="Close").click()
    reject(page)
    page.mouse.move(0, 0)
    return [*seen, page.evaluate(LOOKS, LINK)]


@pytest.mark.parametrize("width", [390, 1280])
def test_style_sheets_that_weigh_ids_change_nothing(page: Page, show: Show, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    show()
    clean = looks(page)
    assert all(clean)
    naming = "<script>document.documentElement.id = 'root'</script>"
    for style in STYLES:
        show(head=f"<style>{style}</style>{naming}", body='<body id="page">')
        assert looks(page) == clean, style


# --- scripts

SWAPS: Final = {
    "new-body": "document.body = document.createElement('body')",
    "replaced": "document.body.replaceWith(document.createElement('body'))",
    "filled-anew": "document.body.innerHTML = '<h1>App</h1>'",
    "twice": "document.body.innerHTML = ''; document.body = document.createElement('body');"
    "setTimeout(() => { document.body.innerHTML = '<h1>App</h1>' })",
}


@pytest.mark.parametrize("swap", SWAPS)
def test_a_page_that_replaces_its_body_keeps_the_choice(
    page: Page, site: Site, show: Show, swap: str
) -> None:
    show()
    go(page, "/story")
    page.evaluate(f"() => {{ {SWAPS[swap]} }}")
    expect(page.locator("main")).to_have_count(0)
    reject(page)
    assert [how for how, _ in site.posts] == ["script"]
    page.evaluate(f"() => {{ {SWAPS[swap]} }}")
    page.get_by_role("link", name="Privacy settings").click()
    expect(page.get_by_role("dialog", name="Privacy settings")).to_be_visible()
    expect(page.locator(BANNER)).to_have_count(0)


def test_an_app_that_mounts_on_the_body_keeps_the_banner(page: Page, show: Show) -> None:
    show(head="<script>addEventListener('DOMContentLoaded', () => document.body.innerHTML = 'App')</script>")
    go(page, "/story")
    reject(page)


def test_attributes_of_the_page_are_its_own(page: Page, show: Show) -> None:
    show('<table><tr><td data-span="6 12">A</td></tr></table><p data-span="2 days">Ours</p>' + ARTICLE)
    go(page, "/story")
    expect(page.locator("p[data-span]")).to_have_text("Ours")
    assert page.evaluate("typeof consentkit.open") == "function"


def test_opening_twice_makes_one_dialog(page: Page, show: Show) -> None:
    show()
    go(page, "/story")
    page.evaluate("consentkit.open(); consentkit.open()")
    expect(page.locator(DIALOG)).to_have_count(1)
    page.get_by_role("button", name="Close").click()
    expect(page.locator(DIALOG)).to_have_count(0)


def test_where_no_dialog_can_be_shown_settings_are_a_page_of_their_own(page: Page, show: Show) -> None:
    show(head="<script>HTMLDialogElement.prototype.showModal = () => { throw new Error() }</script>")
    go(page, "/story")
    page.get_by_role("link", name="Read more").click()
    page.wait_for_url(ORIGIN + SETTINGS)
    expect(page.get_by_role("button", name="Save")).to_be_visible()


# --- the law of some states


@pytest.mark.parametrize("layout", ["bar", "corner"])
def test_the_banner_itself_has_the_link_that_the_law_prescribes(
    page: Page,
    site: Site,
    make_policy: MakePolicy,
    make_consent: MakeConsent,
    layout: Literal["bar", "corner"],
) -> None:
    policy = make_policy("opt-out", banner=Banner(layout=layout))
    site.know(policy)
    site.pages["/story"] = banner_page(policy, make_consent(policy, place=CALIFORNIA))
    go(page, "/story")
    page.get_by_role("region").get_by_role("link", name="Your Privacy Choices").click()
    expect(page.get_by_role("dialog", name="Your Privacy Choices")).to_be_visible()


# --- servers


def test_an_answer_that_is_not_ours_is_said_in_the_banner(page: Page, site: Site, show: Show) -> None:
    show()
    go(page, "/story")
    page.route(
        "**/decision",
        lambda route: route.fulfill(status=502, body="<h1>Bad gateway</h1>", content_type="text/html"),
    )
    button = page.get_by_role("button", name="Reject all")
    button.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Please try again")
    expect(button).to_be_focused()
    page.unroute("**/decision")
    reject(page)
    assert site.loads == ["/story"]
