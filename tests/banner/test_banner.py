"""The banner: its words to the letter, and markup that survives any page."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from banner.fragments import where
from consentkit.banner.assets import read_assets
from consentkit.banner.banner import make_notice, render_banner, render_head, render_link
from consentkit.banner.markup import Where
from consentkit.consent.consent import Consent, resolve
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Policy, Purpose
from consentkit.signals import Signals

SEED = (
    "This website uses cookies to improve your experience. We'll assume you're ok with this, "
    "but you can opt-out if you wish. Accept Read More"
)
REGIMES = ["opt-in", "opt-out", "inform"]

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]


@pytest.fixture
def banner(make_policy: MakePolicy, make_consent: MakeConsent) -> Callable[..., str]:
    def render(regime: str = "opt-in", *, prefix: str = "/_consent", **values: Any) -> str:
        policy = make_policy(regime)
        return render_banner(
            policy, make_consent(policy), locale="en", prefix=prefix, **{"return_to": "/", **values}
        )

    return render


def section(markup: str) -> Tag:
    found = BeautifulSoup(markup, "html.parser").find(id="consentkit-banner")
    assert isinstance(found, Tag)
    return found


def visible_text(markup: str) -> str:
    banner = section(markup)
    for hidden in banner.find_all(hidden=True):
        hidden.decompose()
    return " ".join(banner.get_text(" ").split()).replace(" .", ".")


def test_the_opt_out_banner_is_the_seeds_notice_to_the_letter(banner: Callable[..., str]) -> None:
    assert visible_text(banner("opt-out")) == SEED


def test_the_word_opt_out_is_a_button_inside_the_sentence(banner: Callable[..., str]) -> None:
    buttons = section(banner("opt-out")).select("p button")
    assert [(b["name"], b["value"], b.get_text()) for b in buttons] == [("action", "reject", "opt-out")]
    assert len(section(banner("opt-out")).select("[data-consentkit-action=reject]")) == 1


@pytest.mark.parametrize("regime", ["opt-in", "inform"])
def test_accept_and_reject_are_equal(banner: Callable[..., str], regime: str) -> None:
    accept, reject = section(banner(regime)).select(".consentkit-actions button")
    same = [
        {k: v for k, v in b.attrs.items() if k not in ("value", "data-consentkit-action")}
        for b in (accept, reject)
    ]
    assert same[0] == same[1]
    assert (accept["value"], reject["value"]) == ("accept", "reject")


def test_opt_in_assumes_nothing_and_names_the_purposes(banner: Callable[..., str]) -> None:
    text = visible_text(banner("opt-in"))
    assert "assume" not in text and "by continuing" not in text
    assert "We use cookies" in text  # what tools that answer banners look for
    assert "Audience <b>measurement</b>, Advertising" in text
    assert text.endswith("Accept all Reject all Read more Privacy policy")


def test_without_its_place_in_the_sentence_opting_out_is_a_button_of_the_row(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy("opt-out", banner=Banner(text={"en": {"opt-out": {"notice": "Cookies!"}}}))
    markup = render_banner(policy, make_consent(policy), locale="en", prefix="/c", return_to="/")
    assert len(section(markup).select(".consentkit-actions > button")) == 2


def test_the_sites_own_words_win_and_are_escaped(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    own = {"notice": "Кекс & <script>", "accept": "<Yes>"}
    policy = make_policy(banner=Banner(text={"en": {"opt-in": own}}))
    markup = render_banner(policy, make_consent(policy), locale="en", prefix="/c", return_to="/")
    assert "Кекс & <script>" in visible_text(markup)
    assert "<script" not in markup and "<Yes>" not in markup


def test_a_locale_that_only_the_site_speaks(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy(banner=Banner(text={"ar": {"opt-in": {"notice": "ملفات"}}}))
    banner = section(render_banner(policy, make_consent(policy), locale="ar", prefix="/c", return_to="/"))
    assert (banner["lang"], banner["dir"]) == ("ar", "rtl")
    assert "ملفات" in banner.get_text()


@pytest.mark.parametrize("regime", REGIMES)
def test_markup_is_ascii_and_reads_the_same_as_xml(banner: Callable[..., str], regime: str) -> None:
    markup = banner(regime, return_to="/ä?q=<&\"'")
    assert markup.isascii()
    root = ElementTree.fromstring(f"<body>{markup}</body>")
    assert [child.tag for child in root] == ["section", "nav"]
    assert [form.get("action") for form in root.iter("form")] == ["/_consent/decision"]


@pytest.mark.parametrize("regime", REGIMES)
def test_nothing_is_inline_and_nothing_leaves_the_page(banner: Callable[..., str], regime: str) -> None:
    for element in section(banner(regime)).find_all(True):
        assert element.name not in ("script", "style", "iframe", "img")
        assert not [name for name in element.attrs if name == "style" or name.startswith("on")]
        if element.name in ("form", "a"):
            assert element["target"] == "_self"  # the page's <base target> may say otherwise


def test_search_engines_quote_none_of_it(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    """Google knows `data-nosnippet` on `div`, `section` and `span`."""
    policy = make_policy(banner=Banner(layout="modal"))
    consent = make_consent(policy)
    markup = render_banner(policy, consent, **where()) + render_link(policy, consent, **where())
    root = BeautifulSoup(markup, "html.parser")
    assert [str(text) for text in root.find_all(string=True) if text.strip() and not quotable(text)] == []
    assert all(one.has_attr("data-nosnippet") for one in root.select("#consentkit-banner, #consentkit-link"))


def quotable(text: PageElement) -> bool:
    return bool(text.find_parent(["div", "section", "span"], attrs={"data-nosnippet": True}))


def test_the_form_carries_what_the_decision_needs(
    banner: Callable[..., str], make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    fields = section(banner(return_to="/a?b=1")).select("input")
    policy = make_policy()
    notice = make_notice(policy, make_consent(policy), "en")
    assert {field["name"]: field["value"] for field in fields} == {
        "notice": notice.hash,
        "locale": "en",
        "return_to": "/a?b=1",
        "made_for": "?",
    }


def test_urls_name_the_origin_where_the_pages_base_is_foreign(banner: Callable[..., str]) -> None:
    markup = section(banner(prefix="/root/_consent", origin="https://news.example:8000"))
    assert str(markup.form and markup.form["action"]) == "https://news.example:8000/root/_consent/decision"
    link = markup.select_one("[data-consentkit-action=settings]")
    assert link and str(link["href"]).startswith("https://news.example:8000/root/_consent/?")


def test_names_give_block_lists_nothing_to_match(banner: Callable[..., str], make_policy: MakePolicy) -> None:
    markup = banner() + render_head(make_policy(), prefix="/_consent")
    assert not re.search(r"cookie-?(banner|consent|notice|bar)|[-_.]consent\.|gdpr", markup)


def test_the_head_carries_the_sites_nonce(make_policy: MakePolicy) -> None:
    policy = make_policy()
    markup = render_head(policy, prefix="/_consent", script='n"1', style="s", origin="http://h")
    root = ElementTree.fromstring(f"<head>{markup}</head>")
    assets = read_assets(policy)
    assert [(child.tag, child.get("href") or child.get("src"), child.get("nonce")) for child in root] == [
        ("link", f"http://h/_consent/assets/{assets.sheet.name}", "s"),
        ("script", f"http://h/_consent/assets/{assets.script.name}", 'n"1'),
    ]


def test_the_link_leads_to_settings_and_back(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    markup = render_link(
        policy, make_consent(policy), locale="en", prefix="/_consent", return_to="/ä?b=1&c=2"
    )
    link = BeautifulSoup(markup, "html.parser").select_one("#consentkit-link:not([hidden]) a")
    assert link is not None
    assert parse_qs(urlsplit(str(link["href"])).query) == {
        "return_to": ["/ä?b=1&c=2"],
        "locale": ["en"],
    }


def test_beside_the_banner_the_link_waits_hidden(banner: Callable[..., str]) -> None:
    assert BeautifulSoup(banner(), "html.parser").select_one("nav#consentkit-link[hidden]")


@given(st.text())
def test_whatever_the_return_path_says_it_stays_text(path: str) -> None:
    policy = Policy(purposes={"analytics": Purpose(title="A", description="B")})
    consent = resolve(policy, policy.regimes_at(None), None, Signals(), now=0)
    markup = render_link(policy, consent, locale="en", prefix="/_consent", return_to="/" + path)
    assert markup.isascii()
    assert len(list(ElementTree.fromstring(f"<b>{markup}</b>").iter())) == 4


def test_a_notice_is_stable_and_names_all_that_was_shown(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    consent = make_consent(policy)
    notice = make_notice(policy, consent, "en")
    turned = replace(consent, regimes=dict(sorted(consent.regimes.items(), reverse=True)))
    assert make_notice(policy, turned, "en") is notice
    assert make_notice(make_policy(), consent, "en").hash == notice.hash
    assert notice.fingerprints == policy.fingerprints
    assert {vendor.id for vendor in notice.vendors} == set(policy.vendors_declared)
    assert set(notice.assets.values()) == {
        asset.hash
        for asset in (read_assets(policy).sheet, read_assets(policy).page, read_assets(policy).script)
    }
    assert "<%notice%>" in notice.html and "<%return_to%>" in notice.html


def test_what_is_remembered_of_one_page_is_not_shown_on_another() -> None:
    policy = Policy()
    consent = resolve(policy, policy.regimes_at(None), None, Signals(), now=0)

    def on(path: str, made_for: str = "") -> str:
        place = Where(prefix="/_consent", return_to=path, made_for=made_for)
        return render_banner(policy, consent, locale="en", **place)

    assert on("/a") is on("/a")
    assert on("/a").replace('value="/a"', 'value="/b"').replace("%2Fa", "%2Fb") == on("/b")
    assert 'value="?"' in on("/a", "?") and 'value="?"' not in on("/a")


@pytest.mark.parametrize(
    "change",
    [
        {"banner": Banner(accent="#123456")},
        {"banner": Banner(text={"en": {"opt-in": {"accept": "Yes"}}})},
        {"purposes": {"analytics": Purpose(title="Other", description="Counts.")}},
        {"vendors": {}},
        {"regime": "opt-out"},
    ],
)
def test_whatever_is_shown_changes_the_notice(
    make_policy: MakePolicy, make_consent: MakeConsent, change: dict[str, object]
) -> None:
    before, after = make_policy(), make_policy(**change)
    hashes = {make_notice(policy, make_consent(policy), "en").hash for policy in (before, after)}
    assert len(hashes) == 2


def test_where_nothing_is_asked_there_is_no_banner_but_a_notice(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy("none")
    notice = make_notice(policy, make_consent(policy), "en")
    assert notice.html == "" and notice.hash


def test_a_text_that_does_not_exist_is_named(make_policy: MakePolicy) -> None:
    with pytest.raises(ConfigurationError, match=r"banner\.text\.en\.opt-in\.acept"):
        make_policy(banner={"text": {"en": {"opt-in": {"acept": "Yes"}}}})
