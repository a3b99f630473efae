"""``consentkit log verify`` and its like: what holds, by whose key, what was not checked, what proves it."""

from __future__ import annotations

import sqlite3
import stat
import sys
from base64 import b64decode
from pathlib import Path
from shutil import copyfile

import pytest

import consentkit.cli.terminal
import consentkit.exceptions
from cli.runner import failed, fields, run, said
from consentkit.log import ConsentLog
from consentkit.log.evidence import collect
from consentkit.log.location import key_path
from consentkit.record.entry import Entry
from consentkit.record.receipt import make_receipt
from consentkit.tlog.note import SigningKey
from consentkit.tlog.proofs import check_consistency
from log.samples import BUNDLE, make_entry, make_refusal
from record.receipts import ID, NOTICE, NOW, SETTINGS, SITE, SUBJECT, Story, publish


def vkey_of(log: ConsentLog) -> str:
    """Return a log's public key."""
    keys = log.keys()
    assert keys is not None
    return str(keys.signing.verifier)


@pytest.fixture
def saved(log: ConsentLog, path: Path) -> Path:
    """Save a checkpoint; then the log grows by two entries."""
    file = path.with_name("saved")
    said("verify", "--log", path, "--save", file)
    log.commit([make_refusal(), make_refusal()])
    return file


def corrupt(path: Path, change: str) -> None:
    """Change a log's database."""
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()


def test_a_log_that_holds(log: ConsentLog, path: Path, grant: Entry) -> None:
    log.erase_now(grant.subject or "", at="2026-11-22T12:00:00Z")
    head, vkey = log.head(), vkey_of(log)
    assert fields(said("verify", "--log", path)) == {
        "size": "5",
        "root": head.root.hex(),
        "origin": vkey.partition("+")[0],
        "signature": f"holds, by {vkey}",
        "erased": "1 entries",
        "verified": "all entries",
        "key": "from the key file itself; one that you have from elsewhere shows more (--vkey)",
    }


def test_the_first_entry_that_is_wrong_is_named(log: ConsentLog, path: Path) -> None:
    log.close()
    corrupt(path, 'UPDATE entries SET subject = NULL WHERE "index" = 1')
    assert failed(1, "verify", "--log", path) == (
        "Error: entry 1: it is filed under another id, type, time or subject\n"
    )


def test_of_a_log_that_is_not_signed_it_says_so(log: ConsentLog, path: Path) -> None:
    log.close()
    corrupt(path, "UPDATE head SET checkpoint = NULL")
    assert "the head is not signed" in failed(1, "verify", "--log", path)
    key_path(path).unlink()
    told = fields(said("verify", "--log", path))
    assert told["origin"] == "none: the log has no key"
    assert told["signature"] == "NOT CHECKED: the head is not signed"


