"""Which days an overview is about."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.dashboard.overview import MAX_DAYS, Period, read_period
from consentkit.exceptions import BadRequest

NOW = 1_795_000_000  # 2026-11-18


def test_it_is_the_last_thirty_days_unless_said_otherwise() -> None:
    for query in ({}, {"days": ""}, {"days": "30"}, {"from": "", "to": ""}):
        period = read_period(query, now=NOW)
        assert (period.since, period.until, period.chosen) == (date(2026, 10, 20), date(2026, 11, 18), 30)


def test_first_and_last_day_can_be_named() -> None:
    period = read_period({"from": "2026-11-01", "to": "2026-11-02", "days": "365"}, now=NOW)
    assert (period.days, period.chosen, period.steps()) == (2, None, ["2026-11-01", "2026-11-02"])
    assert read_period({"from": "2026-11-01"}, now=NOW).until == date(2026, 11, 18)


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
        read_period(query, now=NOW)
    assert raised.value.status == 400


@given(st.dates(), st.integers(1, MAX_DAYS))
def test_every_day_is_in_one_of_few_steps_in_order(since: date, days: int) -> None:
    last = min(since.toordinal() + days - 1, date.max.toordinal())
    period = Period(since=since, until=date.fromordinal(last))
    steps = period.steps()
    assert steps == sorted(set(steps)) and 1 <= len(steps) <= 125
    assert steps[0] == since.isoformat()
    assert period.step_of(period.until.isoformat()) == steps[-1]
