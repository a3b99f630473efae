"""``consentkit log`` on what a stranger made: nothing commands the terminal, no secret is told."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from cli.runner import failed, run, said
from consentkit.cli.log import key_commands
from consentkit.log import ConsentLog
from consentkit.log.signer import read_keyring, replace_key_file
from consentkit.record.entry import Bundle
from consentkit.tlog.note import Checkpoint, SigningKey, open_checkpoint
from log.samples import AT, make_entry

CURSED = "\x1b[2J\x9b31m\x07\u202e"
COMMANDS = set(CURSED) - set("[2J31m")


def test_a_notice_commands_no_terminal(log: ConsentLog, path: Path) -> None:
    body = json.dumps({"texts": {"title": CURSED, "other": "\ud800"}, "locale": CURSED}).encode()
    notice = Bundle(hash=sha256(body).hexdigest(), body=body, at=AT)
    entry = make_entry(notice=notice.hash)
    log.commit([notice, entry])
    text = said("show", entry.id, "--log", path)
    assert not COMMANDS & set(text)
    assert json.loads(text)["notice"]["texts"]["title"] == CURSED


def test_nor_do_names_in_a_database(log: ConsentLog, path: Path) -> None:
    log.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO assets VALUES (?, x'00')", (CURSED,))
        connection.execute("INSERT INTO daily VALUES (?, ?, '', '', 'save', 1, 0)", ("2026-01-01", CURSED))
    assert not COMMANDS & set(failed(1, "verify", "--log", path))
    assert not COMMANDS & set(said("stats", "--log", path))


def test_nor_does_the_origin_of_a_checkpoint(path: Path) -> None:
    key = SigningKey.generate("log\x9b31m")
    with ConsentLog(path, key=str(key)) as log:
        log.commit([make_entry(type="invalidated", previous=make_entry().id)])
    assert not COMMANDS & set(said("verify", "--log", path, "--vkey", str(key.verifier)))


def test_nor_does_a_receipt(tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_text(json.dumps({CURSED: 1}))
    assert not COMMANDS & set(failed(1, "verify-receipt", receipt))


@pytest.mark.parametrize("arguments", [("show", "\udcff"), ("leaf", 2**70), ("proof", 2**70)])
def test_what_no_log_has_is_said_plainly(log: ConsentLog, path: Path, arguments: tuple[object, ...]) -> None:
    assert "has no entry" in failed(1, *arguments, "--log", path)


@pytest.mark.parametrize("command", [("verify",), ("key", "show"), ("key", "rotate")])
@pytest.mark.parametrize("around", [" {}", "'{}'", "KEY={}"])
def test_a_secret_in_the_wrong_place_is_not_told(
    log: ConsentLog, path: Path, command: tuple[str, ...], around: str
) -> None:
    secret = str(SigningKey.generate("example.org/log"))
    result = run(*command, "--log", path, "--key", around.format(secret))
    assert secret[-20:] not in result.output
    assert not list(path.parent.glob("*PRIVATE*"))


def test_of_two_rotations_at_once_none_is_lost(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a process that signs with the key that was lost would make a head that nobody accepts."""
    inside, replace = threading.Barrier(2), replace_key_file
    waited: list[bool] = []

    def replace_slowly(*arguments: object) -> None:
        # The other one comes here only if it has not waited for this one.
        try:
            inside.wait(timeout=0.3)
            waited.append(False)
        except threading.BrokenBarrierError:
            waited.append(True)
        replace(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(key_commands, "replace_key_file", replace_slowly)
    results = []

    def rotate() -> None:
        try:
            key_commands.rotate.callback(str(path), None)  # type: ignore[misc]
            results.append(True)
        except Exception:
            results.append(False)

    threads = [threading.Thread(target=rotate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True, True] and waited == [True, True]
    ring = read_keyring(path.with_name(f"{path.name}.key").read_text())
    assert len(set(ring.accepted)) == 3
    found = open_checkpoint(log.head().checkpoint or "", [ring.signing.verifier])
    assert found == Checkpoint(ring.signing.name, 3, log.head().root)
