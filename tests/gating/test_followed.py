"""Addresses that run a script when a visitor follows them, as one tag is judged."""

from __future__ import annotations

import pytest

from consentkit.consent.consent import Consent
from consentkit.gating import Gate
from consentkit.gating.elements import ADDRESSED
from consentkit.rewriter import Where, attributes
from gating.pages import EVERYTHING, GATE, NOTHING, POLICY, consent, rewrite

V = "https://www.google-analytics.com/x"
LOADS = f"void(new Image().src='{V}')"
PLAIN = Where(0)


def decide(tag: str, given: Consent = NOTHING, where: Where = PLAIN, *, gate: Gate = GATE) -> str:
    """Return a tag as the gate would have it."""
    raw = tag.encode()
    name = tag[1:].partition(" ")[0].lower().encode()
    handler = gate.page(given, host="www.news.example")
    for start, end, new in reversed(handler.start_tag(raw, name, where) or ()):
        raw = raw[:start] + new + raw[end:]
    return raw.decode()


# A mark stands where the private name's prefix is put.
GATED = [
    f'<a ~href="javascript:{LOADS}">',
    f'<area alt=x ~href="javascript:{LOADS}">',
    f'<a ~xlink:href="javascript:{LOADS}">',
    f'<form ~action="javascript:{LOADS}">',
    f'<button ~formaction="javascript:{LOADS}">',
    f'<input type=submit ~formaction="javascript:{LOADS}">',
    f'<a ~href="JavaScript:{LOADS}">',
    f'<a ~href=" \x01&#1;&#32; javascript:{LOADS}">',
    f'<a ~href="java\tscr\nipt&#13;&Tab;:{LOADS}">',
    f'<a ~href="&#106;avascript&colon;{LOADS}">',
    f'<a ~href="java&NewLine;script&#x3a;{LOADS}">',
    f'<a ~href="javascript:{LOADS.replace("//", "%2F%2F")}">',
    f'<a ~href="javascript:void(0)" ~href="javascript:{LOADS}">',
    "<a ~href=javascript:fbq('init',1)>",
    f"<a ~href=\"javascript:document.write('<script src={V}></script>')\">",
    f'<a ~href="javascript:{LOADS}" ~ping="{V}" ~onclick="{LOADS}">',
    f'<set attributeName=href ~to="javascript:{LOADS}">',
    f'<animate attributeName=href ~from="javascript:{LOADS}" to=/a>',
    f'<animate attributeName=href ~values="/a;javascript:{LOADS};/b">',
]


@pytest.mark.parametrize("marked", GATED)
def test_what_loads_a_vendor_is_moved(marked: str) -> None:
    tag = marked.replace("~", "")
    assert decide(tag) == marked.replace("~", "data-consentkit-")
    assert decide(tag, where=Where.UNCERTAIN | Where.NOSCRIPT) == decide(tag)
    assert decide(tag, EVERYTHING) == tag


@pytest.mark.parametrize(
    "tag",
    [
        f'<a href="{V}">',
        f'<form action="{V}">',
        f'<button formaction="{V}">',
        "<a href=javascript:void(0)>",
        f"<a href=\"javascript:open('{V}')\">",
        f'<a href="java script:{LOADS}">',
        f'<a href="x javascript:{LOADS}">',
        f'<a href="/javascript:{LOADS}">',
        f'<a action="javascript:{LOADS}">',
        f'<area alt=x xlink:href="javascript:{LOADS}">',
        f'<form href="javascript:{LOADS}">',
        "<a href>",
    ],
)
def test_what_leads_elsewhere_or_loads_nobody_stays(tag: str) -> None:
    assert decide(tag) == tag


def test_it_is_reported_by_the_element_that_is_followed() -> None:
    handler = GATE.page(NOTHING, host="www.news.example")
    handler.start_tag(GATED[0].replace("~", "").encode(), b"a", PLAIN)
    assert [(gated.element, gated.vendor) for gated in handler.gated] == [("a", "google-analytics")]


def test_each_vendor_has_its_own_consent() -> None:
    tag = GATED[0].replace("~", "")
    assert decide(tag, consent("analytics")) == tag
    assert decide(tag, consent("marketing")) != tag


def test_a_marker_speaks_for_the_script_but_not_for_a_plain_address() -> None:
    script = "<a data-consent=analytics href=javascript:start()>"
    assert decide(script) == script.replace(" href", " data-consentkit-href")
    assert decide(script, EVERYTHING) == script
    plain = f"<a data-consent=analytics href={V}>"
    assert decide(plain) == plain


def test_unknown_third_parties_are_gated_where_the_policy_says_so() -> None:
    tag = f'<a href="javascript:{LOADS.replace("google-analytics.com", "unknown.example")}">'
    assert decide(tag) == tag
    assert decide(tag, gate=Gate(POLICY, unclassified="gate")) == tag.replace("href", "data-consentkit-href")


def test_elements_that_are_always_shown_are_gated_in_pages() -> None:
    page = f"<input type=image formaction=\"javascript:{LOADS}\"><input formaction='{V}'>"
    assert rewrite(page) == page.replace("formaction", "data-consentkit-formaction", 1)


@pytest.mark.parametrize(
    ("attribute", "element"),
    sorted((attribute, element) for attribute, elements in ADDRESSED.items() for element in elements),
)
def test_the_table_says_which_attributes_are_read(attribute: bytes, element: bytes) -> None:
    tag = b'<%s %s="javascript:%s">' % (element, attribute, LOADS.encode())
    edits = GATE.page(NOTHING).start_tag(tag, element, PLAIN)
    assert edits == [(attributes(tag)[0].name_start,) * 2 + (b"data-consentkit-",)]
