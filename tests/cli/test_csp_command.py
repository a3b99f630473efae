"""``consentkit csp report``: what was seen that nobody declared, and the TOML that declares it."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from consentkit import Policy
from consentkit.cli.root import root
from consentkit.log import ConsentLog

FIRST, LAST = "2026-11-20", "2026-11-22"


@pytest.fixture
def log(path: Path) -> Iterator[ConsentLog]:
    """Make an empty log."""
    with ConsentLog(path) as made:
        made.commit([])
        yield made


def see(log: ConsentLog, day: str, *keys: str) -> None:
    """Write that each of these was reported twice on a day."""
    for key in keys * 2:
        log.observed.add("csp", [key], now=int(datetime.fromisoformat(f"{day}T12:00:00Z").timestamp()))
    log.write_observations()


def run(path: Path, *arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(root, ["csp", "report", "--log", str(path), *map(str, arguments)])


def test_nothing_seen(path: Path, log: ConsentLog) -> None:
    result = run(path)
    assert result.exit_code == 0
    assert "No undeclared host was reported" in result.output
    assert run(path, "--json").output == "[]\n"


def test_a_log_that_is_not_there_is_not_made(path: Path) -> None:
    result = run(path)
    assert (result.exit_code, path.exists()) == (2, False)
    assert "there is no log at" in result.stderr


def test_hosts_by_count_with_days_and_directives(path: Path, log: ConsentLog) -> None:
    see(log, FIRST, "img-src a.example", "script-src-elem b.example")
    see(log, LAST, "connect-src a.example")
    assert json.loads(run(path, "--json").output) == [
        {
            "host": "a.example",
            "directives": {"img-src": 2, "connect-src": 2},
            "first": FIRST,
            "last": LAST,
            "vendors": [],
            "count": 4,
        },
        {
            "host": "b.example",
            "directives": {"script-src-elem": 2},
            "first": FIRST,
            "last": FIRST,
            "vendors": [],
            "count": 2,
        },
    ]
    rows = run(path).output.splitlines()[:3]
    assert rows[1].split() == ["a.example", "4", FIRST, LAST, "connect-src", "img-src"]
    assert rows[2].split() == ["b.example", "2", FIRST, FIRST, "script-src-elem"]
    assert [one["host"] for one in json.loads(run(path, "--json", "--since", LAST).output)] == ["a.example"]


def test_the_toml_declares_what_was_seen(path: Path, log: ConsentLog, tmp_path: Path) -> None:
    see(log, LAST, "script-src-elem static.hotjar.com", "img-src 1a.cdn.example", "img-src b.example")
    lines = run(path).output.split("\n\n", 1)[1].splitlines()
    toml = "\n".join(line for line in lines if not line.startswith("Anybody"))
    assert tomllib.loads(toml)["uses"] == ["hotjar"]
    policy = Policy.loads(toml)
    hosts = {host for vendor in policy.vendors_declared.values() for host in vendor.hosts}
    assert hosts == {"1a.cdn.example", "b.example"}
    declared = tmp_path / "consent.toml"
    declared.write_text(toml)
    assert "No undeclared host" in run(path, "--policy", declared).output


def test_what_is_used_already_is_kept_in_the_line(path: Path, log: ConsentLog, tmp_path: Path) -> None:
    see(log, LAST, "script-src-elem static.hotjar.com")
    declared = tmp_path / "consent.toml"
    declared.write_text('uses = ["clarity"]\n')
    assert 'uses = ["clarity", "hotjar"]' in run(path, "--policy", declared).output


def test_a_host_of_several_vendors_is_left_to_the_author(path: Path, log: ConsentLog) -> None:
    see(log, LAST, "script-src-elem www.googletagmanager.com")
    output = run(path).output
    assert "uses = " not in output
    line = next(line for line in output.splitlines() if line.startswith("# www.googletagmanager.com: "))
    assert {"google-analytics", "google-ads", "google-tag-manager"} <= set(line.replace(",", "").split())


def test_a_policy_that_cannot_be_read_is_a_usage_error(path: Path, log: ConsentLog) -> None:
    result = run(path, "--policy", "nowhere.toml")
    assert result.exit_code == 2
    assert "cannot read the policy" in result.stderr
