"""What is destroyed is gone, and the log can show that nothing else is."""

from __future__ import annotations

import random
import sqlite3
import string
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consentkit.log import ConsentLog, Recorded, Rollup
from consentkit.log import log as consentlog
from consentkit.log.daily_counts import Tallies
from consentkit.log.location import key_path
from consentkit.log.operations import entry_row, erase, publication_row
from consentkit.log.outbox import FileOutbox
from consentkit.log.signer import Signer
from consentkit.log.stores import sqlite
from consentkit.log.stores import sqlite_schema as schema
from consentkit.log.stores.values import rollup_of
from consentkit.record.entry import Entry
from consentkit.tlog.proofs import check_consistency
from consentkit.tlog.tree import append, frontier
from log.faults import Connector, FaultyStore
from log.remains import decisions, needles_of, remains
from log.samples import AT, BUNDLE, STYLE, accepted, make_entry, make_refusal

DAYS = [f"2026-11-{day}" for day in range(22, 29)]
NOW = "2026-11-30T12:00:00Z"
SUBJECTS = [f"visitor-number-{number:03}" for number in range(4)]


@pytest.fixture
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the disk: nothing crashes here."""
    monkeypatch.setattr(sqlite, "PRAGMAS", (*sqlite.PRAGMAS, "synchronous = OFF"))


@pytest.fixture
def outbox(path: Path) -> FileOutbox:
    """Make the log's outbox."""
    return FileOutbox(path.with_name("outbox"))


@pytest.fixture
def log(path: Path, store: FaultyStore) -> Iterator[ConsentLog]:
    """Make an empty log with its outbox in a file."""
    with ConsentLog(path, outbox=path.with_name("outbox"), store=store) as made:
        yield made


def on(day: str, **changes: object) -> Entry:
    """Make a decision of a day."""
    return make_entry(at=f"{day}T10:00:00Z", **changes)


def purge(log: ConsentLog, before: str) -> int:
    """Purge; return how many entries were destroyed."""
    return sum(count for _, count in log.purge(before, at=NOW))


def entry_at(log: ConsentLog, index: int) -> Entry:
    """Return the entry with an index."""
    found = log.at(index)
    assert found is not None
    assert found.entry is not None
    return found.entry


# --- what stays


def test_an_erasure_leaves_index_id_and_leaf(log: ConsentLog) -> None:
    mine = [on(day, subject=SUBJECTS[0]) for day in DAYS[:2]]
    log.commit([BUNDLE, mine[0], on(DAYS[0]), mine[1], make_refusal()])
    before = list(log.entries())
    assert log.erase_now(SUBJECTS[0], at=NOW) == 2
    after = list(log.entries())
    for old, new in zip(before, after, strict=False):
        assert (new.index, new.id, new.leaf) == (old.index, old.id, old.leaf)
        gone = (None, None, None)
        assert (new.entry, new.body, new.salt) == (
            gone if new.index in (1, 3) else (old.entry, old.body, old.salt)
        )
    note = entry_at(log, log.head().size - 1)
    assert (note.type, note.erased, note.at, note.subject) == ("erasure", (1, 3), NOW, None)
    assert log.of_subject(SUBJECTS[0]) == []
    destroyed = log.destroyed_by(3)
    assert destroyed is not None
    assert destroyed.id == note.id
    log.check(keys=accepted(log))


def test_proofs_from_before_and_after_hold(log: ConsentLog) -> None:
    log.commit([BUNDLE, *(on(day, subject=SUBJECTS[0]) for day in DAYS)])
    keys, old = accepted(log), log.head()
    proofs, leaves = log.proofs(range(old.size)), [one.leaf for one in log.entries()]
    assert log.erase_now(SUBJECTS[0], at=NOW) == len(DAYS)
    assert purge(log, "2027-01-01") == 0
    new = log.head()
    for index, leaf in enumerate(leaves):
        proofs[index].check(leaf, keys)
        log.proof(index).check(leaf, keys)
    check_consistency(old.size, new.size, log.consistency(old.size), old.root, new.root)


def test_rates_stay_as_they_were(log: ConsentLog) -> None:
    log.commit([BUNDLE, *(on(day, subject=subject) for day in DAYS for subject in SUBJECTS)])
    before = dict(log.stats())
    log.erase_now(SUBJECTS[1], at=NOW)
    assert purge(log, DAYS[3]) == 9
    assert log.stats() == before
    assert {one.entry.at[:10] for one in decisions(log) if one.entry} == set(DAYS[3:])
    log.check(keys=accepted(log))


