"""The rules, all of them: those decided from the configuration and those seen in a browser."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec

from consentkit.policy.lint.model import Rule


def _read() -> tuple[Rule, ...]:
    file = Path(__file__).parents[1] / "data/rules.toml"
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, tuple[Rule, ...]])["rule"]


RULES: Final[Mapping[int, Rule]] = MappingProxyType({rule.number: rule for rule in _read()})
"""All rules by number."""
