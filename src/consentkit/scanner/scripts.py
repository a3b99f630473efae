"""The scripts that run in the visited pages: each file is one function."""

from __future__ import annotations

from functools import cache
from pathlib import Path


@cache
def read_script(name: str) -> str:
    """Read a script of this room as an expression, as Playwright takes it."""
    return Path(__file__).with_name(f"{name}.js").read_text("utf-8").rstrip().removesuffix(";")
