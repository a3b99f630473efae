"""How the banner looks in a real browser: layouts, themes, a site's own colours, pages that interfere."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, FloatRect, Page, expect

from banner.fragments import banner_page
from consentkit.consent.consent import Consent
from consentkit.policy import Banner, Policy
from consentkit.policy import Site as SiteTable
from e2e.banner.site import Site, go, visiting

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


SWITCHES = [
    # What a site does to be light or dark whatever the system is, and what that makes.
    ('html.className = "dark wide"', "dark"),
    ('html.className = "light"', "light"),
    ('html.dataset.theme = "dark"', "dark"),
    ('html.dataset.theme = "light-blue"', "light"),
    ('html.dataset.bsTheme = "dark"', "dark"),
    ('body.dataset.mdColorScheme = "slate"', "dark"),
    ('body.dataset.mdColorScheme = "default"', "light"),
    ('html.style.colorScheme = "dark"', "dark"),
    ('body.style.colorScheme = "light"', "light"),
    ('html.dataset.night = "on"', "dark"),  # in the style sheet below
    ('html.style.colorScheme = "light dark"', "system"),
    ('html.className = "highlight darkness"', "system"),
]


@pytest.mark.parametrize("system", ["light", "dark"])
def test_the_theme_follows_the_sites_own_switch(
    page: Page, add: AddPage, system: Literal["light", "dark"]
) -> None:
    grounds = {"light": "rgb(255, 255, 255)", "dark": "rgb(27, 33, 32)"}
    add("/switch", head="<style>[data-night] { color-scheme: dark }</style>")
    page.emulate_media(color_scheme=system)
    go(page, "/switch")
    for script, scheme in SWITCHES:
        before = page.evaluate(
            f"""() => {{
                const html = document.documentElement, {{ body }} = document;
                const pairs = one => [...one.attributes].map(({{ name, value }}) => [name, value]);
                const before = [html, body].map(pairs);
                {script};
                return before;
            }}"""
        )
        wanted = grounds[system if scheme == "system" else scheme]
        expect(page.locator(BANNER)).to_have_css("background-color", wanted)
        page.evaluate(
            """before => [document.documentElement, document.body].forEach((one, index) => {
                for (const { name } of [...one.attributes]) one.removeAttribute(name);
                for (const [name, value] of before[index]) one.setAttribute(name, value);
            })""",
            before,
        )
        expect(page.locator(BANNER)).to_have_css("background-color", grounds[system])


def test_the_dialog_and_its_frame_follow_the_sites_switch_with_a_script_or_without(
    page: Page, chromium: Browser, site: Site, add: AddPage
) -> None:
    dark = "rgb(19, 23, 22)"
    add("/switched", head="<style>html { color-scheme: dark }</style>")
    go(page, "/switched")
    page.locator(f"{BANNER} [data-consentkit-action=settings]").click()
    expect(page.locator("#consentkit-dialog")).to_have_css("background-color", dark)
    frame = page.frame_locator("#consentkit-dialog iframe")
    expect(frame.locator("body")).to_have_css("background-color", dark)
    add("/light", theme="light", head="<style>html { color-scheme: dark }</style>")
    go(page, "/light")
    expect(page.locator(BANNER)).to_have_css("background-color", "rgb(255, 255, 255)")
    site.pages["/plain"] = site.pages["/switched"].replace("<html", '<html class="dark"')
    with visiting(chromium, site, java_script_enabled=False) as plain:
        go(plain, "/plain")
        expect(plain.locator(BANNER)).to_have_css("background-color", "rgb(27, 33, 32)")


@pytest.mark.parametrize("size", ["62.5%", "200%", "7px"])
def test_what_a_page_makes_of_rem_is_its_own(page: Page, add: AddPage, size: str) -> None:
    """Dialog and banner are as large as on a page that leaves `html` alone."""
    found = []
    for head in ("", f"<style>html {{ font-size: {size} }}</style>"):
        add("/rem", head=head)
        go(page, "/rem")
        box = box_of(page)
        page.locator(f"{BANNER} [data-consentkit-action=settings]").click()
        save = page.frame_locator("#consentkit-dialog iframe").locator("[data-consentkit-action=save]")
        expect(save).to_be_in_viewport(ratio=1)
        found.append((box, page.locator("#consentkit-dialog").bounding_box()))
    assert found[0] == found[1]


IN_SIGHT = """() => [...document.querySelectorAll("#consentkit-banner .consentkit-button")].map(button => {
    const { left, top, right, bottom } = button.getBoundingClientRect();
    const label = document.createRange();
    label.selectNodeContents(button);
    const text = label.getBoundingClientRect();
    const points = [[left + 3, top + 9], [right - 3, bottom - 9], [(left + right) / 2, (top + bottom) / 2]];
    return bottom <= innerHeight && text.bottom <= bottom && text.right <= right
        && points.every(([x, y]) => button.contains(document.elementFromPoint(x, y)));
})"""


READ_BY_SCROLLING = """() => {
    document.getElementById("consentkit-title").scrollIntoView();
    const title = document.getElementById("consentkit-title").getBoundingClientRect();
    const link = document.querySelector("#consentkit-banner [rel=privacy-policy]");
    link.blur();
    link.focus();
    const { left, top, bottom } = link.getClientRects()[0];
    return title.top >= 0 && title.bottom < innerHeight
        && document.elementFromPoint(left + 3, (top + bottom) / 2) === link;
}"""


@pytest.mark.parametrize("layout", ["bar", "box", "corner", "modal"])
def test_in_the_smallest_window_every_button_is_in_sight(page: Page, add: AddPage, layout: str) -> None:
    """A desktop's window at 400 %, in words of any length; the text is read by scrolling."""
    for locale in ("de", "ta", "ar"):
        add("/small", layout=layout, locale=locale)
        go(page, "/small")
        for width, height in ((320, 256), (320, 180), (640, 180)):
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate(IN_SIGHT) == [True] * 3, (locale, width, height)
            assert page.evaluate(READ_BY_SCROLLING), (locale, width, height)


