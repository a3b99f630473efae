"""Who can write the database, or hand somebody a file, gets nothing signed, hidden or run by that."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from consentkit.exceptions import ConfigurationError, LogCorrupt, LogError, LogUnavailable
from consentkit.log import ConsentLog, open_log
from consentkit.log import evidence as receipts
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.evidence import collect
from consentkit.log.operations import entry_row, new_id
from consentkit.log.outbox import FileOutbox
from consentkit.log.reader import LogReader
from consentkit.log.signer import Signer, read_keyring, replace_key_file
from consentkit.log.stores.postgres import PostgresStore
from consentkit.log.stores.values import Outcome
from consentkit.record.entry import Entry, Item
from consentkit.record.leaf import ProvedEntry, commitment, committed_leaf
from consentkit.tlog.note import SigningKey, open_checkpoint, sign_checkpoint
from consentkit.tlog.tree import TileId, append
from log.postgres import Server
from log.samples import AT, BUNDLE, make_entry, make_refusal

LATER = "2026-11-22T11:00:00Z"


@pytest.fixture
def log(path: Path) -> Iterator[ConsentLog]:
    """Make a log with a notice and four decisions, one of which is erased."""
    with ConsentLog(path) as made:
        made.commit([BUNDLE, *(make_entry() for _ in range(3))])
        made.commit([make_entry(subject="another-subject-1")])
        made.erase_now("another-subject-1", at=LATER)
        yield made


@contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """Change a log behind its back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        yield connection


def check(log: ConsentLog) -> int:
    """Verify a log with its own keys; return its size."""
    keys = log.keys()
    assert keys is not None
    return log.check(keys=keys.accepted).size


def exchange(connection: sqlite3.Connection, index: int, entry: Entry) -> bytes:
    """Put another entry into a place, with tiles that fit; return the root that they lead to."""
    row = entry_row(entry, index)
    connection.execute('DELETE FROM entries WHERE "index" = ?', (index,))
    connection.execute(
        'INSERT INTO entries ("index", id, type, at, subject, body, salt, leaf)'
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (index, row.id, row.type, row.at, row.subject, row.body, row.salt, row.leaf),
    )
    leaves = [leaf for (leaf,) in connection.execute('SELECT leaf FROM entries ORDER BY "index"')]
    grown = append(0, {}, leaves)
    for tile, hashes in grown.tiles.items():
        connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", (*tile, hashes))
    return grown.root


