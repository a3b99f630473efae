"""The overview's numbers, from the log's roll-ups: as many as there are kinds of decisions, not decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Final, NamedTuple

import msgspec

from consentkit.dashboard.period import Period
from consentkit.exceptions import LogCorrupt
from consentkit.log import Observation, Rollup

_SERIES: Final = {
    "accept_all": "accepted",
    "reject_all": "refused",
    "save": "customised",
    "allow_vendor": "customised",
    "withdraw": "withdrawn",
}

Counts = Mapping[Rollup, int]
Seen = Mapping[Observation, int]


class Tally(NamedTuple):
    """How many decisions of each kind there were."""

    accepted: int = 0
    refused: int = 0
    customised: int = 0
    withdrawn: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self)

    @property
    def answers(self) -> int:
        """Those that answer a banner."""
        return self.total - self.withdrawn


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a table, and one bar of the chart beside it.

    Attributes:
        label: What is counted.
        note: What else there is to say of it.
        tally: The decisions.
        shown: Banners shown on the days of which that is known; ``None`` where there is none.
        ignored: Of these, the banners that nobody answered.
    """

    label: str
    note: str = ""
    tally: Tally
    shown: int | None = None
    ignored: int | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the overview shows of a period.

    Attributes:
        total: All decisions.
        steps: By day, week or month, in order, those without a decision among them.
        regimes: By regime, most first.
        locales: By language, most first.
        notices: By notice, most first. Which of them was shown how often is not known.
        known: The number of days of which it is known how often banners were shown.
    """

    total: Line
    steps: tuple[Line, ...]
    regimes: tuple[Line, ...]
    locales: tuple[Line, ...]
    notices: tuple[Line, ...]
    known: int


def read_figures(period: Period, counts: Counts, seen: Seen) -> Figures:
    """Put the numbers of a period together.

    Args:
        period: The days.
        counts: The log's roll-ups of these days.
        seen: Its observations of the kind `SHOWN` of these days.

    Raises:
        LogCorrupt: The roll-ups hold what no log counts.
    """

    @cache
    def step_of(day: str) -> str:
        try:
            return period.step_of(day)
        except ValueError as error:
            raise LogCorrupt("the counts name a day that there is not") from error

    by_step = _grouped(counts, seen, lambda key: step_of(key.day), lambda one: step_of(one.day))
    by_regime = _grouped(counts, seen, lambda key: key.regime, lambda one: one.key.partition(" ")[0])
    by_locale = _grouped(counts, seen, lambda key: key.locale, lambda one: one.key.partition(" ")[2])
    everything = _grouped(counts, seen, lambda key: "All", lambda one: "All")
    return Figures(
        total=everything.get("All", Line(label="All", tally=Tally())),
        steps=tuple(by_step.get(step, Line(label=step, tally=Tally())) for step in period.steps()),
        regimes=_ranked(by_regime.values()),
        locales=_ranked(by_locale.values()),
        notices=_ranked(_notices(counts)),
        known=len({one.day for one in seen}),
    )


def _grouped(
    counts: Counts, seen: Seen, group: Callable[[Rollup], str], seen_group: Callable[[Observation], str]
) -> dict[str, Line]:
    tallies = _tallies(counts.items(), group)
    shown: Counter[str] = Counter()
    for one, count in seen.items():
        shown[seen_group(one)] += count
    # Decisions of days of which it is not known how often banners were shown say nothing about those.
    days = {one.day for one in seen}
    answered = _tallies(((key, count) for key, count in counts.items() if key.day in days), group)
    lines = {}
    for label in tallies.keys() | shown.keys():
        known = label in shown
        lines[label] = Line(
            label=label,
            tally=tallies.get(label, Tally()),
            shown=shown[label] if known else None,
            ignored=max(shown[label] - answered.get(label, Tally()).answers, 0) if known else None,
        )
    return lines


def _notices(counts: Counts) -> Iterable[Line]:
    """Count by notice; a notice has one language, and is written for one regime."""
    written = {key.notice: f"{key.locale}, {key.regime}" for key in counts}
    for notice, tally in _tallies(counts.items(), lambda key: key.notice).items():
        yield Line(label=notice, note=written[notice], tally=tally)


def _tallies(counts: Iterable[tuple[Rollup, int]], group: Callable[[Rollup], str]) -> dict[str, Tally]:
    found: dict[str, dict[str, int]] = {}
    for key, count in counts:
        label, series = group(key), _SERIES.get(key.action)
        if series is None:
            raise LogCorrupt(f"the counts of {key.day} name an action that there is not")
        sums = found.get(label)
        if sums is None:
            sums = found[label] = {}
        sums[series] = sums.get(series, 0) + count
    return {label: Tally(**sums) for label, sums in found.items()}


def _ranked(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.tally.total, -(line.shown or 0), line.label)))
