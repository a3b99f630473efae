"""Each rule that is seen in a browser: a site that keeps to it, and one that breaks it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from consentkit.scanner import CHECKS
from scanner.conftest import Lint
from scanner.sites import (
    ACCEPT,
    COOKIE,
    MORE,
    OPT_OUT,
    REJECT,
    SETTINGS,
    STATISTICS,
    TINY,
    Tiny,
    granting,
    layer,
    styled,
)

pytestmark = pytest.mark.browser

LINK = '<a href="/choose?answer=no">Reject all</a>'
CLOSE = (
    '<button type="button" aria-label="Close" onclick="document.cookie = \'choice=yes; path=/\'">×</button>'
)
TICKED = SETTINGS.replace("{checked}", " checked")
BOXES = SETTINGS.replace(REJECT, "")
OVERLAY = 'class="ask" style="inset: 0; max-height: none" aria-label="Cookies"'
WALL = "<p>Accept all cookies to read this story.</p>"
COVER = (
    '<div style="position: fixed; inset: 0; background: #fff">Accept cookies to go on.</div>'
    + "<p>…</p>" * 90
)
STORAGE = "<script>localStorage.setItem('_ga', '1')</script>"
SURE = (
    '<section class="ask"><form method="post" action="/choose"><p>No cookies?</p>'
    + REJECT
    + "</form></section>"
)
ASK_AGAIN = REJECT.replace("<button", '<button type="button" onclick="again()"') + (
    f"<script>function again() {{ document.querySelector('.ask').outerHTML = '{SURE}' }}</script>"
)

THIN = styled("font: 400 11px sans-serif; min-height: 0")
PALE = styled("color: #999; background: #fff")
FADED = ACCEPT.replace("<button", '<button style="opacity: .3"')
NAMELESS = '<button style="width: 3rem"></button>'
SMALL = '<button style="min-height: 0; height: 20px; padding: 0">i</button>'
HIDING = "<style>html { scroll-padding: 0 !important } body { padding: 0 !important }</style>"

BROKEN: list[tuple[int, str, Tiny]] = [
    (3, "is a link", layer(reject=LINK)),
    (3, "nothing on the first layer rejects; it offers: Accept all, Settings", layer(reject="")),
    (3, "no first layer was found", replace(TINY, around="section hidden")),
    (4, "differ in font .* weight .*, size", layer(reject=THIN)),
    (4, "differ in size", layer(reject=styled("width: 5rem"))),
    (4, "differ in element", layer(reject='<input type="submit" name="answer" value="Reject all">')),
    (5, "contrast of \"Reject all\" is 2.85:1 .light.", layer(reject=PALE)),
    (5, "contrast of \"Accept all\"", layer(accept=FADED)),
    (6, '"Statistics" is ticked', replace(TINY, settings=TICKED)),
    (6, '"Fun" is ticked', layer(more=MORE + "<label><input type=checkbox checked> Fun</label>")),
    (7, "rejecting takes 2 presses, accepting 1 press", layer(reject="")),
    (7, "rejecting takes 2 presses, accepting 1 press", layer(reject=ASK_AGAIN)),
    (7, "no way to reject", layer(reject="", more="")),
    (8, "after scrolling|scrolling leaves behind", replace(TINY, script=granting("scroll"))),
    (8, "pressing Escape leaves behind", replace(TINY, script=granting("keydown", "event.key === 'Escape'"))),
    (8, "clicking beside", replace(TINY, script=granting("click", "!event.target.closest('.ask')"))),
    (8, "closing the layer leaves behind", layer(more=MORE + CLOSE)),
    (9, r"Google Analytics \(analytics\) is asked before a choice", replace(TINY, head=STATISTICS)),
    (10, "the cookie '_ga' of Google Analytics", replace(TINY, head=COOKIE)),
    (10, "the local storage '_ga' of Google Analytics", replace(TINY, head=STORAGE)),
    (11, "is asked after a refusal", replace(TINY, after_no=True)),
    (11, "the cookie '_ga' .* is there after a refusal", replace(OPT_OUT, keeps_cookie=True)),
    (12, "is asked after a withdrawal", replace(TINY, after_no=True)),
    (12, "the cookie '_ga' .* is there after a withdrawal", replace(TINY, keeps_cookie=True)),
    (13, "nothing on the page opens the settings after accepting", replace(TINY, about="")),
    (13, "look the same", replace(TINY, settings=SETTINGS.replace("{checked}", "").replace("{state}", "?"))),
    (14, "withdrawing takes 3 presses in the settings, granting 1 press", replace(TINY, settings=BOXES)),
    (14, "offer no way to withdraw", replace(TINY, settings="<p>{state}</p>")),
    (23, 'the page is in "en", the first layer in "de"', replace(TINY, opening=TINY.opening + ' lang="de"')),
    (23, 'the page is in "en", the first layer in "fr"', replace(TINY, german=True)),
    (24, "cannot be refused", replace(layer(reject=""), opening=OVERLAY)),
    (24, "much of the content is missing", replace(TINY, wall=WALL)),
    (24, "something stands before the content", replace(TINY, wall=COVER)),
    (25, "answers with 404", replace(TINY, policy=404)),
    (25, "is asked when the privacy policy is opened", replace(TINY, policy_head=STATISTICS)),
    (27, r"Meta Pixel \(marketing\) is asked with Sec-GPC", replace(OPT_OUT, signal="nothing")),
    (27, "says that the signal was honoured", replace(OPT_OUT, says=False)),
    (28, "Google Analytics.* begins", replace(TINY, signal="grants")),
    (28, "visitors are not asked", replace(TINY, asks_with_signal=False)),
    (29, "is asked with Sec-GPC: 1 after a stored grant", replace(OPT_OUT, signal="is outlived")),
    (33, "no name for those who cannot see it", layer(more=MORE + NAMELESS)),
    (33, "pixels are less than 24 × 24", layer(more=MORE + SMALL)),
    (33, "nothing shows that it has the focus", layer(reject=styled("outline: 0"))),
    (33, "the first layer hides it", replace(TINY, head=HIDING)),
    (33, "wider than the window", layer(more=MORE + '<p style="width: 600px">Much to say.</p>')),
    (33, "axe-core: image-alt", layer(more=MORE + '<img src="/static/none.png" width="9" height="9">')),
    (34, "no label says", layer(reject=REJECT.replace("Reject all", "Maybe later"))),
    (34, "neither fixed nor a dialog", replace(TINY, opening='class="cookies"')),
]  # fmt: skip


@pytest.mark.parametrize("site", [TINY, OPT_OUT], ids=["opt-in", "opt-out"])
def test_a_site_that_keeps_to_all_rules(lint: Lint, site: Tiny) -> None:
    assert lint(site) == []


@pytest.mark.parametrize(
    ("rule", "said", "site"), BROKEN, ids=[f"{rule}-{said[:30]}" for rule, said, _ in BROKEN]
)
def test_a_site_that_breaks_a_rule(lint: Lint, rule: int, said: str, site: Tiny) -> None:
    found = lint(site, rule)
    assert found and {finding.rule for finding in found} == {rule}
    assert {finding.level for finding in found} == {"error"}
    matching(said, [finding.message for finding in found])


def matching(said: str, messages: list[str]) -> None:
    """Make sure that one of the messages says it."""
    assert any(re.search(said, message) for message in messages), messages


def test_every_rule_has_a_site_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == CHECKS.keys()
