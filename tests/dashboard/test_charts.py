"""The lengths that the overview's numbers are drawn with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.dashboard.charts import MAX_BARS, PLOT, Chart, draw_bars, draw_columns
from consentkit.dashboard.overview import Line, Tally

counts_of_tallies = st.tuples(*[st.integers(0, 10**12)] * 4).map(lambda counts: Tally(*counts))


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
