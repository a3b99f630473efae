"""Validity of grants and refusals: the site's `lifetime`, within the limits of the law of the place.

The limits are ``consent_days_max`` and ``refusal_days_min`` of the row in ``data/jurisdictions.toml``.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_duration
from consentkit.policy.jurisdictions import MAX_DAYS, Chain, Place, chains_at, jurisdictions
from consentkit.policy.tables import Lifetime
from consentkit.policy.validation import read_table

MAX_GRANT_DAYS: Final = MAX_DAYS - 30
"""Maximum days that a grant is valid: it must expire and be renewed before browsers delete the cookie."""


class Validity(NamedTuple):
    """How long choices are valid at a place.

    Attributes:
        grant_days: Days after which a grant expires.
        refusal_days: Days after which a visitor who refused is asked again, under `opt-in` only; at least
            `grant_days`. The refusal itself never expires.
    """

    grant_days: int = 180
    refusal_days: int = MAX_DAYS


def read_lifetime(value: object) -> Lifetime:
    """Read the table `lifetime`: durations of whole days, at most `MAX_DAYS`."""
    lifetime = read_table(value, Lifetime, path="lifetime")
    _days(lifetime.consent, "lifetime.consent")
    _days(lifetime.refusal, "lifetime.refusal")
    return lifetime


@lru_cache(maxsize=4096)
def validity_at(lifetime: Lifetime, place: Place | None) -> Validity:
    """Return how long choices are valid at a place.

    Args:
        lifetime: The site's setting. The law's maximum shortens a grant, its minimum prolongs a refusal.
        place: The visitor's place. For an unknown place the strictest values of all rows are used.
    """
    chains = chains_at(place) or [(row,) for row in jurisdictions().rows]
    wanted = _days(lifetime.consent, "lifetime.consent")
    grants = min(wanted, MAX_GRANT_DAYS, *_by_law(chains, "consent_days_max"))
    refusals = max(_days(lifetime.refusal, "lifetime.refusal"), grants, *_by_law(chains, "refusal_days_min"))
    return Validity(grant_days=grants, refusal_days=refusals)


def _by_law(chains: Iterable[Chain], field: str) -> Iterator[int]:
    """Yield the field's value of the most specific row of each place that has one."""
    for chain in chains:
        yield from [days for row in chain if (days := getattr(row, field))][:1]


def _days(text: str, path: str) -> int:
    days = read_duration(text, path=path).days
    if not (days.is_integer() and 1 <= days <= MAX_DAYS):
        problem = f'expected whole days, from 1 to {MAX_DAYS}, such as "180 days", got "{text}"'
        raise ConfigurationError(problem, path=path)
    return int(days)
