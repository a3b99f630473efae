"""Terminal output: escapes control characters, which pages and logs may contain."""

import io
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

import click

# Control characters except tab and newline, characters that change the writing direction or end a line, and
# lone surrogates.
_COMMANDS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    """Return a text with each character that a terminal would obey escaped as in JSON: ``\\u001b``."""
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def one_line(text: str) -> str:
    """Return a text as one line of a report: newlines are escaped, so none can forge a line."""
    return printable(text).replace("\t", "\\t").replace("\n", "\\n")


def align_columns(rows: Sequence[Sequence[object]], *, left: int | None = None) -> list[str]:
    """Format a table's rows as lines with aligned columns.

    Args:
        rows: The cells; the first row has the columns' heads.
        left: Number of columns aligned left, all others right; ``None``: all are aligned left.
    """
    cells = [[one_line(str(cell)) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    stop = len(widths) if left is None else left
    lines = [
        [cell.ljust(widths[at]) if at < stop else cell.rjust(widths[at]) for at, cell in enumerate(row)]
        for row in cells
    ]
    return ["  ".join(line).rstrip() for line in lines]


class PrintableStream(io.TextIOWrapper):
    """Standard output or standard error with every text made printable.

    Args:
        stream: The stream behind it, which gets the bytes.
    """

    def __init__(self, stream: TextIO) -> None:
        encoding = stream.encoding.lower()
        if encoding in ("ascii", "us-ascii", "ansi_x3.4-1968"):
            encoding = "utf-8"
        super().__init__(
            stream.buffer, encoding=encoding, errors=stream.errors, newline="\n", write_through=True
        )
        self.stream = stream

    def write(self, text: str, /) -> int:
        """Write a text, made printable."""
        return super().write(printable(text))


@contextmanager
def printable_output() -> Iterator[None]:
    """Replace standard output and error by printable streams, unless they are closed or in memory."""
    streams = {name: getattr(sys, name) for name in ("stdout", "stderr")}
    made = {name: PrintableStream(stream) for name, stream in streams.items() if hasattr(stream, "buffer")}
    vars(sys).update(made)
    try:
        yield
    finally:
        for name, printed in made.items():
            if getattr(sys, name) is printed:  # click has put another in place where a pipe was closed
                setattr(sys, name, printed.stream)
                printed.detach()


def raw_stream(stream: TextIO) -> TextIO:
    """Return the stream behind a printable one, for this package's own control characters."""
    return stream.stream if isinstance(stream, PrintableStream) else stream


def exact_output() -> TextIO:
    """Return standard output with exact bytes for other programs; on a terminal, made printable."""
    return sys.stdout if sys.stdout.isatty() else raw_stream(sys.stdout)


def write_bytes(data: bytes) -> None:
    """Write bytes to `exact_output`."""
    if sys.stdout.isatty():
        sys.stdout.write(data.decode(errors="backslashreplace"))
    else:
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


PROGRESS_FROM = 10_000
"""Minimum number of entries for a progress bar."""


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show a bar of `length` entries; the yielded function adds a number of entries done."""
    if length < PROGRESS_FROM:
        yield lambda count: None
        return
    with click.progressbar(length=length, label=label, file=raw_stream(sys.stderr)) as bar:
        yield bar.update
