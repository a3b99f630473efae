"""``consentkit log key``: made once, shown without its secret, changed so that both keys vouch."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cli.runner import failed, fields, run, said
from consentkit.exceptions import LogError
from consentkit.log import ConsentLog
from consentkit.log.location import key_path
from consentkit.log.signer import read_keyring
from consentkit.tlog.note import VerifierKey, open_checkpoint
from log.samples import BUNDLE, make_refusal

ORIGIN = "odunews.example/consent"


def test_a_new_key_has_the_origin_and_is_the_owners_only(path: Path) -> None:
    result = run("key", "new", "--log", path, "--origin", ORIGIN)
    file = key_path(path)
    keys = read_keyring(file.read_text())
    assert (result.exit_code, result.stdout) == (0, f"{keys.signing.verifier}\n")
    assert str(keys.signing) not in result.output
    assert keys.signing.name == ORIGIN
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with ConsentLog(path) as log:
        log.commit([BUNDLE])
    assert fields(said("verify", "--log", path))["origin"] == ORIGIN


def test_a_key_is_not_overwritten(path: Path) -> None:
    said("key", "new", "--log", path)
    before = key_path(path).read_text()
    assert "it is left as it is" in failed(1, "key", "new", "--log", path, "--origin", ORIGIN)
    assert key_path(path).read_text() == before
    assert [file.name for file in path.parent.iterdir()] == [key_path(path).name]


def test_a_log_that_is_signed_gets_no_other_key(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    assert "key rotate" in failed(1, "key", "new", "--log", path, "--key", tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_a_log_that_was_not_signed_is_signed_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, ConsentLog(path) as log:
        patched.setattr("consentkit.log.signer.Signer.sign", lambda *_, **__: None)
        log.commit([BUNDLE])
    assert fields(said("verify", "--log", path))["signature"].startswith("NOT CHECKED")
    said("key", "new", "--log", path)
    assert fields(said("verify", "--log", path))["signature"].startswith("holds")


@pytest.mark.parametrize("origin", ["two words", "a+b", ""])
def test_a_name_that_cannot_be_one(path: Path, origin: str) -> None:
    result = run("key", "new", "--log", path, "--origin", origin)
    assert result.exit_code == (0 if origin == "" else 2)
    assert key_path(path).exists() is (origin == "")


def test_without_a_file_beside_it_the_keys_file_must_be_named(tmp_path: Path) -> None:
    assert "--key" in failed(2, "key", "new")
    assert said("key", "new", "--key", tmp_path / "key", "--origin", ORIGIN).startswith(ORIGIN)
    assert "cannot write" in failed(1, "key", "new", "--key", tmp_path / "gone" / "key")


def test_show_prints_public_keys_latest_first(log: ConsentLog, path: Path) -> None:
    first = said("key", "show", "--log", path)
    said("key", "rotate", "--log", path)
    shown = said("key", "show", "--log", path)
    assert shown.endswith(first) and shown.count("\n") == 2
    assert "PRIVATE" not in shown
    for line in shown.splitlines():
        VerifierKey.parse(line)


def test_a_key_can_be_shown_before_the_log_is_there(path: Path) -> None:
    assert "no log at" in failed(2, "key", "show", "--log", path)
    assert said("key", "new", "--log", path) == said("key", "show", "--log", path)


def test_show_where_there_is_no_key(log: ConsentLog, path: Path) -> None:
    key_path(path).unlink()
    assert "no key here" in failed(1, "key", "show", "--log", path)
    key_path(path).write_text("PRIVATE+KEY+this is none")
    error = failed(2, "key", "show", "--log", path)
    assert "this is none" not in error


def test_a_new_key_is_vouched_for_by_the_old_one(log: ConsentLog, path: Path) -> None:
    old = log.keys()
    result = run("key", "rotate", "--log", path)
    new = read_keyring(key_path(path).read_text())
    assert old is not None and new.earlier == old.accepted
    for key in new.accepted:
        assert open_checkpoint(result.stdout, [key]).size == 3
    assert result.stdout == log.head().checkpoint
    assert "Restart" in result.stderr
    assert str(new.signing) not in result.output
    assert stat.S_IMODE(key_path(path).stat().st_mode) == 0o600
    signature = fields(said("verify", "--log", path))["signature"]
    assert signature == f"holds, by {new.signing.verifier}, {old.signing.verifier}"


def test_after_a_change_of_keys_who_has_the_old_one_goes_on_until_restarted(
    log: ConsentLog, path: Path, tmp_path: Path
) -> None:
    said("verify", "--log", path, "--save", tmp_path / "saved")
    said("key", "rotate", "--log", path)
    log.commit([make_refusal()])
    old = log.keys()
    assert old is not None
    assert fields(said("verify", "--log", path))["signature"] == f"holds, by {old.signing.verifier}"
    with ConsentLog(path) as restarted:
        restarted.commit([make_refusal()])
    new = said("key", "show", "--log", path).splitlines()[0]
    told = fields(said("verify", "--log", path, "--checkpoint", tmp_path / "saved"))
    assert (told["size"], told["signature"]) == ("5", f"holds, by {new}")


def test_a_key_that_is_kept_in_the_environment_cannot_be_changed_there(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSENTKIT_LOG_KEY", str(read_keyring(key_path(path).read_text()).signing))
    before = log.head()
    assert "name the key's file" in failed(2, "key", "rotate", "--log", path)
    assert "name the key's file" in failed(2, "key", "new", "--log", path)
    assert log.head() == before


def test_a_change_of_keys_that_cannot_be_kept_leaves_the_old_one(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = key_path(path).read_text()

    def full(*arguments: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("consentkit.cli.log.key_commands.replace_key_file", full)
    assert "cannot write" in failed(1, "key", "rotate", "--log", path)
    assert key_path(path).read_text() == before
    log.commit([make_refusal()])
    assert log.check(keys=read_keyring(before).accepted).size == 4


def test_there_is_nothing_to_change_where_there_is_no_key(log: ConsentLog, path: Path) -> None:
    key_path(path).unlink()
    assert "key new" in failed(1, "key", "rotate", "--log", path)
    with ConsentLog(path) as fresh, pytest.raises(LogError):
        fresh.commit([make_refusal()])