def test_on_a_tablet_the_layouts_are_those_of_a_desktop(page: Page, add: AddPage) -> None:
    page.set_viewport_size({"width": 820, "height": 1180})
    for layout, width, centre in (("bar", 788, 410), ("box", 576, 410), ("corner", 400, 604)):
        add("/tablet", layout=layout)
        go(page, "/tablet")
        box = box_of(page)
        assert (box["width"], box["x"] + box["width"] / 2) == (width, centre)
        assert box["y"] + box["height"] == 1180 - 16
        button = page.locator(f"{BANNER} [value=accept]").bounding_box()
        assert button and button["width"] < 280


TAB_BAR = "<style>:root { --consentkit-bottom: 60px }</style>"


@pytest.mark.parametrize("width", [390, 820])
def test_a_bar_at_the_bottom_of_the_page_stays_free(page: Page, add: AddPage, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    lowest = []
    for head in ("", TAB_BAR):
        add("/tabs", head=head)
        go(page, "/tabs")
        banner = box_of(page)
        page.locator(f"{BANNER} [value=reject]").click()
        shown = page.locator("#consentkit-link")
        shown.wait_for()
        link = shown.bounding_box()
        assert link
        lowest.append((banner["y"] + banner["height"], link["y"] + link["height"]))
    assert lowest[1] == (lowest[0][0] - 60, lowest[0][1] - 60)


UNSET = "<style>button, a { all: unset } * { margin: 0; padding: 0 }</style>"


def test_where_no_style_sheet_of_ours_comes_it_can_still_be_answered(
    page: Page, site: Site, add: AddPage
) -> None:
    add("/bare", head=UNSET)
    page.route("**/ck.*.css", lambda route: route.abort())
    go(page, "/bare")
    boxes = [
        box
        for control in page.locator(f"{BANNER} .consentkit-actions > :is(button, a)").all()
        if (box := control.bounding_box())
    ]
    assert len(boxes) == 3
    # Each stands on a line of its own and looks like something to press.
    assert all(above["y"] + above["height"] <= below["y"] for above, below in itertools.pairwise(boxes))
    lines = page.locator(f"{BANNER} .consentkit-actions u").evaluate_all(
        "all => all.map(one => getComputedStyle(one).textDecorationLine)"
    )
    assert lines == ["underline"] * 3
    page.get_by_role("button", name="Reject all").click()
    expect(page.locator(BANNER)).to_have_count(0)
    assert "action=reject" in site.posts[0][1]


def test_the_dialog_has_one_row_above_what_is_scrolled(page: Page, add: AddPage) -> None:
    """Title, then the cross; a line beneath them once something has gone under it."""
    line = """() => {
        const { body } = document.querySelector("#consentkit-dialog iframe").contentDocument;
        const [line, cover] = ["::before", "::after"].map(part => getComputedStyle(body, part));
        const over = cover.zIndex > line.zIndex;
        return [line.position, line.top, line.height, cover.position, cover.height, over];
    }"""
    for locale, left in (("en", True), ("ar", False)):
        for size, whole in (((390, 700), True), ((1280, 800), False)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            add("/row", locale=locale)
            go(page, "/row")
            page.locator(f"{BANNER} [data-consentkit-action=settings]").click()
            dialog = page.locator("#consentkit-dialog")
            frame = page.frame_locator("#consentkit-dialog iframe")
            expect(frame.locator("h1")).to_have_css("clip-path", "inset(50%)")
            title, cross = dialog.locator("b"), dialog.get_by_role("button")
            expect(title).to_be_visible()
            boxes = [one.bounding_box() for one in (title, cross, dialog.locator("iframe"), dialog)]
            head, close, inside, outside = (box for box in boxes if box)
            assert (head["x"] < close["x"]) is left
            assert max(head["y"] + head["height"], close["y"] + close["height"]) <= inside["y"] + 1
            assert close["width"] >= 44 and close["height"] >= 44 and inside["y"] - outside["y"] <= 60
            assert (outside["width"], outside["height"]) == (size if whole else (768, 768))
            expect(dialog).to_have_css("border-top-left-radius", "0px" if whole else "14px")
            frame.locator("h2").first.wait_for()
            assert page.evaluate(line) == ["sticky", "0px", "1px", "absolute", "1px", True]


def test_a_switch_tells_on_off_and_locked_apart_without_colour(page: Page, site: Site) -> None:
    go(page, "/_consent/?return_to=%2F&locale=en")
    found = page.locator("input[name=purpose]").evaluate_all(
        """all => all.slice(0, 2).map(box => {
            const parts = [null, "::before", "::after"];
            const [style, knob, lock] = parts.map(part => getComputedStyle(box, part));
            const filled = style.backgroundColor !== "rgba(0, 0, 0, 0)";
            return [style.opacity, filled, knob.borderRadius, lock.content];
        })"""
    )
    assert found == [["1", True, "2px", '""'], ["1", True, "50%", "none"]]


@pytest.mark.parametrize("regime", ["opt-in", "inform", "opt-out"])
@pytest.mark.parametrize("address", ["/legal/privacy", "https://law.example/privacy?of=us"])
def test_the_first_layer_leads_to_the_privacy_policy(
    page: Page, site: Site, make_policy: MakePolicy, make_consent: MakeConsent, regime: str, address: str
) -> None:
    policy = make_policy(regime, site=SiteTable(privacy_policy=address))
    site.know(policy)
    site.pages["/p"] = banner_page(policy, make_consent(policy))
    go(page, "/p")
    page.wait_for_function("window.consentkit")  # what the script makes of addresses is made
    link = page.locator(f"{BANNER} a[rel=privacy-policy]")
    if regime == "opt-out":  # its notice is given to the letter
        expect(link).to_have_count(0)
    else:
        expect(link).to_have_attribute("href", address)
        expect(link).to_have_text("Privacy policy")


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
    page.frame_locator("#consentkit-dialog iframe").get_by_role("checkbox", name="Functional").check()
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
