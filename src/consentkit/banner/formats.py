"""How a language writes dates, durations and countries: the part of CLDR that the package brings along.

`docs/cldr.py` makes the files in `cldr/`, one for each locale, which is read when it is first needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec

from consentkit.policy import Duration

_CYCLE = 100
_CLDR = Path(__file__).with_name("cldr")


class Formats(msgspec.Struct, frozen=True, kw_only=True):
    """What CLDR says of one locale.

    Attributes:
        dates: A date in each month, January first, with slots for ``{day}`` and ``{year}``.
        plurals: Which form follows a number, one digit each: for 0 to 99, then for 100 to 199, which stand
            for all greater numbers that end as they do.
        units: Unit of time and its forms, each with a slot for the number ``{n}`` unless the form says it.
        countries: Names, in the order of `cldr/countries.json`.
    """

    dates: tuple[str, ...]
    plurals: str
    units: Mapping[str, tuple[str, ...]]
    countries: tuple[str, ...]

    def date(self, day: str) -> str:
        """Write a day: ``2026-11-18`` is ``November 18, 2026`` in English."""
        year, month, number = map(int, day.split("-"))
        return self.dates[month - 1].format(day=number, year=year)

    def duration(self, duration: Duration) -> str:
        """Write a duration with a unit: ``13 months``."""
        n = duration.amount
        form = int(self.plurals[n if n < _CYCLE else _CYCLE + n % _CYCLE])
        return self.units[duration.unit][form].format(n=n)

    def country(self, code: str) -> str:
        """Return the name of a country, or its code (ISO 3166-1) where it has no name."""
        index = _codes().get(code)
        return code if index is None else self.countries[index]


@cache
def read_formats(locale: str) -> Formats:
    """Read how a shipped locale writes."""
    return msgspec.json.decode((_CLDR / f"{locale}.json").read_bytes(), type=Formats)


@cache
def _codes() -> Mapping[str, int]:
    codes = msgspec.json.decode((_CLDR / "countries.json").read_bytes(), type=list[str])
    return {code: index for index, code in enumerate(codes)}
