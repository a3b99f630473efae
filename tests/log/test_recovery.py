"""A log that was rolled back is recovered: from another copy of it, or by giving up what is gone."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogUnavailable
from consentkit.log import ConsentLog, open_log
from consentkit.log.location import open_store
from consentkit.log.signer import Keyring, make_key_file
from consentkit.record.entry import Entry
from consentkit.tlog.note import SigningKey, read_checkpoint
from log.faults import FaultyStore, nothing
from log.moments import Restore, keep_file, keep_schema
from log.postgres import Server
from log.samples import AT, BUNDLE, accepted, found, make_bundle, make_entry, make_refusal

LATER = "2026-11-25T10:00:00Z"
WHY = "an asynchronous fail-over"
BEHIND = 234


class Primary:
    """A signed log, and the means to set it back to where its standby was."""

    def __init__(
        self, url: str, folder: Path, keep: Callable[[], Restore], server: Server | None = None
    ) -> None:
        self.url, self.keep, self.server = url, keep, server
        self.key, self.seen, self.old = folder / "log.key", folder / "log.seen", folder / "old.sqlite3"
        make_key_file(self.key, Keyring(signing=SigningKey.generate("example.org/log")))

    def open(self) -> ConsentLog:
        """Open it."""
        return ConsentLog(self.url, key=self.key, seen=self.seen)

    def run(self, statement: str) -> None:
        """Change the database behind the log's back."""
        if self.server is not None:
            self.server.run(statement, schema=self.url.rpartition("=")[2])
            return
        with closing(sqlite3.connect(self.url)) as connection, connection:
            connection.execute(statement)

    def fail_over(self, log: ConsentLog, restore: Restore) -> None:
        """Keep what the old primary has in a file of its own, and go back to what the standby has."""
        log.backup(self.old)
        restore()


@pytest.fixture(params=["sqlite", "postgres"])
def primary(request: pytest.FixtureRequest, path: Path, tmp_path: Path, name: str) -> Primary:
    """Name a log in each kind of store."""
    if request.param == "sqlite":
        return Primary(str(path), tmp_path, lambda: keep_file(path))
    server: Server = request.getfixturevalue("postgres")
    return Primary(server.url(schema=name), tmp_path, lambda: keep_schema(server, name), server)


@pytest.fixture
def log(primary: Primary) -> Iterator[ConsentLog]:
    """Make a log with some history: two days, a notice, an erasure."""
    with primary.open() as made:
        made.commit([BUNDLE, make_entry(subject="visitor-who-leaves-"), *(make_entry() for _ in range(20))])
        made.commit([make_entry(at="2026-11-23T10:00:00Z")])
        made.erase_now("visitor-who-leaves-", at="2026-11-23T11:00:00Z")
        made.observed.add("shown", ["opt-in de"], now=1_795_000_000)
        made.write_observations()
        yield made


