"""The scripts that run in the visited pages: each file is one function."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def read_script(name: str) -> str:
    """Read a script of this room as an expression, as Playwright takes it."""
    file = resources.files("consentkit.scanner") / f"{name}.js"
    return file.read_text("utf-8").rstrip().removesuffix(";")
