"""``consentkit log export``: entries as JSON Lines or CSV, as a stream; what was interrupted can go on."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TextIO

import click
import msgspec

from consentkit.cli.log.files import appending, atomically
from consentkit.cli.log.opening import reading, with_log
from consentkit.cli.terminal import exact, progress
from consentkit.log import LogReader, Recorded
from consentkit.log.export import (
    COLUMNS,
    PROOF_COLUMNS,
    plain,
    proved,
    write_csv_header,
    write_csv_lines,
    write_json_lines,
)
from consentkit.record import read_leaf

_WRITERS = {"jsonl": write_json_lines, "csv": write_csv_lines}
_PLACE = re.compile(r"(?P<index>\d{1,18})|\d{4}-\d\d-\d\d", re.ASCII)


class _Range(NamedTuple):
    """Which entries: those from one place to another, a day or an index, both included."""

    first: str | int | None
    last: str | int | None

    @property
    def start(self) -> int:
        """The index before which there are none of them."""
        return self.first if isinstance(self.first, int) else 0

    def stop(self, size: int) -> int:
        """Return the index from which on there are none of them."""
        return min(size, self.last + 1) if isinstance(self.last, int) else size

    def has(self, recorded: Recorded) -> bool:
        """Say whether the entry is of these days. Entries from an outbox come late: days are not in order."""
        since = self.first if isinstance(self.first, str) else ""
        until = self.last if isinstance(self.last, str) else ""
        if not since and not until:
            return True
        day = read_leaf(recorded.leaf).day
        return since <= day and (not until or day <= until)


def _place(text: str) -> str | int:
    """Read a day or an index."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise click.BadParameter("expected a day such as 2026-11-22, or an index")
    return int(text) if found["index"] else text


@click.command()
@with_log
@click.option("--format", "form", type=click.Choice(sorted(_WRITERS)), default="jsonl", show_default=True)
@click.option("--proofs", is_flag=True, help="Add to each line what verifies it alone.")
@click.option(
    "--from", "first", type=_place, default=None, metavar="DAY|INDEX", help="Leave out what is before."
)
@click.option("--to", "last", type=_place, default=None, metavar="DAY|INDEX", help="Leave out what is after.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file, not to standard output.")
@click.option("--resume", is_flag=True, help="Go on after the last whole line of the output.")
def export(
    url: str,
    form: str,
    proofs: bool,
    first: str | int | None,
    last: str | int | None,
    output: str | None,
    resume: bool,
) -> None:
    """Write entries as JSON Lines or CSV."""
    if resume and output is None:
        raise click.UsageError("--resume needs --output")
    wanted, shape = _Range(first, last), Form(form, proofs)
    with reading(url) as reader:
        if output is not None and resume:
            _resume(reader, wanted, shape, output)
        elif output is not None:
            with atomically(output) as file:
                _write(reader, wanted, shape, file)
        else:
            _write(reader, wanted, shape, exact())


def _resume(reader: LogReader, wanted: _Range, shape: Form, output: str) -> None:
    done = last_line(output, shape)
    if done is None:
        with appending(output) as file:
            _write(reader, wanted, shape, file)
        return
    if done.index >= 0:
        _demand_same(reader, done, output)
    with appending(output) as file:
        _write(reader, wanted, shape, file, start=done.index + 1)


def _demand_same(reader: LogReader, done: Line, output: str) -> None:
    found = reader.at(done.index)
    if found is None or found.id != done.id:
        raise click.ClickException(f"the last line of {output!r} is not of this log: start a new file")


def _write(reader: LogReader, wanted: _Range, shape: Form, file: TextIO, *, start: int | None = None) -> None:
    """Write a new file, or what is missing of one from the index `start` on."""
    if start is None and shape.name == "csv":
        write_csv_header(file, proofs=shape.proofs)
    begin = max(wanted.start, start or 0)
    stop = max(begin, wanted.stop(reader.head().size))
    with progress("Exporting", stop - begin) as advance:
        chosen = filter(wanted.has, _counted(reader.entries(begin, stop), advance))
        lines = proved(chosen, reader) if shape.proofs else plain(chosen)
        _WRITERS[shape.name](lines, file)


def _counted(entries: Iterable[Recorded], advance: Callable[[int], None]) -> Iterator[Recorded]:
    for recorded in entries:
        yield recorded
        advance(1)


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
