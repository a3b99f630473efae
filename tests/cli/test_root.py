"""The command itself: its version, and that Python runs it by the package's name."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from click.testing import CliRunner

import consentkit
from consentkit.cli.root import root


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(root, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"consentkit {consentkit.__version__}\n")
    assert version("consentkit") == consentkit.__version__


@pytest.mark.parametrize(("arguments", "code"), [(["catalog", "show", "hotjar"], 0), (["nonsense"], 2)])
def test_python_runs_it_by_the_packages_name(arguments: list[str], code: int) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "consentkit", *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == code, result.stderr
    assert ("Hotjar" in result.stdout) is (code == 0)
