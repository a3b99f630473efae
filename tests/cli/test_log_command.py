"""Opening a log from the command line, and looking at what is in it: show, stats, and what proves it."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest

import consentkit.exceptions
from cli.running import failed, fields, run, said
from consentkit.log import ConsentLog, LogReader
from consentkit.record.entry import Entry
from consentkit.tlog.note import read_checkpoint
from consentkit.tlog.proofs import InclusionProof, check_consistency
from log.samples import BUNDLE, make_entry, make_refusal

SOURCE = Path(consentkit.exceptions.__file__).parents[1]

READING = [
    ["show", "x"],
    ["stats"],
    ["export"],
    ["verify"],
    ["checkpoint"],
    ["proof", "0"],
    ["leaf", "0"],
    ["consistency", "0"],
]
WRITING = [
    ["key", "rotate"],
    ["drain", "--outbox", "outbox"],
    ["purge", "--older-than", "1d", "--yes"],
    ["erase", "c3ViamVjdC1vbmU0", "--yes"],
]


@pytest.mark.parametrize("command", READING + WRITING, ids=lambda command: command[0])
def test_a_log_that_is_not_there_is_not_made(path: Path, command: list[str]) -> None:
    assert "there is no log at" in failed(2, *command, "--log", path)
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_what_is_no_log_is_said_to_be_none(path: Path, command: list[str]) -> None:
    path.write_bytes(b"no database, " * 100)
    assert "Error: the log's SQLite file failed" in failed(1, *command, "--log", path)


@pytest.mark.parametrize("url", ["mysql://me:secret@host/db", "sqlite://me:secret@host"])
def test_a_url_that_is_not_supported_is_not_repeated(url: str) -> None:
    error = failed(2, "stats", "--log", url)
    assert "expected a path, sqlite:///path or postgresql://" in error
    assert "secret" not in error


def test_the_environment_can_name_the_log(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "CONSENTKIT_LOG" in failed(2, "stats")
    monkeypatch.setenv("CONSENTKIT_LOG", f"sqlite:///{path}")
    assert said("stats").startswith("3 entries")


def test_show_gives_entry_and_notice(log: ConsentLog, path: Path, grant: Entry) -> None:
    shown = json.loads(said("show", grant.id, "--log", f"sqlite:///{path}"))
    assert shown["index"] == 1
    assert shown["entry"]["granted"] == ["analytics"]
    assert shown["notice"] == json.loads(BUNDLE.body)
    assert json.loads(shown["leaf"])["type"] == "decision"
    assert shown["destroyed"] is None
    assert json.loads(said("show", BUNDLE.hash, "--log", path))["notice"] == json.loads(BUNDLE.body)


def test_show_proves_the_entry(log: ConsentLog, path: Path, grant: Entry) -> None:
    shown = json.loads(said("show", grant.id, "--log", path))
    keys = log.keys()
    assert keys is not None
    assert InclusionProof.decode(shown["proof"]).check(shown["leaf"].encode(), keys.accepted).size == 3
    salted = b"consentkit/entry/v1\n" + bytes.fromhex(shown["salt"]) + grant.encode()
    assert json.loads(shown["leaf"])["commitment"] == sha256(salted).hexdigest()


def test_show_takes_an_index(log: ConsentLog, path: Path, grant: Entry) -> None:
    assert json.loads(said("show", "1", "--log", path))["id"] == grant.id


def test_show_says_when_and_by_which_entry_one_was_erased(log: ConsentLog, path: Path, grant: Entry) -> None:
    log.erase_now(grant.subject or "", at="2026-11-23T09:00:00Z")
    shown = json.loads(said("show", grant.id, "--log", path))
    assert (shown["entry"], shown["salt"], shown["notice"]) == (None, None, None)
    assert shown["destroyed"] == {
        "at": "2026-11-23T09:00:00Z", "type": "erasure", "index": 4, "id": (log.at(4) or pytest.fail()).id
    }  # fmt: skip
    assert InclusionProof.decode(shown["proof"]).index == 1


def test_a_notice_that_is_no_json_is_shown_as_text(log: ConsentLog, path: Path) -> None:
    body = b"We use cookies."
    log.publish(sha256(body).hexdigest(), body, {}, at="2026-11-22T10:00:00Z")
    assert json.loads(said("show", sha256(body).hexdigest(), "--log", path))["notice"] == body.decode()


@pytest.mark.parametrize("id", ["unknown", "3", "9" * 30])
def test_show_of_an_unknown_id_fails(log: ConsentLog, path: Path, id: str) -> None:
    assert f"no entry with the id or index '{id}'" in failed(1, "show", id, "--log", path)


def test_what_cannot_be_written_is_said_in_a_sentence(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LogReader, "head", full)
    assert failed(1, "stats", "--log", path) == "Error: cannot read or write: No space left on device\n"


def test_stats_add_up_by_day_and_regime(log: ConsentLog, path: Path) -> None:
    log.commit([make_entry(), make_entry(at="2026-11-23T00:00:00Z", regime="opt-out", action="accept_all")])
    first, _, *lines = said("stats", "--log", path).splitlines()
    assert first == f"6 entries, root {log.head().root.hex()}"
    assert [line.split() for line in lines] == [
        ["day", "regime", "accept_all", "reject_all", "save", "withdraw", "allow_vendor", "total"],
        ["2026-11-22", "opt-in", "0", "1", "2", "0", "0", "3"],
        ["2026-11-23", "opt-out", "1", "0", "0", "0", "0", "1"],
        ["total", "1", "1", "2", "0", "0", "4"],
    ]


def test_stats_as_json(log: ConsentLog, path: Path) -> None:
    counted = json.loads(said("stats", "--format", "json", "--log", path))
    nothing = {"accept_all": 0, "withdraw": 0, "allow_vendor": 0}
    total = {"reject_all": 1, "save": 1, "total": 2, **nothing}
    assert counted == {
        "size": 3,
        "root": log.head().root.hex(),
        "days": [{"day": "2026-11-22", "regime": "opt-in", **total}],
        "total": total,
    }


def test_stats_of_an_empty_log(path: Path) -> None:
    with ConsentLog(path) as log:
        log.head()
    assert said("stats", "--log", path).startswith("0 entries, root e3b0c442")
    assert json.loads(said("stats", "--log", path, "--format", "json"))["total"]["total"] == 0


def test_checkpoint_proof_and_leaf_are_printed_exactly(log: ConsentLog, path: Path) -> None:
    assert said("checkpoint", "--log", path) == log.head().checkpoint
    assert said("proof", 2, "--log", path) == log.proof(2).encode()
    assert said("leaf", 2, "--log", path).encode() == (log.at(2) or pytest.fail()).leaf


@pytest.mark.parametrize("command", ["proof", "leaf"])
def test_an_entry_that_is_not_there_has_neither_proof_nor_leaf(
    log: ConsentLog, path: Path, command: str
) -> None:
    assert "the log has no entry 3: it has 3" in failed(1, command, 3, "--log", path)
    assert failed(2, command, "x", "--log", path)


def test_what_is_not_signed_has_no_proof(path: Path) -> None:
    with ConsentLog(path, key=path.with_name("none")) as log, pytest.raises(consentkit.exceptions.LogError):
        log.commit([BUNDLE])
    for command in (["checkpoint"], ["verify", "--save", "saved"]):
        assert "not signed" in failed(1, *command, "--log", path)


def test_consistency_is_proved_to_the_present_log_and_to_an_earlier_one(log: ConsentLog, path: Path) -> None:
    heads = {3: log.head()}
    for _ in range(3):
        log.commit([make_refusal() for _ in range(2)])
        heads[log.head().size] = log.head()
    for old, new, options in ((3, 9, []), (5, 7, ["--to", 7]), (5, 5, ["--to", 5]), (9, 9, [])):
        proof = [b64decode(line) for line in said("consistency", old, *options, "--log", path).splitlines()]
        check_consistency(old, new, proof, heads[old].root, heads[new].root)
    assert "the log has 9 entries, not 10" in failed(1, "consistency", 10, "--log", path)
    assert "the log has 9 entries, not 10" in failed(1, "consistency", 1, "--to", 10, "--log", path)
    assert failed(1, "consistency", 5, "--to", 3, "--log", path)


def test_reading_leaves_the_log_as_it_was(log: ConsentLog, path: Path, grant: Entry) -> None:
    log.close()
    before = {file: file.read_bytes() for file in path.parent.iterdir()}
    for command in READING:
        assert run(*command, "--log", path).exit_code == (1 if command[0] == "show" else 0)
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file in before} == before


def test_without_click_the_command_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['click'] = None; from consentkit.cli import main\n"
        "try: main()\nexcept ImportError: raise SystemExit(9)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(SOURCE)}, capture_output=True, text=True
    )
    assert result.returncode == 1
    assert result.stderr.strip().endswith('pip install "consentkit[cli]"')


def test_the_command_runs(log: ConsentLog, path: Path) -> None:
    program = "from consentkit.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "log", "verify", "--log", str(path)],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert fields(result.stdout)["size"] == "3"
    assert read_checkpoint(log.head().checkpoint or "").origin == fields(result.stdout)["origin"]
