"""The overview's period, from its URL, and its figures, from the log's roll-ups."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias

from consentkit.exceptions import BadRequest, LogCorrupt, LogError
from consentkit.log import Observation, Rollup
from consentkit.log.entry_filter import FIELDS, EntryFilter

CHOICES: Final = (30, 90, 365)
"""Periods that are one click away, in days."""

MAX_DAYS: Final = 3_660
"""Maximum days of a period."""

_BY_DAY = 92
_BY_WEEK = 2 * 366

_SERIES: Final = {
    "accept_all": "accepted",
    "reject_all": "refused",
    "save": "customised",
    "allow_vendor": "customised",
    "withdraw": "withdrawn",
}

Counts: TypeAlias = Mapping[Rollup, int]
Seen: TypeAlias = Mapping[Observation, int]


class Period(NamedTuple):
    """A period of days, both ends included.

    Attributes:
        since: The first day.
        until: The last day.
        chosen: The number of days, if the period was chosen by one.
    """

    since: date
    until: date
    chosen: int | None = None

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.until - self.since).days + 1

    @property
    def step(self) -> Literal["day", "week", "month"]:
        """The time that one column of a chart stands for."""
        if self.days <= _BY_DAY:
            return "day"
        return "week" if self.days <= _BY_WEEK else "month"

    def steps(self) -> list[str]:
        """Return the first day of each step, in order."""
        return list(self.ends())

    def ends(self) -> dict[str, str]:
        """Return the last day of each step by its first day, in order."""
        days = [(self.since + timedelta(days=number)).isoformat() for number in range(self.days)]
        return {self.step_of(day): day for day in days}

    def step_of(self, day: str) -> str:
        """Return the first day, within the period, of the step that a day (``YYYY-MM-DD``) is in.

        Raises:
            LogCorrupt: There is no such day.
        """
        try:
            found = date.fromisoformat(day)
        except ValueError as error:
            raise LogCorrupt("the counts name a day that there is not") from error
        if self.step == "week":
            found -= timedelta(days=found.weekday())
        elif self.step == "month":
            found = found.replace(day=1)
        return max(found, self.since).isoformat()


class Tally(NamedTuple):
    """Numbers of decisions by kind."""

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


class Line(NamedTuple):
    """A line of a table, and a bar of the chart beside it.

    Attributes:
        label: What is counted.
        tally: The decisions.
        note: Further words about it.
        shown: Banners shown, on days with observations; ``None`` if there are none.
        ignored: Those of them that nobody answered.
    """

    label: str
    tally: Tally = Tally()
    note: str = ""
    shown: int | None = None
    ignored: int | None = None


class Figures(NamedTuple):
    """The overview's numbers for a period.

    Attributes:
        total: All decisions.
        steps: By day, week or month, in order, those without a decision among them.
        regimes: By regime, most first.
        locales: By language, most first.
        notices: By notice, most first, without the number of banners shown, which is not counted by notice.
        known: The number of days with observations of banners.
    """

    total: Line
    steps: tuple[Line, ...]
    regimes: tuple[Line, ...]
    locales: tuple[Line, ...]
    notices: tuple[Line, ...]
    known: int


def parse_period(query: Mapping[str, str], *, now: int) -> Period:
    """Read a period from a page's query: ``days``, or ``from`` and ``to``; the last 30 days by default.

    Args:
        query: Field → value.
        now: Epoch seconds.

    Raises:
        BadRequest: 400; says what is wrong.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    if query.get("from") or query.get("to"):
        until = query.get("to")
        return _between(parse_day(query.get("from", "")), parse_day(until) if until else today)
    days = query.get("days") or str(CHOICES[0])
    if days not in map(str, CHOICES):
        raise BadRequest(400, f"The number of days can be {', '.join(map(str, CHOICES))}.")
    return Period(today - timedelta(days=int(days) - 1), today, int(days))


