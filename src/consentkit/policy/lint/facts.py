"""What the checks look at."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from consentkit.policy.model import Policy

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
