"""``consentkit log backup|recover|correct``, and the lines for every night that the documentation has."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest

from cli.runner import failed, fields, said
from consentkit.log import ConsentLog, open_log
from consentkit.log.location import key_path
from docs.documents import examples, find_page
from log.samples import accepted, make_entry


def test_a_backup_is_verified_and_can_take_the_logs_place(
    log: ConsentLog, path: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "backup.sqlite3"
    assert said("backup", copy, "--log", path).startswith("3 entries copied and verified, root ")
    log.commit([make_entry()])
    copyfile(key_path(path), key_path(copy))
    with ConsentLog(copy) as restored:
        restored.commit([make_entry()])
        assert restored.check(keys=accepted(restored)).size == 4


def test_a_backup_that_cannot_be_written_leaves_nothing(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    assert "folder" in failed(2, "backup", tmp_path / "missing" / "backup.sqlite3", "--log", path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE daily SET count = 9")
    assert "daily" in failed(1, "backup", tmp_path / "backup.sqlite3", "--log", path)
    assert not list(tmp_path.glob("*backup*"))


def test_a_log_that_is_behind_is_brought_back(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    newer, older = tmp_path / "newer.sqlite3", tmp_path / "older.sqlite3"
    said("backup", older, "--log", path)
    log.commit([make_entry(), make_entry()])
    said("backup", newer, "--log", path)
    log.close()
    for file in tmp_path.glob("consent.sqlite3-*"):
        file.unlink()
    copyfile(older, path)
    assert "rolled back" in failed(1, "verify", "--log", path)
    text = said("recover", "--log", path, "--from", newer, "--reason", "an old backup")
    assert text == "2 entries appended as they were, 0 recorded again\nno break was needed\n"
    assert fields(said("verify", "--log", path))["size"] == "5"


def test_what_is_gone_is_given_up_and_told_from_then_on(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    older, saved = tmp_path / "older.sqlite3", tmp_path / "saved"
    said("backup", older, "--log", path)
    log.commit([make_entry()])
    said("verify", "--log", path, "--save", saved)
    log.close()
    for file in tmp_path.glob("consent.sqlite3-*"):
        file.unlink()
    copyfile(older, path)
    assert "reason" in failed(2, "recover", "--log", path, "--reason", "see https://example.org")
    assert "one break at 3" in said("recover", "--log", path, "--reason", "the disk burnt")
    assert "one break at 3, otherwise intact" in fields(said("verify", "--log", path))["breaks"]
    with ConsentLog(path) as restarted:
        assert restarted.commit([make_entry()]) == [4]
    # What was saved in the branch that is gone is not continued, and what came since is all after the fork.
    verified = fields(said("verify", "--log", path, "--checkpoint", saved))
    expected = "not the saved checkpoint of 4 entries, whose branch was given up: the disk burnt"
    assert verified["continues"] == expected
    assert "break      1 new" in (new := said("changes", "--log", path, "--since", saved))
    assert "decision   1 new" in new


def test_false_counts_are_corrected(log: ConsentLog, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE daily SET count = 9")
    assert "log correct" in failed(1, "verify", "--log", path)
    assert "corrections appended: 0" in said("correct", "--log", path, "--reason", "changed by hand")
    assert sum(log.stats().values()) == 2
    said("verify", "--log", path)


def lines_for_cron(folder: Path) -> list[str]:
    """Return the commands of the documentation's crontab, with its folders made in another one."""
    [block] = examples(find_page("recovery"), "text")
    commands = []
    for line in block.text.splitlines():
        *when, command = line.split(maxsplit=5)
        assert len(when) == 5
        command = command.replace("/var/", f"{folder}/var/")
        commands.append(command.replace("consentkit log", f"{sys.executable} -m consentkit log"))
    for made in ("backups", "lib/consentkit"):
        (folder / "var" / made).mkdir(parents=True)
    return commands


def run_by_cron(command: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as `cron` does, with the addresses of a log and its key."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "CONSENTKIT_LOG": str(path),
        "CONSENTKIT_LOG_KEY": str(key_path(path)),
    }
    return subprocess.run(command, shell=True, env=environment, capture_output=True, text=True)


def test_the_lines_for_every_night_run(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    log.commit([make_entry(at="2020-01-01T10:00:00Z")])
    for command in lines_for_cron(tmp_path):
        result = run_by_cron(command, path)
        assert result.returncode == 0, result.stderr
    assert open_log(tmp_path / "var/backups/consent.sqlite3").head().size == 4
    assert log.status(tmp_path / "var/lib/consentkit/verified").verified_at is not None
    assert log.status(tmp_path / "nothing").verified_at is None
    assert [one.entry is None for one in log.entries()][3] is True


def test_the_lines_for_every_night_spoil_nothing_of_a_log_that_does_not_hold(
    log: ConsentLog, path: Path, tmp_path: Path
) -> None:
    log.commit([make_entry(at="2020-01-01T10:00:00Z")])
    backup, *others = lines_for_cron(tmp_path)
    assert run_by_cron(backup, path).returncode == 0
    kept = (tmp_path / "var/backups/consent.sqlite3").read_bytes()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE daily SET count = 9")
    for command in (backup, *others):
        result = run_by_cron(command, path)
        assert (result.returncode, "daily" in result.stderr) == (1, True)
    assert (tmp_path / "var/backups/consent.sqlite3").read_bytes() == kept
    assert log.head().size == 4
    assert not (tmp_path / "var/lib/consentkit/verified").exists()


@pytest.mark.parametrize("command", ["show", "erase", "evidence"])
def test_ids_that_begin_with_a_hyphen_are_ids(
    log: ConsentLog, path: Path, command: str, tmp_path: Path
) -> None:
    """They are base64url: 1 in 64 begins with one."""
    for subject in ("-BsXhelp--log--------1", "--log-is-an-id-as-well"):
        log.commit([make_entry(subject=subject)])
        arguments = {
            "show": ("show", subject),
            "erase": ("erase", subject, "--yes"),
            "evidence": ("evidence", "--subject", subject, "--output", tmp_path / "evidence.zip"),
        }[command]
        text = said(*arguments, "--log", path)
        assert subject in text if command == "show" else "1 ent" in text or command == "evidence"
