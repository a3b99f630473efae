"""Stores of the log: the interface and shared SQL, SQLite, and PostgreSQL."""
