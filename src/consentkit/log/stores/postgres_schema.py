"""The tables of a PostgreSQL log, and their migrations."""

from importlib import resources

from psycopg import Connection, Error
from psycopg.sql import SQL, Identifier

from consentkit.exceptions import LogCorrupt, LogUnavailable
from consentkit.log.stores.postgres_pool import commit, may_repeat
from consentkit.log.stores.sql import check_version, read_migrations

# Released steps are never edited.
MIGRATIONS = read_migrations("postgres")
VERSION = len(MIGRATIONS)
FILLED = ("entries", "tiles", "notices", "assets", "daily", "observations")
"""Tables that decisions are written to, without the head's."""

_CHECK = (resources.files("consentkit.log.stores") / "data/postgres/checks/tables.sql").read_bytes()

# Duplicate schema, table, object and key: errors if several processes make the tables at once.
_RACE = ("42P06", "42P07", "42710", "23505")
_ATTEMPTS = 10


def version(connection: Connection, schema: str) -> int:
    """Return the schema's version, 0 where there is no log yet.

    Raises:
        LogCorrupt: The schema holds something else.
        LogUnavailable: A newer version of this package has written it.
    """
    # pg_catalog also lists tables of schemas that the role may not use: those must not look empty.
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
    return check_row(connection.execute(table).fetchone())


def check_row(found: tuple[int] | None, *, current: bool = False) -> int:
    """Return the version that a row has. Raises as `check_version`; LogCorrupt without a row."""
    if found is None:
        raise LogCorrupt("the log has no schema version")
    return check_version(found[0], VERSION, current=current)


def check_tables(connection: Connection, schema: str) -> None:
    """Check that tables and columns are as `migrate` makes them, and that nothing acts on them.

    Raises:
        LogCorrupt: They are not.
    """
    for (problem,) in connection.execute(_CHECK, {"schema": schema}):
        raise LogCorrupt(problem)


def check_creatable(connection: Connection, schema: str) -> None:
    """Raise LogUnavailable if the role may not make the tables."""
    allowed = connection.execute(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s)"
        " THEN has_schema_privilege(%s, 'CREATE')"
        " ELSE has_database_privilege(current_database(), 'CREATE') END"
        " AND current_setting('transaction_read_only') = 'off'",
        (schema, schema),
    ).fetchone()
    if allowed != (True,):
        raise LogUnavailable("there is no log in this schema yet, and permission denied to make one")


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
            # Without tables there is nothing to lock: a process that loses the race starts again.
            if connection.closed or not (error.sqlstate in _RACE or may_repeat(error)):
                raise
            connection.rollback()
    raise LogUnavailable("the log's tables are being made by too many others")


def _migrate(connection: Connection, schema: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (schema,))
    if exists.fetchone() is None:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
    # Migrations name no schema: the search path decides.
    connection.execute("SELECT set_config('search_path', %s, true)", (f'"{schema}"',))
    found = version(connection, schema)
    if found:
        # Blocks appends. Another process may have migrated while this one waited for the lock.
        connection.execute("SELECT size FROM head FOR UPDATE")
        found = version(connection, schema)
    for statement in (statement for step in MIGRATIONS[found:] for statement in step):
        connection.execute(statement)
    connection.execute("UPDATE schema_version SET version = %s", (VERSION,))
