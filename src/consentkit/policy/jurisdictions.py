"""Places, and the table of laws by place, ``data/jurisdictions.toml``: dated, with a source for each row."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from msgspec.structs import force_setattr

from consentkit.policy.tables import Regime

_PLACES = (Path(__file__).with_name("data") / "places.txt").read_text("utf-8")
_CODES = {name: frozenset(codes.split()) for name, codes in re.findall(r"^([a-z-]+): (.+)$", _PLACES, re.M)}
COUNTRIES, EU_AND_EEA = _CODES["countries"], _CODES["eu-and-eea"]
US_STATES, CA_PROVINCES = _CODES["us-states"], _CODES["ca-provinces"]
# Countries whose regions are validated, since their laws differ by region.
_REGIONS = {"US": US_STATES, "CA": CA_PROVINCES}
# Reserved codes that are used for a country.
_ALIASES = {"UK": "GB"}

_REGION = re.compile(r"[A-Z0-9]{1,3}")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor's country and region; empty if unknown or not an ISO 3166 code.

    Attributes:
        country: ISO 3166-1 alpha-2 code, such as ``US``. Case does not matter; ``UK`` is read as ``GB``.
            ``EU``, which some databases return instead of a country, is not accepted.
        region: The part of the ISO 3166-2 code after the hyphen, such as ``CA``, or the whole code.
    """

    country: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        # A visitor may control these values, and caches keep places: anything but a valid code is dropped.
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
        """Whether the country is known."""
        return bool(self.country)

    @property
    def code(self) -> str:
        """The ISO 3166 code, such as ``US-CA`` or ``FR``; empty if the country is unknown."""
        return f"{self.country}-{self.region}" if self.region else self.country

    def candidates(self, named: Iterable[str]) -> list[str]:
        """Return its code; without a region also the codes in `named` of regions of its country."""
        regions = [] if self.region else [code for code in named if code.startswith(f"{self.country}-")]
        return [self.code, *regions]


def _upper(code: str) -> str:
    # ASCII only: in upper case "ß" becomes "SS", South Sudan.
    return code.strip().upper() if code.strip().isascii() else ""


@lru_cache(maxsize=4096)
def row_keys(code: str) -> tuple[str, ...]:
    """Return the keys of rows that apply to a place, most specific first.

    These are ``US-CA``, ``US``, ``default`` for a region and ``FR``, ``EU``, ``default`` for a country.
    """
    country = code.partition("-")[0]
    return tuple(dict.fromkeys([code, country, *(["EU"] if country in EU_AND_EEA else []), "default"]))


MAX_DAYS: Final = 400
"""Maximum days that browsers keep a cookie: 34,560,000 seconds (RFC 6265bis, section 5.5)."""

Link = Literal["choices"]
GrantDays = Annotated[int, msgspec.Meta(ge=1)]
RefusalDays = Annotated[int, msgspec.Meta(ge=1, le=MAX_DAYS)]


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row: the requirements of the law of a place.

    Attributes:
        place: ISO 3166 code, such as ``BR`` or ``US-CA``; ``EU`` stands for the EU and the EEA.
        name: English name of the place.
        regime: Regime of all purposes that `purposes` does not name.
        purposes: Purposes with a looser regime.
        without_own_use: Whether `purposes` applies only if no vendor of the purpose uses the data for
            its own purposes.
        consent_days_max: Maximum days that a grant is valid.
        refusal_days_min: Minimum days before a visitor who refused is asked again; at most `MAX_DAYS`.
        gpc_binding: Whether Sec-GPC must be honoured as an opt-out.
        gpc_override: Whether a visitor may still consent to a sale after the site has shown that the signal
            was received.
        links: Links that a site must show; ``choices`` is "Your Privacy Choices".
        note: Remarks.
        since: ISO 8601 date on which the law takes effect; empty for old laws.
        secondary: Whether it was taken from overviews and not from the text of the law.
        source: Citation of the law.
    """

    place: str
    name: str
    regime: Regime
    purposes: Mapping[str, Regime] = {}
    without_own_use: bool = False
    consent_days_max: GrantDays | None = None
    refusal_days_min: RefusalDays | None = None
    gpc_binding: bool = False
    gpc_override: bool = False
    links: tuple[Link, ...] = ()
    note: str = ""
    since: str = ""
    secondary: bool = True
    source: str


Chain = tuple[Jurisdiction, ...]
"""The rows that apply to one place, most specific first."""


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
        """The rows by place."""
        return {row.place: row for row in self.rows}

    def chain(self, code: str) -> Chain:
        """Return the rows of a place: the region's, the country's, then `EU`; empty if there are none."""
        return tuple(self.by_place[key] for key in row_keys(code) if key in self.by_place)


@lru_cache(maxsize=1)
def jurisdictions() -> Jurisdictions:
    """Return the package's table.

    Raises:
        msgspec.ValidationError: A row is invalid; the message has its index and key.
    """
    file = Path(__file__).with_name("data") / "jurisdictions.toml"
    return msgspec.toml.decode(file.read_bytes(), type=Jurisdictions)


@lru_cache(maxsize=4096)
def chains_at(place: Place | None) -> tuple[Chain, ...]:
    """Return the rows of a place; if the region is unknown, those of each region that it could be."""
    if place is None or not place.known:
        return ()
    table = jurisdictions()
    return tuple(filter(None, map(table.chain, place.candidates(table.by_place))))
