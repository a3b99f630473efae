"""Several processes on one log: together, forked, and killed in mid-commit."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import consentkit.exceptions
from consentkit.log import ConsentLog
from consentkit.log.stores import sqlite
from consentkit.log.stores.sqlite import SQLiteStore
from log.faults import Connector, in_child, nothing
from log.samples import BUNDLE, accepted, found, make_entry, make_refusal

WRITER = Path(__file__).with_name("writer.py")
SOURCE = Path(consentkit.exceptions.__file__).parents[1]


@pytest.fixture
def shared(url: str) -> Iterator[ConsentLog]:
    """Make an empty log in each kind of store."""
    with ConsentLog(url) as made:
        yield made


def start(url: str, outbox: Path, *, count: int, tasks: int) -> subprocess.Popen[str]:
    """Start a process that appends."""
    command = [sys.executable, str(WRITER), url, str(outbox), str(count), str(tasks)]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def acknowledged(lines: list[str]) -> dict[str, int]:
    """Read what a writer has said; a torn last line was never said."""
    whole = [line.split() for line in lines if line.endswith("\n")]
    return {id: int(index) for index, id in whole}


def test_four_processes_leave_no_gap(url: str, shared: ConsentLog, tmp_path: Path) -> None:
    writers = [start(url, tmp_path / "outbox", count=150, tasks=8) for _ in range(4)]
    said = [acknowledged(writer.communicate(timeout=120)[0].splitlines(keepends=True)) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    assert [len(one) for one in said] == [150] * 4
    assert shared.check(keys=accepted(shared)).size == 601
    assert found(shared) == {BUNDLE.hash: 0} | said[0] | said[1] | said[2] | said[3]


@pytest.mark.parametrize("rounds", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_a_killed_writer_loses_nothing_that_it_acknowledged(
    url: str, shared: ConsentLog, tmp_path: Path, rounds: int
) -> None:
    seeded = random.Random(2)
    said: dict[str, int] = {}
    for _ in range(rounds):
        writers = [start(url, tmp_path / "outbox", count=1_000_000, tasks=32) for _ in range(2)]
        for writer in writers:
            assert writer.stdout is not None
            lines = [writer.stdout.readline() for _ in range(seeded.randrange(1, 400))]
            writer.kill()
            said |= acknowledged([*lines, *writer.stdout.readlines()])
            writer.wait()
            writer.stdout.close()
        assert shared.check(keys=accepted(shared)).size >= len(said)
        assert said.items() <= found(shared).items()
    assert shared.commit([make_refusal()]) == [shared.head().size - 1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
class TestForks:
    """What a parent process has open is of no use to its children."""

    @pytest.fixture
    def log(self, path: Path, connector: Connector) -> Iterator[ConsentLog]:
        """Make an empty log in a file."""
        with ConsentLog(path, store=SQLiteStore(path, connect=connector)) as made:
            yield made

    def test_parent_and_child_go_on_with_connections_of_their_own(
        self, log: ConsentLog, connector: Connector
    ) -> None:
        log.commit([BUNDLE, make_entry()])

        def append() -> None:
            opened = len(connector.connections)
            for _ in range(20):
                log.commit([make_entry()])
            assert len(connector.connections) == opened + 1

        for _ in range(2):
            in_child(append)
            log.commit([make_entry()])
        assert len(connector.connections) == 3
        assert log.check().size == 44

    def test_a_fork_waits_for_the_commit_of_another_thread(
        self, log: ConsentLog, connector: Connector
    ) -> None:
        log.commit([BUNDLE])
        committing, forking = threading.Event(), threading.Event()

        def commit_during_the_fork() -> None:
            committing.set()
            assert forking.wait(10)

        connector.before_commit = commit_during_the_fork
        os.register_at_fork(before=forking.set)
        thread = threading.Thread(target=log.commit, args=([make_entry()],))
        thread.start()
        assert committing.wait(10)
        in_child(lambda: nothing(log.commit([make_refusal()])))
        thread.join()
        assert log.check().size == 3

    def test_a_connection_that_cannot_be_closed_is_forgotten(
        self, log: ConsentLog, connector: Connector, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sqlite, "FORK_SECONDS", 0.01)
        log.commit([BUNDLE])
        closing, forked = threading.Event(), threading.Event()

        def close_after_the_fork() -> None:
            closing.set()
            assert forked.wait(10)

        connector.before_close = close_after_the_fork
        thread = threading.Thread(target=log.close)
        thread.start()
        assert closing.wait(10)
        connector.before_close = nothing
        in_child(lambda: nothing(log.commit([make_refusal()])))
        forked.set()
        thread.join()
        log.commit([make_entry()])
        assert log.check().size == 3