class TestSigning:
    """The key signs what continues what it has signed."""

    def test_a_tree_that_was_rewritten_is_not_signed(self, log: ConsentLog, path: Path) -> None:
        with tampering(path) as connection:
            root = exchange(connection, 1, make_entry(action="accept_all"))
            connection.execute("UPDATE head SET root = ?", (root,))
        for attempt in (lambda: log.commit([make_entry()]), log.sign_now, lambda: rotated(log)):
            with pytest.raises(LogCorrupt, match="not the one that was signed"):
                attempt()

    def test_nor_by_a_process_that_begins_with_it(self, log: ConsentLog, path: Path) -> None:
        with tampering(path) as connection:
            root = exchange(connection, 1, make_entry(action="accept_all"))
            connection.execute("UPDATE head SET root = ?", (root,))
        with ConsentLog(path) as another, pytest.raises(LogCorrupt, match="not the one that was signed"):
            another.commit([make_entry()])

    def test_nor_are_tiles_that_were_rewritten_under_a_head_that_was_not(
        self, log: ConsentLog, path: Path
    ) -> None:
        with tampering(path) as connection:
            exchange(connection, 1, make_entry(action="accept_all"))
        for attempt in (lambda: log.commit([make_entry()]), log.sign_now):
            with pytest.raises(LogCorrupt, match="do not lead to the head's root"):
                attempt()

    def test_a_signature_that_was_taken_away_is_missed(self, log: ConsentLog, path: Path) -> None:
        log.commit([make_entry()])
        with tampering(path) as connection:
            connection.execute("UPDATE head SET checkpoint = NULL")
        with pytest.raises(LogCorrupt, match="not signed any more"):
            log.commit([make_entry()])

    def test_an_older_copy_is_not_continued(self, log: ConsentLog, path: Path) -> None:
        """Two signed trees of one size would be the end of all trust."""
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(":memory:")) as older:
            source.backup(older)
            log.commit([make_entry()])
            log.commit([make_entry()])
            older.backup(source)
        with pytest.raises(LogCorrupt, match="rolled back"):
            log.commit([make_entry()])

    def test_another_process_that_signs_with_a_newer_key_is_followed(
        self, log: ConsentLog, path: Path
    ) -> None:
        file = path.with_name(f"{path.name}.key")
        changed = rotated(log)
        replace_key_file(file, read_keyring(file.read_text()).rotated(changed))
        with ConsentLog(path) as another:
            another.commit([make_entry()])
        log.commit([make_entry()])
        assert open_checkpoint(log.head().checkpoint or "", [changed.verifier]).size == log.head().size

    def test_a_key_that_is_not_the_logs_is_not_followed(self, log: ConsentLog, path: Path) -> None:
        head = log.head()
        foreign = sign_checkpoint(head.size, head.root, [SigningKey.generate("example.org/other")])
        with tampering(path) as connection:
            connection.execute("UPDATE head SET checkpoint = ?", (foreign,))
        with pytest.raises(LogUnavailable, match="did not sign the log"):
            log.commit([make_entry()])

    @pytest.mark.parametrize("text", [" {}", "'{}'", "key={}", "\n{}\n"])
    def test_a_secret_with_something_around_it_is_not_taken_for_a_path(self, text: str) -> None:
        secret = str(SigningKey.generate("example.org/log"))
        signer = Signer(text.format(secret))
        assert signer.path is None
        try:
            assert signer.keys() is not None
        except ConfigurationError as error:
            assert secret not in str(error) and secret[-20:] not in str(error)


def rotated(log: ConsentLog) -> SigningKey:
    """Sign the head with a new key and the present one; return the new one."""
    keys = log.keys()
    assert keys is not None
    key = SigningKey.generate(keys.signing.name)
    log.rotate(key)
    return key


