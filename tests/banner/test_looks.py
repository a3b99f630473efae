"""How the banner looks in a real browser: layouts, themes, a site's own colours, pages that interfere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from banner.site import Site, banner_page, go, visiting
from consentkit.consent import Consent
from consentkit.policy import Banner, Policy

pytestmark = pytest.mark.browser

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]
AddPage = Callable[..., None]

BANNER = "#consentkit-banner"
HOSTILE = """<style>
* { font-family: fantasy; letter-spacing: 2px; box-sizing: content-box }
html { font-size: 50% } body { color: #fff; background: #222; text-align: center; line-height: 3 }
button, a { display: block; width: 100%; float: left; background: red; color: red; border: 9px dashed }
p { font-size: 40px; margin: 50px } section, nav, form { display: none }
div { opacity: .1; transform: rotate(9deg) }
</style>"""


@pytest.fixture
def site(make_policy: MakePolicy, make_consent: MakeConsent) -> Site:
    policy = make_policy()
    return Site(policy, make_consent(policy))


@pytest.fixture
def add(site: Site, make_policy: MakePolicy, make_consent: MakeConsent) -> AddPage:
    """Give the site a page with a banner: what the policy says of it, and how the page is made."""

    def add_page(
        path: str, regime: str = "opt-in", *, locale: str = "en", head: str = "", **banner: Any
    ) -> None:
        policy = make_policy(regime, purposes={}, banner=Banner(**banner))
        site.know(policy)
        site.pages[path] = banner_page(policy, make_consent(policy), locale, head=head)

    return add_page


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with visiting(chromium, site) as page:
        yield page


def box_of(page: Page) -> FloatRect:
    box = page.locator(BANNER).bounding_box()
    assert box is not None
    return box


def colours(page: Page) -> list[str]:
    """Return the colours of the banner, of its text, and of a button and its label."""
    found: list[str] = page.evaluate(
        """() => {
            const banner = getComputedStyle(document.getElementById("consentkit-banner"));
            const button = getComputedStyle(document.querySelector("#consentkit-banner [value=accept]"));
            return [banner.backgroundColor, banner.color, button.backgroundColor, button.color];
        }"""
    )
    return found


def test_a_bar_stands_along_the_bottom(page: Page, add: AddPage) -> None:
    add("/bar")
    go(page, "/bar")
    box = box_of(page)
    assert box["width"] > 1100 and box["y"] + box["height"] == 800 - 16


@pytest.mark.parametrize(("locale", "left"), [("en", False), ("ar", True)])
def test_a_corner_is_the_one_where_lines_end(page: Page, add: AddPage, locale: str, left: bool) -> None:
    add("/corner", layout="corner", locale=locale)
    go(page, "/corner")
    box = box_of(page)
    assert box["width"] == 400 and box["y"] + box["height"] == 800 - 16
    assert box["x"] == (16 if left else 1280 - 16 - 400)


def test_a_box_stands_in_the_middle_of_the_bottom(page: Page, add: AddPage) -> None:
    add("/box", layout="box")
    go(page, "/box")
    box = box_of(page)
    assert box["width"] == 576 and box["x"] == (1280 - 576) / 2 and box["y"] + box["height"] == 800 - 16


def test_a_modal_stands_before_the_page(page: Page, add: AddPage) -> None:
    add("/modal", layout="modal")
    go(page, "/modal")
    expect(page.locator(f"dialog{BANNER}:modal")).to_be_visible()
    box = box_of(page)
    assert abs(box["y"] + box["height"] / 2 - 400) <= 1 and box["x"] == (1280 - 576) / 2
    page.set_viewport_size({"width": 360, "height": 640})
    assert box_of(page)["y"] + box_of(page)["height"] == 640


@pytest.mark.parametrize("regime", ["opt-out", "inform"])
def test_where_nothing_is_off_before_a_choice_nothing_stands_before_the_page(
    page: Page, add: AddPage, regime: str
) -> None:
    add("/modal", regime, layout="modal")
    go(page, "/modal")
    expect(page.locator(f"section{BANNER}[data-layout=box]")).to_be_visible()


@pytest.mark.parametrize("layout", ["bar", "box", "corner", "modal"])
def test_on_a_phone_all_layouts_span_the_bottom(page: Page, add: AddPage, layout: str) -> None:
    add("/phone", layout=layout)
    page.set_viewport_size({"width": 360, "height": 640})
    go(page, "/phone")
    box = box_of(page)
    assert (box["x"], box["width"], box["y"] + box["height"]) == (0, 360, 640)


def test_the_theme_is_the_visitors_unless_the_site_has_one(page: Page, add: AddPage) -> None:
    light, dark = "rgb(250, 250, 210)", "rgb(20, 20, 40)"
    seen: dict[tuple[str, str], str] = {}
    preferences: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for theme in ("auto", "light", "dark"):
        add(f"/{theme}", theme=theme, surface="#fafad2", dark_surface="#141428")
        for preference in preferences:
            page.emulate_media(color_scheme=preference)
            go(page, f"/{theme}")
            seen[theme, preference] = colours(page)[0]
    assert seen == {
        ("auto", "light"): light,
        ("auto", "dark"): dark,
        ("light", "light"): light,
        ("light", "dark"): light,
        ("dark", "light"): dark,
        ("dark", "dark"): dark,
    }


def test_a_sites_style_sheet_sets_what_the_documentation_names(page: Page, add: AddPage) -> None:
    own = """<style>#consentkit-banner {
        --ck-surface: #102030; --ck-ink: #fefefe; --ck-accent: #ffd400; --ck-on: #111111;
        --ck-font: monospace;
    }</style>"""
    add("/own", head=own)
    go(page, "/own")
    set_there = ["rgb(16, 32, 48)", "rgb(254, 254, 254)", "rgb(255, 212, 0)", "rgb(17, 17, 17)"]
    assert colours(page) == set_there
    page.emulate_media(color_scheme="dark")
    assert colours(page) == set_there
    font = page.locator(f"{BANNER} [value=accept]").evaluate("button => getComputedStyle(button).fontFamily")
    assert font == "monospace"


def test_a_logo_is_shown_and_needs_no_words(page: Page, add: AddPage) -> None:
    add("/logo", logo="/logo.svg")
    go(page, "/logo")
    logo = page.locator(f"{BANNER} img")
    expect(logo).to_be_visible()
    box = logo.bounding_box()
    assert box and 0 < box["height"] <= 36
    expect(logo).to_have_attribute("alt", "")


def test_nothing_moves(page: Page, add: AddPage) -> None:
    """Reduced motion costs nothing where there is none."""
    add("/still")
    page.emulate_media(reduced_motion="no-preference")
    go(page, "/still")
    page.locator(f"{BANNER} [value=accept]").hover()
    page.locator(f"{BANNER} [data-consentkit-action=settings]").click()
    page.frame_locator("#consentkit-dialog iframe").get_by_role("checkbox", name="Extras").check()
    for frame in page.frames:
        moving = """() => [document.getAnimations().length, [...document.querySelectorAll("*")].filter(
            element => parseFloat(getComputedStyle(element).transitionDuration)).length]"""
        assert frame.evaluate(moving) == [0, 0]


def test_on_paper_there_is_no_banner_and_no_room_for_it(page: Page, add: AddPage) -> None:
    add("/print")
    go(page, "/print")
    page.emulate_media(media="print")
    expect(page.locator(BANNER)).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).paddingBottom") == "0px"


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("head", ["", HOSTILE], ids=["page", "hostile page"])
@pytest.mark.parametrize("width", [1280, 320])
def test_accept_and_reject_look_the_same(
    page: Page, add: AddPage, locale: str, head: str, width: int
) -> None:
    add("/same", locale=locale, head=head)
    page.set_viewport_size({"width": width, "height": 700})
    go(page, "/same")
    look = """element => {
        const s = getComputedStyle(element), r = element.getBoundingClientRect();
        return [s.font, s.color, s.backgroundColor, s.border, s.padding, r.width, r.height, r.top, s.opacity];
    }"""
    accept, reject = (page.locator(f"{BANNER} [value={value}]") for value in ("accept", "reject"))
    assert accept.evaluate(look) == reject.evaluate(look)


@pytest.mark.parametrize("regime", ["opt-in", "opt-out", "inform"])
def test_a_hostile_page_cannot_change_how_it_looks(page: Page, add: AddPage, regime: str) -> None:
    boxes = []
    for head in ("", HOSTILE):
        add("/", regime, head=head)
        go(page, "/")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(34, 34, 34)") is bool(head)
        elements = page.locator(f"{BANNER}, {BANNER} :is(p, button, a, div):not([hidden])")
        boxes.append(
            elements.evaluate_all(
                """all => all.map(element => {
                    const s = getComputedStyle(element), r = element.getBoundingClientRect();
                    return [element.tagName, r.x, r.y, r.width, r.height, s.color, s.opacity, s.fontFamily];
                })"""
            )
        )
    assert boxes[0] == boxes[1]


def test_the_seeds_notice_is_what_people_see(page: Page, add: AddPage) -> None:
    add("/seed", "opt-out")
    go(page, "/seed")
    text = " ".join(page.locator(BANNER).inner_text().split())
    assert text == (
        "This website uses cookies to improve your experience. We'll assume you're ok with this, "
        "but you can opt-out if you wish. Accept Read More"
    )
    expect(page.get_by_role("region", name="Cookies")).to_be_visible()


@pytest.mark.parametrize("layout", ["bar", "box", "corner", "modal"])
def test_it_is_there_at_first_paint_and_shifts_nothing(page: Page, add: AddPage, layout: str) -> None:
    add("/first", layout=layout)
    go(page, "/first")
    page.evaluate(
        """() => { window.shifts = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.shifts += entry.value;
        }).observe({ type: "layout-shift", buffered: true }); }"""
    )
    expect(page.locator(BANNER)).to_be_visible()
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate("window.shifts") == 0
