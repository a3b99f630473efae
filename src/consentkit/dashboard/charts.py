"""The overview's charts, as lengths for a template to draw: across in per cent, to fit any screen."""

import itertools
from collections.abc import Sequence
from typing import Final, NamedTuple

from consentkit.dashboard.overview import Line, Tally

PLOT: Final = 200
"""Height of the columns' plot, in pixels."""
MAX_BARS: Final = 10
"""Maximum bars of one chart; the table beside it has all lines."""

_ABOVE = 16
_BELOW = 24
_ROW = 44
_BAR = 18
_GAP = 1.0
_FULL = 0.82


class Segment(NamedTuple):
    """A rectangle, one series' part of a column or bar: `x`, `width` in per cent, `y`, `height` in pixels."""

    series: str
    x: float
    y: float
    width: float
    height: float
    tip: str


class Label(NamedTuple):
    """A text whose `anchor` (start, middle or end) is at `x` (per cent or pixels) and `y` (pixels)."""

    x: str
    y: float
    anchor: str
    text: str


class Chart(NamedTuple):
    """A drawing of `height` pixels."""

    height: float
    segments: tuple[Segment, ...]
    labels: tuple[Label, ...]
    rules: tuple[float, ...] = ()


def draw_columns(lines: Sequence[Line]) -> Chart:
    """Draw one column for each line, from left to right, with a scale."""
    top = _ceiling(max((line.tally.total for line in lines), default=0))
    step = 100 / max(len(lines), 1)
    segments: list[Segment] = []
    for number, line in enumerate(lines):
        y = float(_ABOVE + PLOT)
        for series, count in zip(Tally._fields, line.tally, strict=True):
            if count:
                height = max(count / top * PLOT, _GAP)
                y -= height
                x = step * (number + (1 - _FULL) / 2)
                drawn = max(height - _GAP, _GAP)
                segments.append(Segment(series, x, y, step * _FULL, drawn, _tip(line.label, series, count)))
    levels = (0, top // 2, top)
    heights = {level: _ABOVE + PLOT * (1 - level / top) for level in levels}
    scale = tuple(Label("-8", y + 4, "end", _brief(level)) for level, y in heights.items())
    labels = (*scale, *_days(lines, step))
    return Chart(_ABOVE + PLOT + _BELOW, tuple(segments), labels, tuple(heights.values()))


def draw_bars(lines: Sequence[Line]) -> Chart:
    """Draw one bar for each of the first `MAX_BARS` lines, from top to bottom."""
    drawn = lines[:MAX_BARS]
    top = max((line.tally.total for line in drawn), default=0) or 1
    segments, labels = [], []
    for number, line in enumerate(drawn):
        y, x = float(number * _ROW), 0.0
        labels.append(Label("0", y + 14, "start", " ".join(filter(None, (_short(line.label), line.note)))))
        labels.append(Label("100%", y + 14, "end", f"{line.tally.total:,}"))
        for series, count in zip(Tally._fields, line.tally, strict=True):
            width = 100 * count / top
            if count:
                segments.append(Segment(series, x, y + 20, width, _BAR, _tip(line.label, series, count)))
            x += width
    return Chart(len(drawn) * _ROW, tuple(segments), tuple(labels))


def _days(lines: Sequence[Line], step: float) -> list[Label]:
    """Return the labels of the first, the middle and the last column."""
    if not lines:
        return []
    y, last = _ABOVE + PLOT + 18, len(lines) - 1
    if last < 2:
        return [Label(f"{step * (n + 0.5)}%", y, "middle", line.label) for n, line in enumerate(lines)]
    middle = Label(f"{step * (last // 2 + 0.5):.2f}%", y, "middle", lines[last // 2].label)
    return [Label("0", y, "start", lines[0].label), middle, Label("100%", y, "end", lines[last].label)]


def _ceiling(count: int) -> int:
    """Round a count up to an even, round number."""
    numbers = (digit * int(10**power) for power in itertools.count() for digit in (1, 2, 3, 4, 5, 6, 8))
    return next(number for number in numbers if number >= count and number % 2 == 0)


def _brief(level: int) -> str:
    for size, name in ((1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")):
        if level >= size:
            return f"{level / size:g} {name}"
    return str(level)


def _tip(label: str, series: str, count: int) -> str:
    return f"{_short(label)}: {count:,} {series}"


def _short(label: str) -> str:
    """Shorten a label that is as long as a hash to its first characters."""
    return label if len(label) <= 24 else label[:12]
