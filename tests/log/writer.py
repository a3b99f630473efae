"""A process that appends to a log until it is killed, and says on standard output what was acknowledged.

Usage: ``python writer.py URL OUTBOX COUNT TASKS``
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

sys.path.insert(0, str(Path(__file__).parents[1]))

from consentkit.log import ConsentLog
from log.samples import BUNDLE, make_entry


async def main(url: str, outbox: str, count: int, tasks: int) -> None:
    """Append `count` entries from `tasks` tasks at once."""
    log = ConsentLog(url, outbox=outbox)
    numbers = iter(range(count))

    async def work() -> None:
        for _ in numbers:
            entry = make_entry()
            index = await log.append(entry, bundle=BUNDLE)
            sys.stdout.write(f"{index} {entry.id}\n")
            sys.stdout.flush()

    async with anyio.create_task_group() as group:
        for _ in range(tasks):
            group.start_soon(work)
    log.close()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
