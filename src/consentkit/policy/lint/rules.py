"""The rules, all of them: those decided from the configuration and those seen in a browser."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType
from typing import Final

import msgspec

from consentkit.policy.lint.model import Rule


def _read() -> tuple[Rule, ...]:
    text = resources.files("consentkit.policy").joinpath("data/rules.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["rule"], tuple[Rule, ...])


RULES: Final[Mapping[int, Rule]] = MappingProxyType({rule.number: rule for rule in _read()})
"""All rules by number."""
