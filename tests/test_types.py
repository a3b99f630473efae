"""Every public name has a type, for whoever checks their own code against the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import consentkit

PYRIGHT = Path(sys.prefix) / "node" / "node_modules" / ".bin" / "pyright"


def test_all_that_is_public_is_typed() -> None:
    if not PYRIGHT.exists():
        pytest.skip("pyright is not installed: `make test` installs it where npm is on the path")
    # Pyright looks for packages with the first Python on the path.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    source = str(Path(consentkit.__file__).parents[1])
    done = subprocess.run(
        [PYRIGHT, "--verifytypes", "consentkit", "--ignoreexternal", "--outputjson"],
        env={**os.environ, "PATH": path, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)["typeCompleteness"]
    wrong = [symbol for symbol in report["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
    assert [symbol["name"] for symbol in wrong] == []
    assert report["completenessScore"] == 1
