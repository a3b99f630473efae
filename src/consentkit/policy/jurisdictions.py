"""The jurisdictions table: a dated data file with a source per row."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources

import msgspec

from consentkit.policy.place import Place


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the law of one place says.

    Attributes:
        place: ISO 3166-2 code, such as ``US-CA``.
        gpc_binding: Whether Sec-GPC must be honoured as an opt-out.
        gpc_override: Whether a visitor may consent to a sale all the same, once shown that the signal was
            received.
        source: Where that is said.
    """

    place: str
    gpc_binding: bool = False
    gpc_override: bool = False
    source: str


class Jurisdictions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole table.

    Attributes:
        date: ISO 8601 date on which the rows were last gathered.
        rows: Sorted by place.
    """

    date: str
    rows: tuple[Jurisdiction, ...]

    def find(self, place: Place) -> Jurisdiction | None:
        """Return the row of a place whose region is known, or ``None``."""
        code = f"{place.country}-{place.region}"
        return next((row for row in self.rows if row.place == code), None)


@lru_cache(maxsize=1)
def jurisdictions() -> Jurisdictions:
    """Return the package's own table."""
    text = resources.files("consentkit.policy").joinpath("data/jurisdictions.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text), Jurisdictions)


def gpc_binding(place: Place | None) -> bool:
    """Say whether Sec-GPC binds at a place; where it could, for all that is known, it does."""
    if place is None or not place.known:
        return True
    if place.region:
        row = jurisdictions().find(place)
        return row is not None and row.gpc_binding
    return any(row.gpc_binding and row.place.startswith(f"{place.country}-") for row in jurisdictions().rows)


def gpc_override(place: Place | None) -> bool:
    """Say whether a visitor at a place may consent to a sale against the own signal."""
    row = jurisdictions().find(place) if place is not None else None
    return row is not None and row.gpc_override
