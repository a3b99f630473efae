"""WCAG 2.2 at level AA, as far as a machine can tell, on everything that visitors see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, Literal, NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, expect

from banner.fragments import PARAGRAPH, banner_page, embed_page, link_page, message_page, where
from consentkit.banner.pages import Placeholder, render_placeholder
from consentkit.banner.settings import Choice, History, render_settings
from consentkit.banner.texts import shipped_locales
from consentkit.consent.consent import Consent
from consentkit.consent.decision import Decision
from consentkit.policy import Banner, Policy
from e2e.banner.site import CALIFORNIA, Site, go, visiting

pytestmark = pytest.mark.browser

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]

Layout = Literal["bar", "box", "corner", "modal"]
LAYOUTS: Final[tuple[Layout, ...]] = ("bar", "box", "corner", "modal")
LOGO: Final = "/logo.svg"
SETTINGS: Final = "/_consent/?return_to=%2Fstory&locale="
DIALOG: Final = "#consentkit-dialog iframe"
MINIMUM: Final = 24  # CSS pixels (WCAG 2.2, 2.5.8)
HISTORY: Final = History(
    choices=(
        Choice(
            at="2026-11-18T12:34:56Z",
            granted=("ads", "analytics"),
            denied=("functional", "marketing"),
            in_settings=True,
        ),
        Choice(at="2026-11-03T23:59:00Z", denied=("analytics", "functional", "marketing")),
    )
)


class Look(NamedTuple):
    scheme: Literal["light", "dark"]
    forced: Literal["none", "active"]
    width: int
    height: int


# At 200 % the window of a desktop is half as wide and high in CSS pixels; 320 is one of 1280 at 400 %.
LOOKS: Final = {
    "light": Look("light", "none", 1280, 800),
    "dark": Look("dark", "none", 1280, 800),
    "forced colours": Look("dark", "active", 1280, 800),
    "200 %": Look("light", "none", 640, 400),
    "320 px": Look("dark", "none", 320, 640),
}
SURFACES: Final = [
    *(f"/{layout}" for layout in LAYOUTS),
    "/opt-out",
    "/inform",
    "/honoured",
    "/dialog",
    "/settings",
    "/decided",
    "/message",
    "/embed",
    "/link",
    "/link-choices",
    "/link-honoured",
]


@pytest.fixture(scope="module")
def site(make_policy: MakePolicy, make_consent: MakeConsent, decide: Callable[..., Decision]) -> Site:
    """A site with a page for every surface, in English and Arabic."""
    policy = make_policy("opt-in", purposes={}, banner=Banner(logo=LOGO))
    new = make_consent(policy)
    decided = make_consent(policy, decide(policy, "analytics ads", "functional marketing counter"), gpc=True)
    site = Site(policy, decided)
    for locale in ("en", "ar"):
        pages = {f"/{layout}": _banner(make_policy, make_consent, site, locale, layout) for layout in LAYOUTS}
        for regime in ("opt-out", "inform"):
            pages[f"/{regime}"] = _banner(make_policy, make_consent, site, locale, "bar", regime)
        seller = make_policy("opt-out", purposes={})
        site.know(seller)
        visitors = {
            "/link": make_consent(seller),
            "/link-choices": make_consent(seller, place=CALIFORNIA),
            "/link-honoured": make_consent(seller, gpc=True),
        }
        pages |= {path: link_page(seller, consent, locale) for path, consent in visitors.items()}
        pages["/honoured"] = banner_page(seller, make_consent(seller, gpc=True), locale)
        pages |= {
            "/dialog": pages["/bar"],
            "/settings": render_settings(policy, new, history=History(), **where(locale)),
            "/decided": render_settings(policy, decided, saved=True, history=HISTORY, **where(locale)),
            "/message": message_page(policy, locale),
            "/embed": embed_page(policy, new, locale),
        }
        site.pages |= {f"{path}-{locale}": markup for path, markup in pages.items()}
    return site


def _banner(
    make_policy: MakePolicy,
    make_consent: MakeConsent,
    site: Site,
    locale: str,
    layout: Any,
    regime: str = "opt-in",
) -> str:
    policy = make_policy(regime, purposes={}, banner=Banner(layout=layout, logo=LOGO))
    site.know(policy)
    return banner_page(
        policy, make_consent(policy), locale, article=f"<main><h1>A story</h1>{PARAGRAPH * 9}</main>"
    )


@pytest.fixture(scope="module")
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    with visiting(chromium, site) as page:
        yield page


def show(page: Page, path: str) -> None:
    """Load a surface and wait until it is whole."""
    page.emulate_media(color_scheme="light", forced_colors="none")
    page.set_viewport_size({"width": 1280, "height": 800})
    go(page, path)
    if path.startswith("/dialog"):
        page.locator("#consentkit-banner [data-consentkit-action=settings]").click()
        page.frame_locator(DIALOG).locator("h1").wait_for()
        page.frames[1].wait_for_load_state()
    if path.startswith("/embed"):
        page.frame_locator("iframe").last.locator("button").last.wait_for()


def look_at(page: Page, look: Look) -> None:
    page.emulate_media(color_scheme=look.scheme, forced_colors=look.forced)
    page.set_viewport_size({"width": look.width, "height": look.height})


def violations(page: Page) -> list[str]:
    """Run axe in the page and its frames, where it has been put."""
    found = page.evaluate(
        """async () => {
            const rules = { "target-size": { enabled: true } };
            const { violations, incomplete } = await axe.run(document, { rules });
            return violations.concat(incomplete.filter(rule => rule.id === "frame-tested"));
        }"""
    )
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']]}" for rule in found]


@pytest.mark.parametrize("locale", ["en", "ar"])
@pytest.mark.parametrize("surface", SURFACES)
def test_axe_finds_nothing_and_targets_are_large_enough(page: Page, surface: str, locale: str) -> None:
    show(page, f"{surface}-{locale}")
    for frame in page.frames:
        frame.evaluate(AXE_SCRIPT)
    looks = LOOKS if locale == "en" else {name: LOOKS[name] for name in ("dark", "320 px")}
    found = {}
    for name, look in looks.items():
        look_at(page, look)
        found[name] = violations(page)
        for frame in page.frames:
            wide = frame.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, (name, frame.url)
    assert {name: rules for name, rules in found.items() if rules} == {}
    assert small_targets(page) == []


def small_targets(page: Page) -> list[object]:
    """Return label and size of what is too small to be hit, on a desk and on a phone."""
    small = []
    for width in (1280, 320):
        page.set_viewport_size({"width": width, "height": 640})
        for frame in page.frames:
            small += frame.evaluate(
                """minimum => [...document.querySelectorAll("button, a, summary, input:not([type=hidden])")]
                    .filter(target => !target.matches("[href='/x']"))
                    .filter(target => target.checkVisibility({ visibilityProperty: true }))
                    .map(target => [target.textContent, target.getBoundingClientRect()])
                    .filter(([, { width, height }]) => width < minimum || height < minimum)
                    .map(([text, { width, height }]) => [text, width, height])""",
                MINIMUM,
            )
    return small


def test_axe_looks_inside_the_dialog(page: Page) -> None:
    show(page, "/dialog-en")
    for frame in page.frames:
        frame.evaluate(AXE_SCRIPT)
    page.frames[1].evaluate("document.querySelector('[data-consentkit-action=save]').textContent = ''")
    assert [rule.split(":")[0] for rule in violations(page)] == ["button-name"]


WALK = """place => {
    const hidden = [], banner = document.getElementById("consentkit-banner").getBoundingClientRect();
    const stops = [...document.querySelectorAll(place)];
    for (const stop of [...stops, ...stops.reverse()]) {
        stop.focus();
        const box = stop.getBoundingClientRect();
        const above = box.top < 0 || box.left < 0 || box.bottom > innerHeight;
        const under = box.bottom > banner.top && box.top < banner.bottom
            && box.right > banner.left && box.left < banner.right;
        if (above || under) hidden.push([stop.textContent, box.top, box.bottom, banner.top]);
    }
    return [stops.length, hidden];
}"""


@pytest.mark.parametrize("size", [(1280, 800), (960, 600), (640, 400), (320, 568)], ids=str)
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_focus_is_never_hidden_behind_the_banner(
    chromium: Browser,
    site: Site,
    make_policy: MakePolicy,
    make_consent: MakeConsent,
    size: tuple[int, int],
    script: bool,
) -> None:
    """2.4.11, forwards and backwards, to the very end of the page."""
    links = "".join(f'<p>{"Words. " * 9}<a href="#">{n}</a> {"Words. " * 90}</p>' for n in range(12))
    article = f"{links}<p><button>The last</button></p>"
    with visiting(chromium, site, viewport=size, java_script_enabled=script) as page:
        for layout in LAYOUTS[: 3 if script else 4]:
            policy = make_policy(purposes={}, banner=Banner(layout=layout))
            site.know(policy)
            # Of all languages, Tamil makes the highest banner.
            site.pages["/long"] = banner_page(policy, make_consent(policy), "ta", article=article)
            go(page, "/long")
            assert page.evaluate(WALK, "body > p a, body > p > button") == [13, []], layout


def test_the_link_gives_way_to_what_has_focus(
    page: Page, site: Site, make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy(purposes={})
    site.know(policy)
    footer = '<input aria-label="Search"><p><a href="/x">Imprint</a></p>'
    site.pages["/end"] = link_page(policy, make_consent(policy), article=PARAGRAPH * 30 + footer)
    look_at(page, LOOKS["light"])
    go(page, "/end")
    link = page.locator("#consentkit-link")
    page.get_by_label("Search").click()  # where something is typed, it stays
    expect(link).to_have_css("opacity", "1")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Imprint")).to_be_focused()
    expect(link).to_have_css("opacity", "0")
    page.get_by_role("link", name="Privacy settings").focus()
    expect(link).to_have_css("opacity", "1")


@pytest.mark.parametrize("layout", LAYOUTS[:3])
def test_at_400_percent_focus_is_not_wholly_hidden(
    page: Page, site: Site, make_policy: MakePolicy, make_consent: MakeConsent, layout: Any
) -> None:
    policy = make_policy(purposes={}, banner=Banner(layout=layout))
    site.know(policy)
    site.pages["/long"] = banner_page(policy, make_consent(policy), "de", article=PARAGRAPH * 30)
    look_at(page, Look("light", "none", 320, 256))
    go(page, "/long")
    seen = page.evaluate(
        """() => [...document.querySelectorAll("p > a[href='/x']")].map(stop => {
            const banner = document.getElementById("consentkit-banner");
            stop.focus();
            const { top, bottom } = stop.getBoundingClientRect();
            return bottom > 0 && top < banner.getBoundingClientRect().top;
        })"""
    )
    assert seen == [True] * 30


# Whole pages are read into the page, which is far faster than loading them. Named is what overflows, is cut
# off or lies outside the window.
CUT_OFF = """pages => pages.flatMap(([name, markup]) => {
    const read = new DOMParser().parseFromString(markup, "text/html");
    const { lang, dir } = read.documentElement;
    Object.assign(document.documentElement, { lang, dir });
    document.body.replaceWith(read.body);
    const controls = "button, a, input, summary, p, h1, h2, h3, dt, dd";
    return [...document.querySelectorAll(controls), document.documentElement].filter(element => {
        const { left, right, width } = element.getBoundingClientRect();
        const inline = getComputedStyle(element).display === "inline";
        const label = element.matches("button, a") && element.scrollHeight > element.clientHeight;
        const cut = !inline && (element.scrollWidth > element.clientWidth || label);
        return width && (left < -.5 || right > innerWidth + .5 || cut);
    }).map(element => `${name}: ${element.tagName} ${element.textContent.slice(0, 40)}`);
})"""


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_locale_overflows_the_banner(
    page: Page, site: Site, make_policy: MakePolicy, make_consent: MakeConsent, layout: Any
) -> None:
    pages = []
    for regime in ("opt-in", "opt-out", "inform"):
        policy = make_policy(regime, purposes={}, banner=Banner(layout=layout))
        consent = make_consent(policy)
        site.know(policy)
        pages += [
            (f"{locale} {regime}", banner_page(policy, consent, locale, article=""))
            for locale in sorted(shipped_locales())
        ]
    assert_fit(page, site, pages, 320, 640, 768, 960, 1280)


def test_no_locale_overflows_the_pages(
    page: Page,
    site: Site,
    make_policy: MakePolicy,
    make_consent: MakeConsent,
    decide: Callable[..., Decision],
) -> None:
    policy = make_policy("opt-out", purposes={})
    consent = make_consent(policy, place=CALIFORNIA, gpc=True)
    decided = make_consent(policy, decide(policy, "analytics ads", "functional counter"), gpc=True)
    site.know(policy)
    locales = sorted(shipped_locales())
    links = [(f"{locale} link", link_page(policy, consent, locale, article="")) for locale in locales]
    assert_fit(page, site, links, 320, 1280)
    settings = [
        (f"{locale} settings", render_settings(policy, decided, saved=True, history=HISTORY, **where(locale)))
        for locale in locales
    ]
    messages = [(f"{locale} message", message_page(policy, locale)) for locale in locales]
    assert_fit(page, site, settings + messages, 320, 1280)


def test_no_locale_overflows_a_placeholder(page: Page, site: Site, make_policy: MakePolicy) -> None:
    policy = make_policy(purposes={})
    what = partial(render_placeholder, policy, Placeholder("tube", "functional", "Tube"), notice_hash="")
    pages = [(locale, what(**where(locale))) for locale in sorted(shipped_locales())]
    site.know(policy)
    assert_fit(page, site, pages, 300, 640)


# Named is what cannot be pressed: nothing of it is below the window, and nothing lies over it.
OUT_OF_REACH = """pages => pages.flatMap(([name, markup]) => {
    const read = new DOMParser().parseFromString(markup, "text/html");
    const { lang, dir } = read.documentElement;
    Object.assign(document.documentElement, { lang, dir });
    document.body.replaceWith(read.body);
    scrollTo(0, 0);
    const forms = document.querySelector(".consentkit-forms");
    const shown = [...forms.querySelectorAll("button, a")].filter(one => one.offsetWidth);
    const wrong = shown.filter(one => {
        const { left, right, top, bottom } = one.getBoundingClientRect();
        const middle = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        const within = left > -1 && top > -1 && right < innerWidth + 1 && bottom < innerHeight + 1;
        return !within || !one.contains(middle) || bottom - top < 18;
    });
    const notice = [...document.querySelectorAll("p")].at(-1).getBoundingClientRect();
    const covered = notice.bottom > forms.getBoundingClientRect().top + 1;
    return [...wrong.map(one => `${name}: ${one.textContent}`), ...(covered ? [`${name}: covered`] : []),
            ...(shown.some(one => one.matches("button")) ? [] : [`${name}: link`])];
})"""
# Width, height, and what may be: in small frames the notice goes on under the buttons, in tiny ones a link is
# left.
FRAMES: Final = [
    *((width, height, "") for width, height in ((640, 360), (358, 201), (320, 200), (300, 250))),
    *((width, height, "") for width, height in ((728, 90), (160, 600))),
    *((width, height, "covered") for width, height in ((320, 180), (200, 113), (600, 80), (150, 150))),
    *((width, height, "link") for width, height in ((320, 50), (88, 31), (120, 90), (100, 300))),
]


def test_in_frames_of_all_sizes_the_buttons_are_within_reach(
    page: Page, site: Site, make_policy: MakePolicy
) -> None:
    policy = make_policy(purposes={})
    title = "How a newspaper is printed at night"
    shown = Placeholder("tube", "functional", "Dailymotion", plays=True, title=title, poster="/logo.svg")
    what = partial(render_placeholder, policy, shown, notice_hash="")
    pages = [(one, what(**where(one))) for one in sorted(shipped_locales())]
    site.know(policy)
    site.pages["/first"] = pages[0][1]
    go(page, "/first")
    found = {}
    for width, height, allowed in FRAMES:
        look_at(page, Look("light", "none", width, height))
        told = [line.partition(": ")[2] for line in page.evaluate(OUT_OF_REACH, pages)]
        if set(told) - {allowed} or (allowed == "link" and len(told) < len(pages)):
            found[width, height] = sorted(set(told))
    assert found == {}


def assert_fit(page: Page, site: Site, pages: list[tuple[str, str]], *widths: int) -> None:
    site.pages["/first"] = pages[0][1]
    go(page, "/first")
    for width in widths:
        look_at(page, Look("light", "none", width, 900))
        assert page.evaluate(CUT_OFF, pages) == [], width


@pytest.mark.parametrize("surface", ["/bar", "/corner", "/opt-out", "/settings", "/dialog", "/link-choices"])
def test_text_twice_as_large_stays_whole(page: Page, surface: str) -> None:
    """1.4.4, for those who make letters larger and not pages."""
    session = page.context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    try:
        show(page, f"{surface}-en")
        page.set_viewport_size({"width": 640, "height": 800})
        for frame in reversed(page.frames):
            markup = frame.content()
            assert frame.evaluate(CUT_OFF, [(surface, markup)]) == []
            sizes = frame.evaluate(
                """() => [...document.querySelectorAll("p, button")]
                    .map(element => parseFloat(getComputedStyle(element).fontSize))"""
            )
            assert min(sizes) >= 24
    finally:
        session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
        session.detach()
