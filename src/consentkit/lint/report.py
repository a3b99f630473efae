"""Reports: findings with their lines in consent.toml and what to write there, as text, JSON and SARIF."""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from consentkit.lint.finding import Finding
from consentkit.lint.registry import RULES, Rule

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = ("error", "warning", "note")
_KEYS: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")
_VENDOR: Final = """[vendors.{0}-service]
name = "…"  # as visitors know it
purpose = "{0}"
hosts = ["stats.example.org"]
retention = "13 months\""""


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and its place.

    Attributes:
        finding: The finding.
        file: The policy's file, or a URL.
        line: The line in the file, from 1; ``None`` if there is none.
    """

    finding: Finding
    file: str
    line: int | None = None

    @property
    def fix(self) -> str:
        """Return the fix."""
        return self.finding.fix or RULES[self.finding.rule].fix

    @property
    def toml(self) -> str:
        """Return the lines to write into the policy; empty if that is no fix."""
        return toml_for(self.finding)


def locate(findings: Iterable[Finding], *, file: str, text: str) -> list[Located]:
    """Find the lines of findings.

    Args:
        findings: Findings about a policy and about pages.
        file: The policy's file.
        text: The file's content.
    """
    return [
        Located(finding=one, file=one.where.partition(" ")[0])
        if "://" in one.where
        else Located(finding=one, file=file, line=find_line(text, one.where))
        for one in findings
    ]


def write_text(found: Sequence[Located]) -> str:
    """Write findings as text, the worst first, and their number by level.

    Line breaks in findings are replaced, since they may quote pages and files.
    """
    ordered = sorted(found, key=lambda one: _LEVELS.index(one.finding.level))
    lines = [line for one in ordered for line in _lines(one)]
    counts = Counter(one.finding.level for one in found)
    return "\n".join([*lines, ", ".join(f"{level}s: {counts[level]}" for level in _LEVELS)])


def _lines(one: Located) -> Iterator[str]:
    finding, rule = one.finding, RULES[one.finding.rule]
    place = f"{one.file}:{one.line}" if one.line else one.file  # as compilers write it
    yield f"{_flat(place)}: {finding.level}: rule {rule.number}: {rule.title}"
    yield f"    {_flat(finding.where)}: {_flat(finding.message)}"
    yield f"    law: {rule.source}"
    yield f"    fix: {_flat(one.fix)}"
    if one.toml:
        yield "    write:"
        yield from (f"        {line}" for line in one.toml.splitlines())
    yield ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def to_json(found: Iterable[Located]) -> list[dict[str, Any]]:
    """Return findings as plain values, each with its rule's title and source."""
    return [
        {
            **msgspec.to_builtins(one.finding),
            "fix": one.fix,
            "toml": one.toml,
            "title": RULES[one.finding.rule].title,
            "source": RULES[one.finding.rule].source,
            "file": one.file,
            "line": one.line,
        }
        for one in found
    ]


def to_sarif(found: Sequence[Located], *, version: str) -> dict[str, Any]:
    """Return findings as a log of SARIF 2.1.0 with one run.

    Args:
        found: The findings.
        version: The package's version.
    """
    rules = [RULES[number] for number in sorted({one.finding.rule for one in found})]
    index = {rule.number: at for at, rule in enumerate(rules)}
    driver = {"name": "consentkit", "version": version, "rules": [_descriptor(rule) for rule in rules]}
    run = {"tool": {"driver": driver}, "results": [_result(one, index[one.finding.rule]) for one in found]}
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _descriptor(rule: Rule) -> dict[str, Any]:
    return {
        "id": f"CK{rule.number:02}",
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. Source: {rule.source}."},
        "help": {"text": f"{rule.fix} Source: {rule.source}."},
    }


def _result(one: Located, index: int) -> dict[str, Any]:
    finding = one.finding
    text = f"{finding.where}: {finding.message}. {one.fix}"
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(one.file)}}
    logical = {"fullyQualifiedName": finding.where}
    if one.line:
        place["region"] = {"startLine": one.line}
    return {
        "ruleId": f"CK{finding.rule:02}",
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": "\n".join(filter(None, (text, one.toml)))},
        "locations": [{"physicalLocation": place, "logicalLocations": [logical]}],
    }


def _uri(file: str) -> str:
    """Write a path as a URI, relative if the path is; a URL is returned unchanged."""
    if "://" in file:
        return file
    return ("file://" if file.startswith("/") else "") + quote(file)


# --- consent.toml


def toml_for(finding: Finding) -> str:
    """Return lines of TOML that fix a finding; empty if no key would.

    If the table is already in the file, the key belongs there.
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
        text: The file's content.
        path: A key path such as ``vendors.youtube.hosts[1]``.
    """
    wanted = re.sub(r"\[\d+\]", "", path).split(".")
    lines = dict(reversed(list(_keys(text))))  # the first of each
    vendor = wanted[1] if wanted[0] == "vendors" and len(wanted) > 1 else ""
    for length in range(len(wanted), 1 if vendor else 0, -1):
        if line := lines.get(tuple(wanted[:length])):
            return line
    used = (f'"{vendor}"', f"'{vendor}'")  # a vendor that is only in `uses`
    numbered = enumerate(text.splitlines(), 1) if vendor else ()
    return next((number for number, line in numbered if any(name in line for name in used)), None)


def _keys(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield every key and table, statement by statement, with the first line of the statement."""
    header, statement, start = "", "", 1
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        statement += line
        try:
            table = tomllib.loads(header + statement)
        except tomllib.TOMLDecodeError:  # the statement continues on the next line
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
