"""How long things last, against rules 15, 16, 17 and 32."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from consentkit.exceptions import ConfigurationError
from consentkit.policy.duration import read_duration
from consentkit.policy.lifetime import MOST
from consentkit.policy.lint.law import exempt_statistics, listed
from consentkit.policy.lint.model import Facts, Finding, Level
from consentkit.policy.tables import Vendor

LEAST_DAYS: Final = 180
"""Days for which nobody who has chosen is asked again."""

# 13 and 25 months, at their longest, in days.
_COOKIE_DAYS: Final = 397
_DATA_DAYS: Final = 762


def refusal_holds_as_long(facts: Facts) -> Iterator[Finding]:
    """Rule 15: a refusal is respected for at least as long as a grant."""
    lifetime = facts.policy.lifetime
    if _days(lifetime.refusal) < _days(lifetime.consent):
        message = f"a refusal is kept for {lifetime.refusal}, a grant for {lifetime.consent}"
        yield Finding(rule=15, level="error", where="lifetime.refusal", message=message)


def asks_no_sooner(facts: Facts) -> Iterator[Finding]:
    """Rule 16: nobody who has chosen is asked again within 180 days."""
    lifetime = facts.policy.lifetime
    for where, text in (("lifetime.consent", lifetime.consent), ("lifetime.refusal", lifetime.refusal)):
        if _days(text) < LEAST_DAYS:
            message = f"visitors are asked again after {text}"
            yield Finding(rule=16, level="error", where=where, message=message)


def browsers_keep_it(facts: Facts) -> Iterator[Finding]:
    """Rule 17: no cookie is kept for more than 400 days; of the package's own the policy sees to it."""
    for vendor in facts.policy.vendors.values():
        for index, cookie in enumerate(vendor.cookies):
            if _days(cookie.retention) > MOST:
                where = f"vendors.{vendor.id}.cookies[{index}].retention"
                message = f"browsers do not keep {cookie.name} for {cookie.retention}"
                yield Finding(rule=17, level="warning", where=where, message=message)


def exempt_is_short(facts: Facts) -> Iterator[Finding]:
    """Rule 32: statistics without consent keep cookies for 13 months and data for 25 at most."""
    for vendor, places in exempt_statistics(facts.policy):
        where, without = f"vendors.{vendor.id}.retention", f"it runs without consent in {listed(places)}"
        if long := _longest(vendor):
            # The numbers are the French authority's; others look to them.
            level: Level = "error" if "FR" in places else "warning"
            yield Finding(rule=32, level=level, where=where, message=f"{long}, and {without}")
        elif not vendor.retention:
            message = f"nobody says for how long its data is kept, and {without}"
            yield Finding(rule=32, level="warning", where=where, message=message)


def _longest(vendor: Vendor) -> str:
    for cookie in vendor.cookies:
        if _days(cookie.retention) > _COOKIE_DAYS:
            return f"the cookie {cookie.name} is kept for {cookie.retention}"
    return f"data is kept for {vendor.retention}" if _days(vendor.retention) > _DATA_DAYS else ""


def _days(text: str) -> float:
    """Return a duration in days; 0 where nothing is said, or in words that the catalog alone may use."""
    try:
        return read_duration(text).days if text else 0
    except ConfigurationError:
        return 0
