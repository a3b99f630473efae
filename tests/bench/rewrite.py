"""Rewriting real pages: one interleaved run of every rewriter that is installed, page by page.

Pages of ``../shared/corpus/pages`` in chunks of 16 KB. Processor time; the median of the passes for each
page; then the ratio of each page's medians, and the median of those ratios.

*look*: asked about every tag, edits none. *new*: the default policy, nothing granted; a page that was not
seen before, but its tags and scripts were and their decisions are remembered, by consentkit and by its peers
alike. *warm*: the same page again, so that its passages are remembered, too. *cold*: at the beginning of each
pass no decision is remembered, and no passage. Peers take the gate's own decisions (`bench.deciding`).
*nginx* sends the files over loopback; *warm nginx* is what that takes longer with ``sub_filter``.
The goals are held against *new*.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack

from bench import nginx, peers, wasm
from bench.corpus import NO_PAGES, Page, pages
from bench.deciding import Decider, nothing_granted
from bench.goals import judge
from bench.handlers import Count, Look, feed
from bench.peers import Run
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Memory
from consentkit.web.response.page_cache import CachedPage, PageCache, page_key

CHUNK = 16_384
PASSES = 9
OURS = "consentkit"

Seconds = Callable[[int], float]
"""Rewrites the page of that number and returns the seconds it took."""

Times = Mapping[str, Sequence[float]]
"""The median time of each page, by entry such as ``warm consentkit``."""


class Contest:
    """Makes the entries of the run.

    Args:
        corpus: The pages.
    """

    def __init__(self, corpus: Sequence[Page]) -> None:
        self._corpus = corpus
        self._policy = Policy()
        self._consent = nothing_granted(self._policy)
        self.peers = list(peers.installed())

    def gate(self) -> Gate:
        """Make a gate that has seen nothing."""
        return Gate(self._policy)

    def decider(self) -> Decider:
        """Make what peers ask; it has seen nothing."""
        return Decider(self.gate(), self._consent)

    def timed(self, run: Run) -> Seconds:
        """Measure the processor time of something that runs in this process."""

        def seconds(page: int) -> float:
            chunks = self._corpus[page]
            begin = time.process_time()
            run(chunks)
            return time.process_time() - begin

        return seconds

    def looking(self) -> dict[str, Seconds]:
        """Make rewriters that look at tags and edit none."""
        look, shown = Look(self.gate().page(self._consent)), self.decider().shown
        memory = Memory()
        runs: dict[str, Run] = {f"look {peer.name}": peer.look(shown) for peer in self.peers}
        runs |= {f"look {OURS}": lambda page: feed(look, page, memory), "look copy": peers.copy}
        return {name: self.timed(run) for name, run in runs.items()}

    def deciding(self, kind: str, deciders: Mapping[str, Decider]) -> dict[str, Seconds]:
        """Make rewriters that take the gate's decisions; nothing is remembered yet."""
        gate, consent = self.gate(), self._consent
        runs: dict[str, Run] = {
            f"{kind} {peer.name}": peer.decide(deciders[peer.name]) for peer in self.peers
        }
        entries = {name: self.timed(run) for name, run in runs.items()}
        memory = gate.memory if kind == "warm" else None
        run = self.timed(lambda page: feed(gate.page(consent), page, memory))
        return entries | {f"{kind} {OURS}": run}

    def memo(self) -> dict[str, Seconds]:
        """Make what finds whole pages again by their bytes, and compares them all."""
        memo = PageCache()
        # Bytes of their own, since nothing is compared with itself; the shape stands for the page's address.
        again = {id(page): (number, b"".join(page)) for number, page in enumerate(self._corpus)}
        for number, page in [*enumerate(self._corpus)] * 2:
            body = b"".join(page)
            memo.keep(page_key(body, number), CachedPage(body, body, ""))

        def run(page: Page) -> None:
            number, body = again[id(page)]
            if memo.find(page_key(body, number), body) is None:
                raise RuntimeError("a page is not in the memo")

        return {"warm memo": self.timed(run)}

    def deciders(self) -> dict[str, Decider]:
        """Make one for each peer."""
        return {peer.name: self.decider() for peer in self.peers}

    def edited(self) -> int:
        """Count what consentkit makes inert in all pages."""
        gate, total = self.gate(), 0
        for page in self._corpus:
            count = Count(gate.page(self._consent))
            feed(count, page)
            total += count.edited
        return total


