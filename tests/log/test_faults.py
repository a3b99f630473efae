"""What the disk and the system can do to a log. Grants fail loudly, refusals arrive, and the log verifies."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from sqlite3 import Connection
from types import FrameType

import pytest

import consentkit.exceptions
from consentkit.exceptions import LogUnavailable
from consentkit.log import ConsentLog, open_log
from consentkit.log import log as consentlog
from consentkit.log.outbox import FileOutbox
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import Connector, cut_off, nothing, spawn
from log.remains import decisions, needles_of, remains
from log.samples import AT, BUNDLE, accepted, found, make_entry, make_refusal

HERE = Path(__file__).parent
SOURCE = Path(consentkit.exceptions.__file__).parents[1]
SUBJECTS = [f"visitor-number-{number:03}" for number in range(6)]
LATER = "2026-11-30T12:00:00Z"
SECONDS = 120

# Root may do anything to any file; without these capabilities it may not.
AS_OWNER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []

forks = pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    (tmp_path / "log").mkdir()
    return tmp_path / "log" / "consent.sqlite3"


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    """Name an outbox, on another disk."""
    (tmp_path / "elsewhere").mkdir()
    return tmp_path / "elsewhere" / "outbox"


def run(program: str, *arguments: object, under: Sequence[str] = ()) -> str:
    """Run a program of this folder; return what it says."""
    command = [*under, sys.executable, str(HERE / program), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    done = subprocess.run(
        command, env=environment, timeout=SECONDS, text=True, check=False, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- disk full


@cache
def small_disk() -> tuple[str, list[str]]:
    """Return how a process gets a small disk: a file system of its own, else a limit on its files."""
    for unshare in (["unshare", "-m"], ["unshare", "-r", "-m"]):
        mount = [*unshare, "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
        if not shutil.which("unshare"):
            break
        if subprocess.run(mount, capture_output=True, check=False).returncode == 0:
            return "tmpfs", unshare
    return "limit", []


@pytest.mark.parametrize("kind", ["tmpfs", "limit"])
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 60))])
def test_a_full_disk_costs_no_entry(tmp_path: Path, path: Path, outbox: Path, kind: str, seed: int) -> None:
    kind, under = small_disk() if kind == "tmpfs" else ("limit", [])
    result = tmp_path / "result"
    run("full_disk.py", kind, path.parent, outbox, result, seed, under=under)
    said = json.loads((result / "said.json").read_text())
    assert len(said["failed"]) + len(said["unknown"]) >= 10
    assert said["refused"]
    assert said["lost"] == 0
    with ConsentLog(result / path.name) as log:
        head = log.check(keys=accepted(log))
        there = found(log)
        # The disk was full before the end, and nothing that had been said was taken back.
        assert said["size_when_full"] < head.size
        assert said["acknowledged"].items() <= there.items()
        assert there.keys() >= set(said["refused"])
        assert there.keys().isdisjoint(said["failed"])
        assert not [file.name for file in result.glob("*.key?*")]


@pytest.mark.parametrize("seed", [2, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(3, 30))])
def test_an_outbox_on_the_same_full_disk_keeps_what_it_has_taken(
    tmp_path: Path, path: Path, seed: int
) -> None:
    kind, under = small_disk()
    result = tmp_path / "result"
    run("full_disk.py", kind, path.parent, path.with_name("outbox"), result, seed, under=under)
    said = json.loads((result / "said.json").read_text())
    if kind == "tmpfs":
        assert said["lost"]
    with ConsentLog(result / path.name) as log:
        log.check(keys=accepted(log))
        assert said["acknowledged"].items() <= found(log).items()
        assert found(log).keys() >= set(said["refused"])


@pytest.mark.anyio
async def test_a_full_file_fails_grants_and_keeps_refusals(
    path: Path, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connector = Connector()
    with ConsentLog(path, outbox=outbox, store=SQLiteStore(path, connect=connector)) as log:
        log.commit([BUNDLE])
        log.close()

        def keep_small(connection: Connection) -> None:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")

        refusals = [make_refusal() for _ in range(3)]
        connector.opened = keep_small
        grants = [make_entry() for _ in range(20)]
        with pytest.raises(LogUnavailable, match="full"):
            log.commit(grants)
        monkeypatch.setattr(consentlog, "DRAIN_SECONDS", 5)
        for refusal in refusals:
            await log.honour(refusal)
        assert found(log).keys().isdisjoint(grant.id for grant in grants)
        log.check(keys=accepted(log))
        connector.opened = nothing
        assert await log.append(make_entry()) > 0
        log.drain()
        assert found(log).keys() >= {refusal.id for refusal in refusals}
        log.check(keys=accepted(log))


@pytest.fixture
def anyio_backend() -> str:
    """One event loop is enough here."""
    return "asyncio"


# --- files that cannot be written


def attempt(path: Path, outbox: Path) -> dict[str, str]:
    """Grant and refuse in a process that file permissions hold for; return what came of it."""
    said: dict[str, str] = json.loads(run("attempt.py", path, outbox, under=AS_OWNER))
    return said


def test_a_file_that_cannot_be_written_is_read_and_refusals_wait(
    log: ConsentLog, path: Path, outbox: Path
) -> None:
    log.commit([BUNDLE, make_entry()])
    log.close()
    path.chmod(0o400)
    said = attempt(path, outbox)
    assert said["grant"].startswith("LogUnavailable: ")
    assert "readonly" in said["grant"]
    assert (said["again"], said["refusal"], said["size"]) == (said["grant"], "recorded None", "2")
    # SQLite gives the files beside a log the log's own mode.
    for file in path.parent.glob(f"{path.name}*"):
        file.chmod(0o600)
    said = attempt(path, outbox)
    assert (said["grant"], said["size"]) == ("recorded 2", "6")
    assert log.check(keys=accepted(log)).size == 6


def test_a_folder_that_cannot_be_written_is_told_at_the_start_and_can_be_read(
    log: ConsentLog, path: Path, outbox: Path
) -> None:
    log.commit([BUNDLE, make_entry()])
    log.close()
    path.parent.chmod(0o500)
    try:
        said = attempt(path, outbox)
    finally:
        path.parent.chmod(0o700)
    assert said["start"].startswith("ConfigurationError: log: the folder")
    assert f"{str(path.parent)!r} cannot be written" in said["start"]
    assert said["size"] == "2"


def test_a_key_that_cannot_be_read_stops_grants_before_anything_is_recorded(
    log: ConsentLog, path: Path, outbox: Path
) -> None:
    log.commit([BUNDLE, make_entry()])
    log.close()
    key = path.with_name(path.name + ".key")
    key.chmod(0)
    said = attempt(path, outbox)
    assert said["grant"].startswith("LogUnavailable: the log's key cannot be used: ")
    assert f"cannot read {str(key)!r}: Permission denied" in said["grant"]
    assert (said["again"], said["refusal"], said["size"]) == (said["grant"], "recorded None", "2")
    key.chmod(0o600)
    assert attempt(path, outbox)["size"] == "6"


# --- killed at any moment


def in_child(work: Callable[[], object], *, killed_at: int = 0) -> bool:
    """Work in a forked child, to be killed at one of its calls; say whether it came to its end.

    Args:
        work: What to do.
        killed_at: Which call of a function, of this package or below it, is never made; 0: none.
    """
    child = os.fork()
    if child == 0:
        try:
            if killed_at:
                sys.setprofile(Killer(killed_at))
            work()
            sys.setprofile(None)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return status == 0


class Killer:
    """Ends the process at a call that is made by the log's own code."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self, frame: FrameType, event: str, argument: object) -> None:
        """Count down, where something is called."""
        if event in ("call", "c_call") and "/consentkit/log/" in frame.f_code.co_filename:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def calls_of(work: Callable[[], object]) -> int:
    """Count the calls at which work could be killed."""
    killer = Killer(0)
    sys.setprofile(killer)
    try:
        work()
    finally:
        sys.setprofile(None)
    return -killer.left


