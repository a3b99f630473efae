"""What is wrong with a log is known before its first decision, and looking changes nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from consentkit.exceptions import ConfigurationError, LogError
from consentkit.log import ConsentLog
from consentkit.log.readiness import Remark
from consentkit.log.signer import Keyring, make_key_file
from consentkit.log.stores import sqlite_schema as schema
from consentkit.tlog.note import SigningKey
from log.samples import BUNDLE, make_entry


def filled(path: Path) -> None:
    with ConsentLog(path) as log:
        log.commit([BUNDLE, make_entry()])


def found(path: Path, key: Path | None = None) -> list[Remark]:
    with ConsentLog(path, key=key) as log:
        return log.remarks()


def worst(path: Path, key: Path | None = None) -> Remark:
    """Return the one remark that is an error."""
    (error,) = [remark for remark in found(path, key) if remark.level == "error"]
    return error


@contextmanager
def unchanged(folder: Path) -> Iterator[None]:
    """No file is made, and none but SQLite's own notes changes."""
    before = {file.name: file.read_bytes() for file in folder.iterdir() if "-" not in file.suffix}
    yield
    assert {file.name: file.read_bytes() for file in folder.iterdir() if "-" not in file.suffix} == before


def test_a_log_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    levels = [(remark.level, remark.about) for remark in found(tmp_path / "consent.sqlite3")]
    assert levels == [("note", "log"), ("warning", "key")]
    assert list(tmp_path.iterdir()) == []


def test_a_log_in_order_is_told_with_its_size_and_name(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    with unchanged(tmp_path):
        remarks = found(path)
    assert {remark.level for remark in remarks} == {"note"}
    assert "it has 2 entries" in remarks[0].text
    assert "nobody has named the log: consent-log/" in remarks[-1].text


def test_a_lost_key(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    (tmp_path / "consent.sqlite3.key").unlink()
    with unchanged(tmp_path):
        assert "put" in worst(path).text
    assert worst(path).about == "key"


def test_another_logs_key(tmp_path: Path) -> None:
    path, other = tmp_path / "consent.sqlite3", tmp_path / "other.key"
    filled(path)
    make_key_file(other, Keyring(signing=SigningKey.generate("other.example/log")))
    assert "this key did not sign the log so far" in worst(path, other).text


@pytest.mark.parametrize("text", ["", "no key at all", "PRIVATE+KEY+x+00000000+AAAA"])
def test_a_key_file_that_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    (tmp_path / "consent.sqlite3.key").write_text(text)
    assert "cannot be read as a key" in worst(path).text


def test_a_key_that_was_named_and_is_missing(tmp_path: Path) -> None:
    assert "consentkit log key new" in worst(tmp_path / "consent.sqlite3", tmp_path / "no.key").text


def test_a_key_that_others_may_read(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    (tmp_path / "consent.sqlite3.key").chmod(0o644)
    assert "chmod 600" in "".join(remark.text for remark in found(path) if remark.level == "warning")


def test_an_empty_log_under_a_name_that_was_made_up_can_still_be_named(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    make_key_file(
        tmp_path / "consent.sqlite3.key", Keyring(signing=SigningKey.generate("consent-log/" + "0a" * 8))
    )
    (remark,) = [remark for remark in found(path) if remark.level == "warning"]
    assert "--origin NAME" in remark.text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"hello, this is not a database at all", "file is not a database"),
        (b"SQLite format 3\0" + b"x" * 99, ""),
    ],
)
def test_what_is_no_database(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "consent.sqlite3"
    path.write_bytes(content)
    with unchanged(tmp_path):
        assert problem in worst(path).text
    assert "name another place" in worst(path).text


def test_a_database_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    assert "not a consent log" in worst(path).text


def test_a_log_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    assert "install that version" in worst(path).text


def test_a_log_of_an_older_version_is_left_for_the_first_decision(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in schema.MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
    (remark,) = found(path)
    assert remark.level == "warning"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)


@pytest.mark.parametrize(
    "change",
    [
        "DROP TABLE tiles",
        "ALTER TABLE entries RENAME TO entries_old",
        "CREATE TRIGGER refuse BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
)
def test_a_log_whose_tables_somebody_has_changed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(change)
    assert "other tables, indexes or triggers than a consent log" in worst(path).text
    with ConsentLog(path) as log, pytest.raises(LogError):
        log.commit([BUNDLE, make_entry()])


def test_a_log_whose_head_somebody_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE head SET size = size - 1")
    assert "not the one that was signed" in worst(path).text


def test_a_log_that_another_program_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "consent.sqlite3"
    filled(path)
    monkeypatch.setattr("consentkit.log.stores.sqlite.BUSY_SECONDS", 0.01)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "another program holds it" in worst(path).text
    assert found(path)[0].level == "note"


def test_a_server_that_cannot_be_reached() -> None:
    with ConsentLog("postgresql://nobody@127.0.0.1:1/nothing") as log:
        (remark,) = log.remarks()
    assert remark.level == "error"
    assert "start the server" in remark.text


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing/consent.sqlite3", "is missing: make it (`mkdir -p"),
        ("file/consent.sqlite3", "is a file"),
        (".", "is a folder: name a file in it"),
        ("pipe", "is something else"),
        ("x" * 300, "cannot be a file: File name too long"),
        ("with\0nul", "cannot be a file: embedded null byte"),
        ("circle", "cannot be a file: Too many levels of symbolic links"),
        ("unmounted", "volume' is missing"),
    ],
)
def test_a_place_where_no_log_can_be(tmp_path: Path, name: str, problem: str) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "unmounted").symlink_to("volume/consent.sqlite3")
    with pytest.raises(ConfigurationError, match="log: ") as refused:
        ConsentLog(tmp_path / name)
    assert problem in str(refused.value)
