"""What grows with a log, and what does not: append, proof, verification, the auditor's overview.

One SQLite log grows tenfold, step by step. ``python -m bench.growth 10000000`` goes further than the
default. Verification runs in a process of its own, so that its memory is its own. Its yardsticks are the time
to hash the same bytes (commitments, leaves and nodes) when they are in memory, and to read and hash them.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import anyio
from starlette.types import Message, Scope

from bench.goals import judge
from consentkit.dashboard import Dashboard
from consentkit.log import ConsentLog, open_log
from consentkit.log.location import open_store
from consentkit.log.stores.sql import Store
from consentkit.record.entry import Entry, uuid7
from log.samples import BUNDLE

SMALLEST, LARGEST = 10_000, 1_000_000
DAYS = 300
BULK = 5_000
HASHED = 100_000
TOKEN = "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2"
NAMES = ("analytics", "functional", "marketing")


class Step(NamedTuple):
    """What one size showed: seconds, but for `memory` in MB, `size` in entries and `file` in bytes."""

    size: int
    file: int
    append: float
    proof: float
    verify: float
    hashing: float
    reading: float
    memory: float
    overview: float

    def __str__(self) -> str:
        return (
            f"{self.size:10,} {self.file / 1e6:8,.0f} MB"
            f" {self.append * 1e3:5.1f} ms {self.proof * 1e3:5.2f} ms"
            f" {self.verify:6.1f} s {self.verify / self.size * 1e6:8.1f} µs"
            f" {self.verify / self.hashing:7.2f} {self.verify / self.reading:7.2f}"
            f" {self.memory:7.0f} MB {self.overview * 1e3:6.0f} ms"
        )


def entries(start: int, stop: int, today: datetime, days: int = DAYS) -> Iterator[Entry]:
    """Make decisions number `start` to `stop`: three of four grant, all days alike, the last one is today."""
    for number in range(start, stop):
        day = days - 1 - (number - start) * days // (stop - start)
        at = today - timedelta(days=day, seconds=number % 60)
        grants = NAMES if number % 4 < 2 else NAMES[:1] if number % 4 == 2 else ()
        yield Entry(
            id=uuid7(int(at.timestamp() * 1000)),
            at=at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            subject=f"visitor-{number:012}" if grants else None,
            regime=("opt-in", "opt-out")[number % 2],
            country="DE",
            action=("accept_all", "accept_all", "save", "reject_all")[number % 4],
            source="banner",
            granted=grants,
            denied=tuple(name for name in NAMES if name not in grants),
            fingerprints=dict.fromkeys(NAMES, "0a1b2c"),
            notice=BUNDLE.hash,
            locale=("de", "en", "fr")[number % 3],
            expires="2027-05-21T10:00:00Z" if grants else "",
        )


def grow(log: ConsentLog, start: int, stop: int) -> None:
    """Append in bulk."""
    made = entries(start, stop, datetime.now(UTC))
    done = start
    while batch := list(islice(made, BULK)):
        log.commit(batch)
        done += len(batch)
        if sys.stderr.isatty():
            print(f"\r  {done:,} of {stop:,} entries", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 60, end="\r", file=sys.stderr)


def median(work: Callable[[], object], times: int) -> float:
    """Return the median seconds that some work takes."""
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def measure(path: Path) -> Step:
    """Measure a log as it is."""
    seeded = random.Random(5)
    with ConsentLog(path) as log:
        batches = [list(entries(0, 64, datetime.now(UTC), days=1)) for _ in range(40)]
        append = median(lambda: log.commit(batches.pop()), 40)
        size = log.head().size
        proof = median(lambda: log.proof(seeded.randrange(size)), 200)
    command = [sys.executable, "-m", "bench.growth", "verify", str(path)]
    verified, hashed, read, memory = json.loads(
        subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    )
    dashboard = Dashboard(path, token=TOKEN)
    overview = median(lambda: anyio.run(_overview, dashboard), 15)
    return Step(size, path.stat().st_size, append, proof, verified, hashed, read, memory, overview)


def verify(path: str) -> None:
    """Verify and hash in turn; print the seconds of each for the whole log, and the most memory in MB."""
    with open_log(path) as log:
        keys = log.keys()
        assert keys is not None
        log.check(keys=keys.accepted)
        memory = _peak()
        ours, hashed, read = [], [], []
        size, store = log.head().size, open_store(path, read_only=True)
        for _ in range(5 if size <= LARGEST // 10 else 2):
            begin = time.perf_counter()
            log.check(keys=keys.accepted)
            ours.append(time.perf_counter() - begin)
            both = _hashing(store, min(size, HASHED))
            hashed.append(both[0] * size)
            read.append(both[1] * size)
    print(json.dumps([min(ours), min(hashed), min(read), memory]))


def _hashing(store: Store, count: int) -> tuple[float, float]:
    """Hash what `verify` hashes; return the seconds for each entry, without and with reading them."""
    begin = time.perf_counter()
    with store.snapshot() as view:
        rows = [(row[6] or b"", row[5] or b"", row[7]) for row in view.raw_rows(0, count)]
    read = time.perf_counter()
    hashes = []
    for salt, body, leaf in rows:
        sha256(b"consentkit/entry/v1\n" + salt + body).hexdigest()
        hashes.append(sha256(b"\x00" + leaf).digest())
    while len(hashes) > 1:
        pairs = zip(hashes[::2], hashes[1::2], strict=False)
        hashes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    end = time.perf_counter()
    return (end - read) / count, (end - begin) / count


def _peak() -> float:
    """Return the most memory that this process has used, in MB (Linux)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


async def _overview(dashboard: Dashboard) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/",
        "raw_path": b"/",
        "root_path": "",
        "query_string": b"days=365",
        "headers": [(b"host", b"news.example"), (b"authorization", b"Bearer " + TOKEN.encode())],
        "server": ("news.example", 443),
        "client": None,
    }
    status = 0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)

    await dashboard(scope, receive, send)
    assert status == 200, status


def main(largest: int = LARGEST) -> bool:
    """Print a table and say whether what must not grow does not."""
    print("growth: one SQLite log; append is one durable commit of 64 entries")
    print("   entries       file   append    proof   verify  per entry   ÷ hash  ÷ read     memory  overview")
    steps: list[Step] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite3"
        size, goal = 0, SMALLEST
        with ConsentLog(path) as log:
            log.commit([BUNDLE])
        while goal <= largest:
            with ConsentLog(path) as log:
                grow(log, size, goal)
            size, goal = goal, goal * 10
            steps.append(step := measure(path))
            print(step, flush=True)
    first, last = steps[0], steps[-1]
    fine = judge("growth: verify ÷ hashing from memory", last.verify / last.hashing)
    fine = judge("growth: verify ÷ reading and hashing", last.verify / last.reading) and fine
    fine = judge("growth: memory of verify, largest ÷ smallest log", last.memory / first.memory) and fine
    return judge("growth: overview, largest ÷ smallest log", last.overview / first.overview) and fine


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["verify", path]:
            verify(path)
        case [largest]:
            raise SystemExit(not main(int(largest)))
        case _:
            raise SystemExit(not main())