def test_who_is_not_in_the_log_leaves_no_trace_by_asking(log: ConsentLog) -> None:
    log.commit([BUNDLE, make_refusal()])
    assert log.erase_now(SUBJECTS[0], at=NOW) == 0
    assert purge(log, DAYS[0]) == 0
    assert log.head().size == 2


def test_an_erased_entry_does_not_come_back(log: ConsentLog, outbox: FileOutbox) -> None:
    mine = on(DAYS[0], subject=SUBJECTS[0])
    log.commit([BUNDLE, mine])
    log.erase_now(SUBJECTS[0], at=NOW)
    size = log.head().size
    outbox.put([BUNDLE, mine])
    assert log.drain() == 2
    assert log.commit([mine]) == [1]
    assert (log.head().size, log.of_subject(SUBJECTS[0])) == (size, [])
    assert sum(log.stats().values()) == 1
    log.check(keys=accepted(log))


def test_what_waits_in_the_outbox_is_erased_with_the_rest(log: ConsentLog, outbox: FileOutbox) -> None:
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    outbox.put([on(DAYS[1], subject=SUBJECTS[0], action="withdraw", granted=())])
    assert log.erase_now(SUBJECTS[0], at=NOW) == 2
    assert log.of_subject(SUBJECTS[0]) == []
    assert not outbox.pending


def test_a_purge_leaves_notices_and_what_the_log_says_of_itself(log: ConsentLog) -> None:
    grant = on(DAYS[1])
    note = Entry(id=make_entry().id, type="invalidated", at=AT, previous=grant.id)
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0]), grant, note])
    log.erase_now(SUBJECTS[0], at=NOW)
    assert purge(log, "2027-01-01") == 2
    left = Counter(one.entry.type for one in log.entries() if one.entry is not None)
    # A day for which the erasure had made a roll-up, and the other one.
    assert left == {"notice": 1, "rollup": 2, "erasure": 1, "purge": 1}
    assert log.notice(BUNDLE.hash) == BUNDLE.body
    log.check(keys=accepted(log))


# --- any order of events


class Model:
    """What a log should hold, kept the simple way."""

    def __init__(self, log: ConsentLog, outbox: FileOutbox) -> None:
        self.log = log
        self.outbox = outbox
        self.live: dict[str, Entry] = {}
        self.indexes: dict[str, int] = {}
        self.daily: Counter[Rollup] = Counter()
        log.commit([BUNDLE])

    def record(self, decisions: Sequence[tuple[int, int]], late: bool) -> None:
        """Record decisions of days and subjects, directly or through the outbox."""
        entries = [self._entry(DAYS[day], who) for day, who in decisions]
        if late:
            self.outbox.put(entries)
            assert self.log.drain() == len(entries)
        else:
            self.log.commit(entries)
        self.live |= {entry.id: entry for entry in entries}
        self.daily.update(map(rollup_of, entries))

    def replay(self, number: int) -> None:
        """Hand over once more what is in the log, or was."""
        known = [*self.indexes]
        if known:
            id = known[number % len(known)]
            self.outbox.put([make_entry(id=id)])
            assert self.log.drain() == 1

    def erase(self, who: int) -> None:
        """Erase a visitor's entries."""
        gone = [id for id, entry in self.live.items() if entry.subject == SUBJECTS[who]]
        assert self.log.erase_now(SUBJECTS[who], at=NOW) == len(gone)
        self._forget(gone)

    def purge(self, day: int) -> None:
        """Purge what is from before a day."""
        gone = [id for id, entry in self.live.items() if entry.day < DAYS[day]]
        assert purge(self.log, DAYS[day]) == len(gone)
        self._forget(gone)

    def check(self) -> None:
        """Hold the log against the model."""
        self.log.check(keys=accepted(self.log))
        assert self.log.stats() == self.daily
        assert {one.id: one.entry for one in decisions(self.log)} == self.live
        found = {one.id: one.index for one in self.log.entries()}
        assert self.indexes.items() <= found.items()
        self.indexes = {id: index for id, index in found.items() if id in self.live or id in self.indexes}

    def _entry(self, day: str, who: int) -> Entry:
        return on(day, subject=SUBJECTS[who]) if who < len(SUBJECTS) else make_refusal_on(day)

    def _forget(self, ids: Sequence[str]) -> None:
        for id in ids:
            del self.live[id]


