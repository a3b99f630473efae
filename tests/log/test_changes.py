"""What is new in a log, and what is odd about its times."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.runner import failed, said
from consentkit.log import ConsentLog
from consentkit.log.changes import TOLERATED, find_late
from log.samples import BUNDLE, make_bundle, make_entry, make_refusal


def test_new_entries_are_counted_by_type(log: ConsentLog) -> None:
    log.commit([BUNDLE, make_entry(), make_refusal()])
    before = log.head().size
    log.commit([make_bundle("Other words."), make_entry(), make_entry(at="2026-11-23T10:00:00Z")])
    log.erase_now(make_entry().subject or "", at="2026-11-23T11:00:00Z")
    assert list(log.purge("2026-11-23", at="2026-11-24T11:00:00Z"))
    found = log.changes(before)
    assert found.types["decision"] == 2
    assert found.types["notice"] == found.types["erasure"] == found.types["purge"] == 1
    assert (found.erased, found.purged_before, found.breaks, found.late) == (3, "2026-11-23", (), 0)


def test_times_that_run_against_the_index_are_told(log: ConsentLog) -> None:
    log.commit([BUNDLE, make_entry(), make_refusal()])
    assert log.changes().late == 0
    log.commit([make_entry(at="2026-11-22T09:00:00Z"), make_entry(), make_entry(at="2026-11-22T09:59:30Z")])
    found = log.changes()
    assert (found.late, found.first_late, found.latest) == (1, 3, 3600)
    assert "waited in an outbox" in found.late_text


@given(st.lists(st.integers(0, 400), max_size=30))
def test_late_is_who_stands_after_a_later_one(seconds: list[int]) -> None:
    times = [(index, f"2026-11-22T10:{at // 60:02}:{at % 60:02}Z") for index, at in enumerate(seconds)]
    behind = {index: max(seconds[: index + 1]) - at for index, at in enumerate(seconds)}
    late = {index: by for index, by in behind.items() if by > TOLERATED}
    assert find_late(times) == (len(late), min(late, default=-1), max(late.values(), default=0))


def test_the_command_line_says_both(log: ConsentLog, path: object) -> None:
    log.commit([BUNDLE, make_entry()])
    saved = str(path) + ".saved"
    said("verify", "--log", path, "--save", saved)
    log.commit([make_entry(at="2026-11-21T10:00:00Z")])
    text = said("changes", "--log", path, "--since", saved)
    assert "decision   1 new" in text
    assert "entries that stand after later ones: 1," in said("changes", "--log", path)
    assert "entries that stand after later ones: 1," in said("verify", "--log", path)


def test_changes_since_a_checkpoint_that_is_not_continued_are_none(
    log: ConsentLog, path: Path, tmp_path: Path
) -> None:
    log.commit([BUNDLE, make_entry()])
    with ConsentLog(tmp_path / "other.sqlite3") as other:
        other.commit([BUNDLE, make_entry()])
        (tmp_path / "saved").write_text(other.head().checkpoint or "")
    assert "the log had 2 entries" in failed(1, "changes", "--log", path, "--since", tmp_path / "saved")


@pytest.mark.parametrize("change", ["at = char(27) || 'x'", "type = x'1b5b'"])
def test_what_is_no_time_or_type_is_an_error(log: ConsentLog, path: Path, change: str) -> None:
    log.commit([BUNDLE, make_entry(), make_entry()])
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f'UPDATE entries SET {change} WHERE "index" = 1')
    assert "log verify" in failed(1, "changes", "--log", path)
