"""All measurements: ``python -m tests.bench``. Fails if a limit is passed."""

from __future__ import annotations

from importlib import import_module

BENCHES = ("rewrite", "doubling")


def main() -> int:
    """Run every bench and return how many failed."""
    failed = [name for name in BENCHES if not import_module(f"{__package__}.{name}").main()]
    print("all within their limits" if not failed else f"limit passed: {', '.join(failed)}")
    return len(failed)


if __name__ == "__main__":
    raise SystemExit(main())
