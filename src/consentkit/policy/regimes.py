"""Finds the regime of a purpose at a place: from the table `regimes`, else from the law."""

from collections.abc import Collection, Iterable, Mapping

from consentkit.exceptions import ConfigurationError
from consentkit.policy.jurisdictions import EU_AND_EEA, Place, jurisdictions, row_keys
from consentkit.policy.tables import NECESSARY, Regime, strictest
from consentkit.policy.validation import check_keys, join, nearest, read_mapping

Row = Regime | Mapping[str, Regime]


def read_regimes(value: object, purposes: Iterable[str]) -> dict[str, Row]:
    """Check the table `regimes`.

    Args:
        value: ``default`` or a place → a regime, or purpose → regime.
        purposes: The purposes that a row may name.

    Raises:
        ConfigurationError: Unknown regime, purpose or place.
    """
    known = [purpose for purpose in purposes if purpose != NECESSARY]
    rows: dict[str, Row] = {}
    for key, row in read_mapping(value, path="regimes").items():
        path = join("regimes", key)
        if key not in ("default", "EU"):
            _check_place(key, path)
        rows[key] = _read_row(row, known, path)
    return rows


def _check_place(key: str, path: str) -> None:
    """Raise `ConfigurationError` for a key that is not a valid place in its canonical form."""
    country, _, region = key.partition("-")
    code = Place(country=country, region=region).code
    if not code or code != key:
        hint = f'; did you mean "{code}"?' if code.count("-") == key.count("-") and code else ""
        problem = f'expected "default", a country such as "GB", "EU", or a region such as "US-CA"{hint}'
        raise ConfigurationError(problem, path=path)


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


class RegimeTable:
    """Finds the regime of a purpose at a place: the site's own rows first, then the law of the place.

    Args:
        rows: From `read_regimes`.
        own_use: Purposes with a vendor that may use the data for itself.
    """

    def __init__(self, rows: Mapping[str, Row], own_use: Collection[str]) -> None:
        self._rows = rows
        self._own_use = own_use

    def at(self, purpose: str, place: Place | None) -> Regime:
        """Find the regime of one purpose.

        A region's row overrides the country's, that overrides ``EU``, and that ``default``; a row that does
        not name the purpose is skipped. After the site's rows come those of the law, in the same order.
        Without a country, the strictest of all rows is used; without a region, the strictest of the country's
        regions. Without any row it is `opt-in`.
        """
        if place is None or not place.known:
            # `opt-in` if the site says nothing: some rows of the law are, and nothing is stricter.
            keys = [*self._rows, "default"]
            return strictest(self._written([key, "default"], purpose) or Regime.OPT_IN for key in keys)
        named = {*self._rows, *jurisdictions().by_place}
        return strictest(self._at_code(code, purpose) for code in place.candidates(named))

    def is_narrow(self, purpose: str, place: Place | None) -> bool:
        """Say whether the regime of a purpose applies only to vendors without own use of the data.

        That is an exception of the law, not of the site: the United Kingdom's, for statistics.
        """
        if place is None or not place.known or self._written(row_keys(place.code), purpose):
            return False
        law = jurisdictions().chain(place.code)
        return bool(law) and law[0].without_own_use and purpose in law[0].purposes

    def by_code(self, purposes: Collection[str]) -> dict[str, Mapping[str, Regime]]:
        """Find the regimes at every place in the site's rows, and in the law's rows if these are used.

        Returns:
            ISO 3166 code → purpose → regime. ``EU`` is replaced by its countries; the empty code is all other
            places.
        """
        named = set(self._rows)
        if not all(self._written(["default"], purpose) for purpose in purposes):
            named |= jurisdictions().by_place.keys()
        if "EU" in named:
            named |= EU_AND_EEA
        codes = ["", *sorted(named - {"default", "EU"})]
        return {code: {name: self._at_code(code, name) for name in purposes} for code in codes}

    def _at_code(self, code: str, purpose: str) -> Regime:
        if own := self._written(row_keys(code), purpose):
            return own
        law = jurisdictions().chain(code)
        if not law:
            return Regime.OPT_IN
        is_strict = law[0].without_own_use and purpose in self._own_use
        return law[0].regime if is_strict else law[0].purposes.get(purpose, law[0].regime)

    def _written(self, keys: Iterable[str], purpose: str) -> Regime | None:
        """Return the purpose's regime in the first of the site's rows with these keys that has one."""
        for key in keys:
            row = self._rows.get(key)
            regime = row if row is None or isinstance(row, Regime) else row.get(purpose)
            if regime is not None:
                return regime
        return None
