"""``consentkit log export``: entries as JSON Lines or CSV, as a stream; what was interrupted can go on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TextIO

import click

from consentkit.cli.log.files import appending, atomically
from consentkit.cli.log.opening import reading, with_log
from consentkit.cli.log.progress import progress
from consentkit.cli.log.resuming import Form, Line, last_line
from consentkit.cli.terminal import exact
from consentkit.log import LogReader, Recorded
from consentkit.log.export import plain, proved, write_csv_header, write_csv_lines, write_json_lines
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
