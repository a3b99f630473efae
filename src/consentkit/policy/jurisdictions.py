"""Places, and what the law of each asks for: ``data/jurisdictions.toml``, dated, with a source per row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec.structs import force_setattr

from consentkit.policy.tables import Regime

_PLACES = (Path(__file__).with_name("data") / "places.txt").read_text("utf-8")
_CODES = {name: frozenset(codes.split()) for name, codes in re.findall(r"^([a-z-]+): (.+)$", _PLACES, re.M)}
COUNTRIES, EU_AND_EEA = _CODES["countries"], _CODES["eu-and-eea"]
US_STATES, CA_PROVINCES = _CODES["us-states"], _CODES["ca-provinces"]
# Countries whose regions are checked: another code there says nothing of which law holds.
_REGIONS = {"US": US_STATES, "CA": CA_PROVINCES}
# Reserved for a country that has another code.
_ALIASES = {"UK": "GB"}

_REGION = re.compile(r"[A-Z0-9]{1,3}")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor's country and region; what is not known, or is no such code, is empty.

    Attributes:
        country: ISO 3166-1 alpha-2 code, such as ``US``. Case does not matter; ``UK`` is read as ``GB``.
            ``EU``, which some databases say where they know no more, is no country.
        region: What follows the hyphen in the ISO 3166-2 code, such as ``CA``; the whole code does as well.
    """

    country: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        # Whoever asks may decide what stands here, and caches keep places: all that is no code is dropped.
        given, region = _upper(self.country), _upper(self.region)
        country = _ALIASES.get(given, given)
        for prefix in (given, country):
            region = region.removeprefix(f"{prefix}-")
        country = country if country in COUNTRIES else ""
        force_setattr(self, "country", country)
        is_one = region in _REGIONS[country] if country in _REGIONS else _REGION.fullmatch(region)
        force_setattr(self, "region", region if country and is_one else "")

    @property
    def known(self) -> bool:
        """Say whether the country is known."""
        return bool(self.country)

    @property
    def code(self) -> str:
        """Return its ISO 3166 code, such as ``US-CA`` or ``FR``; empty where nothing is known."""
        return f"{self.country}-{self.region}" if self.region else self.country

    def candidates(self, named: Iterable[str]) -> list[str]:
        """Return its code, and without a region those of its country that are `named`."""
        regions = [] if self.region else [code for code in named if code.startswith(f"{self.country}-")]
        return [self.code, *regions]


def _upper(code: str) -> str:
    # Some letters become others in upper case: "ß" would be South Sudan.
    return code.strip().upper() if code.strip().isascii() else ""


@lru_cache(maxsize=4096)
def row_keys(code: str) -> tuple[str, ...]:
    """Return the keys of rows that hold at a place, the first before all others.

    That is ``US-CA``, ``US``, ``default`` for a region and ``FR``, ``EU``, ``default`` for a country.
    """
    country = code.partition("-")[0]
    return tuple(dict.fromkeys([code, country, *(["EU"] if country in EU_AND_EEA else []), "default"]))


Link = Literal["choices"]
Days = Annotated[int, msgspec.Meta(ge=1)]


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

    @cached_property
    def by_place(self) -> Mapping[str, Jurisdiction]:
        """Return the rows by their place."""
        return {row.place: row for row in self.rows}

    def chain(self, code: str) -> Chain:
        """Return the rows of a place: region's, country's, then `EU`; empty where it has none."""
        return tuple(self.by_place[key] for key in row_keys(code) if key in self.by_place)


@lru_cache(maxsize=1)
def jurisdictions() -> Jurisdictions:
    """Return the package's own table."""
    file = Path(__file__).with_name("data") / "jurisdictions.toml"
    return msgspec.toml.decode(file.read_bytes(), type=Jurisdictions)


@lru_cache(maxsize=4096)
def chains_at(place: Place | None) -> tuple[Chain, ...]:
    """Return the rows of a place, or of each that it could be; none where no row tells."""
    if place is None or not place.known:
        return ()
    table = jurisdictions()
    return tuple(filter(None, map(table.chain, place.candidates(table.by_place))))
