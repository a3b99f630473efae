"""Lines of consent.toml: where a finding's key stands, and what to write to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from consentkit.lint.finding import Finding

# By rule: which keys can be written, as a pattern of key paths, and their value. Values that only the author
# knows say so.
_VALUES: Final[Mapping[int, tuple[tuple[str, str], ...]]] = {
    1: ((r"regimes\..+", '"opt-in"'), (r".+\.consent_mode", '"basic"')),
    15: ((r"lifetime\.refusal", '"400 days"  # no less than lifetime.consent'),),
    16: ((r"lifetime\.\w+", '"180 days"'),),
    18: ((r"lifetime\.consent", '"180 days"  # or what the finding names'),),
    19: (
        (r"vendors\..+\.description", '"…"  # what it does, in one sentence for visitors'),
        (r"vendors\..+\.retention", '"13 months"  # or for how long it says that it keeps data'),
    ),
    26: ((r"banner\.link", "true"), (r"regimes\..+", '"opt-out"')),
    27: ((r"vendors\..+\.purpose", '"marketing"  # or another with sale = true'),),
    30: ((r"signals\.gpc_updated", '"2026-11-30"  # the day on which gpc.json last changed'),),
    31: ((r"vendors\..+\.own_use", "false  # if your contract says so"), (r"regimes\..+", '"opt-in"')),
}
_VENDOR: Final = """[vendors.{0}-service]
name = "…"  # as visitors know it
purpose = "{0}"
hosts = ["stats.example.org"]
retention = "13 months\""""
_KEYS: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")


_BARE: Final = r"[A-Za-z0-9_-]+"
_KEY: Final = rf'(?:{_BARE}|"[^"\n]*"|\'[^\'\n]*\')'
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE: Final = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_PAIR: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_INNER: Final = re.compile(rf"[{{,]\s*({_DOTTED})\s*=")
_PART: Final = re.compile(_KEY)
_INDEX: Final = re.compile(r"\[\d+\]")
_LONG: Final = re.compile("\"\"\"|'''")


def toml_for(finding: Finding) -> str:
    """Return lines that mend a finding; empty where no key would.

    Of a table that is in the file already, the key goes there.
    """
    if not _KEYS.fullmatch(finding.where):
        return ""
    table, _, key = finding.where.rpartition(".")
    if finding.rule == 19 and table == "purposes":
        return _VENDOR.format(key)
    values = _VALUES.get(finding.rule, ())
    value = next((value for where, value in values if re.fullmatch(where, finding.where)), "")
    return f"[{table}]\n{key} = {value}" if value else ""


def find_line(text: str, path: str) -> int | None:
    """Return the line, from 1, on which a key path stands in a TOML file, or the nearest table around it.

    Args:
        text: The file. Of what it leaves to defaults, nothing stands anywhere.
        path: A key path such as ``vendors.youtube.hosts[1]``.
    """
    wanted = _INDEX.sub("", path).split(".")
    lines = dict(reversed(list(_keys(text))))
    for length in range(len(wanted), 0, -1):
        if line := lines.get(tuple(wanted[:length])):
            if length < 2 and wanted[0] == "vendors":
                break
            return line
    return _find_use(text, wanted[1]) if wanted[0] == "vendors" and len(wanted) > 1 else None


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every key and table with its line; what stands in strings of several lines is left out."""
    table: tuple[str, ...] = ()
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if inside:
            inside = "" if inside in line else inside
            continue
        if header := _TABLE.match(line):
            table = _parts(header[1])
            yield from _prefixes(table, number)
        elif pair := _PAIR.match(line):
            key = table + _parts(pair[1])
            yield from _prefixes(key, number)
            for inner in _INNER.finditer(line, pair.end()):
                yield key + _parts(inner[1]), number
        quotes = _LONG.findall(line)
        inside = quotes[0] if len(quotes) % 2 else ""


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _prefixes(key: tuple[str, ...], line: int) -> Iterator[tuple[tuple[str, ...], int]]:
    for length in range(1, len(key) + 1):
        yield key[:length], line


def _find_use(text: str, vendor: str) -> int | None:
    """Find a vendor that stands in `uses` only."""
    for number, line in enumerate(text.splitlines(), 1):
        if f'"{vendor}"' in line or f"'{vendor}'" in line:
            return number
    return None
