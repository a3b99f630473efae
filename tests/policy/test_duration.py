"""Durations as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import ConfigurationError
from consentkit.policy import Duration, read_duration

UNITS = ["second", "minute", "hour", "day", "week", "month", "year"]


@pytest.mark.parametrize(
    ("text", "normal", "days"),
    [
        ("14 months", "14 months", 420),
        ("1 year", "1 year", 365),
        (" 1  Years ", "1 year", 365),
        ("30 day", "30 days", 30),
        ("2 weeks", "2 weeks", 14),
        ("36 hours", "36 hours", 1.5),
        ("session", "session", 0),
    ],
)
def test_spellings(text: str, normal: str, days: float) -> None:
    duration = read_duration(text)
    assert str(duration) == normal
    assert duration.days == pytest.approx(days)


@pytest.mark.parametrize("text", ["", "soon", "0 days", "14", "months", "1.5 years", "-1 day", "10000 days"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^a\.b: expected a duration such as"):
        read_duration(text, path="a.b")


@given(st.integers(1, 9999), st.sampled_from(UNITS))
def test_the_normal_spelling_reads_back(amount: int, unit: str) -> None:
    duration = Duration(amount, unit)
    assert read_duration(str(duration)) == duration
