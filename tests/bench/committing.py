"""What a durable acknowledgement costs: single commits, group commit, and four processes on one log.

Slices take turns. The yardstick of each store is a client that inserts one row of the same size into a table
of its own, with the same durability, commit by commit.

What sharing a commit gains is what an fsync costs, so the disk's own time for one stands beside every ratio.
Disks differ by a factor of fifty in it: all is measured on this machine's own disk, and again while every
fsync waits one and two milliseconds longer (`slow_fsync.c`). The limits hold for the last.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

import anyio

from bench.goals import judge
from consentkit.log import ConsentLog
from consentkit.log.location import open_store
from consentkit.log.stores.sql import Script, Store
from consentkit.tlog.note import SigningKey
from log.samples import BUNDLE, make_entry

T = TypeVar("T")

ROUNDS = 7
SLICE_SECONDS = 1.0
CLIENTS = 64
# Microseconds that an fsync takes longer.
WAITS = (1_000, 2_000)
WAIT = "BENCH_FSYNC_MICROSECONDS"
MOST_PER_SECOND = 40_000
PROCESSES = 4
PROCESS_SECONDS = 4.0
# How long the processes may take to start and to make their entries.
START_SECONDS = 12.0

_template = make_entry()


class Timed:
    """A store that takes the time of its transactions."""

    def __init__(self, store: Store) -> None:
        self.seconds: list[float] = []
        self._store = store
        self.snapshot = store.snapshot
        self.tidy = store.tidy
        self.rehearse = store.rehearse
        self.close = store.close

    def transact(self, script: Script[T]) -> T:
        """Run a script and note how long that took."""
        begin = time.perf_counter()
        try:
            return self._store.transact(script)
        finally:
            self.seconds.append(time.perf_counter() - begin)


class Load(NamedTuple):
    """What one slice showed: entries a second, and the seconds that each one waited."""

    rate: float
    waits: list[float]


class Side(NamedTuple):
    """One store: its name, where its log is, and what makes a bare commit."""

    name: str
    url: str
    bare: Callable[[], None]


def fsync_seconds(folder: Path) -> float:
    """Return the median time to write and fsync 4 KB at the end of a file."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(200):
            begin = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def bare_rate(commit: Callable[[], None], seconds: float) -> float:
    """Commit one after the other; return commits a second."""
    begin, count = time.perf_counter(), 0
    while time.perf_counter() - begin < seconds:
        commit()
        count += 1
    return count / (time.perf_counter() - begin)


async def load(log: ConsentLog, clients: int, seconds: float, *, start: float = 0) -> Load:
    """Append from so many tasks at once, from `start` (epoch seconds) on; each waits for its acknowledgement.

    The entries are made before.
    """
    waits: list[float] = []
    made = iter([make_entry() for _ in range(int(MOST_PER_SECOND * seconds) if clients > 1 else 10_000)])
    await anyio.sleep(max(0.0, start - time.time()))
    end = time.perf_counter() + seconds

    async def client() -> None:
        for entry in made:
            if (begin := time.perf_counter()) >= end:
                return
            await log.append(entry)
            waits.append(time.perf_counter() - begin)
        raise AssertionError("make more entries")

    begin = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(clients):
            tasks.start_soon(client)
    return Load(len(waits) / (time.perf_counter() - begin), waits)


def compare(side: Side, key: str) -> bool:
    """Measure one store and say whether it is within its limits."""
    ratios, rates, batches, p99s = [], [], [], []
    timed = Timed(open_store(side.url, read_only=False))
    with ConsentLog(side.url, key=key, store=timed) as log:
        log.commit([BUNDLE])
        for _ in range(ROUNDS + 1):
            bare = bare_rate(side.bare, SLICE_SECONDS)
            one = anyio.run(load, log, 1, SLICE_SECONDS)
            timed.seconds.clear()
            many = anyio.run(load, log, CLIENTS, SLICE_SECONDS)
            batch = statistics.mean(timed.seconds)
            ratios.append(many.rate / bare)
            rates.append((bare, one.rate, many.rate))
            batches.append(batch)
            p99s.append(statistics.quantiles(many.waits, n=100)[98] / batch)
        assert log.check().size == log.head().size
    bare, single, many_rate = (statistics.median(column) for column in zip(*rates[1:], strict=True))
    print(
        f"  {side.name}: bare commits {bare:.0f}/s, one client {single:.0f}/s, {CLIENTS} clients"
        f" {many_rate:.0f}/s, a batch takes {statistics.median(batches[1:]) * 1e3:.2f} ms"
    )
    name = f"committing: {side.name}"
    fine = _told(f"{name}, {CLIENTS} clients ÷ bare commits", statistics.median(ratios[1:]))
    return _told(f"{name}, p99 in batches", statistics.median(p99s[1:])) and fine


