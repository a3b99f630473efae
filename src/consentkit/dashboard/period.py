"""The days that the overview is about, as its address says it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import msgspec

from consentkit.exceptions import BadRequest

CHOICES: Final = (30, 90, 365)
"""Numbers of days that can be chosen with one click."""

MOST_DAYS: Final = 3_660
"""Days of one overview."""

_BY_DAY = 92
_BY_WEEK = 2 * 366

Step = Literal["day", "week", "month"]


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of days, both ends included.

    Attributes:
        since: The first day.
        until: The last day.
        chosen: The number of days, if that is how it was chosen.
    """

    since: date
    until: date
    chosen: int | None = None

    @property
    def days(self) -> int:
        """The number of days."""
        return (self.until - self.since).days + 1

    @property
    def step(self) -> Step:
        """What one column of a chart stands for."""
        if self.days <= _BY_DAY:
            return "day"
        return "week" if self.days <= _BY_WEEK else "month"

    def steps(self) -> list[str]:
        """Return the first day of each step, in order."""
        days = (self.since + timedelta(days=number) for number in range(self.days))
        return list(dict.fromkeys(self.step_of(day.isoformat()) for day in days))

    def step_of(self, day: str) -> str:
        """Return the first day, within the period, of the step that a day (``YYYY-MM-DD``) is in."""
        found = date.fromisoformat(day)
        if self.step == "week":
            found -= timedelta(days=found.weekday())
        elif self.step == "month":
            found = found.replace(day=1)
        return max(found, self.since).isoformat()


def read_period(query: Mapping[str, str], *, now: int) -> Period:
    """Read a period from a page's query: ``days``, or ``from`` and ``to``; the last 30 days by default.

    Args:
        query: Field → value.
        now: Epoch seconds.

    Raises:
        BadRequest: 400, with what is wrong.
    """
    today = datetime.fromtimestamp(now, UTC).date()
    if query.get("from") or query.get("to"):
        return _between(_day(query, "from"), _day(query, "to", otherwise=today))
    days = query.get("days") or str(CHOICES[0])
    if days not in map(str, CHOICES):
        raise BadRequest(400, f"The number of days can be {', '.join(map(str, CHOICES))}.")
    chosen = int(days)
    return Period(since=today - timedelta(days=chosen - 1), until=today, chosen=chosen)


def read_day(text: str) -> str:
    """Return a day as ``YYYY-MM-DD``.

    Raises:
        BadRequest: 400 where it is none.
    """
    try:
        found = date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise BadRequest(400, "Write days as in 2026-11-22: year, month, day.") from error
    if found != text:
        raise BadRequest(400, "Write days as in 2026-11-22: year, month, day.")
    return found


def _day(query: Mapping[str, str], field: str, *, otherwise: date | None = None) -> date:
    text = query.get(field, "")
    if not text and otherwise is not None:
        return otherwise
    return date.fromisoformat(read_day(text))


def _between(since: date, until: date) -> Period:
    period = Period(since=since, until=until)
    if period.days < 1:
        raise BadRequest(400, "The first day comes after the last.")
    if period.days > MOST_DAYS:
        raise BadRequest(400, f"An overview has at most {MOST_DAYS} days.")
    return period
