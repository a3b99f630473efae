"""Messages and placeholders show what they are given as text, and ask what they are for."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from consentkit.banner.pages import Placeholder, render_message, render_placeholder
from consentkit.policy import Policy

POLICY = Policy()


def test_a_message_page_escapes_what_it_says() -> None:
    markup = render_message(
        POLICY, "Nö <b>", "It failed: <script>x</script>", locale="en", prefix="/_consent", return_to="//evil"
    )
    message = BeautifulSoup(markup, "html.parser")
    assert message.h1 and message.h1.get_text() == "Nö <b>"
    assert "evil" not in markup and len(message.select("script")) == 1


def placeholder(vendor_id: str = "tube", *, title: str = "", poster: str = "", **how: Any) -> BeautifulSoup:
    markup = render_placeholder(
        POLICY,
        Placeholder(vendor_id, "functional", "You & <Tube>", title=title, poster=poster, **how),
        prefix="/_consent",
        notice_hash="ab" * 32,
        locale="en",
        return_to="/watch?v=1",
        origin="https://news.example",
    )
    assert markup.isascii() and "<script" not in markup and "style=" not in markup
    return BeautifulSoup(markup, "html.parser")


def test_a_placeholder_names_vendor_and_purpose_and_asks_both_ways() -> None:
    document = placeholder()
    assert "You & <Tube>" in document.get_text() and "Purpose: Functional" in document.get_text()
    once, always = document.select("form")
    for form in (once, always):
        assert (form["target"], form["method"]) == ("_parent", "post")
        assert form["action"] == "https://news.example/_consent/decision"
        assert form.select("input[name=vendor][value=tube]") and form.select(
            "input[name=action][value=allow] ~ button[data-consentkit-action=allow]"
        )
    assert once.select("input[name=once][value='1']") and not always.select("input[name=once]")


def test_a_placeholder_without_a_vendor_asks_for_the_purpose() -> None:
    assert len(placeholder("").select("input[name=purpose][value=functional]")) == 2


@pytest.mark.parametrize("text", ['"><script>', "<%notice%>", "&quot;", "' onerror='x", "Ä \U0001f3ac"])
def test_what_a_frame_says_of_its_content_is_shown_as_it_is_written(text: str) -> None:
    document = placeholder(title=text, poster=text)
    [name] = document.select(".consentkit-name")
    [picture] = document.select("img")
    assert (name.get_text(), picture["src"], picture["alt"]) == (text, text, "")
    assert picture.attrs.keys() == {"src", "alt"}


def test_a_placeholder_without_title_or_picture_is_named_for_the_vendor() -> None:
    document = placeholder()
    assert [name.get_text() for name in document.select(".consentkit-name")] == ["You & <Tube>"]
    assert not document.select("img")
    vendor, title, _ = placeholder(title="A story").select("p")
    assert (vendor.get_text(), title.get_text()) == ("You & <Tube>", "A story")


def test_the_sign_is_a_button_for_who_points_and_says_what_is_behind_it() -> None:
    signs = {plays: placeholder(plays=plays).select("[aria-hidden=true][form]") for plays in (True, False)}
    for [sign] in signs.values():
        assert sign["form"] == "once"
        assert (sign["tabindex"], sign["aria-hidden"]) == ("-1", "true")
    assert signs[True] != signs[False]


def test_where_no_form_can_be_sent_there_is_a_link_and_where_nothing_leads_away_nothing() -> None:
    linked = placeholder(forms=False)
    [link] = linked.select("a")
    assert link["href"] == "https://news.example/_consent/?return_to=%2Fwatch%3Fv%3D1&locale=en"
    assert (link["target"], link.get_text()) == ("_parent", "You & <Tube>, Privacy settings")
    alone = placeholder(target="")
    assert not linked.select("form, button") and not alone.select("form, button, a")
    assert "Purpose: Functional" in alone.get_text()
