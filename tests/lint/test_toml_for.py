"""What a finding says to write, written, mends it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import tomlkit

from consentkit.lint import RULES, Finding, lint, locate, to_json, toml_for, write_text
from consentkit.policy import Policy

TODAY = "2026-11-30"

WRONG = [
    ('uses = ["youtube"]', 19, "vendors.youtube.retention"),
    ('[purposes.maps]\ntitle = "Maps"\ndescription = "Maps."', 19, "purposes.maps"),
    (
        '[vendors.stats]\nname = "S"\npurpose = "analytics"\nhosts = ["s.example"]',
        19,
        "vendors.stats.description",
    ),
    ('[regimes]\nFR = "opt-out"', 1, "regimes.FR"),
    (
        'uses = ["google-analytics"]\n[vendors.google-analytics]\nconsent_mode = "advanced"',
        1,
        "vendors.google-analytics.consent_mode",
    ),
    ('[lifetime]\nconsent = "30 days"', 16, "lifetime.consent"),
    ('[lifetime]\nconsent = "200 days"\nrefusal = "190 days"', 15, "lifetime.refusal"),
    ('uses = ["meta-pixel"]\n[banner]\nlink = false', 26, "banner.link"),
    ('uses = ["meta-pixel"]\n[vendors.meta-pixel]\npurpose = "analytics"', 27, "vendors.meta-pixel.purpose"),
    ('[signals]\ngpc_updated = "2030-01-01"', 30, "signals.gpc_updated"),
]


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    both = {**first, **second}
    for key in first.keys() & second.keys():
        if isinstance(first[key], dict):
            both[key] = merged(first[key], second[key])
    return both


def found(text: str) -> dict[tuple[int, str], Finding]:
    return {(one.rule, one.where): one for one in lint(Policy.loads(text), today=TODAY)}


@pytest.mark.parametrize(("text", "rule", "where"), WRONG)
def test_written_it_mends(text: str, rule: int, where: str) -> None:
    finding = found(text)[rule, where]
    written = merged(tomllib.loads(text), tomllib.loads(toml_for(finding)))
    assert (rule, where) not in found(tomlkit.dumps(written))


def test_it_is_shown_to_people_and_to_programs() -> None:
    located = locate(found('uses = ["youtube"]').values(), file="consent.toml", text='uses = ["youtube"]')
    assert "    write:\n        [vendors.youtube]\n        retention = " in write_text(located)
    assert to_json(located)[0]["toml"].startswith("[vendors.youtube]\nretention = ")


@pytest.mark.parametrize(
    "where", ["https://site.example/ #a", "vendors.a.hosts[0]", "", "uses", "regimes.FR\nx"]
)
@pytest.mark.parametrize("rule", RULES)
def test_where_no_key_mends_nothing_is_written(rule: int, where: str) -> None:
    assert toml_for(Finding(rule=rule, level="error", where=where, message="")) == ""
