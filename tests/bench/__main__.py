"""All measurements: ``make bench``, or ``python -m bench NAME…`` for some. Fails if a limit is passed."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHES = (
    "rewrite",
    "asgi",
    "streaming",
    "doubling",
    "importing",
    "lighthouse",
    "committing",
    "growth",
    "capacity",
)


def main(names: list[str]) -> int:
    """Run benches, all if none is named, and return how many failed."""
    failed = [name for name in names or BENCHES if not import_module(f"{__package__}.{name}").main()]
    print("all within their limits" if not failed else f"limit passed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