class TestBackup:
    def test_a_copy_is_the_log(self, log: ConsentLog, tmp_path: Path) -> None:
        copy = tmp_path / "backup.sqlite3"
        assert log.backup(copy) == log.head()
        assert [file.name for file in tmp_path.glob("*backup*")] == [copy.name]
        with open_log(copy) as reader:
            assert reader.check(keys=accepted(log)) == log.head()
            reader.check_indexes()
            assert list(reader.entries()) == list(log.entries())
            assert reader.stats() == log.stats()
            assert reader.observations("shown") == log.observations("shown") != {}
            assert reader.asset(next(iter(BUNDLE.assets))) == next(iter(BUNDLE.assets.values()))
        assert copy.stat().st_mode & 0o077 == 0

    def test_a_copy_is_made_while_others_append(self, log: ConsentLog, tmp_path: Path) -> None:
        ended = threading.Event()

        def append() -> None:
            while not ended.is_set():
                log.commit([make_entry()])

        writer = threading.Thread(target=append)
        writer.start()
        try:
            head = log.backup(tmp_path / "backup.sqlite3")
        finally:
            ended.set()
            writer.join()
        assert 20 < head.size <= log.head().size
        assert open_log(tmp_path / "backup.sqlite3").check(keys=accepted(log)).size == head.size

    @pytest.mark.parametrize(
        "change",
        [
            'UPDATE entries SET leaf = (SELECT leaf FROM entries WHERE "index" = 6) WHERE "index" = 5',
            'UPDATE entries SET salt = (SELECT salt FROM entries WHERE "index" = 6) WHERE "index" = 5',
            'DELETE FROM entries WHERE "index" = 5',
            "DELETE FROM notices",
            "UPDATE daily SET count = count + 1",
        ],
    )
    def test_a_log_that_does_not_hold_is_no_backup(
        self, log: ConsentLog, primary: Primary, tmp_path: Path, change: str
    ) -> None:
        earlier = tmp_path / "backup.sqlite3"
        log.backup(earlier)
        kept = earlier.read_bytes()
        primary.run(change)
        with pytest.raises(LogError):
            log.backup(earlier)
        assert earlier.read_bytes() == kept
        assert [file.name for file in tmp_path.glob("*backup*")] == [earlier.name]

    def test_nothing_but_an_earlier_backup_is_replaced(self, log: ConsentLog, primary: Primary) -> None:
        other = primary.key.with_name("other.sqlite3")
        with ConsentLog(other) as in_use:
            in_use.commit([BUNDLE])
            kept = [primary.key, primary.seen, other]
            kept += [Path(primary.url)] if primary.server is None else []
            for file in kept:
                before = file.read_bytes()
                with pytest.raises(ConfigurationError, match="it is left as it is"):
                    log.backup(file)
                assert file.read_bytes() == before

    def test_a_log_that_was_rolled_back_replaces_no_backup(
        self, log: ConsentLog, primary: Primary, tmp_path: Path
    ) -> None:
        restore, earlier = primary.keep(), tmp_path / "backup.sqlite3"
        log.commit([make_entry()])
        log.backup(earlier)
        kept = earlier.read_bytes()
        restore()
        with open_log(primary.url, key=primary.key, seen=primary.seen) as reader:
            with pytest.raises(LogCorrupt, match="rolled back"):
                reader.backup(earlier)
            assert earlier.read_bytes() == kept
            assert [file.name for file in tmp_path.glob("*backup*")] == [earlier.name]
            # As it is, for a recovery.
            assert reader.backup(tmp_path / "before.sqlite3") == reader.head()


