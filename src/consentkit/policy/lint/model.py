"""Rules of law, what the checks look at, and what breaks a rule."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from consentkit.policy.model import Policy

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


Texts = Mapping[str, Mapping[str, Mapping[str, str]]]
"""Locale → section → key → text."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """A policy, and what else a rule may need to know.

    Attributes:
        policy: What is held against the rules.
        texts: The banner's texts.
        today: ISO 8601 date; empty where nobody says.
        before: The policy that was there before, if any.
    """

    policy: Policy
    texts: Texts
    today: str = ""
    before: Policy | None = None


def _read() -> tuple[Rule, ...]:
    file = Path(__file__).parents[1] / "data/rules.toml"
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, tuple[Rule, ...]])["rule"]


RULES: Final[Mapping[int, Rule]] = MappingProxyType({rule.number: rule for rule in _read()})
"""All rules by number."""