class Scene:
    """A log to which something is done, in processes that are killed; then it is done to the end."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = folder / "consent.sqlite3"
        self.outbox = folder / "outbox"

    def open(self) -> ConsentLog:
        """Open the log as a new process would."""
        return ConsentLog(self.path, outbox=self.outbox)

    def prepare(self) -> None:
        """Record what the work is done to."""
        with self.open() as log:
            log.commit([BUNDLE, *(make_entry(subject=subject) for subject in SUBJECTS for _ in range(3))])

    def work(self) -> None:
        """Do it."""
        raise NotImplementedError

    def check_end(self, log: ConsentLog) -> None:
        """See that it is done."""


class First(Scene):
    """The log and its key are made."""

    def prepare(self) -> None:
        self.entry = make_entry()

    def work(self) -> None:
        with self.open() as log:
            log.commit([BUNDLE, self.entry])

    def check_end(self, log: ConsentLog) -> None:
        assert found(log) == {BUNDLE.hash: 0, self.entry.id: 1}
        for key in self.path.parent.glob("*.key*"):
            assert key.stat().st_mode & 0o077 == 0


class Drain(Scene):
    """What waits in the outbox is handed over."""

    def prepare(self) -> None:
        super().prepare()
        self.refusals = [make_refusal() for _ in range(5)]
        FileOutbox(self.outbox).put(self.refusals)

    def work(self) -> None:
        with self.open() as log:
            log.drain()

    def check_end(self, log: ConsentLog) -> None:
        assert found(log).keys() >= {refusal.id for refusal in self.refusals}
        assert not FileOutbox(self.outbox).pending


class Erase(Scene):
    """A visitor's entries are erased."""

    def prepare(self) -> None:
        super().prepare()
        with self.open() as log:
            self.needles = needles_of(log.of_subject(SUBJECTS[0]))

    def work(self) -> None:
        with self.open() as log:
            log.erase_now(SUBJECTS[0], at=LATER)

    def check_end(self, log: ConsentLog) -> None:
        assert len(decisions(log)) == 3 * (len(SUBJECTS) - 1)
        notes = [one.entry.erased for one in log.entries() if one.entry and one.entry.type == "erasure"]
        assert notes == [(1, 2, 3)]
        # Whoever was killed between the commit and the end of the write-ahead log: the next commit ends it.
        log.commit([make_refusal()])
        assert remains(self.path, self.needles) == []


