"""The jurisdictions table: what the law of a place asks for, a dated data file with a source per row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from consentkit.policy.duration import check_date
from consentkit.policy.place import EU_AND_EEA, Place
from consentkit.policy.regime import Regime

Link = Literal["choices"]
Days = Annotated[int, msgspec.Meta(ge=1)]

PLACE: Final = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
"""ISO 3166-1 alpha-2, ISO 3166-2."""


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law of one place says.

    Attributes:
        place: ISO 3166 code, such as ``BR`` or ``US-CA``; ``EU`` stands for the EU and the EEA.
        name: As people call it.
        regime: What holds before a choice. The strictest of the row: purposes it does not name follow it.
        purposes: Purposes with a looser regime.
        without_own_use: Whether those hold only where no vendor of the purpose uses what it receives for
            itself.
        consent_days_max: Days after which a grant is asked for again at the latest.
        refusal_days_min: Days for which nobody who refused is asked again.
        gpc_binding: Whether Sec-GPC must be honoured as an opt-out.
        gpc_override: Whether a visitor may consent to a sale all the same, once shown that the signal was
            received.
        links: Links that a site must show; ``choices`` is "Your Privacy Choices".
        note: What the other fields cannot say.
        since: ISO 8601 date on which the law began or begins; empty for one that has long held.
        secondary: Whether it was taken from overviews, not checked in the law's own text.
        source: Where it is said.
    """

    place: str
    name: str
    regime: Regime
    purposes: Mapping[str, Regime] = {}
    without_own_use: bool = False
    consent_days_max: Days | None = None
    refusal_days_min: Days | None = None
    gpc_binding: bool = False
    gpc_override: bool = False
    links: tuple[Link, ...] = ()
    note: str = ""
    since: str = ""
    secondary: bool = True
    source: str

    def __post_init__(self) -> None:
        if not PLACE.fullmatch(self.place) or not (self.name and self.source):
            raise ValueError(f"a row needs an ISO 3166 code, a name and a source: {self.place!r}")
        if any(regime.strictness > self.regime.strictness for regime in self.purposes.values()):
            raise ValueError(f"a purpose is stricter than its row: {self.place}")
        if self.since:
            check_date(self.since, path=self.place)

    def regime_for(self, purpose: str, *, own_use: bool) -> Regime:
        """Return the regime of a purpose.

        Args:
            purpose: Its id.
            own_use: Whether a vendor of the purpose uses what it receives for itself, for all that is known.
        """
        if self.without_own_use and own_use:
            return self.regime
        return self.purposes.get(purpose, self.regime)


Chain = tuple[Jurisdiction, ...]
"""The rows that hold at one place, the most specific first."""


class Jurisdictions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The whole table.

    Attributes:
        date: ISO 8601 date on which the rows were last gathered.
        rows: Sorted by place, one per place.
    """

    date: str
    rows: tuple[Jurisdiction, ...]

    def __post_init__(self) -> None:
        check_date(self.date, path="date")
        if [row.place for row in self.rows] != sorted(self.by_place):
            raise ValueError("rows are sorted by place, each place is there once")

    @cached_property
    def by_place(self) -> Mapping[str, Jurisdiction]:
        """Return the rows by their place."""
        return {row.place: row for row in self.rows}

    def regions(self, country: str) -> Sequence[str]:
        """Return the regions of a country that have a row."""
        return self._regions.get(country, ())

    @cached_property
    def _regions(self) -> Mapping[str, Sequence[str]]:
        regions: dict[str, list[str]] = {}
        for country, hyphen, region in (row.place.partition("-") for row in self.rows):
            if hyphen:
                regions.setdefault(country, []).append(region)
        return regions

    def chain(self, country: str, region: str = "") -> Chain:
        """Return the rows of a place: region's, country's, then `EU`; empty where it has none."""
        codes = [f"{country}-{region}", country, "EU" if country in EU_AND_EEA else ""]
        return tuple(self.by_place[code] for code in codes if code in self.by_place)

    def chains(self, place: Place) -> list[Chain]:
        """Return the rows of each place that it could be, where its region is not known."""
        regions = [place.region] if place.region else ["", *self.regions(place.country)]
        return [self.chain(place.country, region) for region in regions]


@lru_cache(maxsize=1)
def jurisdictions() -> Jurisdictions:
    """Return the package's own table."""
    file = Path(__file__).with_name("data") / "jurisdictions.toml"
    return msgspec.toml.decode(file.read_bytes(), type=Jurisdictions)


def gpc_binding(place: Place | None) -> bool:
    """Say whether Sec-GPC binds at a place; where it could, for all that is known, it does."""
    if place is None or not place.known:
        return True
    return any(row.gpc_binding for row in _most_specific(place))


def gpc_override(place: Place | None) -> bool:
    """Say whether a visitor at a place may consent to a sale against the own signal."""
    if place is None or not place.known:
        return False
    rows = _most_specific(place)
    return bool(rows) and all(row.gpc_override for row in rows)


def required_links(place: Place | None) -> frozenset[Link]:
    """Return the links that a site must show at a place; none where the country is not known."""
    if place is None or not place.known:
        return frozenset()
    return frozenset(link for row in _most_specific(place) for link in row.links)


def _most_specific(place: Place) -> list[Jurisdiction]:
    return [chain[0] for chain in jurisdictions().chains(place) if chain]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How long choices may and must hold at a place, in days.

    Attributes:
        consent_max: The most that a grant may last; ``None`` where nothing is said.
        refusal_min: The least for which a refusal is respected; 0 where nothing is said.
    """

    consent_max: int | None = None
    refusal_min: int = 0


def bounds(place: Place | None) -> Bounds:
    """Return how long choices may and must hold; the strictest of all where no row tells."""
    table = jurisdictions()
    chains = table.chains(place) if place is not None and place.known else []
    if not any(chains):
        chains = [(row,) for row in table.rows]
    grants = [_first(row.consent_days_max for row in chain) for chain in chains]
    refusals = [_first(row.refusal_days_min for row in chain) for chain in chains]
    return Bounds(
        consent_max=min((days for days in grants if days is not None), default=None),
        refusal_min=max((days for days in refusals if days is not None), default=0),
    )


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)
