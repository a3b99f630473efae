"""Go's own transparency log packages as a judge: `verify.go`, built once for each test session."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

GOPATH = Path("/usr/share/gocode")  # where Debian puts the sources of Go packages
_SUMDB = GOPATH / "src" / "golang.org" / "x" / "mod" / "sumdb"
_HOW = "Debian, Ubuntu: apt-get install golang-go golang-golang-x-mod-dev"


def verify(document: Mapping[str, Any]) -> str:
    """Have a log's checkpoint and proofs checked; return what is wrong, or nothing.

    Args:
        document: As `Document` of ``verify.go`` describes it; bytes are in base64.
    """
    return _run(document).stdout.strip()


def accepts(vkey: str, notes: list[str]) -> list[bool]:
    """Say of each signed note whether Go's ``note.Open`` accepts it from this key."""
    return [bool(one) for one in _answer({"vkey": vkey, "notes": notes}, "open")]


def sign(name: str, text: str) -> dict[str, str]:
    """Have Go make a key (`skey`, `vkey`) and sign a text with it (`note`)."""
    return dict(_answer({"name": name, "text": text}, "sign"))


def build(source: str, folder: Path) -> Path:
    """Build a Go program of one file in a folder; return where it is."""
    go = shutil.which("go")
    if go is None or not _SUMDB.is_dir():
        pytest.skip(f"no Go, or not its package golang.org/x/mod. {_HOW}")
    file, made = folder / "program.go", folder / "program"
    file.write_text(source, "utf-8")
    environment = {
        **os.environ,
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    subprocess.run([go, "build", "-o", made, file], env=environment, check=True)
    return made


@cache
def _program() -> Path:
    folder = Path(mkdtemp(prefix="consentkit-go-"))
    atexit.register(shutil.rmtree, folder)
    return build(Path(__file__).with_name("verify.go").read_text("utf-8"), folder)


def _run(value: object, *command: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [_program(), *command], input=json.dumps(value), capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stderr == ""
    assert done.returncode == (0 if command else int(done.stdout != "")), done.stdout
    return done


def _answer(value: object, command: str) -> Any:
    return json.loads(_run(value, command).stdout)
