"""The tables of a SQLite log, and the way from every older version to the present one."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from functools import cache

from consentkit.exceptions import LogCorrupt, LogUnavailable
from consentkit.tlog import EMPTY_ROOT

# Marks the file as a consent log (SQLite file format, "application id"): "ckit".
APPLICATION_ID = 0x636B6974

_FIRST = (
    f"PRAGMA application_id = {APPLICATION_ID}",
    """CREATE TABLE entries (
        "index" INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at TEXT, subject TEXT,
        body BLOB, salt BLOB, leaf BLOB NOT NULL)""",
    "CREATE INDEX entries_subject ON entries (subject) WHERE subject IS NOT NULL",
    "CREATE INDEX entries_at ON entries (at)",
    """CREATE TABLE tiles (
        level INTEGER NOT NULL, "index" INTEGER NOT NULL, hashes BLOB NOT NULL,
        PRIMARY KEY (level, "index")) WITHOUT ROWID""",
    """CREATE TABLE head (
        one INTEGER PRIMARY KEY CHECK (one = 1), size INTEGER NOT NULL, root BLOB NOT NULL,
        checkpoint BLOB)""",
    f"INSERT INTO head VALUES (1, 0, x'{EMPTY_ROOT.hex()}', NULL)",
    "CREATE TABLE notices (hash TEXT PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE assets (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL)",
    """CREATE TABLE daily (
        day TEXT NOT NULL, regime TEXT NOT NULL, locale TEXT NOT NULL, notice TEXT NOT NULL,
        action TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (day, regime, locale, notice, action)) WITHOUT ROWID""",
    """CREATE TABLE observations (
        day TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (day, kind, key)) WITHOUT ROWID""",
)

# Types beside the body, which erasure destroys; days that no roll-up counts; what erasure leaves behind; what
# the last roll-up of a day told: the next one tells what has changed since.
#
# What is destroyed is overwritten where it is (`secure_delete`), but SQLite does not overwrite what it has
# moved: a page that is split or merged keeps, in its free space, old copies of what it had. So nothing
# personal is moved. Rows are appended, and updates that make them shorter move no others; the index over
# visitors, whose pages are split, holds only a part of the id, from which nobody can be told.
_SECOND = (
    "ALTER TABLE entries ADD COLUMN type TEXT NOT NULL DEFAULT 'decision'",
    "UPDATE entries SET type = json_extract(CAST(leaf AS TEXT), '$.type')"
    ' WHERE leaf NOT LIKE \'%"type":"decision"%\'',
    "CREATE INDEX entries_type ON entries (type, \"index\") WHERE type <> 'decision'",
    "DROP INDEX entries_subject",
    "CREATE INDEX entries_subject ON entries (substr(subject, 1, 4)) WHERE subject IS NOT NULL",
    "ALTER TABLE head ADD COLUMN remains INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE head ADD COLUMN open_days TEXT NOT NULL DEFAULT ''",
    "UPDATE head SET open_days = coalesce((SELECT group_concat(day, ' ') FROM"
    " (SELECT DISTINCT day FROM daily ORDER BY day)), '')",
    "ALTER TABLE daily ADD COLUMN told INTEGER NOT NULL DEFAULT 0",
)

# Step n leads from version n to version n + 1. Steps that were released are never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _SECOND)
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
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
    if not TABLES.isdisjoint(name.lower() for (name,) in tables):
        raise LogCorrupt("a view stands in the place of a table of the log")
    if found > VERSION:
        raise LogUnavailable(f"the log has schema version {found}, this version knows up to {VERSION}")
    return int(found)


def demand_form(connection: sqlite3.Connection) -> None:
    """Check that tables and indexes are as `migrate` makes them, and that nothing else acts on them.

    Raises:
        LogCorrupt: They are not.
    """
    found, made = _form(connection), _made()
    wrong = sorted(name for name in found.keys() | made.keys() if found.get(name) != made.get(name))
    if wrong:
        raise LogCorrupt(f"the file has other tables, indexes or triggers than a consent log: {wrong[0]}")


def _form(connection: sqlite3.Connection) -> Mapping[str, tuple[str, str]]:
    """Return type and SQL of the tables, and of all that is attached to them."""
    cursor = connection.execute("SELECT name, type, sql, lower(tbl_name) FROM sqlite_master")
    return {
        name: (kind, " ".join((sql or "").split())) for name, kind, sql, table in cursor if table in TABLES
    }


@cache
def _made() -> Mapping[str, tuple[str, str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in MIGRATIONS:
            for statement in step:
                connection.execute(statement)
        return _form(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the present version, all steps in one transaction.

    Raises:
        LogCorrupt, LogUnavailable: As `version`.
    """
    if version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have migrated while this one waited for the lock.
    for step in MIGRATIONS[version(connection) :]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
