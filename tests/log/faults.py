"""Faults that come in between a log and its store, and processes that are forked."""

from __future__ import annotations

import os
import sqlite3
import traceback
from collections.abc import Callable
from typing import Any, TypeVar

from consentkit.log.stores.sql import Script, Store

T = TypeVar("T")


def nothing(*_: object) -> None:
    """Do nothing."""


class FaultyStore:
    """A store around a real one that runs `before` and `after` its transactions; either may raise or wait."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.before: Callable[[], None] = nothing
        self.after: Callable[[], None] = nothing
        self.snapshot = store.snapshot
        self.tidy = store.tidy
        self.rehearse = store.rehearse
        self.close = store.close

    def transact(self, script: Script[T]) -> T:
        """Run a script, unless a fault comes first."""
        self.before()
        outcome = self.store.transact(script)
        self.after()
        return outcome


class Connector:
    """Opens SQLite connections as `sqlite3.connect` does (`SQLiteStore`'s argument `connect`), with faults.

    Attributes:
        opened: Called with each connection.
        before_commit: Called before each COMMIT.
        after_commit: Called after each COMMIT; what it raises, the driver seems to raise.
        before_close: Called before a connection is closed.
        connections: All that were opened.
    """

    def __init__(self) -> None:
        self.opened: Callable[[sqlite3.Connection], None] = nothing
        self.before_commit: Callable[[], None] = nothing
        self.after_commit: Callable[[], None] = nothing
        self.before_close: Callable[[], None] = nothing
        self.connections: list[sqlite3.Connection] = []

    def __call__(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        """Open a connection."""
        faults = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                if sql != "COMMIT":
                    return super().execute(sql, parameters)
                faults.before_commit()
                cursor = super().execute(sql, parameters)
                faults.after_commit()
                return cursor

            def close(self) -> None:
                faults.before_close()
                super().close()

        connection = sqlite3.connect(*arguments, factory=Connection, **options)
        self.connections.append(connection)
        self.opened(connection)
        return connection


def cut_off() -> None:
    """Fail as a connection that breaks off."""
    raise sqlite3.OperationalError("cut")


def in_child(work: Callable[[], None]) -> None:
    """Run in a forked child; fail if it fails."""
    assert os.waitpid(spawn(work), 0)[1] == 0


def spawn(work: Callable[[], object]) -> int:
    """Work in a forked child that nobody waits for yet; return its process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return child
