"""Write the scripts as they are served, minified by terser: ``make scripts``.

Beside each ``name.js`` that pages load stands its ``name.min.js``. The package serves those, so nobody who
uses it needs Node. Run it after a change of a script; a test holds them against each other.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent.parent / "src" / "consentkit"
SERVED: Final = (
    "banner/static/ck",
    "gating/stubs",
    "gating/guard",
    "vendorcalls/calls",
    "vendorcalls/gpp",
)
TERSER: Final = Path(sys.prefix) / "node" / "node_modules" / ".bin" / "terser"
# With `reduce_vars` terser takes what a closure sets for what it always is.
_OPTIONS: Final = (
    "--compress",
    "reduce_vars=false",
    "--mangle",
    "--ecma",
    "2020",
    "--format",
    "ascii_only=true",
)


def minified(script: str) -> str:
    """Return what is served of a script: its path within the package, without ``.js``."""
    command = [str(TERSER), str(PACKAGE / f"{script}.js"), *_OPTIONS]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Write all of them."""
    for script in SERVED:
        (PACKAGE / f"{script}.min.js").write_text(minified(script), "ascii")


if __name__ == "__main__":
    main()
