"""The embedded store: one SQLite file."""

from consentkit.log.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