class Purge(Scene):
    """What is old is purged, a few entries at a time."""

    def prepare(self) -> None:
        super().prepare()
        with self.open() as log:
            self.needles = needles_of(decisions(log))

    def work(self) -> None:
        with self.open() as log:
            for _ in log.purge("2027-01-01", at=LATER):
                pass

    def check_end(self, log: ConsentLog) -> None:
        assert decisions(log) == []
        assert sum(log.stats().values()) == 3 * len(SUBJECTS)
        log.commit([make_refusal()])
        assert remains(self.path, self.needles) == []


@forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("kills", [7, pytest.param(10_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("kind", [First, Drain, Erase, Purge])
def test_a_process_may_be_killed_at_any_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Scene], kills: int
) -> None:
    monkeypatch.setattr(consentlog, "PURGE_ROWS", 7)
    rehearsal = kind(tmp_path / "rehearsal")
    rehearsal.prepare()
    calls = calls_of(rehearsal.work)
    assert calls > 100
    for number in sorted(random.Random(kills).sample(range(1, calls + 1), min(kills, calls))):
        scene = kind(tmp_path / str(number))
        scene.prepare()
        in_child(scene.work, killed_at=number)
        with scene.open() as log:
            log.check(keys=accepted(log))
        scene.work()
        with scene.open() as log:
            scene.check_end(log)
            log.check(keys=accepted(log))
        shutil.rmtree(scene.path.parent)


@forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("rounds", [2, pytest.param(50, marks=pytest.mark.soak)])
def test_processes_that_start_at_once_make_one_key(tmp_path: Path, rounds: int) -> None:
    for number in range(rounds):
        path = tmp_path / f"{number}.sqlite3"
        start, go = os.pipe()

        def begin(path: Path = path, start: int = start, go: int = go) -> None:
            os.close(go)
            os.read(start, 1)  # until all have been started
            with ConsentLog(path) as log:
                log.commit([BUNDLE, make_entry()])

        children = [spawn(begin) for _ in range(4)]
        os.close(start)
        os.close(go)
        assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
        with open_log(path) as log:
            keys = log.keys()
            assert keys is not None
            assert keys.earlier == ()
            assert log.check(keys=keys.accepted).size == 5
        assert len(list(tmp_path.glob(f"{number}.sqlite3.key*"))) == 1


@forks
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.soak)])
def test_one_process_erases_while_another_appends(log: ConsentLog, path: Path, count: int) -> None:
    log.commit([BUNDLE, *(make_entry(subject=subject) for subject in SUBJECTS)])
    log.close()

    def append() -> None:
        seeded = random.Random(1)
        with ConsentLog(path) as mine:
            for _ in range(count):
                mine.commit([make_entry(subject=seeded.choice(SUBJECTS))])

    def erase() -> None:
        seeded = random.Random(2)
        with ConsentLog(path) as mine:
            for _ in range(count):
                mine.erase_now(seeded.choice(SUBJECTS), at=LATER)

    children = [spawn(append), spawn(erase)]
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    log.check(keys=accepted(log))
    assert sum(log.stats().values()) == len(SUBJECTS) + count
    needles = needles_of(decisions(log))
    for subject in SUBJECTS:
        log.erase_now(subject, at=LATER)
    assert remains(path, needles) == []
    log.check(keys=accepted(log))


