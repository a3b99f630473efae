"""The log's key: missing, exchanged, unreadable. Nothing is recorded then; no message tells the secret."""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consentkit.exceptions import ConfigurationError, LogUnavailable
from consentkit.log import ConsentLog
from consentkit.log.signer import Keyring, make_key_file, new_origin, read_keyring, replace_key_file
from consentkit.tlog.note import SigningKey, open_checkpoint
from log.samples import BUNDLE, make_entry, make_refusal

SECRET = str(SigningKey.generate("example.org/other"))


@pytest.fixture
def key(path: Path) -> Path:
    """Name its key's file."""
    return path.with_name("consent.sqlite3.key")


@pytest.fixture
def log(path: Path) -> Iterator[ConsentLog]:
    """Make a log with two entries."""
    with ConsentLog(path) as made:
        made.commit([BUNDLE, make_entry()])
        yield made


def keyring(text: str) -> Keyring:
    """Make a keyring of one key."""
    return Keyring(signing=SigningKey.parse(text))


def test_a_new_log_makes_a_key_of_its_own(log: ConsentLog, key: Path) -> None:
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    keys = log.keys()
    assert keys is not None
    assert keys.signing.name.startswith("consent-log/")
    checkpoint = log.head().checkpoint
    assert checkpoint is not None
    assert open_checkpoint(checkpoint, keys.accepted).origin == keys.signing.name
    assert str(read_keyring(key.read_text())) == str(keys) == key.read_text()


def test_no_two_logs_have_the_same_origin() -> None:
    assert new_origin() != new_origin()


def missing(key: Path) -> None:
    key.unlink()


def another(key: Path) -> None:
    replace_key_file(key, keyring(SECRET))


def garbage(key: Path) -> None:
    key.write_text(f"{SECRET[:-9]}\n")


def binary(key: Path) -> None:
    key.write_bytes(b"\xff\xfe" + SECRET.encode("utf-16-le"))


def empty(key: Path) -> None:
    key.write_text("\n")


def folder(key: Path) -> None:
    key.unlink()
    key.mkdir()


def content(key: Path) -> bytes:
    return key.read_bytes()


def put_back(key: Path, kept: bytes) -> None:
    if key.is_dir():
        key.rmdir()
    key.write_bytes(kept)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (missing, r"put '.*consent\.sqlite3\.key' back"),
        (another, r"did not sign the log so far.*key rotate"),
        (garbage, r"'.*consent\.sqlite3\.key' cannot be read as a key"),
        (binary, r"'.*consent\.sqlite3\.key' is not a key: it is not text"),
        (empty, r"'.*consent\.sqlite3\.key' cannot be read as a key"),
        (folder, r"cannot read '.*consent\.sqlite3\.key': Is a directory"),
    ],
)
@pytest.mark.anyio
async def test_without_its_key_a_signed_log_takes_nothing(
    log: ConsentLog, path: Path, key: Path, damage: Callable[[Path], None], told: str
) -> None:
    head, kept = log.head(), content(key)
    damage(key)
    refusal = make_refusal()
    with ConsentLog(path) as other:
        # The second attempt is refused as the first was.
        for work in (
            lambda: other.commit([make_entry()]),
            lambda: other.commit([make_entry()]),
            lambda: other.erase_now("c3ViamVjdC1vbmU0", at="2026-11-30T12:00:00Z"),
            lambda: list(other.purge("2027-01-01", at="2026-11-30T12:00:00Z")),
        ):
            with pytest.raises(LogUnavailable, match=f"key cannot be used: .*{told}") as caught:
                work()
            assert SECRET[30:60] not in repr(caught.value)
            assert not caught.value.unknown
        assert other.head() == head
        assert await other.honour(refusal) is None
        put_back(key, kept)
        assert other.drain() == 1
        keys = other.keys()
        assert keys is not None
        assert other.check(keys=keys.accepted).size == 3


def test_a_key_that_was_looked_at_is_still_held_against_the_log(
    log: ConsentLog, path: Path, key: Path
) -> None:
    another(key)
    with ConsentLog(path) as other:
        assert str(other.keys()) == f"{SECRET}\n"
        with pytest.raises(LogUnavailable, match="did not sign"):
            other.commit([make_entry()])
    assert log.head().size == 2


def test_a_log_that_is_open_goes_on_with_the_key_that_it_has(log: ConsentLog, key: Path) -> None:
    key.unlink()
    assert log.commit([make_entry()]) == [2]
    assert not key.exists()


@pytest.mark.parametrize(
    "text",
    ["PRIVATE+KEY+", f"{SECRET}é", SECRET[:-3], SECRET + "AAAA"],
    ids=["empty", "not ASCII", "too short", "too long"],
)
def test_a_secret_that_is_none_is_not_repeated(path: Path, text: str) -> None:
    with ConsentLog(path, key=text) as log:
        with pytest.raises(LogUnavailable, match="the key cannot be read as a key") as caught:
            log.commit([BUNDLE])
        with pytest.raises(ConfigurationError, match="the key cannot be read as a key"):
            log.keys()
        assert SECRET[30:60] not in str(caught.value)
        assert log.head().size == 0


def test_a_key_file_that_is_named_is_not_made(path: Path, tmp_path: Path) -> None:
    with ConsentLog(path, key=tmp_path / "named.key") as log:
        with pytest.raises(LogUnavailable, match=r"there is no key at '.*named\.key': .*log key new"):
            log.commit([BUNDLE])
        make_key_file(tmp_path / "named.key", keyring(SECRET))
        assert log.commit([BUNDLE]) == [0]
        assert log.check(keys=[SigningKey.parse(SECRET).verifier]).size == 1


def test_a_key_file_is_never_overwritten_when_it_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a.key"
    assert make_key_file(path, keyring(SECRET))
    before = path.read_bytes()
    assert not make_key_file(path, Keyring(signing=SigningKey.generate("example.org/new")))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.key"]


def test_a_disk_that_is_full_when_the_key_is_made_leaves_no_secret(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with ConsentLog(path) as log:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(LogUnavailable, match="No space left"):
                log.commit([BUNDLE])
        assert not list(path.parent.glob("*.key*"))
        assert log.commit([BUNDLE]) == [0]
        assert log.head().checkpoint is not None


def test_without_cryptography_a_log_is_not_signed_and_a_signed_one_not_continued(
    log: ConsentLog,
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cryptography"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with ConsentLog(tmp_path / "unsigned.sqlite3") as unsigned:
        assert unsigned.commit([BUNDLE]) == [0]
        assert unsigned.commit([make_entry()]) == [1]
        assert caplog.text.count("the log is not signed") == 1
        assert unsigned.check().checkpoint is None
        assert unsigned.keys() is None
    with ConsentLog(path) as other, pytest.raises(LogUnavailable, match='needs the extra "log"'):
        other.commit([make_entry()])
    with ConsentLog(tmp_path / "x.sqlite3", key=SECRET) as named, pytest.raises(LogUnavailable, match="log"):
        named.commit([BUNDLE])
