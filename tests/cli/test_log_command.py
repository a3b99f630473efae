"""The auditor's first commands: show, stats, export; nothing that they do changes a log."""

from __future__ import annotations

import csv
import io
import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

import consentkit.cli.log
import consentkit.exceptions
from consentkit.cli.root import root
from consentkit.log import ConsentLog, Entry, Recorded
from consentkit.log.export import COLUMNS, write_csv, write_jsonl
from log.making import BUNDLE, make_entry, make_refusal

SOURCE = Path(consentkit.exceptions.__file__).parents[1]
GRANT, REFUSAL = make_entry(), make_refusal()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "consent.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[ConsentLog]:
    """Make a log with a notice, a grant and a refusal."""
    with ConsentLog(path) as made:
        made.commit([BUNDLE, GRANT, REFUSAL])
        yield made


def run(*arguments: str | Path) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(root, ["log", *map(str, arguments)])


@pytest.mark.parametrize("command", [["show", "x"], ["stats"], ["export"]])
def test_a_log_that_is_not_there_is_not_made(path: Path, command: list[str]) -> None:
    result = run(*command, "--log", path)
    assert result.exit_code == 2
    assert "there is no log at" in result.stderr
    assert result.stdout == ""
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("command", [["show", "x"], ["stats"], ["export"]])
def test_what_is_no_log_is_said_to_be_none(path: Path, command: list[str]) -> None:
    path.write_bytes(b"no database, " * 100)
    result = run(*command, "--log", path)
    assert result.exit_code == 1
    assert "Error: the log's SQLite file failed" in result.stderr


def test_a_url_that_is_not_supported_is_a_usage_error() -> None:
    result = run("stats", "--log", "mysql://me:secret@host/db")
    assert result.exit_code == 2
    assert "expected a path" in result.stderr
    assert "secret" not in result.stderr


def test_the_log_must_be_named() -> None:
    assert run("stats").exit_code == 2


def test_show_gives_entry_and_notice(log: ConsentLog, path: Path) -> None:
    shown = json.loads(run("show", GRANT.id, "--log", f"sqlite:///{path}").stdout)
    assert shown["index"] == 1
    assert shown["entry"]["granted"] == ["analytics"]
    assert shown["notice"] == json.loads(BUNDLE.body)
    assert json.loads(shown["leaf"])["type"] == "decision"
    assert json.loads(run("show", BUNDLE.hash, "--log", path).stdout)["notice"] == json.loads(BUNDLE.body)


def test_a_notice_that_is_no_json_is_shown_as_text(log: ConsentLog, path: Path) -> None:
    body = b"We use cookies."
    log.publish(sha256(body).hexdigest(), body, {}, at=GRANT.at)
    shown = json.loads(run("show", sha256(body).hexdigest(), "--log", path).stdout)
    assert shown["notice"] == body.decode()


def test_show_of_an_unknown_id_fails(log: ConsentLog, path: Path) -> None:
    result = run("show", "unknown", "--log", path)
    assert result.exit_code == 1
    assert "no entry with the id 'unknown'" in result.stderr


def test_stats_add_up_by_day_and_regime(log: ConsentLog, path: Path) -> None:
    log.commit([make_entry(), make_entry(at="2026-11-23T00:00:00Z", regime="opt-out", action="accept_all")])
    first, _, *lines = run("stats", "--log", path).stdout.splitlines()
    assert first == f"6 entries, root {log.head().root.hex()}"
    assert [line.split() for line in lines] == [
        ["day", "regime", "accept_all", "reject_all", "save", "withdraw", "allow_vendor"],
        ["2026-11-22", "opt-in", "0", "1", "2", "0", "0"],
        ["2026-11-23", "opt-out", "1", "0", "0", "0", "0"],
        ["total", "1", "1", "2", "0", "0"],
    ]


def test_stats_of_an_empty_log(path: Path) -> None:
    with ConsentLog(path) as log:
        log.head()
    assert run("stats", "--log", path).stdout.startswith("0 entries, root e3b0c442")


def test_export_jsonl_holds_every_entry(log: ConsentLog, path: Path) -> None:
    lines = [json.loads(line) for line in run("export", "--log", path).stdout.splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert [line["type"] for line in lines] == ["notice", "decision", "decision"]
    assert lines[2]["denied"] == ["analytics", "functional", "marketing"]
    assert lines[2]["subject"] is None


def test_export_csv_holds_every_entry(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.csv"
    result = run("export", "--log", path, "--format", "csv", "--output", output)
    assert (result.exit_code, result.output) == (0, "")
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    with output.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert lines[2]["denied"] == "analytics functional marketing"
    assert lines[1]["fingerprints"] == "analytics:0a1b2c"
    assert [line["id"] for line in lines] == [BUNDLE.hash, GRANT.id, REFUSAL.id]


def test_an_output_that_cannot_be_written_is_an_error(log: ConsentLog, path: Path) -> None:
    result = run("export", "--log", path, "--output", path.parent / "gone" / "out")
    assert result.exit_code == 1
    assert "cannot write" in result.stderr


def test_a_long_export_shows_its_progress_on_standard_error(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("export", "--log", path).stderr == ""
    monkeypatch.setattr(consentkit.cli.log, "PROGRESS_FROM", 3)
    result = run("export", "--log", path)
    assert "Exporting" in result.stderr
    assert len(result.stdout.splitlines()) == 3


def test_reading_leaves_the_log_as_it_was(log: ConsentLog, path: Path) -> None:
    log.close()
    before = path.read_bytes()
    for command in (["show", GRANT.id], ["stats"], ["export"]):
        assert run(*command, "--log", path).exit_code == 0
    assert path.read_bytes() == before


@given(st.text(max_size=20))
def test_no_cell_is_a_formula(text: str) -> None:
    file = io.StringIO(newline="")
    write_csv([Recorded(index=0, id="", entry=hostile(text), leaf=b"", body=b"", salt=b"")], file)
    header, line = csv.reader(io.StringIO(file.getvalue(), newline=""))
    cell = dict(zip(header, line, strict=True))["locale"]
    assert cell.removeprefix("'") == text or cell == text
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert tuple(header) == COLUMNS


def hostile(locale: str) -> Entry:
    """Make an entry with a locale that entries do not take: a foreign log may hold it all the same."""
    entry = make_entry()
    msgspec.structs.force_setattr(entry, "locale", locale)
    return entry


def test_an_erased_entry_is_exported_by_its_index() -> None:
    erased = [Recorded(index=7, id="", entry=None, leaf=b"", body=None, salt=None)]
    lines, cells = io.StringIO(), io.StringIO()
    write_jsonl(erased, lines)
    write_csv(erased, cells)
    assert json.loads(lines.getvalue()) == {"index": 7}
    assert cells.getvalue().splitlines()[1] == "7" + "," * (len(COLUMNS) - 1)


def test_without_click_the_command_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['click'] = None; from consentkit.cli import main\n"
        "try: main()\nexcept ImportError: raise SystemExit(9)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.strip().endswith('pip install "consentkit[cli]"')


def test_the_command_runs(log: ConsentLog, path: Path) -> None:
    program = "from consentkit.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "log", "stats", "--log", str(path)],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.startswith("3 entries")