def parse_filter(query: Mapping[str, str], period: Period | None = None) -> EntryFilter:
    """Read a filter from a page's query: its fields, ``language``, and ``day`` or ``from`` and ``to``.

    Raises:
        BadRequest: 400; says what is wrong.
    """
    given = {key: value.strip() for key, value in query.items()}
    day = given.get("day", "")
    since, until = given.get("from") or day, given.get("to") or day
    if period is not None:
        since, until = period.since.isoformat(), period.until.isoformat()
    fields = {name: given.get(name, "") for name in FIELDS if name != "locale"}
    try:
        return EntryFilter(since=since, until=until, locale=given.get("language", ""), **fields)
    except LogError as error:
        problem = str(error).replace("as locale", "as language")
        raise BadRequest(400, f"{problem[0].upper()}{problem[1:]}.") from error


def parse_day(text: str) -> date:
    """Read a day, ``YYYY-MM-DD``.

    Raises:
        BadRequest: 400 if it is anything else.
    """
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    raise BadRequest(400, "Write days as in 2026-11-22: year, month, day.")


def _between(since: date, until: date) -> Period:
    period = Period(since, until)
    if period.days < 1:
        raise BadRequest(400, "The first day comes after the last.")
    if period.days > MAX_DAYS:
        raise BadRequest(400, f"An overview has at most {MAX_DAYS} days.")
    return period


def compute_figures(period: Period, counts: Counts, seen: Seen) -> Figures:
    """Compute a period's figures from its roll-ups and its observations of banners (`SHOWN`).

    Raises:
        LogCorrupt: The roll-ups contain an impossible day or an unknown action.
    """
    step_of = cache(period.step_of)
    by_step = _lines(counts, seen, lambda key: step_of(key.day), lambda one: step_of(one.day))
    by_regime = _lines(counts, seen, lambda key: key.regime, lambda one: one.key.partition(" ")[0])
    by_locale = _lines(counts, seen, lambda key: key.locale, lambda one: one.key.partition(" ")[2])
    by_notice = _lines(counts, {}, lambda key: key.notice, lambda one: one.key)
    notes = {key.notice: f"{key.locale}, {key.regime}" for key in counts}  # a notice has one of each
    return Figures(
        total=_lines(counts, seen, lambda key: "All", lambda one: "All").get("All", Line("All")),
        steps=tuple(by_step.get(step, Line(step)) for step in period.steps()),
        regimes=_ranked(by_regime.values()),
        locales=_ranked(by_locale.values()),
        notices=_ranked(line._replace(note=notes[line.label]) for line in by_notice.values()),
        known=len({one.day for one in seen}),
    )


def _lines(
    counts: Counts, seen: Seen, label_of: Callable[[Rollup], str], shown_by: Callable[[Observation], str]
) -> dict[str, Line]:
    """Count decisions, and banners shown, by label."""
    tallies = _tallies(counts.items(), label_of)
    shown: Counter[str] = Counter()
    for one, count in seen.items():
        shown[shown_by(one)] += count
    # Only decisions of days with observations can be compared with banners shown.
    days = {one.day for one in seen}
    answered = _tallies(((key, count) for key, count in counts.items() if key.day in days), label_of)
    lines = {label: Line(label, tally) for label, tally in tallies.items()}
    for label, count in shown.items():
        ignored = max(count - answered.get(label, Tally()).answers, 0)
        lines[label] = Line(label, tallies.get(label, Tally()), shown=count, ignored=ignored)
    return lines


def _tallies(counts: Iterable[tuple[Rollup, int]], label_of: Callable[[Rollup], str]) -> dict[str, Tally]:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key, count in counts:
        series = _SERIES.get(key.action)
        if not key.action:
            continue  # a correction's count of erased decisions, of which nothing else is known
        if series is None:
            raise LogCorrupt(f"the counts of {key.day} name an action that there is not")
        found[label_of(key)][series] += count
    return {label: Tally(**sums) for label, sums in found.items()}


def _ranked(lines: Iterable[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.tally.total, -(line.shown or 0), line.label)))
