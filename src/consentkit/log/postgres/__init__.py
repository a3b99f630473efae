"""The store for many machines: a schema in a PostgreSQL database."""

from consentkit.exceptions import MissingExtra

try:
    import psycopg  # noqa: F401
except ImportError as _error:
    raise MissingExtra("a log in PostgreSQL", extra="postgres") from _error

from consentkit.log.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
