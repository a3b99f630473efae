"""What was signed last is remembered: a log that was rolled back is not continued, by however little."""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consentkit.exceptions import LogCorrupt, LogUnavailable
from consentkit.log import ConsentLog, open_log
from consentkit.log.signer import Keyring, make_key_file
from consentkit.tlog.note import SigningKey, read_checkpoint
from log.moments import Restore, keep_file, keep_schema
from log.postgres import Server
from log.samples import BUNDLE, accepted, make_entry, make_refusal

ROLLED_BACK = "it was rolled back"


class Place:
    """A signed log in either store, which any number of processes open."""

    def __init__(self, url: str, folder: Path, keep: Callable[[], Restore]) -> None:
        self.url = url
        self.key = folder / "log.key"
        self.seen = folder / "log.seen"
        self.keep = keep
        make_key_file(self.key, Keyring(signing=SigningKey.generate("example.org/log")))

    def open(self, outbox: Path | None = None) -> ConsentLog:
        """Open the log as a process that has just started."""
        return ConsentLog(self.url, key=self.key, seen=self.seen, outbox=outbox)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, path: Path, tmp_path: Path, name: str) -> Place:
    """Name a log in each kind of store."""
    if request.param == "sqlite":
        return Place(str(path), tmp_path, lambda: keep_file(path))
    server: Server = request.getfixturevalue("postgres")
    return Place(server.url(schema=name), tmp_path, lambda: keep_schema(server, name))


@pytest.fixture
def log(place: Place) -> Iterator[ConsentLog]:
    """Make a log with three entries."""
    with place.open() as made:
        made.commit([BUNDLE, make_entry(), make_entry()])
        yield made


def test_a_roll_back_of_exactly_one_commit_is_refused(place: Place, log: ConsentLog) -> None:
    restore = place.keep()
    log.commit([make_entry()])
    restore()
    with pytest.raises(LogCorrupt, match=f"had 4 entries and has 3: {ROLLED_BACK}.*log recover"):
        log.commit([make_entry()])
    assert log.head().size == 3


def test_a_restart_does_not_forget(place: Place, log: ConsentLog) -> None:
    restore = place.keep()
    log.commit([make_entry()])
    restore()
    with place.open() as restarted:
        for _ in range(2):
            with pytest.raises(LogCorrupt, match=ROLLED_BACK):
                restarted.commit([make_entry()])
        assert any(remark.level == "error" and ROLLED_BACK in remark.text for remark in restarted.remarks())


def test_a_fork_that_has_outgrown_the_log_is_refused(place: Place, log: ConsentLog) -> None:
    """Sizes alone would let it through: whoever knows nothing of the lost commit has grown it."""
    restore = place.keep()
    log.commit([make_entry()])
    restore()
    with ConsentLog(place.url, key=place.key, seen=place.seen.with_name("elsewhere")) as worker:
        worker.commit([make_entry() for _ in range(5)])
    with pytest.raises(LogCorrupt, match="had 4 entries and has 8: history was rewritten"):
        log.commit([make_entry()])
    assert log.head().size == 8


def test_a_roll_back_to_what_this_process_signed_last_is_refused(place: Place, log: ConsentLog) -> None:
    with place.open() as other:
        restore = place.keep()
        other.commit([make_entry()])
        restore()
        with pytest.raises(LogCorrupt, match=ROLLED_BACK):
            log.commit([make_entry()])


def test_an_emptied_log_is_refused(place: Place) -> None:
    with place.open() as log:
        assert log.remarks()
        log.write_observations()
        log.commit([])
        restore = place.keep()
        log.commit([BUNDLE])
        restore()
        with pytest.raises(LogCorrupt, match="had 1 entries and has 0"):
            log.commit([BUNDLE])


def test_verification_compares_with_what_was_seen(place: Place, log: ConsentLog) -> None:
    restore = place.keep()
    log.commit([make_entry()])
    assert log.check(keys=accepted(log)).size == 4
    restore()
    with pytest.raises(LogCorrupt, match=ROLLED_BACK):
        log.check(keys=accepted(log))


@pytest.mark.anyio
async def test_a_refusal_after_a_roll_back_waits_for_the_recovery(
    place: Place, log: ConsentLog, tmp_path: Path
) -> None:
    restore = place.keep()
    log.commit([make_entry()])
    restore()
    with place.open(outbox=tmp_path / "outbox") as restarted:
        assert await restarted.honour(make_refusal(), bundle=BUNDLE) is None
    assert (tmp_path / "outbox").stat().st_size > 0


def test_many_processes_agree(place: Place, log: ConsentLog) -> None:
    with place.open() as one, place.open() as other:
        for number in range(300):
            (one, other, log)[number % 3].commit([make_entry()])
        assert one.check(keys=accepted(one)).size == 303
    assert read_checkpoint(place.seen.read_text()).size == 303


def test_a_commit_that_failed_was_never_seen(place: Place, log: ConsentLog) -> None:
    with pytest.raises(Exception, match="names a notice"):
        log.commit([make_entry(notice="0" * 64)])
    assert read_checkpoint(place.seen.read_text()).size == 3
    assert log.commit([make_entry()]) == [3]


def test_what_another_log_left_there_is_not_held_against_this_one(place: Place, log: ConsentLog) -> None:
    kept = place.seen.read_text()
    log.close()
    place.key.unlink()
    make_key_file(place.key, Keyring(signing=SigningKey.generate("example.org/other")))
    place.seen.write_text(kept)
    with ConsentLog(place.key.with_name("new.sqlite3"), key=place.key, seen=place.seen) as other:
        assert other.commit([BUNDLE]) == [0]
        assert other.check(keys=accepted(other)).size == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nothing\n"])
def test_a_file_that_a_crash_has_spoilt_stops_nothing(
    place: Place, log: ConsentLog, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    place.seen.write_bytes(content)
    with place.open() as restarted:
        assert restarted.commit([make_entry()]) == [3]
    assert read_checkpoint(place.seen.read_text()).size == 4
    assert "has no checkpoint" in caplog.text


def test_a_file_that_cannot_be_written_stops_nothing(
    place: Place, log: ConsentLog, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("consentkit.log.seen.new_file", full)
    with place.open() as other:
        assert other.commit([make_entry()]) == [3]
        assert other.commit([make_entry()]) == [4]
    assert len(re.findall("No space left on device; a restart forgets it", caplog.text)) == 1


def test_a_file_that_cannot_be_read_stops_grants(place: Place, log: ConsentLog) -> None:
    """Nobody can tell whether the log was rolled back."""
    place.seen.unlink()
    place.seen.mkdir()
    with place.open() as other, pytest.raises(LogUnavailable, match="seen last: Is a directory"):
        other.commit([make_entry()])


def test_the_file_stands_beside_a_sqlite_log_and_nowhere_for_postgres(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with ConsentLog(path) as log:
        log.commit([BUNDLE])
        assert read_checkpoint(path.with_name("consent.sqlite3.seen").read_text()).size == 1
        assert open_log(path).check(keys=accepted(log)).size == 1
    ConsentLog("postgresql://owner@/nowhere", key=path)
    assert "name a file with seen=" in caplog.text
