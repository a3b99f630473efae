"""The steps that bring a store's tables from one version to the next, read from SQL files."""

from __future__ import annotations

import re
from importlib import resources

_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)


def read_migrations(package: str) -> tuple[tuple[str, ...], ...]:
    """Read the steps of a store: step n leads from version n to version n + 1.

    A statement ends with a semicolon at the end of a line; a comment is a line of its own.

    Args:
        package: The store's, with the files ``data/0001.sql``, ``data/0002.sql`` and so on.
    """
    files = sorted((resources.files(package) / "data").iterdir(), key=lambda file: file.name)
    texts = (_COMMENT.sub("", file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))
    return tuple(tuple(text.split(";\n")[:-1]) for text in texts)