def test_a_log_that_is_only_behind_goes_on_without_a_break(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    log.commit([make_bundle("New words."), *(make_entry() for _ in range(BEHIND - 1))])
    entries, head, stats = list(log.entries()), log.head(), log.stats()
    primary.fail_over(log, restore)
    with primary.open() as standby:
        with pytest.raises(LogCorrupt, match="log recover"):
            standby.commit([make_entry()])
        with open_log(primary.old) as old:
            done = standby.recover(old, reason=WHY, at=LATER)
        assert (done.copied, done.recorded, done.breaks, done.lost) == (BEHIND, 0, (), ())
        assert (list(standby.entries()), standby.head(), standby.stats()) == (entries, head, stats)
        standby.commit([make_entry()])
        assert standby.check(keys=accepted(standby)).size == head.size + 1


def test_a_fork_is_broken_off_and_what_it_had_is_recorded_again(primary: Primary, log: ConsentLog) -> None:
    """234 entries behind: the standby was promoted, and has grown by entries of its own."""
    log.commit([make_entry(subject="visitor-of-both-sides-")])
    restore = primary.keep()
    words = make_bundle("New words.")
    grants = [make_entry(notice=words.hash, subject=f"visitor-{number:016d}") for number in range(BEHIND - 3)]
    log.commit([words, *grants, make_refusal(), make_entry(subject="visitor-of-both-sides-")])
    text_of_branch = log.head().checkpoint or ""
    saved = read_checkpoint(text_of_branch)
    log.erase_now("c3ViamVjdC1vbmU0", at=LATER)
    log.erase_now(grants[0].subject or "", at=LATER)
    primary.fail_over(log, restore)
    with ConsentLog(primary.url, key=primary.key, seen=primary.seen.with_name("other")) as standby:
        standby.commit([make_entry(subject="visitor-of-the-standby"), make_refusal()])
        common = standby.head().size - 2
        standby.erase_now("visitor-of-both-sides-", at=LATER)
    with primary.open() as recovered:
        with pytest.raises(LogCorrupt, match="rolled back"):
            recovered.commit([make_entry()])
        with open_log(primary.old) as old:
            done = recovered.recover(old, reason=WHY, at=LATER)
            again = recovered.recover(old, reason=WHY, at=LATER)
        assert (done.copied, done.recorded, done.lost) == (0, BEHIND - 2, ())
        assert (again.recorded, again.breaks) == (0, done.breaks)
        # The erasure of the standby has closed a day.
        assert done.breaks == (common + 4,)
        assert {one.id for one in grants[1:]} <= found(recovered).keys()
        # Who was erased on either side is erased, with what the other side had.
        assert recovered.of_subject("visitor-of-both-sides-") == []
        assert recovered.of_subject("c3ViamVjdC1vbmU0") == recovered.of_subject(grants[0].subject or "") == []
        assert recovered.commit([make_entry()])
        assert recovered.check(keys=accepted(recovered)).size == recovered.head().size
        note = recovered.at(done.breaks[0])
        assert note is not None and note.entry is not None
        assert (note.entry.type, note.entry.common, note.entry.reason) == ("break", common, WHY)
        # A checkpoint that somebody has saved of the branch is named as given up, not taken for a forgery.
        recovered.check(keys=accepted(recovered), saved=saved)
    # Another machine, which has seen the branch that is given up: from then on it holds this one to account.
    other = primary.seen.with_name("other machine")
    other.write_text(text_of_branch)
    with ConsentLog(primary.url, key=primary.key, seen=other) as elsewhere:
        elsewhere.commit([make_entry()])
        earlier = primary.keep()
        elsewhere.commit([make_entry()])
        earlier()
        with pytest.raises(LogCorrupt, match="rolled back"):
            elsewhere.commit([make_entry()])


def test_what_cannot_be_kept_is_listed(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    words = make_bundle("Lost words.")
    lost = make_entry(notice=words.hash)
    log.commit([words, lost, make_entry()])
    primary.fail_over(log, restore)
    with closing(sqlite3.connect(primary.old)) as connection, connection:
        connection.execute("UPDATE notices SET body = x'00' WHERE hash = ?", (words.hash,))
    with ConsentLog(primary.url, key=primary.key, seen=primary.seen.with_name("other")) as standby:
        standby.commit([make_entry()])
    with primary.open() as recovered, open_log(primary.old) as old:
        done = recovered.recover(old, reason=WHY, at=LATER)
        assert done.lost == tuple(sorted((words.hash, lost.id)))
        assert done.recorded == 1
        note = recovered.at(done.breaks[0])
        assert note is not None and note.entry is not None and note.entry.lost == done.lost
        recovered.check(keys=accepted(recovered))


def away() -> None:
    """Fail as a store that cannot be reached."""
    raise LogUnavailable("away")


def elsewhere(primary: Primary) -> ConsentLog:
    """Open the log on a machine that has not seen what this one has."""
    return ConsentLog(primary.url, key=primary.key, seen=primary.seen.with_name("elsewhere"))


@pytest.mark.parametrize("has_grown", [False, True])
def test_what_was_erased_or_purged_stays_so(primary: Primary, log: ConsentLog, has_grown: bool) -> None:
    """Before the fall-back: in the copy that goes on, it is all there again."""
    log.commit([make_entry(at="2026-01-10T10:00:00Z"), make_entry(subject="visitor-who-returns")])
    restore = primary.keep()
    log.erase_now("visitor-who-returns", at=LATER)
    assert list(log.purge("2026-02-01", at=LATER))
    log.commit([make_entry()])
    primary.fail_over(log, restore)
    if has_grown:
        with elsewhere(primary) as standby:
            standby.commit([make_entry()])
    with primary.open() as recovered, open_log(primary.old) as old:
        done = recovered.recover(old, reason=WHY, at=LATER)
        assert bool(done.copied) is not has_grown
        assert recovered.of_subject("visitor-who-returns") == []
        assert [one.entry.at for one in recovered.entries() if one.entry and one.entry.at < "2026-02"] == []
        recovered.check(keys=accepted(recovered))


def test_what_no_copy_has_is_given_up_as_well(primary: Primary, log: ConsentLog) -> None:
    """The other copy is a backup, older than the log that was lost."""
    restore = primary.keep()
    log.commit([make_entry(), make_entry()])
    log.backup(primary.old)
    log.commit([make_entry() for _ in range(5)])
    saved = read_checkpoint(log.head().checkpoint or "")
    restore()
    with primary.open() as recovered, open_log(primary.old) as old:
        done = recovered.recover(old, reason=WHY, at=LATER)
        assert (done.copied, done.unknown, done.breaks) == (2, 5, (saved.size - 5,))
        given_up = recovered.check_continued(saved)
        assert given_up is not None and given_up.reason == WHY
        recovered.commit([make_entry()])
        recovered.check(keys=accepted(recovered), saved=saved)
        assert recovered.recover(old, reason=WHY, at=LATER).breaks == ()


def test_a_fork_whose_end_no_copy_has(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    kept = make_entry()
    log.commit([kept, make_entry()])
    log.backup(primary.old)
    log.commit([make_entry() for _ in range(5)])
    saved = read_checkpoint(log.head().checkpoint or "")
    restore()
    with elsewhere(primary) as standby:
        standby.commit([make_entry()])
        size = standby.head().size
    with primary.open() as recovered, open_log(primary.old) as old:
        done = recovered.recover(old, reason=WHY, at=LATER)
        assert (done.recorded, done.lost, done.breaks) == (2, (), (size, size + 1))
        assert done.unknown
        assert kept.id in found(recovered)
        recovered.check(keys=accepted(recovered), saved=saved)
        recovered.commit([make_entry()])


def test_a_copy_that_has_nothing_more_hides_no_roll_back(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    log.backup(primary.old)
    log.commit([make_entry()])
    restore()
    with primary.open() as standby, open_log(primary.old) as old:
        for other in (old, standby):
            with pytest.raises(LogError, match="nothing that this log lacks, and the log had"):
                standby.recover(other, reason=WHY, at=LATER)
        with pytest.raises(LogCorrupt, match="rolled back"):
            standby.commit([make_entry()])


def test_a_break_that_could_not_be_written_gives_nothing_up(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    log.commit([make_entry()])
    restore()
    before = primary.seen.read_text()
    store = FaultyStore(open_store(primary.url, read_only=False))
    with ConsentLog(primary.url, key=primary.key, seen=primary.seen, store=store) as standby:
        store.before = away
        with pytest.raises(LogUnavailable):
            standby.give_up_seen(reason=WHY, at=LATER)
        assert primary.seen.read_text() == before
        store.before = nothing
        assert len(standby.give_up_seen(reason=WHY, at=LATER).breaks) == 1
        assert primary.seen.read_text() == standby.head().checkpoint


def test_after_a_break_a_roll_back_is_noticed_at_every_size(primary: Primary, log: ConsentLog) -> None:
    """Of the branch that was given up only sizes are known: what came after the break has the same ones."""
    restore = primary.keep()
    log.commit([make_entry() for _ in range(20)])
    restore()
    with primary.open() as standby:
        standby.give_up_seen(reason=WHY, at=LATER)
        standby.commit([make_entry()])
        earlier = primary.keep()
        standby.commit([make_entry() for _ in range(5)])
        saved = read_checkpoint(standby.head().checkpoint or "")
        earlier()
        with pytest.raises(LogCorrupt, match="rolled back"):
            standby.check(keys=accepted(standby), saved=saved)
    with primary.open() as restarted:
        with pytest.raises(LogCorrupt, match="rolled back"):
            restarted.commit([make_entry()])
        restarted.give_up_seen(reason="once more", at=LATER)
        restarted.commit([make_entry()])
        restarted.check(keys=accepted(restarted), saved=saved)


@pytest.mark.parametrize("has_grown", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET body = replace(body, 'analytics', 'ana1ytics') WHERE id = '{id}'",
        "UPDATE entries SET body = NULL, salt = NULL, at = NULL, subject = NULL WHERE id = '{id}'",
        "UPDATE entries SET leaf = CAST(replace(leaf, '2026', '2025') AS BLOB) WHERE id = '{id}'",
        "UPDATE entries SET leaf = 'text' WHERE id = '{id}'",
        "DELETE FROM entries WHERE id = '{id}'",
    ],
)
def test_what_was_changed_in_the_other_copy_is_not_signed_here(
    primary: Primary, log: ConsentLog, change: str, has_grown: bool
) -> None:
    restore, changed, kept = primary.keep(), make_entry(), make_entry()
    log.commit([changed, kept])
    primary.fail_over(log, restore)
    if has_grown:
        with elsewhere(primary) as standby:
            standby.commit([make_entry()])
    with closing(sqlite3.connect(primary.old)) as connection, connection:
        assert connection.execute(change.format(id=changed.id)).rowcount == 1
    with primary.open() as recovered, open_log(primary.old) as old:
        done = recovered.recover(old, reason=WHY, at=LATER)
        assert (done.copied, done.recorded, len(done.breaks)) == (0, 1, 1)
        assert (done.lost, done.unknown) == (((), 1) if "DELETE" in change else ((changed.id,), 0))
        assert kept.id in found(recovered) and changed.id not in found(recovered)
        recovered.check(keys=accepted(recovered))


def test_an_unsigned_head_is_none_of_a_signed_log(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    log.commit([make_entry()])
    primary.fail_over(log, restore)
    with closing(sqlite3.connect(primary.old)) as connection, connection:
        connection.execute("UPDATE head SET checkpoint = NULL")
    with primary.open() as standby, pytest.raises(ConfigurationError, match="is not signed"):
        standby.recover(open_log(primary.old), reason=WHY, at=LATER)


def test_what_another_log_left_there_is_not_given_up(
    primary: Primary, log: ConsentLog, tmp_path: Path
) -> None:
    with ConsentLog(tmp_path / "other.sqlite3") as other:
        other.commit([BUNDLE, *(make_entry() for _ in range(40))])
        primary.seen.write_text(other.head().checkpoint or "")
    with primary.open() as restarted:
        assert restarted.give_up_seen(reason=WHY, at=LATER).breaks == ()


def test_a_branch_that_is_gone_is_given_up(primary: Primary, log: ConsentLog) -> None:
    restore = primary.keep()
    log.commit([make_entry() for _ in range(BEHIND)])
    restore()
    with primary.open() as standby:
        with pytest.raises(LogCorrupt, match="rolled back"):
            standby.commit([make_entry()])
        done = standby.give_up_seen(reason="the old primary is gone", at=LATER)
        assert (done.breaks, done.unknown) == ((standby.head().size - 1,), BEHIND)
        standby.commit([make_entry()])
        standby.check(keys=accepted(standby))
        assert standby.give_up_seen(reason="the old primary is gone", at=LATER).breaks == ()


def test_nothing_is_changed_where_nothing_lacks(primary: Primary, log: ConsentLog) -> None:
    log.backup(primary.old)
    log.commit([make_entry()])
    head = log.head()
    with open_log(primary.old) as old:
        done = log.recover(old, reason=WHY, at=LATER)
    assert (done.copied, done.recorded, done.breaks) == (0, 0, ())
    assert log.head() == head


def test_another_log_is_no_copy(primary: Primary, log: ConsentLog, tmp_path: Path) -> None:
    with ConsentLog(tmp_path / "other.sqlite3") as other:
        other.commit([BUNDLE, make_entry()])
        with pytest.raises(ConfigurationError, match="did not sign"):
            log.recover(other, reason=WHY, at=LATER)


def test_a_new_log_takes_a_backup_as_it_is(primary: Primary, log: ConsentLog, tmp_path: Path) -> None:
    log.backup(primary.old)
    with ConsentLog(tmp_path / "new.sqlite3", key=primary.key) as new, open_log(primary.old) as old:
        assert new.recover(old, reason=WHY, at=LATER).copied == log.head().size
        assert new.check(keys=accepted(new)) == log.head()
        new.commit([make_entry()])


def test_a_break_that_nobody_signed_is_not_written_by_others(log: ConsentLog) -> None:
    forged = Entry(
        id=make_entry().id, type="break", at=AT, common=0, given_up=f"9 {'0' * 64}", lost=(), reason="x"
    )
    with pytest.raises(LogError, match="only the log itself"):
        log.commit([forged])
