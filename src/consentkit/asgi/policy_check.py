"""The policy against the law's rules, when the application starts."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Final

from consentkit.asgi.clock import epoch
from consentkit.exceptions import ConfigurationError
from consentkit.lint import RULES, Finding, lint
from consentkit.policy import Policy

_logger: Final = logging.getLogger("consentkit")


def check_policy(policy: Policy, *, strict: bool) -> None:
    """Log each error that lint finds in a policy, and how much of its lists of hosts is used.

    Args:
        policy: What visitors are told.
        strict: Whether to refuse it instead.

    Raises:
        ConfigurationError: There are errors, and `strict` holds; it lists all of them.
    """
    today = datetime.fromtimestamp(epoch(), UTC).date().isoformat()
    errors = [_line(finding) for finding in lint(policy, today=today) if finding.level == "error"]
    if errors and strict:
        raise ConfigurationError("; ".join(errors), path="policy")
    for line in errors:
        _logger.error("%s", line)
    for entry in policy.lists:
        log = _logger.info if entry.hosts.used else _logger.warning
        kinds = ", ".join(f"{count} {kind}" for kind, count in entry.hosts.passed_over.items())
        log("list %s: %d rules used; passed over: %s", entry.file, entry.hosts.used, kinds or "none")


def _line(finding: Finding) -> str:
    rule = RULES[finding.rule]
    return f"lint: rule {rule.number}, {finding.where}: {finding.message} ({finding.fix or rule.fix})"
