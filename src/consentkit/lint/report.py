"""Findings as text, JSON and SARIF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from consentkit.lint.finding import Finding
from consentkit.lint.registry import RULES, Rule
from consentkit.lint.toml_lines import find_line, toml_for

_SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS: Final = ("error", "warning", "note")


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """A finding and where it stands.

    Attributes:
        finding: What was found.
        file: The policy's file, or a URL.
        line: The line in the file, from 1; ``None`` where it stands in none.
    """

    finding: Finding
    file: str
    line: int | None = None

    @property
    def fix(self) -> str:
        """Return what mends it."""
        return self.finding.fix or RULES[self.finding.rule].fix

    @property
    def toml(self) -> str:
        """Return what to write into the policy; empty where that mends nothing."""
        return toml_for(self.finding)

    @property
    def place(self) -> str:
        """Return where it is, as compilers write it."""
        return f"{self.file}:{self.line}" if self.line else self.file


def locate(findings: Iterable[Finding], *, file: str, text: str) -> list[Located]:
    """Find out where findings stand.

    Args:
        findings: Those of a policy and those of pages.
        file: The policy's file.
        text: What is in it.
    """
    return [_locate(finding, file, text) for finding in findings]


def _locate(finding: Finding, file: str, text: str) -> Located:
    if "://" in finding.where:
        return Located(finding=finding, file=finding.where.partition(" ")[0])
    return Located(finding=finding, file=file, line=find_line(text, finding.where))


def write_text(found: Sequence[Located]) -> str:
    """Write findings for people to read, the worst first, and how many there are.

    What pages and files say in a finding stays on its line.
    """
    ordered = sorted(found, key=lambda one: _LEVELS.index(one.finding.level))
    lines = [line for one in ordered for line in _lines(one)]
    return "\n".join([*lines, _summary(found)])


def _lines(one: Located) -> Iterator[str]:
    finding, rule = one.finding, RULES[one.finding.rule]
    yield f"{_flat(one.place)}: {finding.level}: rule {rule.number}: {rule.title}"
    yield f"    {_flat(finding.where)}: {_flat(finding.message)}"
    yield f"    law: {rule.source}"
    yield f"    fix: {_flat(one.fix)}"
    if one.toml:
        yield "    write:"
        yield from (f"        {line}" for line in one.toml.splitlines())
    yield ""


def _flat(text: str) -> str:
    return " ".join(text.split())


def _summary(found: Sequence[Located]) -> str:
    counts = Counter(one.finding.level for one in found)
    return ", ".join(f"{level}s: {counts[level]}" for level in _LEVELS)


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
        "id": _id(rule.number),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": f"{rule.title}. Source: {rule.source}."},
        "help": {"text": f"{rule.fix} Source: {rule.source}."},
    }


def _result(one: Located, index: int) -> dict[str, Any]:
    finding = one.finding
    text = f"{finding.where}: {finding.message}. {one.fix}"
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(one.file)}}
    if one.line:
        place["region"] = {"startLine": one.line}
    return {
        "ruleId": _id(finding.rule),
        "ruleIndex": index,
        "level": finding.level,
        "message": {"text": "\n".join(filter(None, (text, one.toml)))},
        "locations": [
            {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": finding.where}]}
        ],
    }


def _uri(file: str) -> str:
    """Write a path as a URI, relative where the path is; a URL stays as it is."""
    if "://" in file:
        return file
    return ("file://" if file.startswith("/") else "") + quote(file)


def _id(number: int) -> str:
    return f"CK{number:02}"
