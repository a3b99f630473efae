"""Dates as ISO 8601 writes them: ``2026-11-22``."""

from __future__ import annotations

import re
from datetime import date

from consentkit.exceptions import ConfigurationError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


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
