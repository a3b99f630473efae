"""What a log of a million entries takes, on SQLite and PostgreSQL: ``python -m bench.capacity [ENTRIES]``.

Each store is a real one that keeps what it acknowledges. Grants go on at 20 a second while the log is copied
and while a visitor with a tenth of all entries is erased; their slowest is measured.
"""

from __future__ import annotations

import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import anyio
import psycopg
from msgspec.structs import replace
from starlette.types import Message, Scope

from bench.goals import judge
from bench.growth import TOKEN, entries, grow, median
from consentkit.dashboard import Dashboard
from consentkit.dashboard.evidence_pack import write_pack
from consentkit.log import ConsentLog
from consentkit.log.signer import Keyring, make_key_file
from consentkit.log.verify.spot_checks import known_keys
from consentkit.record.entry import rfc3339, uuid7
from consentkit.tlog.note import SigningKey
from log.postgres import durable_server
from log.samples import BUNDLE, make_entry

ENTRIES = 1_000_000
VISITOR, CROWD = "visitor-with-twenty-entries", "visitor-with-a-tenth-of-all"
A_SECOND = 20
FILTERS = ("country=DE&purpose=analytics", "action=withdraw", "regime=opt-out&language=de&action=save")


class Capacity(NamedTuple):
    """What one store showed, in seconds; `size` in bytes for each entry."""

    size: float
    look_up: float
    page: float
    pack: float
    backup: float
    backup_under_load: float
    erasure: float
    slowest_grant: float


class Grants:
    """Grants that go on in a thread.

    Attributes:
        slowest: Seconds of the slowest.
    """

    def __init__(self, log: ConsentLog) -> None:
        self.slowest = 0.0
        self._log = log
        self._ended = threading.Event()

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Grant all the time that the block takes."""
        thread = threading.Thread(target=self._grant)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()
            self._ended.clear()

    def _grant(self) -> None:
        while not self._ended.wait(1 / A_SECOND):
            now = time.time()
            entry = make_entry(id=uuid7(int(now * 1000)), at=rfc3339(int(now)), subject="visitor-in-between-")
            begin = time.perf_counter()
            self._log.commit([entry])
            self.slowest = max(self.slowest, time.perf_counter() - begin)


def fill(log: ConsentLog, count: int) -> None:
    """Make the log: a tenth of the entries is one visitor's, twenty are another's."""
    log.commit([BUNDLE])
    grow(log, 0, count - count // 10)
    today = datetime.now(UTC)
    many = entries(0, count // 10, today, days=3)
    while batch := [one for _, one in zip(range(5000), many, strict=False)]:
        log.commit([replace(one, subject=CROWD) for one in batch])
    for _ in range(20):
        log.commit([make_entry(subject=VISITOR)])


def measure(log: ConsentLog, folder: Path, bytes_of: Callable[[], float]) -> Capacity:
    """Measure a log as it is; the visitor with many entries is gone afterwards."""
    seeded, size = random.Random(3), log.head().size
    ids = [one.id for one in (log.at(seeded.randrange(size)) for _ in range(50)) if one]
    look_up = max(
        median(lambda: log.find(seeded.choice(ids)), 50), median(lambda: log.of_subject(VISITOR), 20)
    )
    dashboard = Dashboard(log, token=TOKEN)
    page = max(median(lambda query=query: anyio.run(_page, dashboard, query), 9) for query in FILTERS)  # type: ignore[misc]
    pack = median(lambda: _pack(log), 5)
    idle = median(lambda: log.backup(folder / "backup.sqlite3"), 1)
    grants = Grants(log)
    with grants.going_on():
        busy = median(lambda: log.backup(folder / "backup.sqlite3"), 1)
    grants.slowest = 0.0
    with grants.going_on():
        begin = time.perf_counter()
        log.erase_now(CROWD, at=rfc3339(int(time.time())))
        erasure = time.perf_counter() - begin
    return Capacity(bytes_of() / size, look_up, page, pack, idle, busy, erasure, grants.slowest)


def _pack(log: ConsentLog) -> None:
    write_pack(BytesIO(), log, log.of_subject(VISITOR), vkeys=known_keys(log), at="2026-11-30T10:00:00Z")


async def _page(dashboard: Dashboard, query: str) -> None:
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": "/entries",
        "raw_path": b"/entries",
        "root_path": "",
        "query_string": query.encode(),
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


def main(count: int = ENTRIES) -> bool:
    """Print a table, and say whether all is within the limits."""
    print(f"capacity: a log of {count:,} entries, {A_SECOND} grants a second meanwhile")
    print(
        "store         a million   look-up     page     pack   backup  busy ÷ idle   erasure  slowest grant"
    )
    fine = True
    for name, found in (("SQLite", _sqlite(count)), ("PostgreSQL", _postgres(count))):
        ratio = found.backup_under_load / found.backup
        print(
            f"{name:12} {found.size / 1e3:7.2f} GB {found.look_up * 1e3:6.1f} ms {found.page * 1e3:4.0f} ms"
            f" {found.pack * 1e3:4.0f} ms {found.backup:6.1f} s {ratio:10.2f} {found.erasure:9.1f} s"
            f" {found.slowest_grant * 1e3:9.0f} ms",
            flush=True,
        )
        for what, value in (
            ("look-up by id, ms", found.look_up * 1e3),
            ("filtered page, ms", found.page * 1e3),
            ("evidence pack, s", found.pack),
            ("backup under load ÷ idle", ratio),
            ("slowest grant during an erasure, ms", found.slowest_grant * 1e3),
        ):
            fine = judge(f"capacity: {what}", value) and fine
    return fine


def _sqlite(count: int) -> Capacity:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.sqlite3"
        with ConsentLog(path) as log:
            fill(log, count)
            log.close()
            return measure(log, Path(folder), lambda: path.stat().st_size)


def _postgres(count: int) -> Capacity:
    with tempfile.TemporaryDirectory() as folder, durable_server(Path(folder)) as url:
        key = Path(folder) / "log.key"
        make_key_file(key, Keyring(signing=SigningKey.generate("news.example/log")))
        with ConsentLog(url, key=key, seen=Path(folder) / "seen") as log:
            fill(log, count)
            log.close()
            return measure(log, Path(folder), lambda: _bytes_in(url))


def _bytes_in(url: str) -> float:
    with psycopg.connect(url) as connection:
        query = (
            "SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n"
            " ON n.oid = c.relnamespace WHERE n.nspname = 'consentkit' AND c.relkind = 'r'"
        )
        found = connection.execute(query).fetchone()
    assert found is not None
    return float(found[0])


if __name__ == "__main__":
    raise SystemExit(not main(*map(int, sys.argv[1:2])))
