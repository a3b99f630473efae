"""Findings as text, JSON and SARIF."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import quote

import msgspec

from consentkit.policy.lint.model import RULES, Finding, Rule
from consentkit.policy.lint.remedy import toml_for

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


_BARE: Final = r"[A-Za-z0-9_-]+"
_KEY: Final = rf'(?:{_BARE}|"[^"\n]*"|\'[^\'\n]*\')'
_DOTTED: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE: Final = re.compile(rf"\s*\[\[?\s*({_DOTTED})\s*\]")
_PAIR: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_INNER: Final = re.compile(rf"[{{,]\s*({_DOTTED})\s*=")
_PART: Final = re.compile(_KEY)
_INDEX: Final = re.compile(r"\[\d+\]")
_LONG: Final = re.compile("\"\"\"|'''")


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
