"""The overview: which days it is about, and its numbers."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.dashboard.overview import MAX_DAYS, Period, Tally, compute_figures, parse_period
from consentkit.exceptions import BadRequest, LogCorrupt
from consentkit.log import Observation, Rollup

NOW = 1_795_000_000  # 2026-11-18
PERIOD = Period(since=date(2026, 11, 1), until=date(2026, 11, 3))


def rollup(day: int, action: str, regime: str = "opt-in", locale: str = "de", notice: str = "a") -> Rollup:
    return Rollup(day=f"2026-11-{day:02}", regime=regime, locale=locale, notice=notice, action=action)


def shown(day: int, key: str) -> Observation:
    return Observation(day=f"2026-11-{day:02}", kind="shown", key=key)


COUNTS = {
    rollup(1, "accept_all"): 5,
    rollup(1, "reject_all"): 4,
    rollup(1, "withdraw"): 3,
    rollup(3, "save"): 2,
    rollup(3, "allow_vendor", regime="opt-out", locale="en", notice="b"): 1,
}


def test_decisions_are_counted_by_day_regime_language_and_notice() -> None:
    figures = compute_figures(PERIOD, COUNTS, {})
    assert figures.total.tally == Tally(accepted=5, refused=4, customised=3, withdrawn=3)
    assert [(line.label, line.tally.total) for line in figures.steps] == [
        ("2026-11-01", 12),
        ("2026-11-02", 0),
        ("2026-11-03", 3),
    ]
    assert [(line.label, line.tally.total) for line in figures.regimes] == [("opt-in", 14), ("opt-out", 1)]
    assert [(line.label, line.tally.total) for line in figures.locales] == [("de", 14), ("en", 1)]
    assert [(line.label, line.note, line.tally.total) for line in figures.notices] == [
        ("a", "de, opt-in", 14),
        ("b", "en, opt-out", 1),
    ]
    assert figures.known == 0
    assert figures.total.shown is None and figures.total.ignored is None


def test_ignored_compares_the_days_of_which_both_are_known() -> None:
    figures = compute_figures(PERIOD, COUNTS, {shown(1, "opt-in de"): 20, shown(1, "opt-in fr"): 7})
    assert (figures.total.shown, figures.total.ignored, figures.known) == (27, 18, 1)
    assert [(line.shown, line.ignored) for line in figures.steps] == [(27, 18), (None, None), (None, None)]
    languages = {line.label: (line.shown, line.ignored) for line in figures.locales}
    assert languages == {"de": (20, 11), "fr": (7, 7), "en": (None, None)}


def test_more_answers_than_banners_are_no_negative_number() -> None:
    figures = compute_figures(PERIOD, COUNTS, {shown(1, "opt-in de"): 1})
    assert figures.total.ignored == 0


def test_nothing_is_nothing() -> None:
    figures = compute_figures(PERIOD, {}, {})
    assert figures.total.tally == Tally()
    assert [line.tally.total for line in figures.steps] == [0, 0, 0]
    assert figures.regimes == figures.locales == figures.notices == ()


def test_an_action_that_there_is_not_is_evidence() -> None:
    with pytest.raises(LogCorrupt, match="an action"):
        compute_figures(PERIOD, {rollup(1, "<script>"): 1}, {})


def test_a_day_that_there_is_not_is_evidence() -> None:
    with pytest.raises(LogCorrupt, match="a day"):
        compute_figures(PERIOD, {rollup(99, "save"): 1}, {})


def test_it_is_the_last_thirty_days_unless_said_otherwise() -> None:
    for query in ({}, {"days": ""}, {"days": "30"}, {"from": "", "to": ""}):
        period = parse_period(query, now=NOW)
        assert (period.since, period.until, period.chosen) == (date(2026, 10, 20), date(2026, 11, 18), 30)


def test_first_and_last_day_can_be_named() -> None:
    period = parse_period({"from": "2026-11-01", "to": "2026-11-02", "days": "365"}, now=NOW)
    assert (period.days, period.chosen, period.steps()) == (2, None, ["2026-11-01", "2026-11-02"])
    assert parse_period({"from": "2026-11-01"}, now=NOW).until == date(2026, 11, 18)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"days": "31"}, "number of days"),
        ({"days": "many"}, "number of days"),
        ({"to": "2026-11-01"}, "Write days as"),
        ({"from": "2026-11-31"}, "Write days as"),
        ({"from": "20261101"}, "Write days as"),
        ({"from": "2026-W01-1"}, "Write days as"),
        ({"from": "'; --"}, "Write days as"),
        ({"from": "2026-11-02", "to": "2026-11-01"}, "comes after"),
        ({"from": "0001-01-01", "to": "9999-12-31"}, "at most"),
    ],
)
def test_what_is_no_period_is_refused(query: dict[str, str], problem: str) -> None:
    with pytest.raises(BadRequest, match=problem) as raised:
        parse_period(query, now=NOW)
    assert raised.value.status == 400


@given(st.dates(), st.integers(1, MAX_DAYS))
def test_every_day_is_in_one_of_few_steps_in_order(since: date, days: int) -> None:
    last = min(since.toordinal() + days - 1, date.max.toordinal())
    period = Period(since=since, until=date.fromordinal(last))
    steps = period.steps()
    assert steps == sorted(set(steps)) and 1 <= len(steps) <= 125
    assert steps[0] == since.isoformat()
    assert period.step_of(period.until.isoformat()) == steps[-1]
