"""Rules of law, and what breaks them."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["C", "B"]
Level = Literal["error", "warning", "note"]


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule that a site can be held against.

    Attributes:
        number: 1 to 36; never given to another rule.
        kind: ``C``: decided from the configuration. ``B``: seen in a browser only.
        title: What must hold, a few words.
        source: The law, the regulator's text or the standard that says so.
        checks: What exactly is looked at.
        fix: What usually mends it.
    """

    number: int
    kind: Kind
    title: str
    source: str
    checks: str
    fix: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that breaks a rule.

    Attributes:
        rule: Number of the rule.
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
