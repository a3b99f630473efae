"""Lines of consent.toml: where a finding's key stands, and what to write to mend it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Final

from consentkit.lint.finding import Finding
from consentkit.lint.registry import RULES

_KEYS: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_VENDOR: Final = """[vendors.{0}-service]
name = "…"  # as visitors know it
purpose = "{0}"
hosts = ["stats.example.org"]
retention = "13 months\""""


def toml_for(finding: Finding) -> str:
    """Return lines that mend a finding; empty where no key would.

    Of a table that is in the file already, the key goes there.
    """
    if not _KEYS.fullmatch(finding.where):
        return ""
    table, _, key = finding.where.rpartition(".")
    if finding.rule == 19 and table == "purposes":
        return _VENDOR.format(key)
    writes = RULES[finding.rule].writes.items()
    value = next((value for where, value in writes if re.fullmatch(where, finding.where)), "")
    return f"[{table}]\n{key} = {value}" if value else ""


def find_line(text: str, path: str) -> int | None:
    """Return the line, from 1, on which a key path begins in a TOML file, or the nearest table around it.

    Args:
        text: The file. Of what it leaves to defaults, nothing stands anywhere.
        path: A key path such as ``vendors.youtube.hosts[1]``.
    """
    wanted = re.sub(r"\[\d+\]", "", path).split(".")
    lines = dict(reversed(list(_keys(text))))  # the first of each
    vendor = wanted[1] if wanted[0] == "vendors" and len(wanted) > 1 else ""
    for length in range(len(wanted), 1 if vendor else 0, -1):
        if line := lines.get(tuple(wanted[:length])):
            return line
    used = (f'"{vendor}"', f"'{vendor}'")  # a vendor that stands in `uses` only
    numbered = enumerate(text.splitlines(), 1) if vendor else ()
    return next((number for number, line in numbered if any(name in line for name in used)), None)


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every key and table, statement by statement, with the line on which the statement begins."""
    header, statement, start = "", "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        statement += line
        try:
            table = tomllib.loads(header + statement)
        except tomllib.TOMLDecodeError:  # the statement goes on in the next line
            continue
        for path in _paths(table):
            yield path, start
        if statement.lstrip().startswith("["):
            header = statement
        statement, start = "", number + 1


def _paths(table: Mapping[str, object], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in table.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from _paths(value, (*path, key))
