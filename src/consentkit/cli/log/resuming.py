"""Where an export that was interrupted stopped: its last whole line. What is torn after it is cut off."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import msgspec

from consentkit.log.export import COLUMNS, PROOF_COLUMNS

_BLOCK = 1 << 16
_HEADER_BYTES = 4096


class Form(msgspec.Struct, frozen=True):
    """How an export is written: ``jsonl`` or ``csv``, with proofs or without."""

    name: str
    proofs: bool

    @property
    def end(self) -> bytes:
        """What ends a line. In CSV, records may hold newlines, but no CR LF."""
        return b"\r\n" if self.name == "csv" else b"\n"

    @property
    def header(self) -> bytes:
        """The first line of CSV."""
        return ",".join((*COLUMNS, *PROOF_COLUMNS) if self.proofs else COLUMNS).encode()


class Line(msgspec.Struct, frozen=True):
    """The entry that a line is of; index -1 for a header with none after it."""

    index: int
    id: str


def last_line(path: str, form: Form) -> Line | None:
    """Return the last whole line of an export, and cut the file behind it; None where there is no line yet.

    Raises:
        click.ClickException: The file is not an export of this form.
    """
    if not os.path.exists(path):
        return None
    try:
        with Path(path).open("rb") as file:
            text, end = _last(file.fileno(), form.end)
            beginning = file.read(_HEADER_BYTES)
        _demand_form(beginning, form)
        found = _read(text, form) if end else None
        os.truncate(path, end)
    except OSError as error:
        raise click.ClickException(f"cannot go on with {path!r}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise click.ClickException(
            f"{path!r} is not an export in the form that was asked for: start a new file"
        ) from error
    return found


def _last(descriptor: int, end: bytes) -> tuple[bytes, int]:
    """Return the last whole line, and where it ends; 0 where there is none."""
    tail, start = b"", os.fstat(descriptor).st_size
    while start and tail.count(end) < 2:
        size = min(_BLOCK, start)
        start -= size
        tail = os.pread(descriptor, size, start) + tail
    stop = tail.rfind(end)
    if stop < 0:
        return b"", 0
    begin = tail.rfind(end, 0, stop)
    return tail[begin + len(end) if begin >= 0 else 0 : stop], start + stop + len(end)


def _demand_form(beginning: bytes, form: Form) -> None:
    """Nothing is cut from a file that does not begin as an export of this form does."""
    expected = form.header + form.end if form.name == "csv" else b'{"index":'
    if not expected.startswith(beginning[: len(expected)]):
        raise ValueError


def _read(text: bytes, form: Form) -> Line:
    if form.name == "jsonl":
        line = json.loads(text)
        if ("proof" in line) is not form.proofs:
            raise ValueError
        return Line(int(line["index"]), str(line["id"]))
    if text == form.header:
        return Line(-1, "")
    index, id, _ = text.split(b",", 2)
    return Line(int(index), id.decode())
