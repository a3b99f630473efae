"""How long a grant and a refusal hold at a place: what the site wants, within what the law there allows.

What the law of a place says is data: ``consent_days_max`` and ``refusal_days_min`` of its row in
``data/jurisdictions.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_duration
from consentkit.policy.jurisdictions import Chain, Place, chains_at, jurisdictions
from consentkit.policy.tables import Lifetime
from consentkit.policy.validation import read_table

MAX_DAYS: Final = 400
"""Days for which browsers keep a cookie at most: 34,560,000 seconds (RFC 6265bis, section 5.5)."""

MAX_GRANT_DAYS: Final = MAX_DAYS - 30
"""Days for which a grant counts at most: it lapses, and is renewed, before browsers drop its cookie."""


class Validity(NamedTuple):
    """How long choices hold at a place.

    Attributes:
        grant_days: Days after which a grant counts no longer.
        refusal_days: Days after which a refusal is asked about again, under `opt-in` only; never fewer than
            `grant_days`. The refusal itself never lapses.
    """

    grant_days: int = 180
    refusal_days: int = MAX_DAYS


def read_lifetime(value: object) -> Lifetime:
    """Read the table `lifetime`: durations of whole days that a cookie can keep."""
    lifetime = read_table(value, Lifetime, path="lifetime")
    _days(lifetime.consent, "lifetime.consent")
    _days(lifetime.refusal, "lifetime.refusal")
    return lifetime


@lru_cache(maxsize=4096)
def validity_at(lifetime: Lifetime, place: Place | None) -> Validity:
    """Return how long choices hold at a place.

    Args:
        lifetime: What the site wants. The law's maximum shortens a grant, its minimum prolongs a refusal.
        place: Where the visitor is. What is not known counts as the strictest that it could be.
    """
    chains = chains_at(place) or [(row,) for row in jurisdictions().rows]
    wanted = _days(lifetime.consent, "lifetime.consent")
    grants = min(wanted, MAX_GRANT_DAYS, *_by_law(chains, "consent_days_max"))
    refusals = max(_days(lifetime.refusal, "lifetime.refusal"), grants, *_by_law(chains, "refusal_days_min"))
    return Validity(grant_days=grants, refusal_days=min(refusals, MAX_DAYS))


def _by_law(chains: Iterable[Chain], field: str) -> Iterator[int]:
    """Yield the days that the most specific row of each place gives, where a row gives any."""
    for chain in chains:
        yield from [days for row in chain if (days := getattr(row, field))][:1]


def _days(text: str, path: str) -> int:
    days = read_duration(text, path=path).days
    if not (days.is_integer() and 1 <= days <= MAX_DAYS):
        problem = f'expected whole days, from 1 to {MAX_DAYS}, such as "180 days", got "{text}"'
        raise ConfigurationError(problem, path=path)
    return int(days)
