"""Charts as lengths, for a template to draw. Across, all is in per cent, so that it fits a phone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from consentkit.dashboard.overview import Line, Tally

PLOT: Final = 200
"""Height of the columns' plot, in pixels."""
MOST_BARS: Final = 10
"""Bars of one chart; the table beside it has every line."""

_ABOVE = 16
_BELOW = 24
_ROW = 44
_BAR = 18
_GAP = 1.0
_FULL = 0.82


class Block(NamedTuple):
    """One series' part of a column or a bar: `x` and `width` in per cent, `y` and `height` in pixels."""

    series: str
    x: float
    y: float
    width: float
    height: float
    tip: str


class Mark(NamedTuple):
    """A word at a place: `x` in per cent or in pixels, `y` in pixels, and which end of it stands there."""

    x: str
    y: float
    anchor: str
    text: str


class Chart(NamedTuple):
    """A drawing of `height` pixels."""

    height: float
    blocks: tuple[Block, ...]
    marks: tuple[Mark, ...]
    rules: tuple[float, ...] = ()


def draw_columns(lines: Sequence[Line]) -> Chart:
    """Draw one column a line, from left to right."""
    top = _ceiling(max((line.tally.total for line in lines), default=0))
    step = 100 / max(len(lines), 1)
    blocks: list[Block] = []
    for number, line in enumerate(lines):
        y = float(_ABOVE + PLOT)
        for series, count in zip(Tally._fields, line.tally, strict=True):
            if count:
                height = max(count / top * PLOT, _GAP)
                y -= height
                x = step * (number + (1 - _FULL) / 2)
                drawn = max(height - _GAP, _GAP)
                blocks.append(Block(series, x, y, step * _FULL, drawn, _tip(line.label, series, count)))
    levels = (0, top // 2, top)
    heights = {level: _ABOVE + PLOT * (1 - level / top) for level in levels}
    scale = tuple(Mark("-8", y + 4, "end", _brief(level)) for level, y in heights.items())
    return Chart(
        _ABOVE + PLOT + _BELOW, tuple(blocks), (*scale, *_days(lines, step)), tuple(heights.values())
    )


def draw_bars(lines: Sequence[Line]) -> Chart:
    """Draw one bar a line, from top to bottom: the first `MOST_BARS`."""
    drawn = lines[:MOST_BARS]
    top = max((line.tally.total for line in drawn), default=0) or 1
    blocks, marks = [], []
    for number, line in enumerate(drawn):
        y, x = float(number * _ROW), 0.0
        marks.append(Mark("0", y + 14, "start", " ".join(filter(None, (_short(line.label), line.note)))))
        marks.append(Mark("100%", y + 14, "end", f"{line.tally.total:,}"))
        for series, count in zip(Tally._fields, line.tally, strict=True):
            width = 100 * count / top
            if count:
                blocks.append(Block(series, x, y + 20, width, _BAR, _tip(line.label, series, count)))
            x += width
    return Chart(len(drawn) * _ROW, tuple(blocks), tuple(marks))


def _days(lines: Sequence[Line], step: float) -> list[Mark]:
    """Name the first, the middle and the last column."""
    if not lines:
        return []
    y, last = _ABOVE + PLOT + 18, len(lines) - 1
    if last < 2:
        return [Mark(f"{step * (n + 0.5)}%", y, "middle", line.label) for n, line in enumerate(lines)]
    middle = Mark(f"{step * (last // 2 + 0.5):.2f}%", y, "middle", lines[last // 2].label)
    return [Mark("0", y, "start", lines[0].label), middle, Mark("100%", y, "end", lines[last].label)]


def _ceiling(count: int) -> int:
    """Return an even round number that is not below a count."""
    power = 1
    while True:
        for digit in (1, 2, 3, 4, 5, 6, 8):
            if digit * power >= count and digit * power % 2 == 0:
                return digit * power
        power *= 10


def _brief(level: int) -> str:
    for size, name in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if level >= size:
            return f"{level / size:g} {name}"
    return str(level)


def _tip(label: str, series: str, count: int) -> str:
    return f"{_short(label)}: {count:,} {series}"


def _short(label: str) -> str:
    """Shorten what is as long as a hash; its beginning tells notices apart."""
    return label if len(label) <= 24 else label[:12]
