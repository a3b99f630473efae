"""Dates as ISO 8601 writes them, ``2026-11-22``, and date-times of RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from consentkit.exceptions import ConfigurationError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
# RFC 3339, section 5.6; a second of 60 is a leap second.
_TIME = re.compile(
    r"(?P<minute>.{10}T([01][0-9]|2[0-3]):[0-5][0-9]):([0-5][0-9]|60)(\.[0-9]+)?"
    r"(?P<zone>Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])",
    re.ASCII | re.IGNORECASE,
)


def check_date(text: str, *, path: str) -> None:
    """Refuse what is no date.

    Raises:
        ConfigurationError: With the key path.
    """
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f'expected a date such as "2026-11-22", got "{text}"', path=path) from None


def read_day(text: str, *, path: str) -> str:
    """Return the day of a date, or the one in UTC of a date-time.

    Raises:
        ConfigurationError: It is neither. With the key path.
    """
    time = _TIME.fullmatch(text)
    if time is None:
        check_date(text, path=path)
        return text
    check_date(text[:10], path=path)
    try:
        return _utc(time["minute"] + time["zone"]).date().isoformat()
    except OverflowError:  # beside the first or the last day that Python counts
        return text[:10]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text.upper()).astimezone(UTC)
