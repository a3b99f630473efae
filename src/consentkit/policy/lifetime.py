"""How long choices hold: what the site wants, within what the law of a place allows."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_duration
from consentkit.policy.jurisdictions import bounds
from consentkit.policy.place import Place
from consentkit.policy.tables import Lifetime

MOST: Final = 400
"""Days for which browsers keep a cookie at most: 34,560,000 seconds (RFC 6265bis, section 5.5)."""

MOST_GRANTED: Final = MOST - 30
"""Days for which a grant counts at most: once it has lapsed, what the same cookie refuses is renewed."""


class Validity(NamedTuple):
    """How long choices hold at a place.

    Attributes:
        grant_days: Days after which a grant counts no longer.
        refusal_days: Days after which a refusal is asked about again, under `opt-in` only; never fewer than
            `grant_days`. The refusal itself never lapses.
    """

    grant_days: int = 180
    refusal_days: int = MOST


def check_lifetime(lifetime: Lifetime) -> None:
    """Check the table `lifetime`: durations of whole days that a cookie can keep."""
    _days(lifetime.consent, "lifetime.consent")
    _days(lifetime.refusal, "lifetime.refusal")


@lru_cache(maxsize=4096)
def validity_at(lifetime: Lifetime, place: Place | None) -> Validity:
    """Return how long choices hold at a place.

    Args:
        lifetime: What the site wants. The law's maximum shortens a grant, its minimum prolongs a refusal.
        place: Where the visitor is. What is not known counts as the strictest that it could be.
    """
    law = bounds(place)
    grants = min(_days(lifetime.consent, "lifetime.consent"), MOST_GRANTED)
    if law.consent_max is not None:
        grants = min(grants, law.consent_max)
    refusals = max(_days(lifetime.refusal, "lifetime.refusal"), law.refusal_min, grants)
    return Validity(grant_days=grants, refusal_days=min(refusals, MOST))


def _days(text: str, path: str) -> int:
    days = read_duration(text, path=path).days
    if not (days.is_integer() and 1 <= days <= MOST):
        problem = f'expected whole days, from 1 to {MOST}, such as "180 days", got "{text}"'
        raise ConfigurationError(problem, path=path)
    return int(days)
