"""A process whose disk fills up, and is given room again; it says what became of everything.

Usage: ``python full_disk.py tmpfs|limit FOLDER OUTBOX RESULT SEED``

FOLDER is where the log is: with ``tmpfs`` on a small file system, put there in a mount namespace of this
process's own; with ``limit`` no file in it may grow. RESULT is a folder that gets a copy of the log, and
`said.json`.
"""

from __future__ import annotations

import json
import logging
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from consentkit.exceptions import LogUnavailable
from consentkit.log import ConsentLog
from log.samples import AT, BUNDLE, make_entry, make_refusal

# The write-ahead log alone takes up to four megabytes.
MEGABYTES = 8
ENOUGH = 10


class Said(logging.Handler):
    """What the process says at its end; errors that are logged are counted."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.acknowledged: dict[str, int] = {}
        self.failed: list[str] = []
        self.unknown: list[str] = []
        self.refused: list[str] = []
        self.lost = 0
        self.size_when_full = 0

    def everything(self) -> dict[str, object]:
        """Return what there is to say."""
        names = ("acknowledged", "failed", "unknown", "refused", "lost", "size_when_full")
        return {name: getattr(self, name) for name in names}

    def emit(self, record: logging.LogRecord) -> None:
        """Count an error."""
        self.lost += 1

    async def grant(self, log: ConsentLog) -> bool:
        """Append a grant; say whether it was acknowledged."""
        entry = make_entry()
        try:
            self.acknowledged[entry.id] = await log.append(entry, bundle=BUNDLE)
        except LogUnavailable as error:
            (self.unknown if error.unknown else self.failed).append(entry.id)
            return False
        return True

    async def refuse(self, log: ConsentLog) -> None:
        """Refuse, which holds whatever the disk does."""
        entry, before = make_refusal(), self.lost
        await log.honour(entry, bundle=BUNDLE)
        if self.lost == before:
            self.refused.append(entry.id)


@contextmanager
def full_file_system(folder: Path, seeded: random.Random) -> Iterator[None]:
    """Fill the small file system, but for a few bytes."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    with ballast.open("r+b") as file:
        file.truncate(max(0, ballast.stat().st_size - 4096 * seeded.randrange(8)))
    yield
    ballast.unlink()


@contextmanager
def limited_files(folder: Path, seeded: random.Random) -> Iterator[None]:
    """Let no file grow beyond the largest that there is, but for a few bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    largest = max(file.stat().st_size for file in folder.iterdir())
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest + seeded.randrange(20_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


async def main(kind: str, folder: Path, outbox: Path, result: Path, seed: int) -> None:
    """Append until the disk is full, and after it."""
    seeded, said = random.Random(seed), Said()
    logging.getLogger("consentkit.log").addHandler(said)
    log = ConsentLog(folder / "consent.sqlite3", outbox=outbox)
    for _ in range(seeded.randrange(1, 40)):
        await said.grant(log)
    with (full_file_system if kind == "tmpfs" else limited_files)(folder, seeded):
        failures = 0
        while failures < ENOUGH:
            async with anyio.create_task_group() as tasks:
                for _ in range(seeded.randrange(8)):
                    tasks.start_soon(said.grant, log)
            failures += not await said.grant(log)
            await said.refuse(log)
        with suppress(LogUnavailable):
            log.erase_now("c3ViamVjdC1vbmU1", at=AT)
        said.size_when_full = log.check().size
    assert await said.grant(log)
    log.drain()
    log.close()
    shutil.copytree(folder, result, dirs_exist_ok=True)
    (result / "said.json").write_text(json.dumps(said.everything()))


if __name__ == "__main__":
    kind, folder, outbox, result = sys.argv[1], *map(Path, sys.argv[2:5])
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "none", str(folder)]
        subprocess.run(command, check=True)
    anyio.run(main, kind, folder, outbox, result, int(sys.argv[5]))
