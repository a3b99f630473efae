"""Where a log is kept: the contract of a store, what SQL stores share, SQLite and PostgreSQL."""
