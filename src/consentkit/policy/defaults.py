"""The four purposes that every policy has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

from consentkit.policy.tables import Purpose


@cache
def default_purposes() -> Mapping[str, Purpose]:
    """Return them by id."""
    tables = msgspec.toml.decode((Path(__file__).with_name("data") / "purposes.toml").read_bytes())
    return {ident: msgspec.convert({"id": ident, **table}, Purpose) for ident, table in tables.items()}


def with_default(purpose: Purpose) -> Purpose:
    """Fill in what a purpose leaves open from the default purpose of its name, if there is one."""
    base = default_purposes().get(purpose.id, Purpose(sale=False))
    return replace(
        purpose,
        title=purpose.title or base.title,
        description=purpose.description or base.description,
        sale=base.sale if purpose.sale is None else purpose.sale,
    )
