"""What streaming keeps back, and what it takes of memory.

Kept back: pages of the corpus in chunks of 4 KB; after each chunk the bytes that went in and did not come
out, with a handler that is asked everything the gate is asked and edits nothing.

Memory: pages of the corpus as one response without end, through the whole middleware, in a process of its
own: how far its peak grows after the first pages have filled what is remembered. ``python -m bench.streaming
1000`` does that for 1,000 MB.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import subprocess
import sys
from collections.abc import Sequence

from starlette.types import Message, Receive, Scope, Send

from bench.apps import wrapped
from bench.asgi import scope
from bench.corpus import NO_PAGES, Page, pages
from bench.deciding import nothing_granted
from bench.goals import judge
from bench.handlers import Look
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Handler, Rewriter

CHUNK = 4_096
MEGABYTES = 100
WARM_UP = 30
MB = 1_000_000


def held_back(handler: Handler, page: Page) -> list[int]:
    """Return how many bytes are kept back after each chunk but the last."""
    rewriter = Rewriter(handler)
    held, fed, out = [], 0, 0
    for chunk in page[:-1]:
        fed += len(chunk)
        out += len(rewriter.feed(chunk))
        held.append(fed - out)
    return held


def _kept_back(corpus: Sequence[Page]) -> bool:
    policy = Policy()
    look = Look(Gate(policy).page(nothing_granted(policy)))
    held = sorted(number for page in corpus for number in held_back(look, page))
    at_99 = held[len(held) * 99 // 100]
    print(
        f"streaming: {len(held)} chunks of {CHUNK} B; kept back: at most {held[-1]} B, {_share(held)} nothing"
    )
    return all([
        judge("streaming: median of bytes held back", statistics.median(held)),
        judge("streaming: 99th percentile of bytes held back", at_99),
    ])  # fmt: skip


def _share(held: Sequence[int]) -> str:
    return f"{sum(not number for number in held) / len(held):.0%}"


class Endless:
    """Answers with the pages of the corpus, one after the other, as one page."""

    def __init__(self, megabytes: int) -> None:
        self._bytes = megabytes * MB
        self._pages = pages(CHUNK)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        sent = 0
        while sent < self._bytes:
            for page in self._pages:
                for chunk in page:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
                sent += sum(map(len, page))
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def grown(megabytes: int) -> tuple[float, int]:
    """Return by how many MB the peak of this process grows, and how many edits the last pages had."""
    seen = edits = 0
    first = 0.0

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        nonlocal seen, edits, first
        body = message.get("body", b"")
        seen += len(body)
        if seen <= WARM_UP * MB:
            first = _peak()
        if seen > (megabytes - 15) * MB:
            edits += body.count(b"data-consentkit-")

    asyncio.run(wrapped(Endless(megabytes))(scope("/"), receive, send))  # type: ignore[arg-type]
    return _peak() - first, edits


def _peak() -> float:
    """Return the most memory that this process had so far, in MB."""
    try:
        # The other count is inherited from the process that started this one.
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line[:6] == "VmHWM:") / 1024
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (MB if sys.platform == "darwin" else 1024)


def _memory(megabytes: int) -> bool:
    command = [sys.executable, "-m", "bench.streaming", "grown", str(megabytes)]
    growth, edits = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    print(f"streaming: {megabytes} MB as one response; the last 15 MB had {edits} edits")
    return judge("streaming: growth of memory, MB", float(growth)) and int(edits) > 0


def main(megabytes: int = MEGABYTES) -> bool:
    """Print what is kept back and what memory grows by, and say whether the limits hold."""
    corpus = pages(CHUNK)
    if not corpus:
        print(f"streaming: {NO_PAGES}")
        return True
    return all([_kept_back(corpus), _memory(megabytes)])


if __name__ == "__main__":
    if sys.argv[1:2] == ["grown"]:
        print(*grown(int(sys.argv[2])))
    else:
        raise SystemExit(not main(*map(int, sys.argv[1:])))
