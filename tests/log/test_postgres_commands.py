"""The command line on a log in PostgreSQL: as on a file, but for the key, which must be named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.runner import failed, fields, said
from consentkit.log import ConsentLog
from log.postgres import Server
from log.samples import BUNDLE, make_entry, make_refusal


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


@pytest.mark.parametrize("command", [["verify"], ["stats"], ["erase", "x"], ["purge", "--older-than", "1d"]])
def test_a_server_that_is_away_is_an_error_without_its_password(command: list[str], tmp_path: Path) -> None:
    error = failed(1, *command, "--log", f"postgresql://me:secret@/none?host={tmp_path}")
    assert error.startswith("Error: ")
    assert "secret" not in error
