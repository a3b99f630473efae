"""The whole way by keyboard: what Tab reaches, what Enter, Space and Escape do, and where focus goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, expect

from banner.fragments import PARAGRAPH, banner_page, link_page
from consentkit.consent.consent import Consent
from consentkit.policy import Banner, Policy
from e2e.banner.site import Site, go, visiting

pytestmark = pytest.mark.browser

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]

FIRST_LAYER: Final = ["Accept all", "Reject all", "Read more", "Privacy policy"]
BANNER: Final = "#consentkit-banner"
LINK: Final = "#consentkit-link"
DIALOG: Final = "#consentkit-dialog"

# Names what has the focus, in the dialog's frame too, and says whether that is to be seen.
STOP = """() => {
    let element = document.activeElement;
    while (element.contentDocument) element = element.contentDocument.activeElement;
    if (element === element.ownerDocument.body) return ["nothing", true];
    const style = element.ownerDocument.defaultView.getComputedStyle(element);
    const name = element.labels?.[0]?.textContent || element.ariaLabel || element.textContent;
    const least = element.closest("[id^=consentkit], .consentkit-page") ? 3 : 1;
    return [name.trim(), style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= least];
}"""


@pytest.fixture
def site(make_policy: MakePolicy, make_consent: MakeConsent) -> Site:
    policy = make_policy(purposes={})
    site = Site(policy, make_consent(policy))
    for layout in ("bar", "box", "corner", "modal"):
        looking = make_policy(purposes={}, banner=Banner(layout=layout))
        site.know(looking)
        site.pages[f"/{layout}"] = banner_page(looking, make_consent(looking), article=PARAGRAPH)
    opt_out = make_policy("opt-out")
    site.know(opt_out)
    site.pages["/opt-out"] = banner_page(opt_out, make_consent(opt_out), article=PARAGRAPH)
    site.pages["/link"] = link_page(policy, make_consent(policy), article=PARAGRAPH)
    return site


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with visiting(chromium, site) as page:
        yield page


def press(page: Page, *keys: str) -> list[str]:
    """Press keys and return what had the focus after each, which must be to be seen."""
    reached = []
    for key in keys:
        page.keyboard.press(key)
        name, seen = page.evaluate(STOP)
        assert seen, name
        reached.append(name)
    return reached


def open_settings(page: Page) -> None:
    """Press Enter on what has the focus and wait for the dialog's frame."""
    page.keyboard.press("Enter")
    page.frame_locator(f"{DIALOG} iframe").get_by_role("heading", level=1).wait_for()
    page.frames[1].wait_for_load_state()


@pytest.mark.parametrize("layout", ["bar", "box", "corner"])
def test_the_banner_comes_first_takes_no_focus_and_traps_none(page: Page, layout: str) -> None:
    go(page, f"/{layout}")
    assert page.evaluate(STOP) == ["nothing", True]
    assert press(page, *["Tab"] * 5) == [*FIRST_LAYER, "link"]
    assert press(page, *["Shift+Tab"] * 4)[1:] == ["Read more", "Reject all", "Accept all"]


def test_opting_out_in_the_sentence_is_reached_first(page: Page) -> None:
    go(page, "/opt-out")
    assert press(page, *["Tab"] * 4) == ["opt-out", "Accept", "Read More", "link"]


def test_the_whole_way(page: Page, site: Site) -> None:
    """From the page's start to the settings, through them, and back to the page with a choice."""
    go(page, "/bar")
    assert press(page, *["Tab"] * 3) == FIRST_LAYER[:3]
    open_settings(page)
    dialog = page.get_by_role("dialog", name="Privacy settings")
    expect(dialog).to_be_visible()
    assert page.evaluate(STOP) == ["Close", True]

    assert press(page, "Tab") == ["Vendors and cookies (1)"]  # of Necessary, whose box cannot be moved
    page.keyboard.press("Enter")
    assert press(page, "Tab") == ["Functional"]
    assert press(page, "Tab", "Space", "Tab") == ["Statistics", "Statistics", "Vendors and cookies (2)"]
    page.keyboard.press("Enter")
    assert press(page, "Tab", "Tab", "Tab") == ["Newsroom", "Privacy policy of Newsroom", "Counter"]
    assert press(page, "Space", "Tab", "Tab") == ["Counter", "Advertising", "Vendors and cookies (1)"]
    assert press(page, "Tab") == ["Save my choices"]
    with page.expect_navigation():
        page.keyboard.press("Enter")

    expect(dialog).to_have_count(0)
    [(how, fields)] = site.posts
    assert how == "script" and "action=save" in fields
    assert "purpose=analytics&vendor=newsroom" in fields and "vendor=counter" not in fields
    assert site.loads == ["/bar", "/_consent/", "/bar"]