class TestBooks:
    """What the log says of itself: written by it only, and no more of it than there must be."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"type": "erasure", "erased": (0,)},
            {"type": "purge", "before": "2027-01-01", "stop": 1},
            {"type": "rollup", "closes": "2026-11-22", "counts": ()},
        ],
    )
    def test_nobody_else_writes_them(self, log: ConsentLog, fields: dict[str, Any]) -> None:
        """An outbox is a file: what somebody puts there would make the log contradict itself for good."""
        if fields["type"] == "rollup":
            fields["counts"] = next(
                one.entry.counts for one in log.entries() if one.entry and one.entry.counts
            )
        size = log.head().size
        with pytest.raises(LogError, match="only the log itself"):
            log.commit([Entry(id=new_id(AT), at=AT, **fields)])
        assert check(log) == size

    def test_a_clock_that_is_ahead_costs_no_roll_up_with_every_commit(self, path: Path) -> None:
        with ConsentLog(path) as log:
            log.commit([BUNDLE, make_entry(at="2099-01-01T00:00:00Z")])
            for _ in range(10):
                log.commit([make_entry()])
            assert check(log) == 12

    def test_nor_does_one_that_is_behind(self, path: Path) -> None:
        with ConsentLog(path) as log:
            log.commit([BUNDLE])
            for _ in range(10):
                log.commit([make_entry(at="2026-11-23T00:00:01Z")])
                log.commit([make_entry(at="2026-11-22T23:59:59Z")])
            assert check(log) == 21
            log.commit([make_entry(at="2026-11-24T00:00:00Z")])
            assert check(log) == 24
            assert log.head().open_days == ("2026-11-24",)

    def test_erasures_of_one_day_do_not_repeat_its_counts(self, path: Path) -> None:
        """Else whoever grants and erases in turns would fill the disk with roll-ups."""
        with ConsentLog(path) as log:
            languages = [first + second for first in "abcdefgh" for second in "abcdefgh"]
            log.commit([BUNDLE, *(make_entry(locale=language, subject=None) for language in languages)])
            sizes = []
            for number in range(4):
                log.commit([make_entry(subject=f"visitor-number-{number:04}")])
                before = log.head().size
                log.erase_now(f"visitor-number-{number:04}", at=LATER)
                sizes.append(next(len(one.body or b"") for one in log.entries(before) if one.entry))
                check(log)
        assert sizes[0] > 10 * sizes[1] and sizes[1] == sizes[3] < 600


Change = Callable[[sqlite3.Connection], object]


def sql(statement: str, *arguments: object) -> Change:
    """Make a change of one statement."""
    return lambda connection: connection.execute(statement, arguments)


def another_index(connection: sqlite3.Connection) -> None:
    """Take a visitor's entries from the index over visitors; its definition says nothing of it."""
    (made,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'entries_subject'").fetchone()
    connection.execute("DROP INDEX entries_subject")
    connection.execute(
        "CREATE INDEX entries_subject ON entries (substr(subject, 1, 4))"
        " WHERE subject IS NOT NULL AND subject <> 'c3ViamVjdC1vbmU0'"
    )
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'entries_subject'", (made,))
    connection.execute("PRAGMA writable_schema = OFF")


def end_of_salt_to_body(connection: sqlite3.Connection) -> None:
    """Salt and body are hashed one after the other: move white space that ends the one into the other."""
    entry = make_entry()
    body, salt = entry.encode(), bytes(31) + b" "
    leaf = committed_leaf("decision", entry.day, commitment(salt, body))
    exchange(connection, 1, entry)
    connection.execute(
        'UPDATE entries SET salt = ?, body = ?, leaf = ? WHERE "index" = 1', (salt[:-1], b" " + body, leaf)
    )
    rebuild(connection)


def two_in_one(connection: sqlite3.Connection) -> None:
    """Two bodies that are entries only when they are read as one list."""
    one, other = make_entry(), make_entry()
    whole = one.encode() + b',{"a":[' + b"{}"
    rest = b"{}]," + other.encode()[1:]
    for index, body, entry in ((1, whole, one), (2, rest, other)):
        exchange(connection, index, entry)
        salt = bytes(32)
        leaf = committed_leaf("decision", entry.day, commitment(salt, body))
        connection.execute(
            'UPDATE entries SET salt = ?, body = ?, leaf = ? WHERE "index" = ?', (salt, body, leaf, index)
        )
    rebuild(connection)


def an_erasure_of_a_notice(connection: sqlite3.Connection) -> None:
    (index,) = connection.execute("SELECT \"index\" FROM entries WHERE type = 'erasure'").fetchone()
    exchange(connection, index, Entry(id=new_id(AT), type="erasure", at=AT, erased=(0, 4)))
    rebuild(connection)


def rebuild(connection: sqlite3.Connection) -> None:
    """Make the tree anew from the leaves, unsigned."""
    leaves = [leaf for (leaf,) in connection.execute('SELECT leaf FROM entries ORDER BY "index"')]
    grown = append(0, {}, leaves)
    for tile, hashes in grown.tiles.items():
        connection.execute("INSERT OR REPLACE INTO tiles VALUES (?, ?, ?)", (*tile, hashes))
    connection.execute("UPDATE head SET root = ?, checkpoint = NULL", (grown.root,))


COPY = (
    'INSERT INTO entries ("index", id, type, at, subject, body, salt, leaf)'
    " SELECT ?, 'another', type, at, subject, body, salt, leaf FROM entries WHERE \"index\" = 1"
)

HIDDEN: dict[str, tuple[Change, str]] = {
    "lowest index": (sql(COPY, -(2**63)), "beyond the head"),
    "highest index": (sql(COPY, 2**63 - 1), "beyond the head"),
    "a notice": (sql("INSERT INTO notices VALUES ('a', x'00')"), "notices besides"),
    "a far tile": (sql("INSERT INTO tiles VALUES (0, 77, x'00')"), "tiles besides"),
    "a high tile": (sql("INSERT INTO tiles VALUES (40, 0, x'00')"), "tiles besides"),
    "a count": (sql("INSERT INTO daily VALUES ('zzz', '', '', '', '', 5, 0)"), "roll-ups of zzz"),
    "a trigger": (
        sql("CREATE TRIGGER more AFTER INSERT ON entries BEGIN DELETE FROM observations; END"),
        "triggers",
    ),
    "an index": (sql('CREATE INDEX more ON entries ("index") WHERE id IS NULL'), "indexes"),
    "an index of another definition": (another_index, "contradicts itself"),
    "salt": (end_of_salt_to_body, "entry 1: its body is not what"),
    "list": (two_in_one, "entry 1: its body is not an entry"),
    "erased notice": (an_erasure_of_a_notice, "entry 0: an entry says that it was erased"),
    "tile of another kind": (sql("UPDATE tiles SET hashes = 1000000000000"), "not bytes"),
}


@pytest.mark.parametrize("kind", HIDDEN)
def test_nothing_is_hidden_from_verifying(log: ConsentLog, path: Path, kind: str) -> None:
    change, found = HIDDEN[kind]
    log.close()
    with tampering(path) as connection:
        change(connection)
    with open_log(path) as reader, pytest.raises(LogCorrupt, match=found):
        reader.check()
        reader.check_indexes()


def view_of_assets(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE assets RENAME TO kept")
    connection.execute("CREATE VIEW assets AS SELECT hash, zeroblob(1000000000) AS bytes FROM kept")


DEEP = b'{"x":' + b"[" * 100_000

FOREIGN: dict[str, tuple[Change, Callable[[Any], object]]] = {
    "view": (view_of_assets, lambda reader: reader.head()),
    "body": (sql("UPDATE entries SET body = 5"), lambda reader: list(reader.entries())),
    "text": (sql("UPDATE entries SET leaf = 'leaf'"), lambda reader: reader.at(1)),
    "leaf": (sql("UPDATE entries SET leaf = ?", DEEP), lambda reader: reader.notices()),
    "number": (sql("UPDATE tiles SET hashes = 1000000000000"), lambda reader: reader.tile(TileId(0, 0))),
    "checkpoint": (sql("UPDATE head SET checkpoint = x'00'"), lambda reader: reader.head()),
    "size": (sql("UPDATE head SET size = 'many'"), lambda reader: reader.head()),
    "destroyed": (
        sql("UPDATE entries SET body = 5 WHERE type = 'erasure'"),
        lambda reader: reader.destroyed_by(4),
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_file_that_somebody_made_is_named_corrupt(log: ConsentLog, path: Path, kind: str) -> None:
    change, read = FOREIGN[kind]
    log.close()
    with tampering(path) as connection:
        change(connection)
    with open_log(path) as reader, pytest.raises(LogCorrupt):
        read(reader)


def test_a_value_that_is_too_large_is_not_read(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consentkit.log.stores.sqlite.LARGEST", 100_000)
    log.close()
    with tampering(path) as connection:
        connection.execute("UPDATE assets SET bytes = zeroblob(200000)")
    with open_log(path) as reader, pytest.raises(LogCorrupt, match="too big"):
        reader.check()


def test_what_is_no_text_is_found_nowhere(log: ConsentLog) -> None:
    assert log.find("\udcff") is None
    assert log.of_subject("\udcff") == []
    assert log.at(2**64) is None and log.at(-1) is None


def test_a_long_history_costs_no_more_than_its_end(log: ConsentLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever decides in a loop would have a thread prove all of it with every receipt."""
    monkeypatch.setattr(receipts, "LATEST", 3)
    made = [make_entry() for _ in range(10)]
    log.commit(made)
    subject = made[0].subject or ""
    assert [one.entry for one in log.of_subject(subject, last=4)] == made[-4:]
    collected = collect(log, subject)
    assert collected is not None
    assert [proved.entry for proved in collected.entries] == made[-3:]


def test_a_receipts_salt_has_its_length() -> None:
    proved = ProvedEntry(index=0, body=make_entry().encode().decode(), salt="00" * 31)
    with pytest.raises(LogError, match="32 bytes"):
        assert proved.leaf


def test_an_old_day_is_searched_by_its_index(log: ConsentLog, path: Path) -> None:
    log.commit([make_entry(at="2026-10-01T08:00:00Z"), make_refusal(), make_entry(at="2026-10-01T09:00:00Z")])
    october = EntryFilter(since="2026-10-01", until="2026-10-01")
    found = [one.index for one in log.search(october).entries]
    assert found == sorted(found, reverse=True) and len(found) == 2
    assert [one.index for one in log.search(october, limit=1).entries] == found[:1]
    assert [one.index for one in log.search(october, before=found[0]).entries] == found[1:]
    assert log.search(msgspec.structs.replace(october, action="reject_all")).entries == []


def test_an_erasure_waits_for_what_another_drains(path: Path, tmp_path: Path) -> None:
    """Else a visitor's refusal would come into the log behind the erasure, when the id is gone for good."""
    outbox, begun, go_on = FileOutbox(tmp_path / "outbox"), threading.Event(), threading.Event()
    refusal = make_refusal()
    with ConsentLog(path, outbox=tmp_path / "outbox") as log:
        log.commit([BUNDLE])
        outbox.put([msgspec.structs.replace(refusal, subject="one-visitor-0001")])

        def slowly(items: Sequence[Item]) -> Sequence[Outcome]:
            begun.set()
            go_on.wait()
            return log.commit(items)

        drainer = threading.Thread(target=lambda: outbox.drain(slowly))
        drainer.start()
        begun.wait()
        eraser = threading.Thread(target=lambda: log.erase_now("one-visitor-0001", at=LATER))
        eraser.start()
        eraser.join(timeout=0.2)
        go_on.set()
        for thread in (drainer, eraser):
            thread.join()
        found = log.find(refusal.id)
        assert found is not None and found.entry is None
        check(log)


def test_a_temporary_table_stands_in_for_none_of_the_logs(
    postgres: Server, new_schema: Callable[[], str]
) -> None:
    """A pooler in between lends the session that another program of the same role has left."""
    url, key = postgres.url(schema=new_schema()), str(SigningKey.generate("example.org/log"))
    store = PostgresStore(url)
    with ConsentLog(url, key=key, store=store) as log:
        log.commit([BUNDLE])
        with store.snapshot() as view:
            view.connection.rollback()
            view.connection.execute("CREATE TEMPORARY TABLE notices (hash text, body bytea)")
            view.connection.commit()
        assert log.notice(BUNDLE.hash) == BUNDLE.body


READS: Sequence[Callable[[LogReader], object]] = (
    lambda reader: reader.check(),
    lambda reader: reader.check_indexes(),
    lambda reader: list(reader.entries()),
    lambda reader: reader.find(BUNDLE.hash),
    lambda reader: reader.of_subject("c3ViamVjdC1vbmU0"),
    lambda reader: reader.notices(),
    lambda reader: reader.search(EntryFilter(since=AT[:10], action="save")),
    lambda reader: reader.stats(),
    lambda reader: reader.proof(1),
    lambda reader: reader.destroyed_by(4),
)


@pytest.mark.parametrize("cases", [40, pytest.param(4000, marks=pytest.mark.soak)])
def test_whatever_bytes_a_file_has_are_read_or_named_wrong(
    log: ConsentLog, path: Path, tmp_path: Path, cases: int
) -> None:
    log.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    whole, chance, copy = path.read_bytes(), random.Random(1), tmp_path / "copy.sqlite3"
    for _ in range(cases):
        data = bytearray(whole)
        for _ in range(chance.choice((1, 3, 20))):
            data[chance.choice((chance.randrange(4096), chance.randrange(len(data))))] = chance.randrange(256)
        for file in tmp_path.glob("copy.sqlite3*"):
            file.unlink()
        copy.write_bytes(data)
        with open_log(copy) as reader:
            for read in READS:
                with suppress(LogError):
                    read(reader)
        with suppress(LogError), ConsentLog(copy) as writer:
            writer.commit([make_entry()])
