"""`Finding`, the result of a rule."""

from collections.abc import Iterable
from typing import Literal

import msgspec

Level = Literal["error", "warning", "note"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A violation of a rule.

    Attributes:
        rule: Number of the rule, a key of `consentkit.lint.RULES`.
        level: ``error``: the rule is broken. ``warning``: it is unless something holds that cannot be seen.
            ``note``: worth knowing.
        where: The key path in the policy, or a URL with, after a space, the element's selector.
        message: What was found.
        fix: What mends it here; empty where the rule's own fix says it.
    """

    rule: int
    level: Level
    where: str
    message: str
    fix: str = ""


def error(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding that breaks its rule."""
    return Finding(rule=rule, level="error", where=where, message=message, fix=fix)


def warning(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding that breaks its rule unless something holds that cannot be seen."""
    return Finding(rule=rule, level="warning", where=where, message=message, fix=fix)


def note(rule: int, where: str, message: str, fix: str = "") -> Finding:
    """Make a finding that is worth knowing."""
    return Finding(rule=rule, level="note", where=where, message=message, fix=fix)


def listed(words: Iterable[str], most: int = 6) -> str:
    """Join words as a list for a message, each once, and count those after the first few."""
    words = list(dict.fromkeys(words))
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + more
