"""What the table of jurisdictions asks for, next to what a policy does there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import default_catalog
from consentkit.policy.jurisdictions import Jurisdiction, jurisdictions
from consentkit.policy.model import Policy
from consentkit.policy.place import COUNTRIES, EU_AND_EEA
from consentkit.policy.regime import Regime
from consentkit.policy.tables import Vendor

_NAMED: Final = 6
_EUROPE: Final = EU_AND_EEA | {"GB"}


class Law(NamedTuple):
    """One place.

    Attributes:
        code: ISO 3166 code.
        row: What its law asks for.
        regimes: Purpose → regime that the policy has there; of a country, where its regions have none.
    """

    code: str
    row: Jurisdiction
    regimes: Mapping[str, Regime]

    @property
    def country(self) -> str:
        """Return the country's code."""
        return self.code.partition("-")[0]


@lru_cache(maxsize=8)
def laws(policy: Policy) -> tuple[Law, ...]:
    """Return every country, and every region that the table or the policy has a row for."""
    codes = COUNTRIES | {*jurisdictions().by_place, *policy.regimes} - {"EU", "default"}
    return tuple(Law(code, _row(code), _regimes(policy, code)) for code in sorted(codes))


def _row(code: str) -> Jurisdiction:
    """Return the most specific row of a place; without one, consent is asked first."""
    country, _, region = code.partition("-")
    chain = jurisdictions().chain(country, region)
    return chain[0] if chain else Jurisdiction(place=code, name=code, regime=Regime.OPT_IN, source="none")


def _regimes(policy: Policy, code: str) -> Mapping[str, Regime]:
    """Return the regimes of one very place: `Policy.regimes_at` takes in all regions of a country."""
    told = policy.regimes_by_code
    return next(told[key] for key in (code, code.partition("-")[0], "") if key in told)


def least(policy: Policy, law: Law, purpose: str) -> Regime:
    """Return the loosest regime that the law of a place allows for a purpose of a policy."""
    known = "analytics" if law.row.without_own_use and _is_only_statistics(policy, purpose) else purpose
    return law.row.purposes.get(known, law.row.regime)


def _is_only_statistics(policy: Policy, purpose: str) -> bool:
    """Say whether a purpose of the site's own is for statistics, and for nothing else that is known."""
    known = default_catalog().vendors
    vendors = [known[vendor.id] for vendor in policy.vendors_for(purpose) if vendor.id in known]
    alone = bool(vendors) and all(vendor.purpose == "analytics" for vendor in vendors)
    return alone and not policy.purposes[purpose].sale


def deciding_key(policy: Policy, law: Law, purpose: str) -> str:
    """Return the key path of what the policy says about a purpose at a place."""
    keys = [law.code, law.country, *(["EU"] if law.country in EU_AND_EEA else []), "default"]
    for key in keys:
        row = policy.regimes.get(key)
        if isinstance(row, str):
            return f"regimes.{key}"
        if row is not None and purpose in row:
            return f"regimes.{key}.{purpose}"
    return "regimes"


def is_statistics(policy: Policy, purpose: str) -> bool:
    """Say whether a purpose is about statistics, by its name or by the vendors declared for it."""
    known = default_catalog().vendors
    return purpose == "analytics" or any(
        vendor.id in known and known[vendor.id].purpose == "analytics"
        for vendor in policy.vendors_for(purpose)
    )


def exempt_statistics(policy: Policy) -> list[tuple[Vendor, list[str]]]:
    """Return the vendors of statistics that run without consent in Europe, and where."""
    places: dict[str, list[str]] = {}
    statistics = [purpose for purpose in policy.purposes if is_statistics(policy, purpose)]
    for law in laws(policy):
        if law.country in _EUROPE:
            for purpose in statistics:
                if law.regimes.get(purpose, Regime.OPT_IN).grants:
                    places.setdefault(purpose, []).append(law.code)
    return [(vendor, places[purpose]) for purpose in places for vendor in policy.vendors_for(purpose)]


def listed(words: Iterable[str]) -> str:
    """Write words as a list, the first few of many."""
    words = list(dict.fromkeys(words))
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
