"""``consentkit lint``: a policy and a page, three formats, and the exit codes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from consentkit import Policy, scanner
from consentkit.cli.root import root
from consentkit.exceptions import MissingExtra
from consentkit.lint import Finding

BAD = '[lifetime]\nconsent = "30 days"\n'
WORTH_A_WARNING = 'uses = ["youtube"]\n'

PAGES = {
    "/": ("text/html", '<a href="/_consent/">Privacy</a>'),
    "/early": (
        "text/html",
        '<a href="/_consent/"></a><script src="https://www.googletagmanager.com/gtm.js">',
    ),
    "/privacy": ("text/html", "Privacy"),
    "/.well-known/gpc.json": ("application/json", '{"gpc": true, "lastUpdate": "2026-01-01"}'),
}


class Pages(BaseHTTPRequestHandler):
    """Answers with the pages above."""

    def do_GET(self) -> None:
        kind, body = PAGES.get(self.path, ("text/plain", ""))
        self.send_response(200 if self.path in PAGES else 404)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Serve the pages above."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(root, ["lint", *arguments])


@pytest.mark.parametrize(("text", "code"), [("", 0), (WORTH_A_WARNING, 0), (BAD, 1)])
def test_errors_alone_make_it_fail(folder: Path, text: str, code: int) -> None:
    (folder / "consent.toml").write_text(text)
    assert run().exit_code == run("consent.toml").exit_code == code


def test_text_names_line_rule_law_and_fix(folder: Path) -> None:
    (folder / "own.toml").write_text(BAD)
    lines = run("own.toml").output.splitlines()
    assert lines[0].startswith("own.toml:2: error: rule 16: ")
    assert lines[1] == "    lifetime.consent: visitors are asked again after 30 days"
    assert (lines[2].split(":")[0], lines[3].split(":")[0]) == ("    law", "    fix")
    assert lines[-1] == "errors: 1, warnings: 0, notes: 0"


def test_lists_are_found_beside_the_file(folder: Path) -> None:
    (folder / "site").mkdir()
    (folder / "site" / "own.toml").write_text('lists = [{ file = "hosts.txt", purpose = "marketing" }]')
    assert run("site/own.toml").exit_code == 2
    assert "site/own.toml: lists[0].file: cannot read the list" in run("site/own.toml").output
    (folder / "site" / "hosts.txt").write_text("0.0.0.0 tracker.example")
    assert run("site/own.toml").exit_code == 0


def test_json_and_sarif_are_json(folder: Path) -> None:
    (folder / "own.toml").write_text(BAD)
    (finding,) = json.loads(run("own.toml", "--format", "json").output)
    assert (finding["rule"], finding["line"]) == (16, 2)
    (result,) = json.loads(run("own.toml", "--format", "sarif").output)["runs"][0]["results"]
    assert result["ruleId"] == "CK16"


def test_the_report_can_go_to_a_file(folder: Path) -> None:
    (folder / "own.toml").write_text(BAD)
    result = run("own.toml", "--format", "json", "--output", "report.json")
    assert (result.exit_code, result.output) == (1, "")
    assert len(json.loads((folder / "report.json").read_text("utf-8"))) == 1
    assert run("own.toml", "--output", "nowhere/report.txt").exit_code == 2
    assert run("own.toml", "--output", "-").output == run("own.toml").output
    assert not (folder / "-").exists()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "cannot read 'consent.toml'"),
        (["nowhere.toml"], "cannot read 'nowhere.toml'"),
        (["impossible.toml"], "impossible.toml: lifetime.consent: expected"),
        (["unsaid.toml"], "banner.text.en.common.nothing: there is no such text"),
        (["good.toml", "--against", "nowhere.toml"], "cannot read 'nowhere.toml'"),
        (["--against", "good.toml"], "--against needs the FILE"),
        (["good.toml", "--browser"], "--browser needs --url"),
        (["--url", "http://127.0.0.1:1/", "--header", "nothing"], '--header needs "Name: value"'),
        (["--url", "ftp://site.example/"], "begins with http:// or https://"),
        (["--url", "http://127.0.0.1:1/"], "cannot fetch http://127.0.0.1:1/"),
        (["--url", "http://[bad/"], "cannot fetch http://[bad/"),
    ],
)
def test_what_cannot_be_read_is_neither_good_nor_bad(
    folder: Path, arguments: list[str], problem: str
) -> None:
    (folder / "good.toml").write_text("")
    (folder / "impossible.toml").write_text('lifetime.consent = "soon"')
    (folder / "unsaid.toml").write_text('banner.text.en.common.nothing = "x"')
    result = run(*arguments)
    assert result.exit_code == 2
    assert problem in result.stderr


def test_a_policy_is_compared_with_the_one_before(folder: Path) -> None:
    (folder / "old.toml").write_text('uses = ["hotjar"]')
    (folder / "new.toml").write_text('uses = ["hotjar"]\n[purposes.analytics]\nsale = true\n')
    result = run("new.toml", "--against", "old.toml")
    assert result.exit_code == 1
    assert "new.toml:2: error: rule 22: " in result.output


def test_a_page_is_fetched_and_looked_at(folder: Path, site: str) -> None:
    assert run("--url", f"{site}/").output == "errors: 0, warnings: 0, notes: 0\n"
    result = run("--url", f"{site}/early")
    assert result.exit_code == 1
    assert f"{site}/early: error: rule 35: " in result.output


@pytest.mark.parametrize(("path", "code"), [("/privacy", 0), ("/nowhere", 1)])
def test_the_privacy_policy_answers(folder: Path, site: str, path: str, code: int) -> None:
    (folder / "own.toml").write_text(f'site.privacy_policy = "{path}"')
    result = run("own.toml", "--url", f"{site}/")
    assert result.exit_code == code
    assert ("rule 25" in result.output) is bool(code)


def test_the_signal_s_file_is_looked_at(folder: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PAGES, "/.well-known/gpc.json", ("text/html", "{}"))
    result = run("--url", f"{site}/")
    assert result.exit_code == 1
    assert f"{site}/.well-known/gpc.json: error: rule 30: " in result.output
    monkeypatch.delitem(PAGES, "/.well-known/gpc.json")
    assert run("--url", f"{site}/").exit_code == 0


def test_a_browser_s_findings_are_added(folder: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Finding(rule=3, level="error", where=f"{site}/ #banner", message="there is no button")
    monkeypatch.setattr(scanner, "lint_site", lambda url, **_: [seen])
    result = run("--url", f"{site}/", "--browser", "--format", "json")
    assert result.exit_code == 1
    assert [finding["rule"] for finding in json.loads(result.output)] == [3]


def test_the_browser_is_told_what_was_asked(folder: Path, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def visit(url: str, **options: Any) -> list[Finding]:
        asked.update(options)
        return []

    monkeypatch.setattr(scanner, "lint_site", visit)
    (folder / "own.toml").write_text(WORTH_A_WARNING)
    arguments = ["own.toml", "--url", f"{site}/", "--browser", "--regime", "opt-out", "--autoconsent", "a.js"]
    assert run(*arguments, "--header", "CF-IPCountry: US", "--rule", "3", "--rule", "15").exit_code == 0
    assert asked.pop("progress")
    assert asked == {
        "policy": Policy.loads(WORTH_A_WARNING),
        "headers": {"CF-IPCountry": "US"},
        "rules": [3],
        "regime": "opt-out",
        "autoconsent": "a.js",
    }
    asked.clear()
    assert run("own.toml", "--url", f"{site}/", "--browser", "--rule", "15").exit_code == 0
    assert asked == {}


def test_rules_can_be_picked(folder: Path) -> None:
    (folder / "own.toml").write_text(BAD)
    assert run("own.toml", "--rule", "15").exit_code == 0
    assert run("own.toml", "--rule", "15", "--rule", "16").exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["own.toml", "--rule", "4"], "rule 4 needs --url with --browser"),
        (["own.toml", "--rule", "15", "--rule", "4"], "rule 4 needs --url with --browser"),
        (["own.toml", "--rule", "22"], "rule 22 needs --against"),
        (["own.toml", "--rule", "36"], "rule 36 needs --url"),
        (["--url", "http://127.0.0.1:1/", "--rule", "15"], "rule 15 needs FILE"),
        (["--url", "http://127.0.0.1:1/", "--rule", "3"], "rule 3 needs --url with --browser"),
    ],
)
def test_a_rule_that_nothing_shows_is_not_kept_for_that(
    folder: Path, arguments: list[str], problem: str
) -> None:
    (folder / "own.toml").write_text("")
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert problem in result.stderr


def test_a_rule_that_is_seen_in_part_is_said_to_be(folder: Path, site: str) -> None:
    (folder / "own.toml").write_text("")
    for arguments, number in ((["own.toml"], "3"), (["own.toml"], "27"), (["--url", f"{site}/"], "13")):
        result = run(*arguments, "--rule", number)
        assert (result.exit_code, result.stdout) == (0, "errors: 0, warnings: 0, notes: 0\n")
        assert f"rule {number} is looked at in part" in result.stderr
    assert run("own.toml", "--rule", "30", "--rule", "35").stderr == ""
    assert run("--url", f"{site}/", "--rule", "30", "--rule", "35", "--rule", "36").stderr == ""


def test_a_byte_order_mark_does_no_harm(folder: Path) -> None:
    (folder / "own.toml").write_text(BAD, encoding="utf-8-sig")
    assert run("own.toml").output.startswith("own.toml:2: error: rule 16: ")


def test_without_a_browser_it_says_what_to_install(
    folder: Path, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(url: str, **_: object) -> list[Finding]:
        raise MissingExtra("--browser", extra="scan")

    monkeypatch.setattr(scanner, "lint_site", fail)
    result = run("--url", f"{site}/", "--browser")
    assert result.exit_code == 2
    assert 'pip install "consentkit[scan]"' in result.stderr
