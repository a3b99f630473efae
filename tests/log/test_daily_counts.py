"""Counts are signed only if they follow from entries; false ones are told and can be corrected."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from msgspec.structs import replace

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.log import ConsentLog, operations
from consentkit.log.signer import Keyring, make_key_file
from consentkit.record.entry import Count, Entry, EntryType
from consentkit.tlog.note import SigningKey
from log.postgres import Server
from log.samples import AT, BUNDLE, accepted, make_entry, make_refusal

NEXT = "2026-11-23T10:00:00Z"
LATER = "2026-12-24T10:00:00Z"

Run: TypeAlias = Callable[[str], None]


@pytest.fixture
def log(url: str, tmp_path: Path) -> Iterator[ConsentLog]:
    """Make a log of one open day: two grants and a refusal."""
    key = None if "://" not in url else tmp_path / "log.key"
    if key is not None:
        make_key(key)
    with ConsentLog(url, key=key) as made:
        made.commit([BUNDLE, make_entry(), make_entry(), make_refusal()])
        yield made


def make_key(path: Path) -> None:
    """Make a key file."""
    make_key_file(path, Keyring(signing=SigningKey.generate("example.org/log")))


@pytest.fixture
def run(url: str, request: pytest.FixtureRequest) -> Run:
    """Change the database behind the log's back."""

    def change(statement: str) -> None:
        if "://" in url:
            server: Server = request.getfixturevalue("postgres")
            server.run(statement, schema=url.rpartition("=")[2])
            return
        with closing(sqlite3.connect(url, isolation_level=None)) as connection:
            connection.execute(statement)

    return change


def test_a_false_count_is_not_signed_at_midnight(log: ConsentLog, run: Run) -> None:
    run("UPDATE daily SET count = count + 1000")
    log.commit([make_entry(at=NEXT)])
    told = [one.entry.counts for one in log.entries() if one.entry and one.entry.type == "rollup"]
    assert [sorted(count.count for count in counts or ()) for counts in told] == [[1, 2]]
    with pytest.raises(LogCorrupt, match="roll-ups of 2026-11-22"):
        log.check(keys=accepted(log))
    assert log.correct("a count was forged", at=NEXT) == 0
    assert log.check(keys=accepted(log)).size == 6
    assert sum(log.stats().values()) == 4


@pytest.mark.parametrize("change", ["told = count", "told = told + 1", "count = 7, told = 7"])
@pytest.mark.parametrize("closed", [False, True])
def test_a_false_memory_of_what_was_told_is_found_and_misleads_nobody(
    log: ConsentLog, run: Run, change: str, closed: bool
) -> None:
    if closed:
        log.commit([make_entry(at=NEXT)])
    run(f"UPDATE daily SET {change} WHERE day = '2026-11-22'")
    if not (closed and change == "told = count"):
        with pytest.raises(LogCorrupt, match="roll-ups of 2026-11-22"):
            log.check()
    log.commit([make_entry(at=NEXT), make_entry()])
    log.commit([make_entry(at=LATER)])
    log.correct("a count was forged", at=LATER)
    log.check(keys=accepted(log))


def test_a_count_that_was_deleted_is_made_again(log: ConsentLog, run: Run) -> None:
    run("DELETE FROM daily")
    log.commit([make_entry(at=NEXT)])
    log.correct("counts were deleted", at=NEXT)
    assert log.check().size == 6
    assert sorted(log.stats().values()) == [1, 1, 2]


def test_a_false_count_is_not_signed_when_something_is_erased(log: ConsentLog, run: Run) -> None:
    """An erasure closes the day: what it erases could not be counted afterwards."""
    run("UPDATE daily SET count = count + 1000")
    subject = make_entry().subject or ""
    assert log.erase_now(subject, at=AT) == 2
    log.correct("a count was forged", at=NEXT)
    assert log.check(keys=accepted(log)).size == 6