def _others(stack: ExitStack, decider: Decider | None) -> dict[str, Seconds]:
    """Start the peers that are processes of their own."""
    entries: dict[str, Seconds] = {}
    if reason := wasm.missing() or ("" if decider else "is given the decisions of python-lolhtml"):
        print(f"  html-rewriter-wasm left out: {reason}")
    elif decider:
        entries["warm html-rewriter-wasm"] = stack.enter_context(wasm.started(decider, CHUNK))
    if reason := nginx.missing():
        print(f"  nginx left out: {reason}")
    else:
        entries |= stack.enter_context(nginx.started())
    return entries


def measure(corpus: Sequence[Page], passes: int = PASSES, *, others: bool = True) -> Times:
    """Run everything, interleaved page by page, and return the medians of each page.

    Args:
        corpus: The pages; those of other processes go by the same numbers.
        passes: How often every page is measured, after a pass that is not.
        others: Whether to start the peers that are processes of their own.
    """
    contest = Contest(corpus)
    deciders, numbers = contest.deciders(), range(len(corpus))
    warm = contest.looking() | contest.memo()
    warm |= contest.deciding("new", deciders) | contest.deciding("warm", deciders)
    times: dict[str, list[list[float]]] = {}
    with ExitStack() as stack:
        for turn in range(passes + 1):
            entries = warm | contest.deciding("cold", contest.deciders())
            names = list(entries)
            for page in numbers:
                # Who comes first finds the page outside of the processor's caches.
                first = (turn + page) % len(names)
                for name in names[first:] + names[:first]:
                    seconds = entries[name](page)
                    if turn:
                        times.setdefault(name, [[] for _ in numbers])[page].append(seconds)
            if not turn:
                counts = {OURS: contest.edited()} | {
                    name: decider.gated for name, decider in deciders.items()
                }
                print("  held back:", ", ".join(f"{name} {count}" for name, count in counts.items()))
                warm |= _others(stack, deciders.get("python-lolhtml")) if others else {}
    return {name: [statistics.median(values) for values in by_page] for name, by_page in times.items()}


def without_http(times: Times) -> Times:
    """Take from nginx' times those of sending the same files unchanged."""
    plain = times.get("nginx plain", ())
    return dict(times) | {
        f"warm {name}": [
            max(filtered - sent, 1e-9) for filtered, sent in zip(times[name], plain, strict=True)
        ]
        for name in times
        if name.startswith("nginx sub")
    }


def ratio(times: Times, ours: str, theirs: str) -> float | None:
    """Return the median over the pages of one's time by another's; `None` where one was not measured."""
    if ours not in times or theirs not in times:
        return None
    return statistics.median(a / b for a, b in zip(times[ours], times[theirs], strict=True))


def _table(times: Times, size: int) -> None:
    print(f"  {'':36}{'pages':>9}{'total':>9}{'MB/s':>9}")
    for kind in ("look", "new", "warm", "cold", "nginx"):
        base = f"{'warm' if kind == 'nginx' else kind} {OURS}"
        named = [name for name in times if name.startswith(f"{kind} ")]
        for name in sorted(named, key=lambda name: sum(times[name])):
            total = sum(times[name])
            columns = f"{ratio(times, name, base) or 0:9.2f}{total / sum(times[base]):9.2f}"
            print(f"  {name:36}{columns}{size / total / 1e6:9.0f}")


def main() -> bool:
    """Print the ratios; without the corpus there is nothing to measure."""
    corpus = pages(CHUNK)
    if not corpus:
        print(f"rewrite: {NO_PAGES}")
        return True
    size = sum(len(chunk) for page in corpus for chunk in page)
    print(f"rewrite: {len(corpus)} pages, {size / 1e6:.1f} MB, {CHUNK} B chunks, {PASSES} passes;")
    print(f"  time by that of {OURS} of the same kind, median of the pages and in total")
    times = without_http(measure(corpus))
    _table(times, size)
    goals = {
        "rewrite: time ÷ python-lolhtml": "warm python-lolhtml",
        "rewrite: time ÷ turbohtml": "warm turbohtml",
        "rewrite: time ÷ html-rewriter-wasm": "warm html-rewriter-wasm",
        "rewrite: time ÷ nginx, five patterns": "warm nginx sub_filter 5",
    }
    held = [judge(goal, ratio(times, f"new {OURS}", name)) for goal, name in goals.items()]
    return all(
        [*held, judge("rewrite: time of the memo ÷ a rewrite", ratio(times, "warm memo", f"new {OURS}"))]
    )


if __name__ == "__main__":
    raise SystemExit(not main())
