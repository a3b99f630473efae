"""The tables of a SQLite log, and their migrations."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache

from consentkit.exceptions import LogCorrupt
from consentkit.log.stores.sql import check_version, read_migrations

# Marks the file as a consent log (SQLite file format, "application id"): "ckit".
APPLICATION_ID = 0x636B6974

# Released steps are never edited: `check_tables` compares the tables' SQL with them.
MIGRATIONS = read_migrations("sqlite")
VERSION = len(MIGRATIONS)
TABLES = frozenset(("entries", "tiles", "head", "notices", "assets", "daily", "observations"))


def version(connection: sqlite3.Connection) -> int:
    """Return the schema's version, 0 for an empty file.

    Raises:
        LogCorrupt: The file is a database of something else.
        LogUnavailable: A newer version of this package has written it.
    """
    application, found, tables = connection.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master)"
        " FROM pragma_application_id, pragma_user_version"
    ).fetchone()
    if application != APPLICATION_ID and (application, found, tables) != (0, 0, 0):
        raise LogCorrupt("the file is a SQLite database, but not a consent log")
    # A view in place of a table could hide entries, or compute for ever.
    views = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
    if not TABLES.isdisjoint(name.lower() for (name,) in views):
        raise LogCorrupt("a view stands in the place of a table of the log")
    return check_version(found, VERSION)


def check_tables(connection: sqlite3.Connection) -> None:
    """Check that tables and indexes are those of the schema's version, and that no trigger acts on them.

    Raises:
        LogCorrupt: They are not.
    """
    stated = version(connection)
    found, expected = _definitions(connection), _expected(stated)
    wrong = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if wrong:
        what = f"a consent log of schema version {stated}"
        raise LogCorrupt(f"the file has other tables, indexes or triggers than {what}: {wrong[0]}")


def _definitions(connection: sqlite3.Connection) -> Mapping[str, tuple[str, str]]:
    """Return type and SQL of the log's tables, and of their indexes and triggers, by name."""
    query = "SELECT name, type, coalesce(sql, ''), lower(tbl_name) FROM sqlite_master"
    found = connection.execute(query)
    return {name: (kind, " ".join(sql.split())) for name, kind, sql, table in found if table in TABLES}


@cache
def _expected(version: int) -> Mapping[str, tuple[str, str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for statement in (statement for step in MIGRATIONS[:version] for statement in step):
            connection.execute(statement)
        return _definitions(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the present version, all steps in one transaction.

    Raises:
        LogCorrupt, LogUnavailable: As `version`.
    """
    if version(connection) == VERSION:
        return
    check_tables(connection)
    connection.execute("BEGIN IMMEDIATE")
    # Read again: another process may have migrated while this one waited for the lock.
    for statement in (statement for step in MIGRATIONS[version(connection) :] for statement in step):
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