# --- committed, and reported as failed


class Cut:
    """Has so many commits of the future end well and be reported as of unknown outcome."""

    def __init__(self, connector: Connector) -> None:
        self.left = 0
        connector.after_commit = self._cut

    def __call__(self, count: int) -> None:
        self.left = count

    def _cut(self) -> None:
        if self.left:
            self.left -= 1
            cut_off()


@pytest.fixture
def log(path: Path, connector: Connector) -> Iterator[ConsentLog]:
    """Make an empty log in a file."""
    with ConsentLog(path, store=SQLiteStore(path, connect=connector)) as made:
        yield made


@pytest.fixture
def cut(log: ConsentLog, connector: Connector) -> Cut:
    """Fill a log whose commits can be cut off."""
    log.commit([BUNDLE, *(make_entry(subject=subject) for subject in SUBJECTS)])
    return Cut(connector)


def test_an_erasure_that_is_committed_and_reported_as_failed_is_done_once(
    log: ConsentLog, path: Path, cut: Cut
) -> None:
    needles = needles_of(log.of_subject(SUBJECTS[0]))
    cut(1)
    assert log.erase_now(SUBJECTS[0], at=LATER) == 1
    assert remains(path, needles) == []
    kinds = [one.entry.type for one in log.entries() if one.entry is not None]
    assert (kinds.count("erasure"), kinds.count("rollup")) == (1, 1)
    log.check(keys=accepted(log))


def test_a_purge_that_is_committed_and_reported_as_failed_is_done_once(
    log: ConsentLog, path: Path, cut: Cut
) -> None:
    needles = needles_of(decisions(log))
    cut(1)
    assert list(log.purge("2027-01-01", at=LATER)) == [(7, 6)]
    assert remains(path, needles) == []
    log.check(keys=accepted(log))


def test_an_outcome_that_stays_unknown_is_told_and_asking_again_is_safe(
    log: ConsentLog, path: Path, cut: Cut
) -> None:
    entry, needles = make_entry(), needles_of(log.of_subject(SUBJECTS[0]))
    for work in (
        lambda: log.commit([entry]),
        lambda: log.erase_now(SUBJECTS[0], at=LATER),
        lambda: list(log.purge("2027-01-01", at=LATER)),
    ):
        cut(2)
        with pytest.raises(LogUnavailable) as caught:
            work()
        assert caught.value.unknown
        log.check(keys=accepted(log))
    assert log.commit([entry]) == [7]
    assert log.erase_now(SUBJECTS[0], at=LATER) == 0
    assert [count for _, count in log.purge("2027-01-01", at=LATER)] == [0]
    assert remains(path, needles) == []
    kinds = [one.entry.type for one in log.entries() if one.entry is not None]
    assert (kinds.count("erasure"), kinds.count("purge")) == (1, 1)


def test_a_purge_that_was_broken_off_is_gone_on_with(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consentlog, "PURGE_ROWS", 10)
    log.commit([BUNDLE, *(make_entry() for _ in range(49)), make_entry(at=LATER)])
    needles = needles_of(one for one in decisions(log) if one.entry and one.entry.at == AT)
    first = log.purge("2026-11-30", at=LATER)
    assert [next(first), next(first)] == [(10, 9), (10, 10)]
    del first
    log.check(keys=accepted(log))
    assert sum(count for _, count in log.purge("2026-11-30", at=LATER)) == 30
    assert [one.entry.at for one in decisions(log) if one.entry] == [LATER]
    assert remains(path, needles - {b"c3ViamVjdC1vbmU0"}) == []
    log.check(keys=accepted(log))
