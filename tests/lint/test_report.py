"""Findings as text, JSON and SARIF, with the line in the file."""

from __future__ import annotations

from typing import Any

import pytest

from consentkit.lint import RULES, Finding, locate, to_json, to_sarif, write_text
from consentkit.lint.report import find_line

FILE = '''# A policy.
uses = ["youtube",
        "hotjar"]
site.controller = "Example"
banner.text.en.opt-in.notice = """
lifetime.consent = "this is a text"
"""

[regimes]
default = "opt-in"  # vendors.youtube
GB = { analytics = "inform", marketing = "none" }

[lifetime]
consent = "30 days"

[vendors."own-one"]
name = "Own"
hosts = [
    "a.example",
]
[vendors.two.nothing]
'''
URL = "https://site.example/page"


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("uses", 2),
        ("site.controller", 4),
        ("banner.text.en.opt-in.notice", 5),
        ("banner.text.en.opt-in.title", 5),
        ("banner.layout", 5),
        ("regimes.default", 10),
        ("regimes.GB.analytics", 11),
        ("regimes.GB.marketing", 11),
        ("regimes.FR", 9),
        ("lifetime.consent", 14),
        ("lifetime.refusal", 13),
        ("vendors.own-one.hosts[0]", 18),
        ("vendors.own-one.cookies[0].retention", 16),
        ("vendors.two", 21),
        ("vendors.hotjar.retention", 3),
        ("vendors.unknown.retention", None),
        ("signals.gpc_updated", None),
    ],
)
def test_a_key_path_is_found_in_the_file(path: str, line: int | None) -> None:
    assert find_line(FILE, path) == line


@pytest.fixture
def found() -> list[Any]:
    """Two findings in a file, and one on a page."""
    findings = [
        Finding(rule=20, level="note", where="vendors.hotjar.purpose", message="it is used otherwise"),
        Finding(rule=16, level="error", where="lifetime.consent", message="too soon", fix="Wait."),
        Finding(rule=35, level="error", where=f"{URL} script[src]", message="too late"),
    ]
    return locate(findings, file="my consent.toml", text=FILE)


def test_text_begins_with_the_worst(found: list[Any]) -> None:
    text = write_text(found)
    assert text.startswith(f"my consent.toml:14: error: rule 16: {RULES[16].title}\n")
    assert "    lifetime.consent: too soon\n" in text
    assert "    fix: Wait.\n" in text
    assert f"    law: {RULES[16].source}\n" in text
    assert f"\n{URL}: error: rule 35: " in text
    assert f"    fix: {RULES[35].fix}\n" in text
    assert text.endswith("\nerrors: 2, warnings: 0, notes: 1")
    assert write_text([]) == "errors: 0, warnings: 0, notes: 0"


def test_json_says_all(found: list[Any]) -> None:
    first, second, third = to_json(found)
    assert second == {
        "rule": 16,
        "level": "error",
        "where": "lifetime.consent",
        "message": "too soon",
        "fix": "Wait.",
        "title": RULES[16].title,
        "source": RULES[16].source,
        "file": "my consent.toml",
        "line": 14,
        "toml": '[lifetime]\nconsent = "180 days"',
    }
    assert (first["line"], third["line"], third["file"]) == (3, None, URL)


def test_sarif_has_what_the_standard_asks_for(found: list[Any]) -> None:
    """OASIS SARIF 2.1.0, sections 3.13, 3.14, 3.18, 3.19, 3.27, 3.28 and 3.49."""
    log = to_sarif(found, version="1.0")
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "consentkit"
    assert [rule["id"] for rule in driver["rules"]] == ["CK16", "CK20", "CK35"]
    for rule in driver["rules"]:
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert result["ruleId"] == driver["rules"][result["ruleIndex"]]["id"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
    places = [result["locations"][0]["physicalLocation"] for result in run["results"]]
    assert places == [
        {"artifactLocation": {"uri": "my%20consent.toml"}, "region": {"startLine": 3}},
        {"artifactLocation": {"uri": "my%20consent.toml"}, "region": {"startLine": 14}},
        {"artifactLocation": {"uri": URL}},
    ]


def test_an_absolute_path_becomes_a_file_url() -> None:
    finding = Finding(rule=16, level="error", where="lifetime.consent", message="too soon")
    (result,) = to_sarif(locate([finding], file="/etc/consent.toml", text=""), version="1.0")["runs"][0][
        "results"
    ]
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///etc/consent.toml"}
    }
