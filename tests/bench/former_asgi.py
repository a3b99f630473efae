"""The middleware, the import and the log against an earlier commit: ``python -m bench former_asgi``.

As in `bench.former`, both versions run in processes of their own that take turns, here slice by slice, and
``COMMIT`` names the other one. Times are processor time; those of the log are wall time, since its commits
wait for the disk.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from starlette.types import Message

from bench import importing
from bench.former import ROOT, Side, checked_out
from bench.goals import judge

COMMIT: Final = os.environ.get("COMMIT", "0d568ad")
"""The commit to compare with: the last one before the core knew no server."""
SLICES: Final = 61
SIZES: Final[Mapping[str, int]] = {
    "json": 600,
    "prerendered": 400,
    "memo": 12,
    "jinja": 12,
    "visitors": 200,
    "committing": 512,
}
"""What is compared, and how many requests or entries a slice has."""
CLIENTS: Final = 64

_PATHS: Final = {
    "json": "/json",
    "prerendered": "/kept",
    "memo": "/same",
    "jinja": "/anew",
    "visitors": "/json",
}


def serve() -> None:
    """Answer each line of standard input, the name of what is compared, with the seconds of one slice."""
    with tempfile.TemporaryDirectory() as folder:
        slices = {name: _requests(name) for name in _PATHS}
        slices["committing"] = _appends(Path(folder))
        for line in sys.stdin:
            print(asyncio.run(slices[line.split()[0]]()), flush=True)


def _requests(name: str) -> Callable[[], Coroutine[Any, Any, float]]:
    """Return what makes requests. Visitors each have a session of their own."""
    from bench.apps import bare, wrapped
    from bench.asgi import scope

    app = wrapped(bare())
    numbers = iter(range(1 << 40))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        """Take any message."""

    async def make() -> float:
        scopes = [scope(_PATHS[name]) for _ in range(SIZES[name])]
        for one in scopes if name == "visitors" else ():
            one["headers"].append((b"cookie", b"session=%d" % next(numbers)))
        begin = time.process_time()
        for one in scopes:
            await app(one, receive, send)
        return time.process_time() - begin

    return make


def _appends(folder: Path) -> Callable[[], Coroutine[Any, Any, float]]:
    """Return what appends to a log from many tasks at once."""
    from consentkit import ConsentLog

    record: Any = import_module("consentkit.record.entry")
    log, body, at = ConsentLog(folder / "consent.sqlite3"), b"{}", "2026-11-22T18:00:00Z"
    notice = record.Bundle(hash=sha256(body).hexdigest(), body=body, at=at)
    log.commit([notice])

    def entry() -> Any:
        said = {"regime": "opt-in", "action": "accept_all", "source": "banner", "granted": ("analytics",)}
        said |= {"notice": notice.hash, "locale": "en", "expires": "2027-05-21T10:00:00Z"}
        return record.Entry(id=record.uuid7(1), at=at, subject="c3ViamVjdC1vbmU0", **said)

    async def append() -> float:
        made = iter([entry() for _ in range(SIZES["committing"])])

        async def client() -> None:
            for entry in made:
                await log.append(entry)

        begin = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(CLIENTS)))
        return time.perf_counter() - begin

    return append


def main() -> bool:
    """Print the ratios and say whether they are within their limits."""
    with checked_out(COMMIT) as other:
        ratios = _ratios(other)
        ratios["import"] = _imports(other)
    print(f"former_asgi: time by that of commit {COMMIT}, median of {SLICES} pairs of slices in turn")
    held = [judge(f"former_asgi: {name} ÷ before", statistics.median(ratios[name])) for name in ratios]
    return all(held)


def _ratios(other: Path) -> dict[str, list[float]]:
    sides = [Side(source, "bench.former_asgi") for source in (ROOT, other)]
    ratios: dict[str, list[float]] = {name: [] for name in SIZES}
    for turn in range(SLICES + 2):
        for name, found in ratios.items():
            order = (0, 1) if turn % 2 else (1, 0)
            seconds = {index: sides[index].ask(name, turn) for index in order}
            if turn > 1:  # what is loaded and compiled on first use is no request's
                found.append(seconds[0] / seconds[1])
    for side in sides:
        side.stop()
    return ratios


def _imports(other: Path) -> list[float]:
    with tempfile.TemporaryDirectory() as cache:
        pairs = [
            [importing.seconds(importing.OURS, cache, source / "src") for source in (ROOT, other)]
            for _ in range(importing.RUNS + 1)
        ]
    return [now / before for now, before in pairs[1:]]


if __name__ == "__main__":
    raise SystemExit(not main())