def _told(name: str, value: float) -> bool:
    """Print a number; hold it against its limit only where the disk is as slow as the limit supposes."""
    if int(os.environ.get(WAIT, "0")) == WAITS[-1]:
        return judge(name, value)
    print(f"  {name:52} {value:8.2f}")
    return True


def share(side: Side, key: str) -> bool:
    """Measure four processes on one log against one, in turn."""
    shares, evens = [], []
    for _ in range(3):
        alone = sum(_processes(side.url, key, 1))
        together = _processes(side.url, key, PROCESSES)
        shares.append(sum(together) / alone)
        evens.append(min(together) / max(together))
        print(f"  {side.name}: one process {alone:.0f}/s, four {', '.join(f'{n:.0f}' for n in together)}/s")
    name = f"committing: {side.name}, four processes"
    fine = judge(f"{name}, throughput ÷ one", statistics.median(shares))
    return judge(f"{name}, slowest ÷ fastest", statistics.median(evens)) and fine


def _processes(url: str, key: str, count: int) -> list[float]:
    """Append from so many processes for the same seconds; return the entries a second of each."""
    start = time.time() + START_SECONDS
    command = [sys.executable, "-m", "bench.committing", url, key, str(start)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(count)]
    said = [child.communicate()[0] for child in children]
    return [float(json.loads(line)) for line in said]


def child(url: str, key: str, start: float) -> None:
    """Append from one of the processes, from `start` (epoch seconds) on."""
    with ConsentLog(url, key=key) as log:
        log.commit([BUNDLE])
        work = partial(load, log, CLIENTS, PROCESS_SECONDS, start=start)
        print(json.dumps(anyio.run(work).rate))


@contextmanager
def sqlite_side(folder: Path) -> Iterator[Side]:
    """SQLite, in a file of its own beside the yardstick's."""
    row = (_template.encode(), bytes(32), bytes(110))
    numbers = itertools.count()
    with closing(sqlite3.connect(folder / "bare.sqlite3", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, body BLOB, salt BLOB, leaf BLOB)")

        def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO rows VALUES (?, ?, ?, ?)", (next(numbers), *row))
            connection.execute("COMMIT")

        yield Side("SQLite", str(folder / "log.sqlite3"), commit)


@contextmanager
def postgres_side(folder: Path) -> Iterator[Side | None]:
    """A PostgreSQL of its own, durable as it comes."""
    try:
        import psycopg

        from log.postgres import durable_server
    except ImportError as error:
        print(f"  PostgreSQL: left out ({error})")
        yield None
        return
    row = (_template.encode(), bytes(32), bytes(110))
    numbers = itertools.count()
    with durable_server(folder) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE rows (id bigint PRIMARY KEY, body bytea, salt bytea, leaf bytea)")

        def commit() -> None:
            connection.execute("INSERT INTO rows VALUES (%s, %s, %s, %s)", (next(numbers), *row))

        yield Side("PostgreSQL", url, commit)


def measure() -> bool:
    """Measure both stores on this disk, slowed down or not; say whether all is within its limits."""
    key = str(SigningKey.generate("bench.example/log"))
    fine = True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"  an fsync of 4 KB takes {fsync_seconds(folder) * 1e3:.2f} ms:")
        with sqlite_side(folder) as sqlite, postgres_side(folder) as postgres:
            for side in (sqlite, postgres):
                if side is not None:
                    fine = compare(side, key) and fine
                    fine = (WAIT in os.environ or share(side, key)) and fine
    return fine


def main() -> bool:
    """Print rates and ratios and say whether they are within their limits."""
    print(f"committing: rates are medians of {ROUNDS} slices of {SLICE_SECONDS:g} s in turn", flush=True)
    fine = measure()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # PostgreSQL may run as somebody else
        library = Path(folder) / "slow_fsync.so"
        source = Path(__file__).with_name("slow_fsync.c")
        if shutil.which("cc") is None:
            print("  slower disks: left out (no C compiler on the path)")
            return fine
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        for wait in WAITS:
            environment = {**os.environ, "LD_PRELOAD": str(library), WAIT: str(wait)}
            command = [sys.executable, "-m", "bench.committing", "measure"]
            fine = subprocess.run(command, env=environment).returncode == 0 and fine
    return fine


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["measure"]:
            raise SystemExit(not measure())
        case [url, key, start]:
            child(url, key, float(start))
        case _:
            raise SystemExit(not main())
