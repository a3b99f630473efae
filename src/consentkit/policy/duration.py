"""Parsers of dates and durations such as "2026-11-22", "14 months", "30 days", "session"."""

import re
from datetime import UTC, date, datetime
from typing import Final, NamedTuple

from consentkit.exceptions import ConfigurationError

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
# RFC 3339, section 5.6; a second of 60 is a leap second.
_TIME = (
    r"(?ai)(?P<minute>.{10}T([01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9]|60)(\.[0-9]+)?"
    r"(?P<zone>Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


def check_date(text: str, *, path: str) -> None:
    """Check a date such as ``2026-11-22``; raise `ConfigurationError` with the key path for anything else."""
    try:
        if not re.fullmatch(_DATE, text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f'expected a date such as "2026-11-22", got "{text}"', path=path) from None


def read_day(text: str, *, path: str) -> str:
    """Return the day of a date, or of a date-time of RFC 3339 in UTC.

    Raises:
        ConfigurationError: It is neither. With the key path.
    """
    time = re.fullmatch(_TIME, text)
    if time is None:
        check_date(text, path=path)
        return text
    check_date(text[:10], path=path)
    try:
        day = datetime.fromisoformat((time["minute"] + time["zone"]).upper()).astimezone(UTC)
        return day.date().isoformat()
    except OverflowError:  # the first or last day that Python supports
        return text[:10]


_DAYS: Final = {
    "second": 1 / 86_400, "minute": 1 / 1_440, "hour": 1 / 24,
    "day": 1.0, "week": 7.0, "month": 30.0, "year": 365.0,
}  # fmt: skip
UNITS: Final = tuple(_DAYS)

_DURATION = re.compile(rf"\s*([1-9][0-9]{{0,3}})\s+({'|'.join(UNITS)})s?\s*", re.IGNORECASE)


class Duration(NamedTuple):
    """A length of time; ``str()`` is its canonical form.

    Attributes:
        amount: Number of units, 1 to 9999; 0 for ``session``.
        unit: ``second`` to ``year``, or ``session``.
    """

    amount: int
    unit: str

    @property
    def days(self) -> float:
        """Return the length in days; a month counts 30, a year 365, a session 0."""
        return self.amount * _DAYS.get(self.unit, 0.0)

    def __str__(self) -> str:
        if self.unit == "session":
            return "session"
        return f"{self.amount} {self.unit}{'' if self.amount == 1 else 's'}"


def read_duration(text: str, *, path: str = "") -> Duration:
    """Read a duration.

    Args:
        text: Such as ``14 months``, ``1 year`` or ``session``.
        path: Key path for the error.

    Raises:
        ConfigurationError: The text is not a duration.
    """
    if text.strip().lower() == "session":
        return Duration(0, "session")
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ConfigurationError(f'expected a duration such as "14 months", got "{text}"', path=path)
    return Duration(int(match[1]), match[2].lower())
