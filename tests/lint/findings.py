"""What lint finds in a policy, for the tests of its rules."""

from __future__ import annotations

from typing import Any

from consentkit import Policy
from consentkit.lint import lint

TODAY = "2026-11-22"


def found(policy: str, rule: int, **facts: Any) -> list[tuple[str, str]]:
    """Return level and place of what breaks one rule."""
    findings = lint(Policy.loads(policy), today=TODAY, **facts)
    return [(finding.level, finding.where) for finding in findings if finding.rule == rule]
