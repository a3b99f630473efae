"""The stubs in a real browser: handlers of the page go on although the vendor is not there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from consentkit.gating.model import stubs_script
from e2e.tabs import borrowed

PAGE = """
<body><script>window.kept = "mine"</script>
<script data-consentkit-stubs="fbq:call ga:call dataLayer:queue _paq:queue kept:call gtag:call">%s</script>
<script>
  window.done = [];
  function note(name) { return function () { done.push(name); }; }
</script>
<script>fbq('track', 'x'); fbq.queue.push(1); new fbq.Thing('a').and.so('on');</script>
<script>ga('send', { hitCallback: note('ga') }); ga(note('ready')); (ga.q = ga.q || []).push([]);</script>
<script>dataLayer.push({ eventCallback: note('layer') }); _paq.push(['x'], [note('paq')]);</script>
<script>ga({ hitCallback: function () { throw new Error('it counted on the vendor'); } });</script>
<script>window.dataLayer = window.dataLayer || []; function gtag() { done.push('real'); } gtag();</script>
"""


@pytest.mark.browser
def test_stubs_call_callbacks_and_give_way(chromium: Browser) -> None:
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(PAGE % stubs_script().decode())
    page.wait_for_function("window.done.length === 5")
    assert sorted(page.evaluate("window.done")) == ["ga", "layer", "paq", "ready", "real"]
    assert page.evaluate("window.kept") == "mine"
    assert page.evaluate("(async () => typeof await fbq('x'))()") == "function"
    assert errors == []
    page.close()


FORM = (
    '<form id="one"><input name="mail"><button>Send</button><button type=button id=plain>Go</button></form>'
    '<form id="two"><button>Other</button></form><div id="spot"></div>'
)
FILLED = "iframe[data-consentkit-fill]"


@pytest.fixture
def waiting(chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Load a page whose captcha was made inert, with a script of its own."""
    with borrowed(chromium) as page:

        def make(script: str) -> Page:
            attributes = (
                'data-consentkit-stubs="grecaptcha:form" title="Guard" srcdoc="&lt;p&gt;Ask&lt;/p&gt;"'
            )
            stubs = f"<script {attributes}>{stubs_script().decode()}</script>"
            page.set_content(f"<body>{stubs}{FORM}<script>{script}</script>")
            return page

        yield make


GOES = "grecaptcha.execute('key', {action: 'send'}).then(function () { window.sent = true })"


@pytest.mark.browser
@pytest.mark.parametrize(
    ("script", "press"),
    [
        (f"one.onsubmit = function (e) {{ e.preventDefault(); {GOES} }}", "text=Send"),
        (
            "one.addEventListener('submit', function (e) { e.preventDefault();"
            f"grecaptcha.ready(function () {{ {GOES} }}) }})",
            "text=Send",
        ),
        (
            f"plain.onclick = function () {{ {GOES.replace('grecaptcha', 'grecaptcha.enterprise')} }}",
            "#plain",
        ),
        (
            "one.onsubmit = async (e) => { e.preventDefault(); window.sent = await grecaptcha.execute() }",
            "text=Send",
        ),
    ],
)
def test_a_form_that_waits_for_a_captcha_says_so(
    waiting: Callable[[str], Page], script: str, press: str
) -> None:
    page = waiting(script)
    assert page.locator(FILLED).count() == 0
    page.locator(press).click()
    expect(page.locator(f"#one {FILLED}")).to_have_attribute("title", "Guard")
    expect(page.frame_locator(FILLED).get_by_text("Ask")).to_be_visible()
    page.locator(press).click()
    assert page.locator(FILLED).count() == 1
    assert page.evaluate("window.sent") is None


@pytest.mark.browser
def test_a_captcha_that_is_drawn_by_script_is_asked_for_where_it_would_be(
    waiting: Callable[[str], Page],
) -> None:
    page = waiting("grecaptcha.ready(function () { grecaptcha.render('spot', {sitekey: 'key'}) })")
    expect(page.locator(f"#spot {FILLED}")).to_have_count(1)
    page = waiting("window.id = grecaptcha.render(spot); window.answer = grecaptcha.getResponse(id)")
    expect(page.locator(f"#spot {FILLED}")).to_have_count(1)
    assert page.evaluate("window.answer") == ""


@pytest.mark.browser
def test_what_runs_without_a_form_says_nothing(waiting: Callable[[str], Page]) -> None:
    page = waiting("grecaptcha.ready(function () { grecaptcha.execute('key'); window.done = true })")
    page.wait_for_function("window.done")
    assert page.locator(FILLED).count() == 0
    page.evaluate("() => { two.onsubmit = (e) => { e.preventDefault(); window.own = true } }")
    page.locator("text=Other").click()
    assert page.evaluate("window.own") and page.locator(FILLED).count() == 0