def test_a_signed_false_count_can_be_corrected_before_and_after_a_purge(log: ConsentLog, run: Run) -> None:
    """As an earlier version of this package signed them."""
    forge(log, "rollup")
    for _ in range(2):
        with pytest.raises(LogCorrupt, match=r"entry 4: the roll-up of 2026-11-22 .*log correct"):
            log.check()
        log.commit([make_entry(at=NEXT)])
    assert log.correct("signed by an earlier version", at=NEXT) == 1
    assert log.correct("signed by an earlier version", at=NEXT) == 0
    assert log.check(keys=accepted(log)).size == 8
    assert sum(one for key, one in log.stats().items() if key.day == "2026-11-22") == 3
    assert sum(count for _, count in log.purge("2026-11-23", at=LATER)) == 3
    log.commit([make_entry(at=LATER)])
    assert log.check(keys=accepted(log)).size > 8


def test_a_false_roll_up_can_be_corrected_that_had_nothing_to_tell(log: ConsentLog) -> None:
    log.commit([make_entry(at=NEXT)])
    forge(log, "rollup")
    assert log.correct("signed by an earlier version", at=NEXT) == 1
    assert log.check(keys=accepted(log)).size == log.head().size
    assert sum(log.stats().values()) == 4


def test_a_signed_false_count_can_be_corrected_although_its_entries_are_purged(log: ConsentLog) -> None:
    forge(log, "rollup")
    log.commit([make_entry(at=NEXT)])
    assert sum(count for _, count in log.purge("2026-11-23", at=LATER)) == 3
    with pytest.raises(LogCorrupt, match="roll-up of 2026-11-22"):
        log.check()
    assert log.correct("signed by an earlier version", at=LATER) == 1
    log.check(keys=accepted(log))
    days = {key.day: (key.action, count) for key, count in log.stats().items()}
    assert days == {"2026-11-22": ("", 3), "2026-11-23": ("save", 1)}


def test_a_correction_of_nothing_is_found(log: ConsentLog) -> None:
    forge(log, "correction")
    with pytest.raises(LogCorrupt, match="which is no roll-up"):
        log.check()


def test_a_reason_is_in_letters(log: ConsentLog) -> None:
    forge(log, "rollup")
    with pytest.raises(LogError, match="reason"):
        log.correct("see https://example.org/?who=me", at=NEXT)


def test_a_day_that_cannot_be_counted_stays_open(
    log: ConsentLog, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    """Its counts are not signed; decisions go on, and its erasure waits for the repair."""
    run('UPDATE entries SET salt = leaf WHERE "index" = 2')
    assert log.commit([make_entry(at=NEXT)]) == [4]
    assert "there is no roll-up of 2026-11-22" in caplog.text
    assert log.head().open_days == ("2026-11-22", "2026-11-23")
    with pytest.raises(LogCorrupt, match="decision of 2026-11-22"):
        log.erase_now(make_entry().subject or "", at=AT)


def test_days_are_counted_while_others_append(log: ConsentLog, url: str, tmp_path: Path) -> None:
    """What was counted beforehand, by another process too, is not counted twice."""
    key = tmp_path / "log.key" if "://" in url else None
    with ConsentLog(url, key=key, seen=tmp_path / "elsewhere") as other:
        for number in range(5):
            other.erase_now(f"visitor-{number:016d}", at=AT)
            other.commit([make_entry(subject=f"visitor-{number:016d}"), make_refusal()])
            log.commit([make_entry(subject=f"visitor-{number:016d}")])
            log.erase_now(f"visitor-{number:016d}", at=AT)
        other.commit([make_entry(at=NEXT)])
    assert log.check(keys=accepted(log)).size == log.head().size
    assert sum(log.stats().values()) == 3 + 15 + 1


def forge(log: ConsentLog, kind: EntryType) -> None:
    """Have a false roll-up of 2026-11-22 signed, as earlier versions did, or a correction of nothing."""
    key = ("opt-in", "de-AT", BUNDLE.hash)
    counts = (Count(*key, "reject_all", 1), Count(*key, "save", 1002))
    entry = Entry(id=make_entry().id, type="rollup", at=AT, closes="2026-11-22", counts=counts)
    if kind == "correction":
        entry = replace(entry, type=kind, corrects=make_entry().id, reason="nothing")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "BOOKS", frozenset())
        log.commit([entry])
