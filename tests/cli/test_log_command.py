"""Opening a log from the command line, and looking at what is in it: show, stats, and what proves it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

import consentkit.exceptions
from cli.runner import failed, fields, run, said
from consentkit.log import ConsentLog, LogReader
from consentkit.record.entry import Entry
from consentkit.tlog.note import read_checkpoint

SOURCE = Path(consentkit.exceptions.__file__).parents[1]

READING = [
    ["show", "x"],
    ["stats"],
    ["export"],
    ["verify"],
    ["checkpoint"],
    ["proof", "0"],
    ["leaf", "0"],
    ["consistency", "0"],
]
WRITING = [
    ["key", "rotate"],
    ["drain", "--outbox", "outbox"],
    ["purge", "--older-than", "1d", "--yes"],
    ["erase", "c3ViamVjdC1vbmU0", "--yes"],
]


@pytest.mark.parametrize("command", READING + WRITING, ids=lambda command: command[0])
def test_a_log_that_is_not_there_is_not_made(path: Path, command: list[str]) -> None:
    assert "there is no log at" in failed(2, *command, "--log", path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_what_is_no_log_is_said_to_be_none(path: Path, command: list[str]) -> None:
    path.write_bytes(b"no database, " * 100)
    assert "Error: the log's SQLite file failed" in failed(1, *command, "--log", path)


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "sqlite://me:secret@host"])
def test_a_url_that_is_not_supported_is_not_repeated(url: str) -> None:
    error = failed(2, "stats", "--log", url)
    assert "expected a path, sqlite:///path or postgresql://" in error
    assert "secret" not in error


def test_the_environment_can_name_the_log(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "CONSENTKIT_LOG" in failed(2, "stats")
    monkeypatch.setenv("CONSENTKIT_LOG", f"sqlite:///{path}")
    assert said("stats").startswith("3 entries")


def test_what_cannot_be_written_is_said_in_a_sentence(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LogReader, "head", full)
    assert failed(1, "stats", "--log", path) == "Error: cannot read or write: No space left on device\n"


@pytest.mark.parametrize("end", ["", ".key"])
@pytest.mark.parametrize(
    "command", [["export", "--output"], ["verify", "--save"], ["evidence", "--entry", "1", "--output"]]
)
def test_no_output_replaces_a_database_or_a_key(
    log: ConsentLog, path: Path, tmp_path: Path, command: list[str], end: str
) -> None:
    file = path.with_name(path.name + end)
    link = tmp_path / "link"
    link.symlink_to(file)
    before = file.read_bytes()
    for target in (file, link):
        result = run(*command, target, "--log", path)
        assert (result.exit_code, "it is left as it is" in result.stderr) == (1, True)
        assert file.read_bytes() == before


def test_reading_leaves_the_log_as_it_was(log: ConsentLog, path: Path, grant: Entry) -> None:
    log.close()
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    for command in READING:
        assert run(*command, "--log", path).exit_code == (1 if command[0] == "show" else 0)
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file in before} == before


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
        [sys.executable, "-c", program, "log", "verify", "--log", str(path)],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert fields(result.stdout)["size"] == "3"
    assert read_checkpoint(log.head().checkpoint or "").origin == fields(result.stdout)["origin"]
