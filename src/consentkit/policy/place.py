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

# ISO 3166-1 alpha-2, the 249 codes that are officially assigned, and XK, which is in use for Kosovo.
_COUNTRIES = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK
    YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_COUNTRIES.split())
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


def _upper(code: str) -> str:
    code = code.strip()
    # Some letters become others in upper case: "ß" would be South Sudan.
    return code.upper() if code.isascii() else ""
