"""The settings page shows what is in force; what its form says survives missing scripts."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st

from consentkit.banner.settings import MAX_CHOICES, Choice, History, read_choices, render_settings
from consentkit.banner.texts import shipped_texts
from consentkit.consent.choice import choose
from consentkit.consent.consent import Consent, resolve
from consentkit.consent.decision import Decision
from consentkit.policy import Policy, Regime, Vendor
from consentkit.signals import Signals

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]
Decide = Callable[..., Decision]

VENDORS = {
    "a1": Vendor(name="A1", purpose="analytics"),
    "a2": Vendor(name="A2", purpose="analytics"),
    "m1": Vendor(name="M1", purpose="marketing"),
}
POLICY = Policy(vendors=VENDORS)


def page(
    policy: Policy,
    consent: Consent,
    *,
    return_to: str = "/",
    history: History | None = None,
    locale: str = "en",
    **values: bool,
) -> BeautifulSoup:
    markup = render_settings(
        policy,
        consent,
        locale=locale,
        prefix="/_consent",
        return_to=return_to,
        history=history,
        **values,
    )
    assert markup.isascii()
    return BeautifulSoup(markup, "html.parser")


def ticked(settings: BeautifulSoup) -> set[str]:
    return {str(box["value"]) for box in settings.select("input[type=checkbox][checked]:not([disabled])")}


def was(settings: BeautifulSoup) -> str:
    field = settings.select_one("input[name=was]")
    assert field is not None
    return str(field["value"])


def test_under_opt_in_nothing_is_ticked_before_a_choice(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    settings = page(policy, make_consent(policy))
    assert ticked(settings) == set()
    necessary = settings.select_one("input[value=necessary]")
    assert necessary is not None and necessary.has_attr("checked") and necessary.has_attr("disabled")
    assert "You have not chosen yet" in settings.get_text()
    assert not settings.select("[data-consentkit-action=withdraw]")


def test_reopening_shows_what_is_in_force(
    make_policy: MakePolicy, make_consent: MakeConsent, decide: Decide
) -> None:
    policy = make_policy()
    consent = make_consent(policy, decide(policy, "analytics ads", "functional marketing counter"))
    settings = page(policy, consent)
    assert ticked(settings) == {"analytics", "newsroom", "ads"}
    assert settings.select("[data-consentkit-action=withdraw]")
    assert [time["datetime"] for time in settings.select("time")] == ["2026-11-18", "2027-05-17"]
    # Vendors that differ from their purpose are in sight.
    assert len(settings.select("details[open]")) == 2


def test_a_vendor_allowed_from_an_embed_is_listed_though_not_declared(
    make_consent: MakeConsent, decide: Decide
) -> None:
    policy = Policy()
    settings = page(policy, make_consent(policy, decide(policy, "youtube")))
    assert ticked(settings) == {"youtube"}


def test_a_refusal_can_not_be_withdrawn(
    make_policy: MakePolicy, make_consent: MakeConsent, decide: Decide
) -> None:
    policy = make_policy()
    settings = page(policy, make_consent(policy, decide(policy, "", "analytics functional marketing")))
    assert not settings.select("[data-consentkit-action=withdraw]")
    assert "Your choice holds until" not in settings.get_text()


def test_everything_is_told(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    text = " ".join(page(policy, make_consent(policy)).get_text(" ").split())
    for told in ("Newsroom", "_nr*", "30 days", "Odu & Söhne", "Basket", "Audience <b>measurement</b>"):
        assert told in text
    links = {str(a["href"]) for a in page(policy, make_consent(policy)).select("a")}
    assert {"https://newsroom.example/privacy", "mailto:privacy@odu.example", "/privacy"} <= links


def test_saving_leads_back_here_and_then_to_the_page(
    make_policy: MakePolicy, make_consent: MakeConsent, decide: Callable[..., Decision]
) -> None:
    policy = make_policy()
    decided = make_consent(policy, decide(policy, granted="analytics"))
    settings = page(policy, decided, return_to="/a?b=1&c=2", saved=True)
    field = settings.select_one("input[name=return_to]")
    assert field is not None
    url = urlsplit(str(field["value"]))
    assert url.path == "/_consent/"
    assert parse_qs(url.query) == {"saved": ["1"], "return_to": ["/a?b=1&c=2"], "locale": ["en"]}
    status = settings.select_one("[role=status]")
    assert status is not None and status.get_text(strip=True) == "Your choices are saved."
    assert settings.select("header a[href='/a?b=1&c=2']")


def test_a_forged_return_path_leads_home(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    settings = page(policy, make_consent(policy), return_to="javascript:alert(1)")
    assert "javascript:" not in str(settings)


@pytest.mark.parametrize(
    ("regime", "granted", "line"),
    [
        ("opt-in", "", "Opt-out request honoured"),
        ("opt-out", "", "Opt-out request honoured"),
        ("opt-out", "marketing", "You have nevertheless allowed: Advertising"),
    ],
)
def test_the_signal_is_shown_as_processed(
    make_policy: MakePolicy, decide: Decide, regime: str, granted: str, line: str
) -> None:
    policy = make_policy(regime)
    decision = decide(policy, granted)
    # The exception of the design: allowed after the site had shown that the signal was received.
    known = Decision(
        regime=decision.regime,
        granted=decision.granted,
        fingerprints=decision.fingerprints,
        day=decision.day,
        gpc_shown=True,
    )
    consent = resolve(
        policy,
        policy.regimes_at(None),
        known if granted else None,
        Signals(gpc=True),
        now=1_795_000_000,
        gpc_override=True,
    )
    assert line in page(policy, consent).get_text()


def test_the_form_left_alone_changes_nothing(
    make_policy: MakePolicy, make_consent: MakeConsent, decide: Decide
) -> None:
    policy = make_policy()
    decision = decide(policy, "analytics ads", "functional marketing counter")
    consent = make_consent(policy, decision)
    settings = page(policy, consent)
    granted = read_choices(policy, ticked=ticked(settings), was=was(settings))
    again = choose(consent, granted, source="settings", now=1_795_000_000)
    assert (again.granted, again.denied) == (decision.granted, decision.denied)


@pytest.mark.parametrize(
    ("shown", "sent", "granted"),
    [
        # A purpose's box was moved, its vendors' boxes were not: they follow.
        ("-analytics -a1 -a2", "analytics", "analytics a1 a2"),
        ("+analytics +a1 +a2", "a1 a2", ""),
        # Both were moved: each is meant.
        ("+analytics +a1 -a2", "a2", "a2"),
        # Only a vendor's box was moved.
        ("+analytics +a1 +a2", "analytics a1", "analytics a1"),
        ("-analytics -a1 -a2", "a1", "a1"),
        # The script moves boxes itself and says so.
        ("=analytics =a1 =a2", "analytics a1", "analytics a1"),
        ("=analytics =a1 =a2", "a1", "a1"),
        # A purpose without any of its vendors is none.
        ("+analytics +a1 +a2", "analytics", ""),
        ("=analytics =a1 =a2", "analytics", ""),
        # Other clients send no such field.
        ("", "analytics", "analytics"),
        ("", "nonsense", "nonsense"),
    ],
)
def test_what_a_saved_form_means(shown: str, sent: str, granted: str) -> None:
    assert read_choices(POLICY, ticked=sent.split(), was=shown) == set(granted.split())


NAMES = st.sampled_from(["analytics", "marketing", "functional", *VENDORS])


@given(st.sets(NAMES), st.text(alphabet="+-= am12nlytics") | st.lists(NAMES).map(" +".join))
def test_a_form_grants_nothing_that_neither_box_says(sent: set[str], shown: str) -> None:
    granted = read_choices(POLICY, ticked=sent, was=shown)
    assert granted <= sent | {name for name, vendor in VENDORS.items() if vendor.purpose in sent}


def test_the_regime_says_what_holds_before_a_choice(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy("opt-out")
    settings = page(policy, make_consent(policy))
    assert make_consent(policy).regime is Regime.OPT_OUT
    assert {"analytics", "marketing", "functional"} <= ticked(settings)
    assert "until you turn it off" in settings.get_text()


CHOICE = Choice(
    at="2026-11-18T12:34:56Z",
    granted=("ads", "analytics", "gone", "youtube"),
    denied=("functional",),
    in_settings=True,
)


def history_of(settings: BeautifulSoup) -> Tag:
    section = settings.select_one("section[aria-labelledby=consentkit-history]")
    assert section is not None
    return section


def test_the_history_says_when_where_and_what_by_titles(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    older = Choice(at="2026-11-03T23:59:00Z", denied=("analytics",))
    section = history_of(page(policy, make_consent(policy), history=History(choices=(CHOICE, older))))
    first, second = section.select("[role=listitem]")
    assert [time["datetime"] for time in first.select("time")] == ["2026-11-18", CHOICE.at]
    assert " ".join(first.get_text(" ").split()) == (
        "November 18, 2026 , 12:34 UTC Privacy settings "
        "Allowed Audience <b>measurement</b>, Ads, gone, YouTube Refused Functional"
    )
    assert "On a page of this website" in second.get_text()
    assert [term.get_text() for term in second.select("dt")] == ["Refused"]


def test_the_history_can_be_taken_home_and_erased_without_a_script(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    settings = page(policy, make_consent(policy), return_to="/a?b=1", history=History(choices=(CHOICE,)))
    section = history_of(settings)
    assert section.select("a[href='/_consent/receipt?return_to=%2Fa%3Fb%3D1&locale=en']")
    form = section.form
    assert form is not None and (form["method"], form["action"]) == ("post", "/_consent/erase")
    fields = {str(field["name"]): str(field["value"]) for field in form.select("[name]")}
    assert fields["action"] == "erase"
    assert fields["return_to"] == "/_consent/?erased=1&return_to=%2Fa%3Fb%3D1&locale=en"
    assert "permanently" in section.get_text()


def test_in_a_dialog_erasing_leads_back_into_it(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    settings = page(policy, make_consent(policy), history=History(choices=(CHOICE,)), framed=True)
    field = history_of(settings).select_one("input[name=return_to]")
    assert field is not None
    assert parse_qs(urlsplit(str(field["value"])).query).keys() == {"return_to", "locale", "framed", "erased"}


@pytest.mark.parametrize(
    ("history", "said"),
    [
        (History(), "No record of your choices is linked to this browser."),
        (History(readable=False), "Your history can be neither shown nor erased just now."),
    ],
)
def test_without_a_history_a_sentence_says_so(
    make_policy: MakePolicy, make_consent: MakeConsent, history: History, said: str
) -> None:
    policy = make_policy()
    section = history_of(page(policy, make_consent(policy), history=history))
    assert said in section.get_text()
    assert not section.select("form, a, time")


def test_where_no_record_is_kept_there_is_no_history(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    assert "consentkit-history" not in str(page(policy, make_consent(policy)))


def test_erased_is_said_only_where_nothing_is_left(
    make_policy: MakePolicy, make_consent: MakeConsent
) -> None:
    policy = make_policy()
    consent = make_consent(policy)
    for history, said in (History(), "Your history is erased."), (History(choices=(CHOICE,)), ""):
        status = page(policy, consent, history=history, erased=True).select_one("[role=status]")
        assert status is not None and status.get_text(strip=True) == said


def test_a_long_history_shows_its_newest_part(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    many = tuple(Choice(at=f"2026-11-18T12:00:{59 - n % 60:02}Z") for n in range(MAX_CHOICES + 9))
    items = history_of(page(policy, make_consent(policy), history=History(choices=many))).select(
        "[role=listitem]"
    )
    assert len(items) == MAX_CHOICES
    assert items[0].select("time")[1]["datetime"] == many[0].at


def test_the_history_speaks_the_language(make_policy: MakePolicy, make_consent: MakeConsent) -> None:
    policy = make_policy()
    section = history_of(page(policy, make_consent(policy), history=History(choices=(CHOICE,)), locale="de"))
    german = shipped_texts("de")["settings"]
    said = section.get_text()
    assert all(german[key] in said for key in ("allowed", "refused", "receipt", "erase", "erase_note"))
