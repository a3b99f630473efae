"""The command line on a log in PostgreSQL: as on a file, but for the key, which must be named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from cli.runner import failed, fields, said
from consentkit.log import ConsentLog, open_log
from consentkit.log.signer import Keyring, make_key_file
from consentkit.tlog.note import SigningKey
from docs.documents import examples, find_page
from log.moments import keep_schema
from log.postgres import Server
from log.samples import BUNDLE, accepted, make_entry, make_refusal


def test_every_command(
    postgres: Server, new_schema: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, url = tmp_path / "key", postgres.url(schema=new_schema())
    monkeypatch.setenv("CONSENTKIT_LOG", url)
    assert "--key" in failed(2, "key", "new")
    vkey = said("key", "new", "--key", key, "--origin", "odunews.example/log").strip()
    grant = make_entry()
    with ConsentLog(url, key=key) as log:
        log.commit([BUNDLE, grant, make_refusal()])

        told = fields(said("verify", "--vkey", vkey, "--save", tmp_path / "saved"))
        assert (told["size"], told["signature"]) == ("3", f"holds, by {vkey}")
        assert fields(said("verify"))["signature"].startswith("NOT CHECKED")
        assert json.loads(said("show", grant.id))["index"] == 1
        assert said("stats").startswith("3 entries")
        assert said("checkpoint") == log.head().checkpoint
        assert said("leaf", 1).startswith('{"commitment"')
        assert said("proof", 1) == log.proof(1).encode()
        assert len(said("consistency", 2).splitlines()) == 1
        lines = [json.loads(line) for line in said("export", "--proofs").splitlines()]
        assert [line["index"] for line in lines] == [0, 1, 2]

        said("key", "rotate", "--key", key)
        assert said("key", "show", "--key", key).splitlines()[1] == vkey
    said("erase", grant.subject or "", "--key", key, "--yes")
    said("purge", "--older-than", "1d", "--key", key, "--yes")
    told = fields(said("verify", "--key", key, "--checkpoint", tmp_path / "saved"))
    assert told["continues"] == "the saved checkpoint of 3 entries"
    assert said("drain", "--outbox", tmp_path / "outbox", "--key", key) == "nothing waits in the outbox\n"


def test_a_roll_back_is_told_by_every_command_that_knows_what_was_seen(
    postgres: Server, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, seen = tmp_path / "key", tmp_path / "seen"
    url = postgres.url(schema=name)
    monkeypatch.setenv("CONSENTKIT_LOG", url)
    monkeypatch.setenv("CONSENTKIT_LOG_KEY", str(key))
    said("key", "new", "--origin", "odunews.example/log")
    with ConsentLog(url, key=key, seen=seen) as log:
        log.commit([BUNDLE, make_entry()])
        restore, earlier = keep_schema(postgres, name), tmp_path / "backup.sqlite3"
        log.commit([make_entry()])
    said("backup", earlier)
    restore()
    recover = ("recover", "--reason", "the primary is gone")
    assert "name it with --seen" in failed(1, *recover)
    assert "name it with --seen" in failed(1, *recover, "--seen", tmp_path / "another")
    monkeypatch.setenv("CONSENTKIT_LOG_SEEN", str(seen))
    for command in (
        ("verify",),
        ("backup", earlier),
        ("purge", "--older-than", "1d", "--yes"),
        ("erase", "c3ViamVjdC1vbmU0", "--yes"),
    ):
        assert "rolled back" in failed(1, *command)
    assert "one break at 2" in said(*recover)
    said("verify")


@pytest.mark.parametrize("command", [["verify"], ["stats"], ["erase", "x"], ["purge", "--older-than", "1d"]])
def test_a_server_that_is_away_is_an_error_without_its_password(command: list[str], tmp_path: Path) -> None:
    error = failed(1, *command, "--log", f"postgresql://me:secret@/none?host={tmp_path}")
    assert error.startswith("Error: ")
    assert "secret" not in error


def test_the_documented_roles_have_what_they_need_and_no_more(postgres: Server, tmp_path: Path) -> None:
    blocks = [block.text for block in examples(find_page("postgres"), "sql")]
    make, grant = blocks[0], blocks[1]
    key = tmp_path / "log.key"
    make_key_file(key, Keyring(signing=SigningKey.generate("example.org/log")))

    def url(who: str) -> str:
        return postgres.url(schema="consentkit", user=f"consent_{who}")

    postgres.run(*filter(str.strip, make.split(";")))
    with ConsentLog(url("owner"), key=key) as owners:
        assert owners.commit([]) == []
    postgres.run(*filter(str.strip, grant.split(";")))
    with ConsentLog(url("writer"), key=key) as log:
        log.commit([BUNDLE, *(make_entry() for _ in range(300))])
        log.commit([make_entry(at="2026-11-23T10:00:00Z", subject="a-visitor-who-goes-")])
        log.observed.add("shown", ["opt-in de"], now=1_795_000_000)
        log.write_observations()
        assert log.erase_now("a-visitor-who-goes-", at="2026-11-23T11:00:00Z") == 1
        assert sum(count for _, count in log.purge("2026-11-23", at="2026-11-24T10:00:00Z")) == 300
        assert [remark.level for remark in log.remarks() if remark.level == "error"] == []
        assert log.check(keys=accepted(log)).size == log.head().size
    with open_log(url("reader"), key=key) as reader:
        assert reader.check(keys=accepted(reader)).size > 300
    for who, statement in (
        ("writer", "DELETE FROM consentkit.entries"),
        ("writer", "UPDATE consentkit.entries SET leaf = ''"),
        ("writer", "DELETE FROM consentkit.tiles"),
        ("writer", "DELETE FROM consentkit.notices"),
        ("writer", "ALTER TABLE consentkit.entries ADD COLUMN ip text"),
        ("writer", "CREATE TABLE consentkit.other (x int)"),
        ("reader", "UPDATE consentkit.head SET size = 0"),
        ("reader", "INSERT INTO consentkit.notices VALUES ('', '')"),
    ):
        with (
            psycopg.connect(
                host=str(postgres.folder), user=f"consent_{who}", dbname="postgres", autocommit=True
            ) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute(statement)
