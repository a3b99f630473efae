"""Wheel and sdist: what is in them, and what package indexes show of them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest

from conftest import ROOT
from docs.readme import detached
from release.conftest import Built

QUICK = ("tests/docs/test_links.py", "tests/test_project.py")
"""Tests of what is beside the package."""


@pytest.fixture(scope="module")
def wheel(built: Built) -> dict[str, bytes]:
    with zipfile.ZipFile(built.wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]) -> Message:
    (text,) = (text for name, text in wheel.items() if name.endswith(".dist-info/METADATA"))
    return Parser().parsestr(text.decode())


def test_the_wheel_is_the_package_and_nothing_else(wheel: dict[str, bytes]) -> None:
    source = ROOT / "src"
    files = {path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    expected = {str(path.relative_to(source)): path.read_bytes() for path in files}
    assert "consentkit/py.typed" in expected
    assert {name: text for name, text in wheel.items() if ".dist-info/" not in name} == expected


def test_the_sdist_has_all_that_the_repository_has(unpacked: Path) -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("this is no repository: nobody can tell what belongs to it")
    listed = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True)
    kept = {name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).exists()}
    inside = {str(path.relative_to(unpacked)) for path in unpacked.rglob("*") if path.is_file()}
    assert kept - inside == set()


def test_the_sdist_s_own_tests_pass_in_it(unpacked: Path) -> None:
    """A part of them; `make test` in the unpacked sdist runs all."""
    environment = {**os.environ, "PYTHONPATH": str(unpacked / "src")}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *QUICK]
    done = subprocess.run(command, cwd=unpacked, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert str(ROOT) not in done.stdout


# What is shown outside of the repository


def test_nothing_of_what_is_shown_leads_nowhere(metadata: Message) -> None:
    """Where no folder is beside it there are the words of links and no broken picture."""
    shown = str(metadata.get_payload())
    assert re.findall(r"\]\((?!https?://)[^)]*\)", shown) == []
    assert "![" not in shown
    assert metadata["Description-Content-Type"] == "text/markdown"
    readme = (ROOT / "README.md").read_text("utf-8")
    assert shown == detached(readme)
    assert re.findall(r"^```.*?^```$", shown, re.M | re.S) == re.findall(r"^```.*?^```$", readme, re.M | re.S)
    assert re.findall(r"^#+ .*$", shown, re.M) == re.findall(r"^#+ .*$", readme, re.M)


def test_no_address_is_made_up(metadata: Message) -> None:
    """The project has none yet."""
    assert metadata.get_all("Project-URL") is None and metadata["Home-page"] is None


def test_what_a_link_says_stays() -> None:
    text = (
        "![A picture](x.png)\n\nSee [the log](docs/reference/log.md#key), [RFC](https://example.org/rfc).\n"
    )
    code = "```python\na[0](b)\n```"
    assert detached(text + code) == "See the log, [RFC](https://example.org/rfc).\n" + code


@pytest.mark.parametrize("extra", ["cli", "scan"])
def test_an_extra_that_brings_commands_brings_all_that_they_need(metadata: Message, extra: str) -> None:
    needed = [line for line in metadata.get_all("Requires-Dist", []) if f"extra == '{extra}'" in line]
    assert any(line.startswith("click") for line in needed)
