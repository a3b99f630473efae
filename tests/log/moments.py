"""Moments of a log's store, to go back to: what a restored backup or a fail-over does to a log."""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

from consentkit.log.stores.postgres_schema import FILLED
from log.postgres import Server

Restore: TypeAlias = Callable[[], None]

_numbers = itertools.count()
_TABLES = (*FILLED, "head")


def keep_file(path: Path) -> Restore:
    """Keep a SQLite log as it is now; return what puts it back under whoever has it open."""
    kept = sqlite3.connect(":memory:", check_same_thread=False)
    with closing(sqlite3.connect(path)) as source:
        source.backup(kept)

    def restore() -> None:
        with closing(sqlite3.connect(path)) as target:
            kept.backup(target)

    return restore


def keep_schema(server: Server, name: str) -> Restore:
    """Keep a PostgreSQL log as it is now."""
    kept = f"{name}_kept_{next(_numbers)}"
    server.run(f"CREATE SCHEMA {kept}")
    server.run(*(f"CREATE TABLE {kept}.{table} AS TABLE {name}.{table}" for table in _TABLES))

    def restore() -> None:
        for table in _TABLES:
            server.run(f"DELETE FROM {name}.{table}")
            server.run(f"INSERT INTO {name}.{table} SELECT * FROM {kept}.{table}")

    return restore
