"""The house rules: what the package weighs, and what it may. ``--list NAME`` prints what was counted."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from house.counts import COUNTS, Count
from house.limits import LIMITS, Limit


def main(
    arguments: Sequence[str],
    limits: Mapping[str, Limit] = LIMITS,
    counts: Mapping[str, Callable[[], Count]] = COUNTS,
) -> int:
    """Print each number with its limit, and return 1 if any is outside; or list what one counts."""
    parser = argparse.ArgumentParser(prog="python -m house", description=__doc__)
    parser.add_argument("--list", choices=counts, metavar="NAME", help=f"one of: {', '.join(counts)}")
    name = parser.parse_args(arguments).list
    if name:
        print(*counts[name]().counted, sep="\n")
        return 0
    numbers = {name: counts[name]().number for name in limits}
    outside = {name for name, limit in limits.items() if not limit.least <= numbers[name] <= limit.most}
    for name, limit in limits.items():
        least = f", at least {limit.least}" if limit.least else ""
        mark = "  << OUTSIDE" if name in outside else ""
        print(f"{name:34}{numbers[name]:7}  at most {limit.most:6}{least}, before {limit.before:6}{mark}")
    return int(bool(outside))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
