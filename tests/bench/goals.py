"""What is to be held, in one place. Every number is printed; only a limit that is passed fails the run."""

from __future__ import annotations

from typing import NamedTuple


class Goal(NamedTuple):
    """What one number should be.

    Attributes:
        limit: What it must not pass.
        wish: What it is meant to reach; failing it fails nothing.
        least: Whether the limit is a floor rather than a ceiling.
    """

    limit: float
    wish: float | None = None
    least: bool = False

    def holds(self, value: float) -> bool:
        """Tell whether a number is within the limit."""
        return value >= self.limit if self.least else value <= self.limit

    def __str__(self) -> str:
        wish = "" if self.wish is None else f", goal {self.wish:g}"
        return f"at {'least' if self.least else 'most'} {self.limit:g}{wish}"


GOALS = {
    "rewrite: time ÷ python-lolhtml": Goal(2.0, 1.0),
    "rewrite: time ÷ turbohtml": Goal(0.7),
    "rewrite: time ÷ html-rewriter-wasm": Goal(0.7),
    "rewrite: time ÷ nginx, five patterns": Goal(1.0),
    "rewrite: time of the memo ÷ a rewrite": Goal(0.1),
    "asgi: Jinja page, time ÷ bare": Goal(1.20, 1.08),
    "asgi: prerendered page with memo, throughput ÷ bare": Goal(0.5, 0.8, least=True),
    "asgi: JSON over a real server, throughput ÷ bare": Goal(0.95, least=True),
    "streaming: median of bytes held back": Goal(0),
    "streaming: 99th percentile of bytes held back": Goal(4095),
    "streaming: growth of memory, MB": Goal(4.0),
    "doubling: time of twice the input": Goal(2.2),
    "committing: SQLite, 64 clients ÷ bare commits": Goal(8, 20, least=True),
    "committing: SQLite, p99 in batches": Goal(10),
    "committing: SQLite, four processes, throughput ÷ one": Goal(0.8, least=True),
    "committing: SQLite, four processes, slowest ÷ fastest": Goal(0.5, least=True),
    "committing: PostgreSQL, 64 clients ÷ bare commits": Goal(12, 20, least=True),
    "committing: PostgreSQL, p99 in batches": Goal(10),
    "committing: PostgreSQL, four processes, throughput ÷ one": Goal(0.8, least=True),
    "committing: PostgreSQL, four processes, slowest ÷ fastest": Goal(0.5, least=True),
    "capacity: look-up by id, ms": Goal(50),
    "capacity: filtered page, ms": Goal(300),
    "capacity: evidence pack, s": Goal(2),
    "capacity: backup under load ÷ idle": Goal(3),
    "capacity: slowest grant during an erasure, ms": Goal(200),
    "growth: verify ÷ hashing from memory": Goal(3.0),
    "growth: verify ÷ reading and hashing": Goal(3.0),
    "growth: memory of verify, largest ÷ smallest log": Goal(1.2),
    "growth: overview, largest ÷ smallest log": Goal(2.0),
    "former: cold pages, median ÷ before": Goal(1.25),
    "former: new pages, median ÷ before": Goal(1.02),
    "former: warm pages, median ÷ before": Goal(1.02),
    **{
        f"former_asgi: {name} ÷ before": Goal(1.03)
        for name in ("json", "prerendered", "memo", "jinja", "visitors", "committing", "import")
    },
    "import: time ÷ starlette": Goal(1.2),
    "lighthouse: points of performance lost": Goal(0),
    "lighthouse: layout shift": Goal(0),
    "lighthouse: largest paint is the banner's": Goal(0),
    "lighthouse: accessibility": Goal(100, least=True),
}
"""Limits and goals by the name of what is measured."""


def judge(name: str, value: float | None) -> bool:
    """Print a number with its goal and tell whether it is within the limit; unmeasured is not a failure.

    Args:
        name: A key of `GOALS`.
        value: What was measured, `None` if nothing was.
    """
    goal = GOALS[name]
    if value is None:
        print(f"  {name:52} not measured ({goal})")
        return True
    fine = goal.holds(value)
    print(f"  {name:52} {value:8.2f}  {goal}{'' if fine else '  << PASSED'}")
    return fine