def make_refusal_on(day: str) -> Entry:
    """Make a refusal of a day."""
    return on(day, subject=None, action="reject_all", granted=())


DECISIONS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, len(SUBJECTS))), min_size=1, max_size=9)
STEP = st.one_of(
    st.tuples(st.just(Model.record), DECISIONS, st.booleans()),
    st.tuples(st.just(Model.erase), st.integers(0, len(SUBJECTS) - 1)),
    st.tuples(st.just(Model.purge), st.integers(1, 6)),
    st.tuples(st.just(Model.replay), st.integers(0, 50)),
)


def run(steps: Sequence[tuple[Callable[..., None], *tuple[object, ...]]]) -> None:
    """Do the steps on a new log, and check it after each."""
    with tempfile.TemporaryDirectory() as folder:
        path, outbox = Path(folder) / "log.sqlite3", Path(folder) / "outbox"
        with ConsentLog(path, outbox=outbox) as log:
            model = Model(log, FileOutbox(outbox))
            for step, *arguments in steps:
                step(model, *arguments)
                model.check()


@pytest.mark.usefixtures("unsynced")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=8))
def test_counts_and_bodies_are_exact_whatever_happens(steps: list[tuple[Callable[..., None]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consentlog, "PURGE_ROWS", 4)
        run(steps)


@pytest.mark.soak
@pytest.mark.usefixtures("unsynced")
@settings(max_examples=2000, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, max_size=30))
def test_counts_and_bodies_are_exact_in_long_runs(steps: list[tuple[Callable[..., None]]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consentlog, "PURGE_ROWS", 4)
        run(steps)


# --- the bytes


def fill(log: ConsentLog, seed: int, count: int) -> random.Random:
    """Record decisions of many visitors, several each, in batches of any size."""
    seeded = random.Random(seed)
    letters = string.ascii_letters + string.digits
    subjects = ["".join(seeded.choices(letters, k=24)) for _ in range(count // 2)]
    log.commit([BUNDLE])
    days = [DAYS[number * len(DAYS) // count] for number in range(count)]
    entries = [on(day, subject=seeded.choice(subjects)) for day in days]
    while entries:
        size = seeded.randrange(1, 60)
        log.commit(entries[:size])
        del entries[:size]
    return seeded


def some_visitors(log: ConsentLog, seeded: random.Random, count: int) -> dict[str, list[Recorded]]:
    """Choose visitors who have entries; return these."""
    subjects = sorted({one.entry.subject or "" for one in decisions(log) if one.entry})
    return {subject: log.of_subject(subject) for subject in seeded.sample(subjects, count)}


def erase_all(path: Path, store: FaultyStore, subjects: Iterable[str]) -> None:
    """Erase visitors, in one transaction."""
    sign = Signer(None, default=key_path(path)).sign
    store.transact(
        lambda one: [
            erase(one, one.of_subject(subject), at=NOW, sign=sign, tallies=Tallies()) for subject in subjects
        ]
    )


@pytest.mark.usefixtures("unsynced")
# 5: were whole ids in the index, SQLite would leave copies of some in the free space of its pages.
@pytest.mark.parametrize("seed", [5, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(60))])
def test_nothing_of_what_is_erased_is_left_on_the_disk(
    path: Path, log: ConsentLog, store: FaultyStore, seed: int
) -> None:
    seeded = fill(log, seed, 2000)
    gone = some_visitors(log, seeded, 330)
    needles = {subject.encode() for subject in gone} | needles_of(rows[0] for rows in [*gone.values()][::4])
    assert {needle for _, needle in remains(path, needles)} == needles
    erase_all(path, store, gone)
    assert remains(path, needles) == []
    doomed = [one for one in decisions(log) if one.entry and one.entry.day < DAYS[3]]
    assert purge(log, DAYS[3]) == len(doomed) > 500
    others = {one.entry.subject for one in decisions(log) if one.entry}
    needles |= needles_of(doomed[::8]) - {(subject or "").encode() for subject in others}
    gone = some_visitors(log, seeded, 100)
    needles |= needles_of(rows[0] for rows in gone.values())
    erase_all(path, store, gone)
    assert remains(path, needles) == []
    log.check(keys=accepted(log))
    log.close()
    assert remains(path, needles) == []


@pytest.mark.usefixtures("unsynced")
def test_what_was_purged_takes_no_space_after_a_vacuum(path: Path, log: ConsentLog) -> None:
    log.commit([BUNDLE, *(on(DAYS[0]) for _ in range(1000))])
    log.close()
    size = path.stat().st_size
    assert purge(log, "2027-01-01") == 1000
    log.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")
    assert path.stat().st_size < 0.6 * size
    log.commit([on(DAYS[1])])
    log.check(keys=accepted(log))


@contextmanager
def nobody(path: Path) -> Iterator[None]:
    """Read nothing."""
    yield


@contextmanager
def idle_reader(path: Path) -> Iterator[None]:
    """Hold a connection open, between two reads."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM entries").fetchone()
        yield


@contextmanager
def idle_writer(path: Path) -> Iterator[None]:
    """Hold open what another process of the site would."""
    with ConsentLog(path) as other:
        other.commit([make_refusal()])
        yield


@pytest.mark.parametrize("others", [nobody, idle_reader, idle_writer])
def test_erased_bytes_are_gone_when_erase_returns(
    path: Path, log: ConsentLog, others: Callable[[Path], AbstractContextManager[None]]
) -> None:
    log.commit([BUNDLE, on(DAYS[0]), on(DAYS[1], subject=SUBJECTS[0]), on(DAYS[2], subject=SUBJECTS[0])])
    needles = needles_of(log.of_subject(SUBJECTS[0]))
    with others(path):
        assert remains(path, needles)
        assert log.erase_now(SUBJECTS[0], at=NOW) == 2
        assert remains(path, needles) == []
    assert remains(path, needles) == []


@pytest.mark.parametrize("purging", [False, True])
def test_a_reader_of_an_old_moment_delays_the_end_of_the_bytes_and_nothing_else(
    path: Path, log: ConsentLog, store: FaultyStore, monkeypatch: pytest.MonkeyPatch, purging: bool
) -> None:
    monkeypatch.setattr(sqlite, "WAL_SECONDS", 0.01)
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    needles = needles_of(log.of_subject(SUBJECTS[0]))
    with ConsentLog(path) as other, store.snapshot() as view:
        other.commit([make_refusal()])
        assert len(list(view.rows())) == 2
        assert (purge(log, "2027-01-01") == 2) if purging else log.erase_now(SUBJECTS[0], at=NOW) == 1
        assert log.find(make_entry().id) is None
        other.commit([make_refusal()])
        assert view.rows(1, 2).__next__().subject == SUBJECTS[0]
    assert remains(path, needles)
    with ConsentLog(path) as other:
        # Whichever process commits next.
        other.commit([make_refusal()])
        assert remains(path, needles) == []
    log.check(keys=accepted(log))


# --- a log of the first schema


def first_schema(path: Path, entries: Sequence[Entry]) -> None:
    """Make a log as the first version of the schema had it: unsigned, no types, no open days."""
    rows = [publication_row(BUNDLE, 0), *(entry_row(entry, index) for index, entry in enumerate(entries, 1))]
    grown = append(0, dict.fromkeys(frontier(0), b""), [row.leaf for row in rows])
    counts = Counter(map(rollup_of, entries))
    with closing(sqlite3.connect(path)) as connection, connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.executemany(
            'INSERT INTO entries ("index", id, at, subject, body, salt, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)',
            [(row.index, row.id, row.at, row.subject, row.body, row.salt, row.leaf) for row in rows],
        )
        connection.executemany(
            "INSERT INTO tiles VALUES (?, ?, ?)", [(*tile, hashes) for tile, hashes in grown.tiles.items()]
        )
        connection.executemany(
            "INSERT INTO daily VALUES (?, ?, ?, ?, ?, ?)",
            [(key.day, key.regime, key.locale, key.notice, key.action, n) for key, n in counts.items()],
        )
        connection.execute("INSERT INTO notices VALUES (?, ?)", (BUNDLE.hash, BUNDLE.body))
        connection.execute("INSERT INTO assets VALUES (?, ?)", (*BUNDLE.assets, STYLE))
        connection.execute("UPDATE head SET size = ?, root = ?", (grown.size, grown.root))
        connection.execute("PRAGMA user_version = 1")


def test_a_log_of_the_first_schema_goes_on(path: Path, log: ConsentLog) -> None:
    entries = [on(day, subject=subject) for day in DAYS[:3] for subject in SUBJECTS] + [
        make_refusal_on(DAYS[1])
    ]
    first_schema(path, entries)
    head = log.check()
    assert (head.size, head.checkpoint, head.open_days) == (14, None, tuple(DAYS[:3]))
    assert [one.entry for one in log.entries(1)] == entries
    log.commit([on(DAYS[3])])
    head = log.check(keys=accepted(log))
    assert (head.size, head.open_days) == (18, (DAYS[3],))
    assert [entry_at(log, index).closes for index in (15, 16, 17)] == DAYS[:3]
    assert [found.hash for found in log.notices()] == [BUNDLE.hash]
    assert log.erase_now(SUBJECTS[2], at=NOW) == 3
    log.check(keys=accepted(log))


@pytest.mark.anyio
async def test_a_choice_on_its_way_does_not_bring_the_id_back(log: ConsentLog) -> None:
    """It comes in with the old id when the visitor was erased: nobody could erase it any more."""
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    await log.erase(SUBJECTS[0], at=NOW)
    late = on(DAYS[1], subject=SUBJECTS[0])
    await log.append(late)
    found = log.find(late.id)
    assert found is not None and found.entry is None
    assert log.of_subject(SUBJECTS[0]) == []
    log.check(keys=accepted(log))


def test_a_choice_of_another_process_is_swept(log: ConsentLog, path: Path) -> None:
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    log.erase_now(SUBJECTS[0], at=NOW)
    with ConsentLog(path) as other:
        other.commit([on(DAYS[1], subject=SUBJECTS[0])])
    assert len(log.of_subject(SUBJECTS[0])) == 1
    log.write_observations()
    assert log.of_subject(SUBJECTS[0]) == []
    log.check(keys=accepted(log))


def test_many_entries_of_one_visitor_are_erased_in_steps(log: ConsentLog) -> None:
    log.commit([BUNDLE, *(on(DAYS[0], subject=SUBJECTS[0]) for _ in range(1800)), on(DAYS[0])])
    assert log.erase_now(SUBJECTS[0], at=NOW) == 1800
    notes = [one.entry for one in log.entries() if one.entry and one.entry.type == "erasure"]
    assert [len(note.erased or ()) for note in notes] == [500, 500, 500, 300]
    assert log.of_subject(SUBJECTS[0]) == []
    assert sum(log.stats().values()) == 1801
    log.check(keys=accepted(log))


@pytest.mark.anyio
async def test_who_was_erased_may_choose_again(log: ConsentLog) -> None:
    """A site may give its visitors ids of its own, which stay the same."""
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    await log.erase(SUBJECTS[0], at=NOW)
    again = make_entry(subject=SUBJECTS[0], at="2026-11-30T12:00:01Z")
    await log.append(again)
    log.write_observations()
    assert [one.id for one in log.of_subject(SUBJECTS[0])] == [again.id]
    log.check(keys=accepted(log))


@pytest.mark.anyio
async def test_choices_that_come_in_together_after_an_erasure_are_all_answered(
    log: ConsentLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.commit([BUNDLE, on(DAYS[0], subject=SUBJECTS[0])])
    monkeypatch.setattr(consentlog, "IN_FLIGHT_SECONDS", -1.0)
    for _ in range(5):
        await log.erase(SUBJECTS[0], at=NOW)
        indexes: list[int] = []

        async def append(indexes: list[int] = indexes) -> None:
            indexes.append(await log.append(on(DAYS[1], subject=SUBJECTS[0])))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(append)
        assert len(indexes) == 8
    log.check(keys=accepted(log))


def test_a_reader_delays_a_long_erasure_once_and_not_at_each_step(path: Path, connector: Connector) -> None:
    said: list[str] = []
    connector.opened = lambda connection: connection.set_trace_callback(said.append)
    with ConsentLog(path, store=sqlite.SQLiteStore(path, connect=connector)) as log:
        log.commit([BUNDLE, *(on(DAYS[0], subject=SUBJECTS[0]) for _ in range(1800))])
        reading = log.entries()
        next(reading)
        assert log.erase_now(SUBJECTS[0], at=NOW) == 1800
    waits = [one for one in said if one == f"PRAGMA busy_timeout = {int(sqlite.WAL_SECONDS * 1000)}"]
    assert len(waits) == 1
