"""Holding a policy against the rules that are decided from the configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from consentkit.policy.lint.change import asks_about_what_is_new, asks_again_for_a_reason
from consentkit.policy.lint.declarations import (
    belongs_to_one_purpose,
    google_is_told,
    hears_the_signal,
    necessary_is_necessary,
    says_what_it_is,
)
from consentkit.policy.lint.lifetimes import (
    asks_no_sooner,
    browsers_keep_it,
    exempt_is_short,
    refusal_holds_as_long,
)
from consentkit.policy.lint.model import Facts, Finding, Texts
from consentkit.policy.lint.places import (
    exception_is_kept,
    grants_nothing_before,
    has_the_link,
    lasts_no_longer,
)
from consentkit.policy.lint.signals import gpc_is_valid
from consentkit.policy.lint.wording import assumes_nothing, refuses_by_name
from consentkit.policy.model import Policy

CHECKS: Final[tuple[Callable[[Facts], Iterator[Finding]], ...]] = (
    grants_nothing_before,
    assumes_nothing,
    refuses_by_name,
    refusal_holds_as_long,
    asks_no_sooner,
    asks_again_for_a_reason,
    browsers_keep_it,
    lasts_no_longer,
    says_what_it_is,
    belongs_to_one_purpose,
    necessary_is_necessary,
    asks_about_what_is_new,
    has_the_link,
    hears_the_signal,
    gpc_is_valid,
    exception_is_kept,
    exempt_is_short,
    google_is_told,
)
"""The checks, in the order of the rules. Rule 36 and half of 35 need a page."""


def lint(
    policy: Policy, *, texts: Texts | None = None, today: str = "", before: Policy | None = None
) -> list[Finding]:
    """Hold a policy against the rules.

    Args:
        policy: What the site tells its visitors.
        texts: Locale → section → key → text, as visitors read it; the policy's own texts if left out.
        today: ISO 8601 date, against which dates are held; empty where nobody says.
        before: The policy that was there before, for the rules about changes.
    """
    facts = Facts(
        policy=policy, texts=policy.banner.text if texts is None else texts, today=today, before=before
    )
    return [finding for check in CHECKS for finding in check(facts)]