def test_focus_stays_in_the_dialog(page: Page) -> None:
    go(page, "/link")
    assert press(page, "Tab", "Tab") == ["link", "Privacy settings"]
    open_settings(page)
    there = press(page, *["Shift+Tab"] * 2 + ["Tab"] * 40)
    assert not {"Privacy settings", "link"} & set(there)
    assert {"Save my choices", "Accept all", "Reject all", "Close"} <= set(there)


@pytest.mark.parametrize("where", ["dialog", "frame"])
@pytest.mark.parametrize("path", ["/bar", "/link"])
def test_escape_leaves_the_dialog_and_says_nothing(page: Page, site: Site, path: str, where: str) -> None:
    go(page, path)
    press(page, *["Tab"] * (3 if path == "/bar" else 2))
    [opener, _] = page.evaluate(STOP)
    open_settings(page)
    if where == "frame":
        assert press(page, *["Tab"] * 2)[-1] == "Functional"
        page.keyboard.press("Space")
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)
    assert page.evaluate(STOP) == [opener, True]
    assert site.posts == []
    assert site.loads == [path, "/_consent/"]


def test_closing_gives_the_focus_back(page: Page, site: Site) -> None:
    go(page, "/bar")
    press(page, *["Tab"] * 3)
    open_settings(page)
    page.keyboard.press("Enter")
    expect(page.locator(DIALOG)).to_have_count(0)
    assert page.evaluate(STOP) == ["Read more", True]
    assert site.posts == []


def test_outside_a_dialog_escape_does_nothing(page: Page, site: Site) -> None:
    go(page, "/bar")
    press(page, "Tab")
    page.keyboard.press("Escape")
    expect(page.locator(BANNER)).to_be_visible()
    assert site.posts == []


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_choice_takes_one_key_and_leaves_the_focus_on_the_page(page: Page, site: Site, key: str) -> None:
    go(page, "/bar")
    assert press(page, "Tab", "Tab") == FIRST_LAYER[:2]
    page.keyboard.press(key)
    expect(page.locator(BANNER)).to_have_count(0)
    assert "action=reject" in site.posts[0][1]
    assert press(page, "Tab", "Tab") == ["link", "Privacy settings"]


def test_the_modal_keeps_the_focus(page: Page) -> None:
    go(page, "/modal")
    expect(page.locator(f"{BANNER}:modal")).to_be_focused()
    assert press(page, *["Tab"] * 4) == FIRST_LAYER
    # What follows is the browser's own, then the dialog again.
    beyond = press(page, *["Tab"] * 7)
    assert "link" not in beyond and "Accept all" in beyond
    assert "link" not in press(page, *["Shift+Tab"] * 7)


def test_escape_dismisses_the_modal_without_a_choice(page: Page, site: Site) -> None:
    go(page, "/modal")
    expect(page.locator(f"{BANNER}:modal")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(BANNER)).to_have_count(0)
    expect(page.locator(LINK)).to_be_visible()
    assert site.posts == []
    assert press(page, "Tab", "Tab") == ["link", "Privacy settings"]
    go(page, "/modal")
    expect(page.locator(f"{BANNER}:modal")).to_be_focused()


def test_settings_open_above_the_modal_and_lead_back_to_it(page: Page, site: Site) -> None:
    go(page, "/modal")
    expect(page.locator(f"{BANNER}:modal")).to_be_focused()
    press(page, *["Tab"] * 3)
    open_settings(page)
    assert page.evaluate(STOP) == ["Close", True]
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_have_count(0)
    assert page.evaluate(STOP) == ["Read more", True]
    expect(page.locator(f"{BANNER}:modal")).to_be_visible()
    assert site.posts == []


def test_without_scripts_the_modal_is_a_bar_and_everything_a_form(chromium: Browser, site: Site) -> None:
    with visiting(chromium, site, java_script_enabled=False) as page:
        go(page, "/modal")
        expect(page.locator(BANNER)).to_be_visible()
        expect(page.locator(f"{BANNER}:modal")).to_have_count(0)
        box = page.locator(BANNER).bounding_box()
        assert box and box["y"] > 400
        assert press(page, *["Tab"] * 5) == [*FIRST_LAYER, "link"]
        assert press(page, *["Shift+Tab"] * 2)[-1] == "Read more"
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Privacy settings", level=1)).to_be_visible()
        page.get_by_role("checkbox", name="Statistics").press("Space")
        page.get_by_role("button", name="Save").press("Enter")
        expect(page.get_by_role("status")).to_have_text("Your choices are saved.")
    assert [how for how, _ in site.posts] == ["form"]
    assert "purpose=analytics" in site.posts[0][1]
