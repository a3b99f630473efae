"""``consentkit log show|export|stats``: what a log holds."""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any, NamedTuple, TextIO, get_args

import click
import msgspec

from consentkit.banner.markup import escape
from consentkit.cli.log.log_options import appending, atomically, reading, with_log
from consentkit.cli.terminal import exact, one_line, progress
from consentkit.consent import Notice
from consentkit.dashboard.shown_banner import render_shown
from consentkit.log import Head, LogReader, Recorded, Rollup
from consentkit.log.export import (
    COLUMNS,
    PROOF_COLUMNS,
    plain,
    proved,
    write_csv_header,
    write_csv_lines,
    write_json_lines,
)
from consentkit.record import Action, read_leaf


@click.command()
@click.argument("id")
@with_log
@click.option("--render", metavar="FILE", help="Write the banner as it was shown to this HTML file.")
def show(id: str, url: str, render: str | None) -> None:
    """Show an entry, what was shown with it, and its proof.

    ID is the entry's id, a notice's hash, or an index.
    """
    with reading(url) as reader:
        found = _find(reader, id)
        click.echo(json.dumps(_shown(reader, found), indent=2, ensure_ascii=False))
        if render is not None:
            _render(reader, found, render)


def _find(reader: LogReader, id: str) -> Recorded:
    found = reader.find(id)
    if found is None and id.isascii() and id.isdigit() and len(id) < 19:
        found = reader.at(int(id))
    if found is None:
        raise click.ClickException(f"the log has no entry with the id or index {id!r}")
    return found


def _shown(reader: LogReader, found: Recorded) -> dict[str, Any]:
    signed = reader.head().checkpoint is not None
    return {
        "index": found.index,
        "id": found.id,
        "entry": None if found.entry is None else msgspec.to_builtins(found.entry),
        "destroyed": _destroyed(reader, found),
        "leaf": found.leaf.decode(errors="replace"),
        "salt": None if found.salt is None else found.salt.hex(),
        "proof": reader.proof(found.index).encode() if signed else None,
        "notice": _readable(reader.notice(_notice(found))),
    }


def _destroyed(reader: LogReader, found: Recorded) -> dict[str, Any] | None:
    """Say when and by which entry an entry was destroyed."""
    if found.body is not None:
        return None
    by = reader.destroyed_by(found.index)
    if by is None or by.entry is None:
        return {}
    return {"at": by.entry.at, "type": by.entry.type, "index": by.index, "id": by.id}


def _notice(found: Recorded) -> str:
    return "" if found.entry is None else found.entry.notice


def _readable(body: bytes | None) -> object:
    """A notice is JSON; whatever else was published is shown as text."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return (body or b"").decode(errors="replace")


def _render(reader: LogReader, found: Recorded, path: str) -> None:
    notice = _notice(found)
    if not notice:
        reason = (
            "it was destroyed" if found.body is None else f"it is of type {found.entry and found.entry.type}"
        )
        raise click.ClickException(f"what was shown with entry {found.index} is not known: {reason}")
    document = page(reader, notice)
    if document is None:
        raise click.ClickException(
            f"the notice {notice} has no banner that could be shown: of what is decided in the settings"
            " the words are kept, which are printed above"
        )
    with atomically(path) as file:
        file.write(document)


def page(reader: LogReader, notice: str) -> str | None:
    """Make the HTML page that shows a notice's banner; None where it has none.

    Raises:
        click.ClickException: What the log holds is not what the notice's hash is of.
    """
    body = reader.notice(notice)
    if body is None or sha256(body).hexdigest() != notice:
        raise click.ClickException(f"the notice {notice} is missing, or it was changed")
    shown, document = Notice.loads(body), render_shown(reader, notice)
    if shown is None or document is None:
        return None
    told = f"Notice {notice}, language {shown.locale}, regime {shown.regime}: the banner as it was shown."
    # The frame inherits the policy (HTML, "initialising the policy container"); its sandbox forbids the rest.
    whole = Template((resources.files("consentkit.cli.log") / "shown.html").read_text("utf-8"))
    return whole.substitute(told=escape(told), document=escape(document))


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


ACTIONS: tuple[str, ...] = get_args(Action)

_Table = Mapping[tuple[str, str], Counter[str]]


@click.command()
@with_log
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats(url: str, form: str) -> None:
    """Count decisions by day and regime."""
    with reading(url) as reader:
        head, counts = reader.head(), reader.stats()
    if form == "json":
        click.echo(json.dumps(_document(head, counts), indent=2))
        return
    click.echo(f"{head.size} entries, root {head.root.hex()}")
    table = _by_day_and_regime(counts)
    if table:
        click.echo("\n" + "\n".join(_lines(table)))


def _by_day_and_regime(counts: Mapping[Rollup, int]) -> _Table:
    table: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, count in counts.items():
        table[key.day, key.regime][key.action] += count
    return dict(sorted(table.items()))


def _document(head: Head, counts: Mapping[Rollup, int]) -> dict[str, Any]:
    table = _by_day_and_regime(counts)
    return {
        "size": head.size,
        "root": head.root.hex(),
        "days": [{"day": day, "regime": regime, **_sums(line)} for (day, regime), line in table.items()],
        "total": _sums(_total(table)),
    }


def _sums(line: Counter[str]) -> dict[str, int]:
    return {**{action: line[action] for action in ACTIONS}, "total": line.total()}


def _total(table: _Table) -> Counter[str]:
    return sum(table.values(), Counter[str]())


def _lines(table: _Table) -> list[str]:
    cells = [
        ("day", "regime", *_sums(Counter())),
        *((*map(one_line, key), *map(str, _sums(line).values())) for key, line in table.items()),
        ("total", "", *map(str, _sums(_total(table)).values())),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_aligned(line, widths)).rstrip() for line in cells]


def _aligned(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for at, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.ljust(width) if at < 2 else cell.rjust(width)
