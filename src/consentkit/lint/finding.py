"""`Finding`, the result of a rule."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A violation of a rule.

    Attributes:
        rule: Number of the rule, a key of `consentkit.lint.RULES`.
        level: ``error``: the rule is broken. ``warning``: it is, unless unchecked facts excuse it.
            ``note``: worth knowing.
        where: Key path in the policy, or a URL, with the element's selector after a space.
        message: The problem.
        fix: The fix; empty if the rule's general fix applies.
    """

    rule: int
    level: Level
    where: str
    message: str
    fix: str = ""


def error(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding of level ``error``."""
    return Finding(rule=rule, level="error", where=where, message=message, fix=fix)


def warning(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding of level ``warning``."""
    return Finding(rule=rule, level="warning", where=where, message=message, fix=fix)


def note(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding of level ``note``."""
    return Finding(rule=rule, level="note", where=where, message=message, fix=fix)


def listed(words: Iterable[str], most: int = 6) -> str:
    """Join words for a message, without duplicates: the first few, and the number of the others."""
    words = list(dict.fromkeys(words))
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
