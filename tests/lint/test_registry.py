"""The rules of law that are decided from the configuration, and from the source of a page."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from consentkit import Policy
from consentkit.lint import RULES, Finding, lint, lint_page
from consentkit.lint.registry import BROWSER_CHECKS
from lint.findings import TODAY

EXAMPLES: list[dict[str, Any]] = tomllib.loads(Path(__file__).with_name("examples.toml").read_text("utf-8"))[
    "examples"
]


def look(example: dict[str, Any], side: str) -> list[Finding]:
    """Hold one side of an example against the rules."""
    if "page" in example:
        headers = example.get("headers", {}).get(side, {})
        return lint_page(example["page"][side].encode(), headers.items(), url="https://site.example/")
    before = Policy.loads(example["before"]) if "before" in example else None
    return lint(Policy.loads(example[side]), today=TODAY, before=before)


def test_the_rules_are_numbered_and_each_says_what_it_must() -> None:
    assert list(RULES) == list(range(1, 37))
    for number, rule in RULES.items():
        assert rule.number == number
        assert all((rule.title, rule.source, rule.checks, rule.fix)), number


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["rule"]))
def test_of_each_rule_one_example_fails_and_one_passes(example: dict[str, Any]) -> None:
    rule = example["rule"]
    assert rule in {finding.rule for finding in look(example, "fails")}
    assert rule not in {finding.rule for finding in look(example, "passes")}


def test_every_rule_that_needs_no_browser_has_examples() -> None:
    assert {example["rule"] for example in EXAMPLES} == {n for n, rule in RULES.items() if rule.kind == "C"}


def test_every_rule_of_the_browser_is_checked() -> None:
    assert BROWSER_CHECKS.keys() == {rule.number for rule in RULES.values() if rule.kind == "B"}


def test_a_policy_that_says_nothing_breaks_nothing() -> None:
    assert lint(Policy(), today=TODAY) == []
