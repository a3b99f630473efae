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
    """One rule, from ``data/rules.toml``.

    Attributes:
        number: 1 to 36; never reused.
        kind: ``C``: checked in the configuration. ``B``: checked in a browser only.
        title: The requirement, in a few words.
        source: The law, regulator's text or standard.
        checks: What exactly is checked.
        fix: The usual fix.
        regimes: The regimes under which it is checked in a browser.
        writes: Patterns of key paths in the policy, and the value to write there as a fix.
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
"""The checks of a configuration, in the order of the rules. Rule 36 and half of 35 need a page."""

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
"""The checks of a browser's observations, by number of the rule."""


def lint(
    policy: Policy, *, texts: Texts | None = None, today: str = "", before: Policy | None = None
) -> list[Finding]:
    """Check a policy by the rules for configurations.

    Args:
        policy: The policy.
        texts: Locale → section → key → text, as visitors read it; by default the policy's own texts.
        today: ISO 8601 date, to check dates; empty if unknown.
        before: The previous policy, for the rules about changes.
    """
    texts = policy.banner.text if texts is None else texts
    configuration = Configuration(policy=policy, texts=texts, today=today, before=before)
    return [finding for check in CONFIGURATION_CHECKS for finding in check(configuration)]
