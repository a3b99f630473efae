"""``consentkit log``: read a consent log. Nothing here writes to it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TextIO

import click
import msgspec

from consentkit.exceptions import ConfigurationError, LogError
from consentkit.log import LogReader, Recorded, open_log
from consentkit.log.export import write_csv, write_jsonl

# From how many entries on the progress is shown.
PROGRESS_FROM = 10_000

_WRITERS = {"jsonl": write_jsonl, "csv": write_csv}
_ACTIONS = ("accept_all", "reject_all", "save", "withdraw", "allow_vendor")


@click.group()
def log() -> None:
    """Look into a consent log."""


_url = click.option(
    "--log", "url", required=True, metavar="URL", help="The log: a file's path, or sqlite:///path."
)


@log.command()
@click.argument("id")
@_url
def show(id: str, url: str) -> None:
    """Show the entry with this ID (or the notice with this hash), and the notice that was shown."""
    with reading(url) as reader:
        found = reader.find(id)
        if found is None:
            raise click.ClickException(f"the log has no entry with the id {id!r}")
        click.echo(json.dumps(_shown(reader, found), indent=2, ensure_ascii=False))


@log.command()
@_url
def stats(url: str) -> None:
    """Count decisions by day and regime."""
    with reading(url) as reader:
        head, counts = reader.head(), reader.stats()
    click.echo(f"{head.size} entries, root {head.root.hex()}")
    table: dict[tuple[str, str], dict[str, int]] = {}
    for key, count in counts.items():
        line = table.setdefault((key.day, key.regime), dict.fromkeys(_ACTIONS, 0))
        line[key.action] += count
    if table:
        click.echo("\n" + "\n".join(_table(table)))


@log.command()
@_url
@click.option("--format", "form", type=click.Choice(sorted(_WRITERS)), default="jsonl", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file, not to standard output.")
def export(url: str, form: str, output: str | None) -> None:
    """Write all entries as JSON Lines or CSV."""
    with reading(url) as reader, _writing(output) as file:
        size = reader.head().size
        with _progress(reader.entries(stop=size), size) as entries:
            _WRITERS[form](entries, file)


@contextmanager
def reading(url: str) -> Iterator[LogReader]:
    """Open a log; what is wrong with its URL is a usage error (exit code 2), with itself a failure (1)."""
    try:
        with open_log(url) as reader:
            yield reader
    except ConfigurationError as error:
        raise click.UsageError(error.problem) from error
    except LogError as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def _writing(path: str | None) -> Iterator[TextIO]:
    """Open what is exported to; a new file is readable by its owner only."""
    if path is None:
        yield sys.stdout
        return
    try:
        with open(path, "w", encoding="utf-8", newline="", opener=_private) as file:
            yield file
    except OSError as error:
        raise click.ClickException(f"cannot write {path!r}: {error.strerror}") from error


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _progress(entries: Iterable[Recorded], size: int) -> AbstractContextManager[Iterable[Recorded]]:
    if size < PROGRESS_FROM:
        return nullcontext(entries)
    return click.progressbar(entries, length=size, label="Exporting", file=sys.stderr)


def _shown(reader: LogReader, found: Recorded) -> dict[str, Any]:
    entry = None if found.entry is None else msgspec.to_builtins(found.entry)
    notice = None if found.entry is None else reader.notice(found.entry.notice)
    return {"index": found.index, "entry": entry, "leaf": found.leaf.decode(), "notice": _readable(notice)}


def _readable(body: bytes | None) -> object:
    """A notice is JSON; whatever else was published is shown as text."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return (body or b"").decode(errors="replace")


def _table(table: dict[tuple[str, str], dict[str, int]]) -> list[str]:
    titles = ("day", "regime", *_ACTIONS)
    lines = [(*key, *map(str, counts.values())) for key, counts in sorted(table.items())]
    totals = [str(sum(counts[action] for counts in table.values())) for action in _ACTIONS]
    cells = [titles, *lines, ("total", "", *totals)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_aligned(line, widths)).rstrip() for line in cells]


def _aligned(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for at, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.ljust(width) if at < 2 else cell.rjust(width)
