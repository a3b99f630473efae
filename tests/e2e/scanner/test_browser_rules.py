"""Each rule that is seen in a browser: a site that keeps to it, and one that breaks it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from consentkit.lint.registry import BROWSER_CHECKS
from e2e.scanner.conftest import Lint
from e2e.scanner.sites import (
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
WIDE = '<p style="width: 600px">Much to say.</p>'
UNNAMED_PICTURE = '<img src="/none.png" width="9" height="9">'
FUN = "<label><input type=checkbox checked> Fun</label>"
MUTE = SETTINGS.replace("{checked}", "").replace("{state}", "?")
HIDING = "<style>html { scroll-padding: 0 !important } body { padding: 0 !important }</style>"

EVENTS = (
    granting("scroll")
    + granting("keydown", "event.key === 'Escape'")
    + granting("click", "!event.target.closest('.ask')")
)
GESTURES = ["scrolling", "pressing Escape", "clicking beside", "closing the layer"]
GERMAN = TINY.opening + ' lang="de"'
CUMBERSOME = replace(
    layer(reject=styled("outline: 0"), more=MORE + NAMELESS + SMALL + WIDE + UNNAMED_PICTURE), head=HIDING
)

BROKEN: list[tuple[int, Tiny, list[str]]] = [
    (3, layer(reject=LINK), ["is a link"]),
    (3, layer(reject=""), ["nothing on the first layer rejects; it offers: Accept all, Settings"]),
    (3, replace(TINY, around="section hidden"), ["no first layer was found"]),
    (4, layer(reject=THIN), ["differ in font .* weight .*, size"]),
    (4, layer(reject='<input type="submit" name="answer" value="Reject all">'), ["differ in element"]),
    (5, layer(reject=PALE, accept=FADED), ['"Reject all" is 2.85:1 .light.', '"Accept all" is .* .dark.']),
    (6, replace(layer(more=MORE + FUN), settings=TICKED), ['"Statistics" is ticked', '"Fun" is ticked']),
    (7, layer(reject=ASK_AGAIN), ["rejecting takes 2 presses, accepting 1 press"]),
    (7, layer(reject="", more=""), ["no way to reject"]),
    (8, replace(layer(more=MORE + CLOSE), script=EVENTS), GESTURES),
    (9, replace(TINY, head=STATISTICS), [r"Google Analytics \(analytics\) is asked before a choice"]),
    (10, replace(TINY, head=COOKIE + STORAGE), ["the cookie '_ga' of Goo", "the local storage '_ga' of Goo"]),
    (11, replace(TINY, after_no=True), ["is asked after a refusal", "'_ga' .* is there after a refusal"]),
    (11, replace(OPT_OUT, keeps_cookie=True), ["the cookie '_ga' .* is there after a refusal"]),
    (12, replace(TINY, after_no=True), ["is asked after a withdrawal", "'_ga' .* is there after a"]),
    (13, replace(TINY, about="", settings=MUTE), ["nothing on the page opens the settings", "look the same"]),
    (14, replace(TINY, settings=BOXES), ["withdrawing takes 3 presses in the settings, granting 1 press"]),
    (14, replace(TINY, settings="<p>{state}</p>"), ["offer no way to withdraw"]),
    (23, replace(TINY, opening=GERMAN), ['the page is in "en", the first layer in "de"']),
    (23, replace(TINY, french=True), ['the page is in "en", the first layer in "fr"']),
    (24, replace(layer(reject=""), opening=OVERLAY), ["cannot be refused"]),
    (24, replace(TINY, wall=WALL), ["much of the content is missing"]),
    (24, replace(TINY, wall=COVER), ["something stands before the content"]),
    (25, replace(TINY, policy=404), ["answers with 404"]),
    (25, replace(TINY, policy_head=STATISTICS), ["is asked when the privacy policy is opened"]),
    (27, replace(OPT_OUT, signal="nothing", says=False), ["Meta Pixel .* is asked with", "honoured"]),
    (28, replace(TINY, signal="grants", asks_with_signal=False), ["Google.* begins", "are not asked"]),
    (29, replace(OPT_OUT, signal="is outlived"), ["is asked with Sec-GPC: 1 after a stored grant"]),
    (33, CUMBERSOME, [r"\(4.1.2", r"\(2.5.8", r"\(2.4.7", r"\(2.4.11", r"\(1.4.10", "axe-core: image-alt"]),
    (34, layer(reject=REJECT.replace("Reject all", "Maybe later")), ["no label says"]),
    (34, replace(TINY, opening='class="cookies"'), ["neither fixed nor a dialog"]),
]  # fmt: skip


def test_a_site_that_keeps_to_all_rules(lint: Lint) -> None:
    assert lint(TINY) == []


def test_a_site_that_keeps_to_the_rules_where_visitors_opt_out(lint: Lint) -> None:
    assert lint(OPT_OUT, 27, 29) == []


IDS = [f"{rule}-{said[0]}" for rule, _, said in BROKEN]


@pytest.mark.parametrize(("rule", "site", "said"), BROKEN, ids=IDS)
def test_a_site_that_breaks_a_rule(lint: Lint, rule: int, site: Tiny, said: list[str]) -> None:
    found = lint(site, rule)
    assert {(finding.rule, finding.level) for finding in found} == {(rule, "error")}, found
    messages = [finding.message for finding in found]
    assert [one for one in said if not any(re.search(one, message) for message in messages)] == [], messages


def test_what_holds_only_where_consent_is_asked_first_is_not_asked_elsewhere(lint: Lint) -> None:
    assert lint(replace(layer(reject=THIN), before=True), 4) == []


def test_every_rule_has_a_site_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == BROWSER_CHECKS.keys()
