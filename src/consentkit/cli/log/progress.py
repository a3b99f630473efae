"""Progress of what takes long, on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from consentkit.cli.terminal import beneath

PROGRESS_FROM = 10_000
"""From how many entries on it is shown."""


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Show a bar of `length` entries; call what is yielded with the number of those done since."""
    if length < PROGRESS_FROM:
        yield _ignore
        return
    with click.progressbar(length=length, label=label, file=beneath(sys.stderr)) as bar:
        yield bar.update


def _ignore(count: int) -> None:
    """Show nothing."""
