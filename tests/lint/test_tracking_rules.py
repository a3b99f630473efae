"""Rules of what is requested and stored, held against what visits saw: no browser is needed."""

from __future__ import annotations

from consentkit import Policy
from consentkit.lint.facts import ChoiceVisit, SignalVisit, State, Stored
from consentkit.lint.tracking_rules import (
    check_after_refusal,
    check_requests_before_choice,
    check_signal_never_grants,
    check_signal_opts_out,
    check_storage_before_choice,
)
from consentkit.policy import Regime
from lint.observed import URL, layer, observed, page_visit

ANALYTICS = "https://www.google-analytics.com/g/collect"
PIXEL = "https://connect.facebook.net/en_US/fbevents.js"


def cookie(name: str) -> Stored:
    return Stored(kind="cookie", name=name, value="1", domain="news.example")


def test_a_request_before_a_choice() -> None:
    seen = observed(page_visit(layer(), requests=(ANALYTICS, ANALYTICS)))
    [finding] = check_requests_before_choice(seen)
    assert (finding.rule, finding.level, finding.where) == (9, "error", URL)
    state = State(regime=Regime.OPT_OUT, granted=("analytics",))
    assert list(check_requests_before_choice(observed(page_visit(requests=(ANALYTICS,)), state=state))) == []


def test_names_that_nobody_declares_are_a_warning_where_a_policy_is_known() -> None:
    first = page_visit(layer(), stored=(cookie("session"),))
    assert list(check_storage_before_choice(observed(first))) == []
    [finding] = check_storage_before_choice(observed(first, Policy()))
    assert (finding.level, finding.message) == (
        "warning",
        "nobody declares what is there before a choice: cookie 'session'",
    )


def test_what_is_left_after_a_refusal_is_told_once() -> None:
    seen = observed(page_visit(layer()))
    page = page_visit(stored=(cookie("_ga"),))
    seen.refused = ChoiceVisit(presses=1, walk=(page, page))
    assert [finding.rule for finding in check_after_refusal(seen)] == [11]


def test_the_signal() -> None:
    seen = observed(page_visit(layer()), state=State(regime=Regime.OPT_OUT))
    seen.signalled = SignalVisit(state=None, walk=(page_visit(layer(), requests=(PIXEL,)),))
    assert [finding.rule for finding in check_signal_opts_out(seen)] == [27, 27]  # asked, and not shown
    state = State(regime=Regime.OPT_IN, granted=("marketing",))
    seen.signalled = SignalVisit(state=state, walk=(page_visit(),), told=True)
    messages = [finding.message for finding in check_signal_never_grants(seen)]
    assert messages == ["with Sec-GPC: 1, marketing is granted", "with Sec-GPC: 1, visitors are not asked"]
