"""The auditor's walk: what the command line prints is what the program of the documentation accepts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cli.runner import said
from consentkit.log import ConsentLog
from docs.documents import examples, find_page
from go.verifier import build
from log.samples import BUNDLE, make_entry


def test_go_accepts_what_the_commands_print(tmp_path: Path) -> None:
    program = build(next(examples(find_page("auditing"), "go")).text, tmp_path)
    path = tmp_path / "consent.sqlite3"
    said("key", "new", "--log", path, "--origin", "odunews.example/_consent/log")
    with ConsentLog(path) as log:
        log.commit([BUNDLE, *(make_entry() for _ in range(300))])
    vkey = said("key", "show", "--log", path).strip()
    proof, leaf = tmp_path / "proof", tmp_path / "leaf"
    proof.write_text(said("proof", 42, "--log", path), "utf-8")
    leaf.write_text(said("leaf", 42, "--log", path), "utf-8")
    told = subprocess.run([program, vkey, proof, leaf], check=True, capture_output=True, text=True).stdout
    assert told == "leaf 42 is in the log odunews.example/_consent/log of 301 entries\n"
    leaf.write_text(said("leaf", 43, "--log", path), "utf-8")
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run([program, vkey, proof, leaf], check=True, capture_output=True)
