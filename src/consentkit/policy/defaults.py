"""The four purposes that every policy has."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib import resources

import msgspec
from msgspec.structs import replace

from consentkit.policy.tables import Purpose

_FILE = resources.files("consentkit.policy") / "data/purposes.toml"

DEFAULT_PURPOSES: Mapping[str, Purpose] = {
    ident: msgspec.convert({"id": ident, **table}, Purpose)
    for ident, table in tomllib.loads(_FILE.read_text("utf-8")).items()
}


def with_default(purpose: Purpose) -> Purpose:
    """Fill in what a purpose leaves open from the default purpose of its name, if there is one."""
    base = DEFAULT_PURPOSES.get(purpose.id, Purpose(sale=False))
    return replace(
        purpose,
        title=purpose.title or base.title,
        description=purpose.description or base.description,
        sale=base.sale if purpose.sale is None else purpose.sale,
    )
