"""The table `regimes`: which regime holds where."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from consentkit.exceptions import ConfigurationError
from consentkit.policy.place import EU_AND_EEA, Place
from consentkit.policy.reading import check_keys, join, nearest, read_mapping
from consentkit.policy.regime import Regime, strictest_of
from consentkit.policy.tables import NECESSARY

Row = Regime | Mapping[str, Regime]

_KEY = re.compile(r"default|[A-Z]{2}(?:-[A-Z0-9]{1,3})?")  # ISO 3166-1 alpha-2, ISO 3166-2


def read_regimes(value: object, purposes: Iterable[str]) -> dict[str, Row]:
    """Check the table `regimes`.

    Args:
        value: ``default`` or a place → a regime, or purpose → regime.
        purposes: The purposes that a row may name.

    Raises:
        ConfigurationError: Unknown regime or purpose, or a key that is no place.
    """
    known = [purpose for purpose in purposes if purpose != NECESSARY]
    rows: dict[str, Row] = {}
    for key, row in read_mapping(value, path="regimes").items():
        path = join("regimes", key)
        if not _KEY.fullmatch(key):
            problem = 'expected "default", a country such as "GB", "EU", or a region such as "US-CA"'
            raise ConfigurationError(problem, path=path)
        rows[key] = _read_row(row, known, path)
    return rows


def _read_row(row: object, purposes: list[str], path: str) -> Row:
    if isinstance(row, str):
        return _read_regime(row, path)
    table = read_mapping(row, path=path)
    check_keys(table, purposes, path=path)
    return {purpose: _read_regime(regime, join(path, purpose)) for purpose, regime in table.items()}


def _read_regime(value: object, path: str) -> Regime:
    try:
        return Regime(str(value))
    except ValueError:
        hint = nearest(str(value), list(Regime))
        problem = f'expected opt-in, opt-out, inform or none, got "{value}"{hint}'
        raise ConfigurationError(problem, path=path) from None


def regime_at(rows: Mapping[str, Row], purpose: str, place: Place | None) -> Regime:
    """Find the regime of one purpose.

    Region beats country, country beats ``EU``, ``EU`` beats ``default``, and a row that does not name the
    purpose leaves it to the next. What is not known counts as the strictest it could be: without a country
    the strictest of all rows, without a region the strictest of the country's. Nothing at all is `opt-in`.
    """
    if place is None or not (place.known or place.country in rows):
        candidates = [_lookup([key, "default"], rows, purpose) for key in [*rows, "default"]]
    elif place.region:
        candidates = [_lookup(_keys(place.country, place.region), rows, purpose)]
    else:
        regions = [key.partition("-")[2] for key in rows if key.startswith(f"{place.country}-")]
        candidates = [_lookup(_keys(place.country, region), rows, purpose) for region in ["", *regions]]
    return strictest_of(candidates)


def regimes_by_code(rows: Mapping[str, Row], purposes: Collection[str]) -> dict[str, Mapping[str, Regime]]:
    """Find the regimes at every place that the rows name.

    Returns:
        ISO 3166 code → purpose → regime; ``EU`` is spelled out, and the empty code is everywhere else.
    """
    named = rows.keys() - {"default", "EU"}
    codes = ["", *sorted(named | EU_AND_EEA if "EU" in rows else named)]
    return {code: {name: _lookup(_keys(*_split(code)), rows, name) for name in purposes} for code in codes}


def _split(code: str) -> tuple[str, str]:
    country, _, region = code.partition("-")
    return country, region


def _keys(country: str, region: str) -> Iterator[str]:
    if region:
        yield f"{country}-{region}"
    yield country
    if country in EU_AND_EEA:
        yield "EU"
    yield "default"


def _lookup(keys: Iterable[str], rows: Mapping[str, Row], purpose: str) -> Regime:
    for key in keys:
        row = rows.get(key)
        regime = row if row is None or isinstance(row, Regime) else row.get(purpose)
        if regime is not None:
            return regime
    return Regime.OPT_IN
