"""What a rule finds, before it is known which rule that was."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from consentkit.policy.lint.model import Level

_NAMED = 4


class Flaw(NamedTuple):
    """Something that breaks a rule; see `consentkit.policy.lint.Finding`."""

    where: str
    message: str
    level: Level = "error"
    fix: str = ""


def listed(names: Collection[str]) -> str:
    """Name some things, and how many more there are."""
    unique = sorted(set(names))
    rest = f" and {len(unique) - _NAMED} more" if len(unique) > _NAMED else ""
    return ", ".join(unique[:_NAMED]) + rest
