"""The overview's numbers and the lengths that they are drawn with."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.dashboard.charts import MAX_BARS, PLOT, Chart, draw_bars, draw_columns
from consentkit.dashboard.overview import Line, Period, Tally, read_figures
from consentkit.exceptions import LogCorrupt
from consentkit.log import Observation, Rollup

PERIOD = Period(since=date(2026, 11, 1), until=date(2026, 11, 3))
counts_of_tallies = st.tuples(*[st.integers(0, 10**12)] * 4).map(lambda counts: Tally(*counts))


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
    figures = read_figures(PERIOD, COUNTS, {})
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
    figures = read_figures(PERIOD, COUNTS, {shown(1, "opt-in de"): 20, shown(1, "opt-in fr"): 7})
    assert (figures.total.shown, figures.total.ignored, figures.known) == (27, 18, 1)
    assert [(line.shown, line.ignored) for line in figures.steps] == [(27, 18), (None, None), (None, None)]
    languages = {line.label: (line.shown, line.ignored) for line in figures.locales}
    assert languages == {"de": (20, 11), "fr": (7, 7), "en": (None, None)}


def test_more_answers_than_banners_are_no_negative_number() -> None:
    figures = read_figures(PERIOD, COUNTS, {shown(1, "opt-in de"): 1})
    assert figures.total.ignored == 0


def test_nothing_is_nothing() -> None:
    figures = read_figures(PERIOD, {}, {})
    assert figures.total.tally == Tally()
    assert [line.tally.total for line in figures.steps] == [0, 0, 0]
    assert figures.regimes == figures.locales == figures.notices == ()


def test_an_action_that_there_is_not_is_evidence() -> None:
    with pytest.raises(LogCorrupt, match="an action"):
        read_figures(PERIOD, {rollup(1, "<script>"): 1}, {})


def test_a_day_that_there_is_not_is_evidence() -> None:
    with pytest.raises(LogCorrupt, match="a day"):
        read_figures(PERIOD, {rollup(99, "save"): 1}, {})


def in_bounds(chart: Chart) -> bool:
    return all(
        block.x >= -1e-6
        and block.x + block.width <= 100 + 1e-6
        and block.height > 0
        and block.y >= 0
        and block.y + block.height <= chart.height + 1e-6
        for block in chart.segments
    )


@given(st.lists(counts_of_tallies, max_size=40))
def test_columns_fit_and_are_as_high_as_their_numbers(tallies: list[Tally]) -> None:
    lines = [Line(label=f"2026-11-{number:02}", tally=tally) for number, tally in enumerate(tallies)]
    chart = draw_columns(lines)
    top = max((tally.total for tally in tallies), default=0)
    drawn = sum(1 for tally in tallies for count in tally if count)
    assert len(chart.segments) == drawn
    assert all(block.x >= 0 and block.x + block.width <= 100 + 1e-6 for block in chart.segments)
    highest = max((block.height for block in chart.segments), default=0)
    assert highest <= PLOT
    if top:
        assert max(tally.total for tally in tallies) <= int(top)


@given(st.lists(counts_of_tallies, max_size=40))
def test_bars_fit_and_the_longest_fills_the_width(tallies: list[Tally]) -> None:
    lines = [Line(label=str(number), tally=tally) for number, tally in enumerate(tallies)]
    chart = draw_bars(lines)
    assert in_bounds(chart)
    assert chart.height <= MAX_BARS * 44
    if any(tally.total for tally in tallies[:MAX_BARS]):
        assert max(block.x + block.width for block in chart.segments) == pytest.approx(100)


def test_the_scale_is_round_and_above_the_highest_column() -> None:
    for highest, written in (
        (1, "2"),
        (7, "8"),
        (41, "50"),
        (240, "300"),
        (1_234, "2 k"),
        (5_000_001, "6 M"),
    ):
        chart = draw_columns([Line(label="2026-11-01", tally=Tally(accepted=highest))])
        assert chart.labels[2].text == written
