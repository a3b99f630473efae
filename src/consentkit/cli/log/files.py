"""Files that commands write: whole or not at all, and readable by their owner only."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click


@contextmanager
def atomically(path: str | Path) -> Iterator[TextIO]:
    """Open a file to write to; under its name it appears when all of it is on disk, and otherwise not.

    A device or a pipe is written to directly.
    """
    with _said(path):
        target = Path(path).resolve()
        if target.exists() and not target.is_file():
            with target.open("w", encoding="utf-8", newline="") as file:
                yield file
            return
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            with open(_new(draft), "w", encoding="utf-8", newline="") as file:
                yield file
                _sync(file)
            os.replace(draft, target)
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def appending(path: str | Path) -> Iterator[TextIO]:
    """Open a file to go on writing at its end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    with _said(path), open(os.open(path, flags, 0o600), "a", encoding="utf-8", newline="") as file:
        yield file
        _sync(file)


def _new(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _sync(file: TextIO) -> None:
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _said(path: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"cannot write {str(path)!r}: {error.strerror or error}") from error
