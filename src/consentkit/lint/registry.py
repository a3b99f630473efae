"""The registry of all rules, and the functions that check them."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from consentkit.lint import banner_rules, declaration_rules, jurisdiction_rules, tracking_rules
from consentkit.lint.facts import Configuration, Observations, Texts
from consentkit.lint.finding import Finding
from consentkit.lint.page_rules import check_gpc_date
from consentkit.lint.text_rules import check_assumed_consent, check_reject_label
from consentkit.policy import Policy, Regime


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that a site can be held against, from ``data/rules.toml``.

    Attributes:
        number: 1 to 36; never given to another rule.
        kind: ``C``: decided from the configuration. ``B``: seen in a browser only.
        title: What must hold, a few words.
        source: The law, the regulator's text or the standard that says so.
        checks: What exactly is looked at.
        fix: What usually mends it.
        regimes: Under which of them a browser looks.
        writes: Patterns of key paths in the policy, and what to write there to mend it.
    """

    number: int
    kind: Literal["C", "B"]
    title: str
    source: str
    checks: str
    fix: str
    regimes: frozenset[Regime] = frozenset(Regime)
    writes: Mapping[str, str] = {}


_DATA: Final = (Path(__file__).with_name("data") / "rules.toml").read_bytes()

RULES: Final[Mapping[int, Rule]] = {
    rule.number: rule for rule in msgspec.toml.decode(_DATA, type=dict[str, list[Rule]])["rule"]
}
"""All rules by number."""

CONFIGURATION_CHECKS: Final[tuple[Callable[[Configuration], Iterator[Finding]], ...]] = (
    jurisdiction_rules.check_prior_grants,
    jurisdiction_rules.check_advanced_mode,
    check_assumed_consent,
    check_reject_label,
    jurisdiction_rules.check_refusal_lifetime,
    jurisdiction_rules.check_asking_sooner,
    declaration_rules.check_asking_again,
    jurisdiction_rules.check_cookie_retention,
    jurisdiction_rules.check_grant_lifetime,
    declaration_rules.check_descriptions,
    declaration_rules.check_single_purpose,
    declaration_rules.check_necessary,
    declaration_rules.check_edition,
    jurisdiction_rules.check_sale_link,
    declaration_rules.check_sale,
    check_gpc_date,
    jurisdiction_rules.check_british_exception,
    jurisdiction_rules.check_exempt_retention,
    declaration_rules.check_google_host,
)
"""What checks a configuration, in the order of the rules. Rule 36 and half of 35 need a page."""

BROWSER_CHECKS: Final[Mapping[int, Callable[[Observations], Iterator[Finding]]]] = {
    3: banner_rules.check_reject_button,
    4: banner_rules.check_equal_buttons,
    5: banner_rules.check_contrast,
    6: banner_rules.check_ticked_boxes,
    7: banner_rules.check_presses_to_reject,
    8: banner_rules.check_gestures,
    9: tracking_rules.check_requests_before_choice,
    10: tracking_rules.check_storage_before_choice,
    11: tracking_rules.check_after_refusal,
    12: tracking_rules.check_after_withdrawal,
    13: banner_rules.check_settings_control,
    14: banner_rules.check_presses_to_withdraw,
    23: banner_rules.check_language,
    24: banner_rules.check_open_content,
    25: tracking_rules.check_policy_link,
    27: tracking_rules.check_signal_opts_out,
    28: tracking_rules.check_signal_never_grants,
    29: tracking_rules.check_signal_prevails,
    33: banner_rules.check_accessibility,
    34: banner_rules.check_machine_refusal,
}
"""What checks the observations of a browser, by number of the rule."""


def lint(
    policy: Policy, *, texts: Texts | None = None, today: str = "", before: Policy | None = None
) -> list[Finding]:
    """Hold a policy against the rules of configuration.

    Args:
        policy: What the site tells its visitors.
        texts: Locale → section → key → text, as visitors read it; the policy's own texts if left out.
        today: ISO 8601 date, to check dates; empty if unknown.
        before: The policy that was there before, for the rules about changes.
    """
    texts = policy.banner.text if texts is None else texts
    configuration = Configuration(policy=policy, texts=texts, today=today, before=before)
    return [finding for check in CONFIGURATION_CHECKS for finding in check(configuration)]
