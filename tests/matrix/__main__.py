"""Every framework on every server: ``make matrix``, or with parts of names for some.

A run of all of them writes its table into ``docs/reference/servers.md``.
"""

from __future__ import annotations

import platform
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime

from docs.documents import fill, find_page
from matrix.behaviours import BEHAVIOURS
from matrix.limits import LIMITS
from matrix.pairs import FRAMEWORKS, Outcome, Pair
from matrix.servers import SERVERS

Row = tuple[Pair, list[Outcome]]


def run(pair: Pair) -> Row:
    """Look at one pair, and print what is found."""
    print(f"{pair.name}: ", end="", flush=True)
    outcomes = pair.run()
    faults = [f"{outcome.behaviour}: {outcome.fault}" for outcome in outcomes if outcome.fault]
    print("; ".join(faults) or "fine", flush=True)
    return pair, outcomes


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the table in Markdown, with its footnotes."""
    limits = [
        limit for limit in LIMITS if any(one.limit == limit for _, outcomes in rows for one in outcomes)
    ]

    def cell(outcome: Outcome) -> str:
        if outcome.fault:
            return "**fails**"
        return "works" if outcome.limit is None else f"– ({limits.index(outcome.limit) + 1})"

    yield f"| | {' | '.join(behaviour.name for behaviour in BEHAVIOURS)} |"
    yield "|---" * (len(BEHAVIOURS) + 1) + "|"
    for pair, outcomes in rows:
        yield f"| {pair.name} | {' | '.join(map(cell, outcomes))} |"
    faults = [(pair, one) for pair, outcomes in rows for one in outcomes if one.fault]
    yield from (
        ["", *(f"- {pair.name}, {one.behaviour}: {one.fault}" for pair, one in faults)] if faults else []
    )
    yield ""
    yield from (f"{number}. {limit.why}" for number, limit in enumerate(limits, 1))


def head(seconds: float) -> str:
    """Say what was run, when, and how long it took, by the clock and of processors."""
    versions = ", ".join(f"{one.name} {one.version}" for one in (*FRAMEWORKS, *SERVERS))
    python = platform.python_version()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    busy = sum(one.ru_utime + one.ru_stime for one in used)
    took = f"{seconds / 60:.1f} minutes, {busy / 60:.1f} of a processor"
    return f"{datetime.now(UTC):%Y-%m-%d}, Python {python}, {versions}. It took {took}."


def main(names: list[str]) -> int:
    """Run all pairs, or those that have all the names, and return 1 if anything fails."""
    pairs = [Pair(framework, server) for framework in FRAMEWORKS for server in SERVERS]
    chosen = [pair for pair in pairs if all(name.lower() in pair.name.lower() for name in names)]
    start = time.monotonic()
    rows = [run(pair) for pair in chosen]
    lines = [head(time.monotonic() - start), "", *table(rows)]
    print("", *lines, sep="\n")
    if chosen == pairs:
        fill(find_page("servers"), "matrix", lines)
    failed = sum(bool(one.fault) for _, outcomes in rows for one in outcomes)
    print(f"\n{failed} of {len(rows) * len(BEHAVIOURS)} fail")
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
