"""``consentkit log drain``, ``purge`` and ``erase``: what destroys asks first, and can be gone on with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import anyio
import click
import pytest

import consentkit.cli.terminal
from cli.runner import failed, run, said
from consentkit.cli.log import operator_commands
from consentkit.cli.log.operator_commands import parse_age
from consentkit.exceptions import LogUnavailable
from consentkit.log import ConsentLog
from consentkit.log.location import key_path
from consentkit.log.stores.sqlite import SQLiteStore
from consentkit.record.entry import Entry, uuid7
from log.samples import make_entry, make_refusal

LATER = "2027-01-01T10:00:00Z"


@pytest.fixture
def outbox(path: Path, log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Leave a refusal and a grant's note in an outbox, as a process does whose store is away."""
    file = path.with_name("outbox")

    def away(*arguments: object) -> None:
        raise LogUnavailable("the store is away")

    with monkeypatch.context() as patched, ConsentLog(path, outbox=file) as other:
        patched.setattr(SQLiteStore, "transact", away)
        anyio.run(other.honour, make_entry(action="withdraw", granted=()))
    return file


def set_today(monkeypatch: pytest.MonkeyPatch, day: date) -> None:
    """Stop the clock at noon of a day."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    monkeypatch.setattr(operator_commands, "now", lambda: noon)


def gone(log: ConsentLog) -> list[int]:
    """Return the indexes of what was destroyed."""
    return [row.index for row in log.entries() if row.body is None]


def test_drain_hands_over_what_waits(log: ConsentLog, path: Path, outbox: Path) -> None:
    assert said("drain", "--log", path, "--outbox", outbox) == "1 item handed over\n"
    assert log.head().size == 4
    assert said("drain", "--log", path, "--outbox", outbox) == "nothing waits in the outbox\n"
    assert "--outbox" in failed(2, "drain", "--log", path)


def test_drain_says_where_there_is_no_such_file(log: ConsentLog, path: Path) -> None:
    result = run("drain", "--log", path, "--outbox", path.with_name("another"))
    assert (result.exit_code, result.stdout) == (0, "nothing waits in the outbox\n")
    assert "There is no file" in result.stderr
    assert not list(path.parent.glob("another*"))


@pytest.mark.parametrize("command", ["drain", "erase c3ViamVjdC1vbmU0 --yes"])
def test_a_file_that_is_no_outbox_is_left_alone(log: ConsentLog, path: Path, command: str) -> None:
    notes = path.with_name("notes.txt")
    notes.write_text("something else\n")
    for file in (path, notes, key_path(path)):
        before = file.read_bytes()
        assert "is not an outbox" in failed(2, *command.split(), "--log", path, "--outbox", file)
        assert file.read_bytes() == before
    assert "cannot read" in failed(2, *command.split(), "--log", path, "--outbox", path.parent)


def test_drain_tells_of_what_the_log_did_not_take(log: ConsentLog, path: Path) -> None:
    outbox = path.with_name("outbox")
    for torn in (b'{"ent\n', b'{"entry":{"torn\n'):
        outbox.write_bytes(torn)
        result = run("drain", "--log", path, "--outbox", outbox)
        assert result.exit_code == 1
        assert f"is in '{outbox}.refused'" in result.stderr
    # What was there before is no news.
    outbox.write_bytes(b"")
    assert said("drain", "--log", path, "--outbox", outbox) == "nothing waits in the outbox\n"


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_nothing_is_destroyed_unasked(log: ConsentLog, path: Path, grant: Entry, answer: str) -> None:
    for command in (["erase", grant.subject or ""], ["purge", "--older-than", "1d"]):
        log_and = ["--log", path]
        assert "nothing was destroyed" in failed(1, *command, *log_and, answer=answer)
        assert "--yes" in failed(1, *command, *log_and)
    assert gone(log) == []


def test_erase_destroys_a_visitors_entries(log: ConsentLog, path: Path, grant: Entry) -> None:
    result = run("erase", grant.subject or "", "--log", path, answer="y\n")
    assert "Destroy 1 entry, from 1 to 1?" in result.stderr
    assert result.stdout == "1 entry destroyed\n"
    assert gone(log) == [1]
    assert "no entries of this subject" in failed(1, "erase", grant.subject or "", "--log", path, "--yes")


def test_erase_destroys_what_waits_in_the_outbox_as_well(
    log: ConsentLog, path: Path, grant: Entry, outbox: Path
) -> None:
    said("erase", grant.subject or "", "--log", path, "--outbox", outbox, "--yes")
    assert gone(log) == [1, 3]
    assert log.of_subject(grant.subject or "") == []


def test_purge_destroys_what_is_old(log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log.commit([make_entry(at=LATER)])
    set_today(monkeypatch, date(2027, 1, 2))
    monkeypatch.setattr(consentkit.cli.terminal, "PROGRESS_FROM", 1)
    result = run("purge", "--older-than", "40d", "--log", path, answer="y\n")
    assert "Destroy 2 entries of 2026-11-22 to 2026-11-22?" in result.stderr
    assert "Purging" in result.stderr
    assert result.stdout == "2 entries destroyed\n"
    assert gone(log) == [1, 2]
    again = said("purge", "--older-than", "40d", "--log", path, "--yes")
    assert again == "no decisions from before 2026-11-23\n"
    log.check()


def test_a_dry_run_counts_what_a_purge_destroys(log: ConsentLog, path: Path, grant: Entry) -> None:
    """With notes on grants that were not honoured, of days on which nobody decided."""
    note = Entry(
        id=uuid7(0),
        type="invalidated",
        at="2026-11-24T10:00:00Z",
        subject="a-visitor-of-that-day",
        previous=grant.id,
    )
    log.commit([note, make_entry(at="2026-11-25T10:00:00Z")])
    age = ("--older-than", f"{(date.today() - date(2026, 11, 25)).days}d", "--log", path)
    dry = said("purge", "--dry-run", *age)
    assert dry == "3 entries of 2026-11-22 to 2026-11-24 would be destroyed\n"
    assert gone(log) == []
    assert said("purge", "--yes", *age) == "3 entries destroyed\n"
    assert gone(log) == [1, 2, 3]
    log.check()


def test_purge_of_what_is_not_there(log: ConsentLog, path: Path) -> None:
    assert "no decisions from before" in said("purge", "--older-than", "9y", "--log", path)


@pytest.mark.parametrize(("days", "is_warned"), [(399, True), (400, False)])
def test_purge_warns_where_grants_may_still_hold(
    log: ConsentLog, path: Path, days: int, is_warned: bool
) -> None:
    log.commit([make_entry(at="2020-01-01T10:00:00Z")])
    result = run("purge", "--older-than", f"{days}d", "--log", path, "--yes")
    assert result.exit_code == 0
    assert ("grants may hold for up to 400 days" in result.stderr) is is_warned


def test_an_interrupted_purge_is_gone_on_with(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consentkit.log.log.PURGE_ROWS", 2)
    set_today(monkeypatch, date(2028, 11, 23))
    purge = ConsentLog.purge

    def interrupted(*arguments: Any, **named: Any) -> Iterator[tuple[int, int]]:
        yield next(purge(*arguments, **named))
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ConsentLog, "purge", interrupted)
        assert "Interrupted." in failed(130, "purge", "--older-than", "2y", "--log", path, "--yes")
    assert gone(log) == [1]
    assert said("purge", "--older-than", "2y", "--log", path, "--yes") == "1 entry destroyed\n"
    log.check()


def test_ctrl_c_at_the_question_ends_as_elsewhere(
    log: ConsentLog, path: Path, grant: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: Any, **named: Any) -> bool:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise click.Abort from None

    monkeypatch.setattr(click, "confirm", interrupted)
    failed(130, "erase", grant.subject or "", "--log", path)
    assert gone(log) == []


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        ("400d", "2025-02-24"),
        ("1mo", "2026-02-28"),
        ("25mo", "2024-02-29"),
        ("3y", "2023-03-31"),
        ("2mo", "2026-01-31"),
        ("3mo", "2025-12-31"),
    ],
)
def test_ages_are_counted_in_the_calendar(monkeypatch: pytest.MonkeyPatch, age: str, expected: str) -> None:
    set_today(monkeypatch, date(2026, 3, 31))
    assert parse_age(age).isoformat() == expected


@pytest.mark.parametrize("age", ["", "0d", "25", "-1y", "3 weeks", "99999y"])
def test_what_is_no_age_is_a_usage_error(log: ConsentLog, path: Path, age: str) -> None:
    assert failed(2, "purge", "--log", path, "--older-than", age, "--yes")
    assert log.head().size == 3


def test_a_log_that_cannot_be_written_is_an_error(log: ConsentLog, path: Path) -> None:
    log.commit([make_refusal()])
    path.with_name(f"{path.name}.key").write_text("no key")
    error = failed(1, "erase", "c3ViamVjdC1vbmU0", "--log", path, "--yes")
    assert "the log's key cannot be used" in error
    assert gone(log) == []
