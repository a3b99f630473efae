"""The SQL files that make a store's tables."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from consentkit.log.stores import sqlite_schema as schema
from consentkit.log.stores.sql import read_migrations
from consentkit.tlog.tree import EMPTY_ROOT


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_every_statement_is_whole_and_without_comments(store: str) -> None:
    steps = read_migrations(store)
    assert steps
    assert all(steps)
    for statement in (statement for step in steps for statement in step):
        assert statement.split()[0] in {"ALTER", "CREATE", "DROP", "INSERT", "PRAGMA", "UPDATE"}
        assert sqlite3.complete_statement(f"{statement};")
        assert not {";", "--"} & set(statement.split())


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_the_first_head_is_that_of_an_empty_tree(store: str) -> None:
    (head,) = (
        statement for statement in read_migrations(store)[0] if statement.startswith("INSERT INTO head")
    )
    assert f"'{EMPTY_ROOT.hex()}'" in head


def test_a_new_file_says_that_it_is_a_log() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        schema.migrate(connection)
        assert connection.execute("PRAGMA application_id").fetchone() == (schema.APPLICATION_ID,)
        assert connection.execute("SELECT size, root FROM head").fetchone() == (0, EMPTY_ROOT)
