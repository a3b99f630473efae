"""What importing consentkit costs: fresh interpreters in turn, processor time of the import alone.

All modules are compiled before, into a folder of their own, whatever the environment says of that.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.goals import judge

RUNS = 25
STARLETTE = "import starlette.applications, starlette.responses, starlette.routing"
OURS = "import consentkit"


def seconds(statement: str, cache: str, source: Path | None = None) -> float:
    """Run a statement in a new interpreter and return its processor time.

    Args:
        statement: What to run.
        cache: The folder of the compiled modules.
        source: Where the package is, if it is not what is installed.
    """
    code = f"import time; begin = time.process_time(); {statement}; print(time.process_time() - begin)"
    command = [sys.executable, "-X", f"pycache_prefix={cache}", "-c", code]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    if source is not None:
        environment["PYTHONPATH"] = str(source)
    return float(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)


def main() -> bool:
    """Print the ratio and say whether it is within its limit."""
    with tempfile.TemporaryDirectory() as cache:
        pairs = [(seconds(STARLETTE, cache), seconds(OURS, cache)) for _ in range(RUNS + 1)][1:]
    starlette, ours = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"import: starlette {starlette:.0f} ms, consentkit {ours:.0f} ms")
    return judge("import: time ÷ starlette", statistics.median(ours / starlette for starlette, ours in pairs))


if __name__ == "__main__":
    raise SystemExit(not main())
