"""A real standby takes over: synchronous, nothing is lost; asynchronous, the runbook brings it back."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from consentkit.exceptions import LogCorrupt
from consentkit.log import ConsentLog
from consentkit.log.signer import Keyring, make_key_file
from consentkit.tlog.note import SigningKey
from docs.documents import find_page
from log.postgres import HOW, HOW_TO_REPLICATE, Server, find
from log.samples import BUNDLE, accepted, found, make_entry, make_refusal
from log.test_postgres_faults import Load

BEHIND = 234
SOURCE = Path(__file__).parents[2] / "src"


class Pair:
    """A primary and its standby."""

    def __init__(self, programs: Path) -> None:
        self.primary = Server(programs)
        self.primary.start()
        self.standby = Server(programs, primary=self.primary)
        self.standby.start()
        self.await_standby()

    def await_standby(self) -> None:
        """Wait until the standby has replayed all that the primary has."""
        self.primary.await_result(
            "SELECT 1 FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()"
        )

    def url(self) -> str:
        """Return a URL with both hosts, of which the one is used that takes writes."""
        folders = f"{self.primary.folder},{self.standby.folder}"
        return f"{self.primary.url(schema='consentkit', folder=folders)}&target_session_attrs=read-write"


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Run two servers."""
    programs = find()
    if programs is None:
        pytest.skip(HOW)
    if not (programs / "pg_basebackup").exists():
        pytest.skip(HOW_TO_REPLICATE)
    made = Pair(programs)
    yield made
    made.primary.remove()
    made.standby.remove()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """Make a key."""
    path = tmp_path / "log.key"
    make_key_file(path, Keyring(signing=SigningKey.generate("example.org/log")))
    return path


@pytest.mark.parametrize("each", [12, pytest.param(400, marks=pytest.mark.soak)])
def test_a_synchronous_standby_takes_over_under_load_and_nothing_is_lost(
    pair: Pair, key: Path, tmp_path: Path, each: int
) -> None:
    with ConsentLog(pair.url(), key=key, seen=tmp_path / "seen", outbox=tmp_path / "outbox") as log:
        log.commit([BUNDLE])
        pair.primary.run("ALTER SYSTEM SET synchronous_standby_names = '*'")
        pair.primary.run("SELECT pg_reload_conf()")
        load = Load(log)

        async def fail_over() -> None:
            await load.run(each=each)
            async with anyio.create_task_group() as group:
                group.start_soon(load.run)
                await anyio.to_thread.run_sync(pair.primary.stop, signal.SIGQUIT)
            await anyio.to_thread.run_sync(pair.standby.promote)
            pair.standby.run("ALTER SYSTEM SET synchronous_standby_names = ''")
            pair.standby.run("SELECT pg_reload_conf()")
            await load.run(each=each)

        anyio.run(fail_over)
        log.drain()
        there = found(log)
        assert load.acknowledged.items() <= there.items()
        assert load.refused <= there.keys()
        assert log.check(keys=accepted(log)).size == len(there)


@pytest.mark.parametrize("forked", [False, True], ids=["only behind", "forked"])
def test_the_runbook_brings_back_what_an_asynchronous_standby_lacks(
    pair: Pair, key: Path, tmp_path: Path, forked: bool
) -> None:
    seen, outbox = tmp_path / "log.seen", tmp_path / "consent.outbox"
    with ConsentLog(pair.url(), key=key, seen=seen, outbox=outbox) as log:
        log.commit([BUNDLE, *(make_entry() for _ in range(50))])
        pair.await_standby()
        pair.standby.stop()
        lost = [make_entry() for _ in range(BEHIND)]
        log.commit(lost)
        pair.primary.stop()
        pair.standby.start()
        pair.standby.promote()
        refusal = make_refusal()
        with pytest.raises(LogCorrupt, match="log recover"):
            log.commit([make_entry()])
        assert anyio.run(lambda: log.honour(refusal, bundle=BUNDLE)) is None
    if forked:
        with ConsentLog(pair.standby.url(schema="consentkit"), key=key) as careless:
            theirs = make_entry()
            careless.commit([theirs])
    pair.primary.start()
    places = {
        "NEW": pair.standby.url(schema="consentkit"),
        "OLD": pair.primary.url(schema="consentkit"),
        "KEY": str(key),
        "SEEN": str(seen),
        "OUTBOX": str(outbox),
    }
    said = follow("recovery", "The runbook", places, tmp_path)
    pair.primary.stop()
    with ConsentLog(pair.url(), key=key, seen=seen, outbox=outbox) as recovered:
        there = found(recovered)
        assert {one.id for one in lost} | {refusal.id} <= there.keys()
        recovered.commit([make_entry()])
        recovered.check(keys=accepted(recovered))
        breaks = [one.index for one in recovered.entries() if one.entry and one.entry.type == "break"]
    if forked:
        assert theirs.id in there
        assert "234 recorded again" in said
        assert f"one break at {breaks[0]}, otherwise intact" in said
    else:
        assert "234 entries appended as they were" in said
        assert breaks == []


def follow(page: str, heading: str, places: dict[str, str], folder: Path) -> str:
    """Run the commands of a section of the documentation, in order; return what they print."""
    text = find_page(page).read_text()
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    commands = [
        line.strip()
        for block in re.findall(r"```console\n(.*?)```", section, re.DOTALL)
        for line in block.splitlines()
        if line.strip()
    ]
    assert len(commands) >= 4
    bin = folder / "bin"
    bin.mkdir()
    (bin / "consentkit").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m consentkit "$@"\n')
    (bin / "consentkit").chmod(0o755)
    environment = {
        **os.environ,
        **places,
        "PATH": f"{bin}:{os.environ['PATH']}",
        "PYTHONPATH": str(SOURCE),
    }
    said = ""
    for command in commands:
        result = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", command],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )
        assert result.returncode == 0, f"{command}\n{result.stdout}{result.stderr}"
        said += result.stdout
    return said
