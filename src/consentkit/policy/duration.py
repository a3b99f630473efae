"""Durations as people write them in a policy: "14 months", "30 days", "session"."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from consentkit.exceptions import ConfigurationError

UNITS: Final = ("second", "minute", "hour", "day", "week", "month", "year")

_DURATION = re.compile(rf"\s*([1-9][0-9]{{0,3}})\s+({'|'.join(UNITS)})s?\s*", re.IGNORECASE)
_DAYS = {
    "session": 0.0,
    "second": 1 / 86_400,
    "minute": 1 / 1_440,
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": 30.0,
    "year": 365.0,
}


class Duration(NamedTuple):
    """A length of time; ``str()`` gives the one spelling that equal durations share.

    Attributes:
        amount: How many units, 1 to 9999; 0 for ``session``.
        unit: ``second`` to ``year``, or ``session``.
    """

    amount: int
    unit: str

    @property
    def days(self) -> float:
        """Return the length in days; a month counts 30, a year 365, a session 0."""
        return self.amount * _DAYS[self.unit]

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
        ConfigurationError: The text is no duration.
    """
    if text.strip().lower() == "session":
        return Duration(0, "session")
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ConfigurationError(f'expected a duration such as "14 months", got "{text}"', path=path)
    return Duration(int(match[1]), match[2].lower())