def test_without_cryptography_it_says_what_is_needed(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.close()
    for module in ("cryptography.hazmat.primitives.asymmetric", "cryptography"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr("consentkit.cli.log.proof_commands.find_spec", lambda name: None)
    told = fields(said("verify", "--log", path))
    assert told["signature"] == 'NOT CHECKED: that needs pip install "consentkit[log]"'
    vkey = "odunews.example/log+e7a1bb0b+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    assert "the id of this key is not that" in failed(2, "verify", "--log", path, "--vkey", vkey)
    assert "--vkey" in failed(2, "verify", "--log", path, "--vkey", "x" * 5000)


def test_a_key_may_be_named(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    key_path(path).rename(tmp_path / "elsewhere")
    told = fields(said("verify", "--log", path))
    assert told["signature"] == "NOT CHECKED: the log's public key is not here; name it with --vkey"
    key = ["--key", tmp_path / "elsewhere"]
    assert fields(said("verify", "--log", path, *key))["signature"].startswith("holds, by ")
    assert "there is no key at" in failed(2, "verify", "--log", path, "--key", tmp_path / "gone")


def test_public_keys_may_be_named(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    vkey, other = vkey_of(log), str(SigningKey.generate("other.example/log").verifier)
    key_path(path).unlink()
    file = tmp_path / "vkeys"
    file.write_text(f"{other}\n{vkey}\n")
    for named in ([vkey], [file], [other, vkey]):
        options = [option for name in named for option in ("--vkey", name)]
        assert fields(said("verify", "--log", path, *options))["signature"] == f"holds, by {vkey}"
    assert "no known key has signed" in failed(1, "verify", "--log", path, "--vkey", other)


def test_what_is_no_public_key_is_a_usage_error(log: ConsentLog, path: Path) -> None:
    keys = log.keys()
    assert keys is not None
    for named in ("nothing", str(keys.signing), key_path(path)):
        error = failed(2, "verify", "--log", path, "--vkey", named)
        assert "--vkey" in error or "is not a public key" in error
        assert str(keys.signing)[-20:] not in error


def test_a_log_that_grew_continues_a_saved_checkpoint(path: Path, saved: Path) -> None:
    told = fields(said("verify", "--log", path, "--checkpoint", saved))
    assert (told["continues"], told["verified"]) == ("the saved checkpoint of 3 entries", "all entries")
    told = fields(said("verify", "--log", path, "--since", saved))
    assert (told["size"], told["verified"]) == ("5", "2 new entries")
    assert told["erased"] == "0 of the new entries"
    assert "name one of them" in failed(2, "verify", "--log", path, "--since", saved, "--checkpoint", saved)


def test_a_saved_checkpoint_is_whole_and_can_be_replaced_by_the_next(
    log: ConsentLog, path: Path, saved: Path
) -> None:
    said("verify", "--log", path, "--since", saved, "--save", saved)
    assert saved.read_text() == log.head().checkpoint
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_nothing_is_saved_of_a_log_that_does_not_hold(log: ConsentLog, path: Path, saved: Path) -> None:
    before = saved.read_text()
    log.close()
    corrupt(path, "DELETE FROM daily")
    assert "daily roll-ups" in failed(1, "verify", "--log", path, "--save", saved)
    assert saved.read_text() == before


def test_a_roll_back_is_found_against_a_saved_checkpoint(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    log.close()
    older, saved = tmp_path / "older.sqlite3", tmp_path / "saved"
    copyfile(path, older)
    copyfile(key_path(path), key_path(older))
    log.commit([make_entry()])
    said("verify", "--log", path, "--save", saved)
    assert fields(said("verify", "--log", older))["size"] == "3"
    for option in ("--checkpoint", "--since"):
        assert "it was rolled back" in failed(1, "verify", "--log", older, option, saved)


def test_a_saved_checkpoint_must_be_one_of_this_log(path: Path, saved: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite3"
    with ConsentLog(other) as log:
        log.commit([make_entry(type="invalidated")])
    foreign = tmp_path / "foreign"
    foreign.write_text(said("checkpoint", "--log", other))
    assert "does not hold" in failed(1, "verify", "--log", path, "--checkpoint", foreign)
    foreign.write_text("no checkpoint")
    assert "is not a checkpoint" in failed(2, "verify", "--log", path, "--checkpoint", foreign)
    assert failed(2, "verify", "--log", path, "--since", tmp_path / "gone")


def test_an_empty_log_holds(path: Path) -> None:
    said("key", "new", "--log", path)
    with ConsentLog(path) as log:
        log.head()
    assert fields(said("verify", "--log", path))["signature"] == "NOT CHECKED: the head is not signed"


def test_progress_is_shown_on_standard_error(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consentkit.cli.terminal, "PROGRESS_FROM", 3)
    result = run("verify", "--log", path)
    assert "Verifying" in result.stderr and "Verifying" not in result.stdout


@pytest.fixture
def receipt(path: Path) -> Path:
    """Make a receipt, and write it beside its log."""
    story = Story()
    decisions = [
        story.decide("2026-11-22T10:00:00Z", "analytics", "marketing", expires="2027-05-21T00:00:00Z")
    ]
    with ConsentLog(path) as log:
        log.commit([publish(NOTICE, "2026-11-20T09:00:00Z"), *decisions])
        evidence = collect(log, SUBJECT)
    assert evidence is not None
    file = path.with_name("receipt.json")
    file.write_bytes(make_receipt(evidence, id=ID, at=NOW, site=SITE, settings=SETTINGS))
    return file


def test_a_receipt_is_verified_without_its_log(path: Path, receipt: Path) -> None:
    vkey = said("key", "show", "--log", path).strip()
    path.unlink()
    told = fields(said("verify-receipt", receipt, "--vkey", vkey))
    assert told["receipt"] == f"{ID}, made {NOW}"
    assert told["entry"].endswith("2026-11-22T10:00:00Z, save")
    assert told["notice"] == NOTICE.hash
    assert told["log"].startswith(vkey.partition("+")[0])
    assert told["signature"] == "holds, by a key that you named"
    assert "ONLY" in fields(said("verify-receipt", receipt))["signature"]


def test_a_receipt_in_another_vocabulary_says_what_was_not_compared(receipt: Path) -> None:
    assert "NOT" not in fields(said("verify-receipt", receipt))["stated"]
    receipt.write_bytes(receipt.read_bytes().replace(b"w3id.org/dpv/2.3", b"w3id.org/dpv/9.0"))
    told = fields(said("verify-receipt", receipt))["stated"]
    assert "NOT COMPARED" in told
    assert "https://w3id.org/dpv/9.0" in told


def test_a_receipt_that_was_changed_fails(path: Path, receipt: Path) -> None:
    other = str(SigningKey.generate("other.example/log").verifier)
    assert "no known key" in failed(1, "verify-receipt", receipt, "--vkey", other)
    receipt.write_bytes(receipt.read_bytes().replace(b"2026-11-22", b"2026-11-21"))
    assert failed(1, "verify-receipt", receipt)
    receipt.write_bytes(b"\xff{")
    assert "not a receipt" in failed(1, "verify-receipt", receipt)
    assert failed(2, "verify-receipt", receipt.with_name("gone"))


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
