"""Where a visitor is, as far as the site knows."""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import force_setattr

# Member states of the European Union; the EEA states IS, LI and NO; the parts of member states that have an
# ISO 3166-1 code of their own and where Union law applies (TFEU articles 349 and 355).
# fmt: off
EU_AND_EEA = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    "IS", "LI", "NO",
    "AX", "GF", "GP", "MF", "MQ", "RE", "YT",
})
# fmt: on

# ISO 3166-2:US. Another code for a place there says nothing of which state's law holds.
_STATES = """
    AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND
    OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC AS GU MP PR UM VI
"""
US_STATES = frozenset(_STATES.split())
# ISO 3166-2:CA. One of them has a law of its own that is stricter.
CA_PROVINCES = frozenset({"AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"})

_REGIONS = {"US": US_STATES, "CA": CA_PROVINCES}

# ISO 3166-1 leaves AA, QM to QZ, XA to XZ and ZZ to users; CDNs say "nowhere" with XX or ZZ. XK is Kosovo.
_ASSIGNABLE = re.compile(r"(?!AA|Q[M-Z]|X[A-JL-Z]|ZZ)[A-Z]{2}")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor's country and region; what is not known is empty.

    Attributes:
        country: ISO 3166-1 alpha-2 code, such as ``US``. Case does not matter.
        region: What follows the hyphen in the ISO 3166-2 code, such as ``CA``; the whole code does as well.
    """

    country: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        country = self.country.strip().upper()
        region = self.region.strip().upper().removeprefix(f"{country}-")
        force_setattr(self, "country", country)
        known = country not in _REGIONS or region in _REGIONS[country]
        force_setattr(self, "region", region if known else "")

    @property
    def known(self) -> bool:
        """Say whether the country is known."""
        return _ASSIGNABLE.fullmatch(self.country) is not None
