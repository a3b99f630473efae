"""The tables of a PostgreSQL log, and the way from every older version to the present one."""

from __future__ import annotations

from psycopg import Connection, Error
from psycopg.sql import SQL, Identifier

from consentkit.exceptions import LogCorrupt, LogUnavailable
from consentkit.log.postgres.errors import commit, may_repeat
from consentkit.tlog import EMPTY_ROOT

# Texts are compared bytewise: the order of a list must not depend on a server's locale.
_FIRST = (
    """CREATE TABLE schema_version (
        one integer PRIMARY KEY CHECK (one = 1), version integer NOT NULL)""",
    "INSERT INTO schema_version VALUES (1, 0)",
    """CREATE TABLE entries (
        "index" bigint PRIMARY KEY, id text COLLATE "C" NOT NULL UNIQUE, type text COLLATE "C" NOT NULL,
        at text COLLATE "C", subject text COLLATE "C", body bytea, salt bytea, leaf bytea NOT NULL)""",
    'CREATE INDEX entries_subject ON entries (subject, "index") WHERE subject IS NOT NULL',
    "CREATE INDEX entries_at ON entries (at)",
    "CREATE INDEX entries_type ON entries (type, \"index\") WHERE type <> 'decision'",
    """CREATE TABLE tiles (
        level integer NOT NULL, "index" bigint NOT NULL, hashes bytea NOT NULL,
        PRIMARY KEY (level, "index"))""",
    """CREATE TABLE head (
        one integer PRIMARY KEY CHECK (one = 1), size bigint NOT NULL, root bytea NOT NULL,
        checkpoint text, open_days text NOT NULL)""",
    f"INSERT INTO head VALUES (1, 0, decode('{EMPTY_ROOT.hex()}', 'hex'), NULL, '')",
    'CREATE TABLE notices (hash text COLLATE "C" PRIMARY KEY, body bytea NOT NULL)',
    'CREATE TABLE assets (hash text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL)',
    """CREATE TABLE daily (
        day text COLLATE "C" NOT NULL, regime text COLLATE "C" NOT NULL, locale text COLLATE "C" NOT NULL,
        notice text COLLATE "C" NOT NULL, action text COLLATE "C" NOT NULL, count bigint NOT NULL,
        told bigint NOT NULL DEFAULT 0, PRIMARY KEY (day, regime, locale, notice, action))""",
    """CREATE TABLE observations (
        day text COLLATE "C" NOT NULL, kind text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
        count bigint NOT NULL, PRIMARY KEY (day, kind, key))""",
)

# Step n leads from version n to version n + 1. Steps that were released are never edited.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST,)
VERSION = len(MIGRATIONS)

# Duplicate schema, table, object and key: what several processes get that make the same tables at once.
_RACE = ("42P06", "42P07", "42710", "23505")
_ATTEMPTS = 10


def version(connection: Connection, schema: str) -> int:
    """Return the schema's version, 0 where there is no log yet.

    Raises:
        LogCorrupt: The schema holds something else.
        LogUnavailable: A newer version of this package has written it.
    """
    cursor = connection.execute(
        "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
        (schema,),
    )
    tables = {name for (name,) in cursor}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise LogCorrupt("the PostgreSQL schema holds tables, but no consent log")
    table = SQL("SELECT version FROM {}").format(Identifier(schema, "schema_version"))
    return demand_known(connection.execute(table).fetchone())


def demand_known(found: tuple[int] | None) -> int:
    """Return the version that was found.

    Raises:
        LogCorrupt: None was.
        LogUnavailable: It is newer than this version of the package.
    """
    if found is None:
        raise LogCorrupt("the log has no schema version")
    if found[0] > VERSION:
        raise LogUnavailable(f"the log has schema version {found[0]}, this version knows up to {VERSION}")
    return found[0]


def migrate(connection: Connection, schema: str) -> None:
    """Bring the tables to the present version, in one transaction. Many processes may do it at once.

    Raises:
        LogCorrupt, LogUnavailable: As `version`.
    """
    for _ in range(_ATTEMPTS):
        try:
            if version(connection, schema) < VERSION:
                _migrate(connection, schema)
            return commit(connection)
        except Error as error:
            if connection.closed or not (error.sqlstate in _RACE or may_repeat(error)):
                raise
            connection.rollback()
    raise LogUnavailable("the log's tables are being made by too many others")


def _migrate(connection: Connection, schema: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,))
    if exists.fetchone() is None:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    connection.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
    found = version(connection, schema)
    if found:
        # Nobody appends meanwhile; and another process may have migrated while this one waited.
        connection.execute("SELECT size FROM head FOR UPDATE")
        found = version(connection, schema)
    for step in MIGRATIONS[found:]:
        for statement in step:
            connection.execute(statement)
    connection.execute("UPDATE schema_version SET version = %s", (VERSION,))
