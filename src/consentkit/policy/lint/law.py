"""What the table of jurisdictions asks for, next to what a policy does there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.catalog import default_catalog
from consentkit.policy.jurisdictions import Jurisdiction, jurisdictions
from consentkit.policy.model import Policy
from consentkit.policy.place import EU_AND_EEA, Place
from consentkit.policy.regime import Regime
from consentkit.policy.tables import Vendor

_NAMED: Final = 6
_EUROPE: Final = EU_AND_EEA | {"GB"}


class Law(NamedTuple):
    """One place.

    Attributes:
        row: What its law asks for.
        regimes: Purpose → regime that the policy has there.
    """

    row: Jurisdiction
    regimes: Mapping[str, Regime]

    @property
    def code(self) -> str:
        """Return the ISO 3166 code."""
        return self.row.place

    @property
    def country(self) -> str:
        """Return the country's code."""
        return self.row.place.partition("-")[0]

    def least(self, purpose: str) -> Regime:
        """Return the loosest regime that the law there allows for a purpose."""
        return self.row.purposes.get(purpose, self.row.regime)


@lru_cache(maxsize=8)
def laws(policy: Policy) -> tuple[Law, ...]:
    """Return every place that the table has a row for; of ``EU``, its countries."""
    return tuple(
        Law(row, policy.regimes_at(_place(row.place))) for row in jurisdictions().rows if row.place != "EU"
    )


def _place(code: str) -> Place:
    country, _, region = code.partition("-")
    return Place(country=country, region=region)


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
