"""Opening a log from the command line, and what is said where that fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from consentkit.exceptions import ConfigurationError, LogError, LogUnavailable
from consentkit.log import ConsentLog, LogReader, open_log
from consentkit.log.location import check_file, log_path

with_log: Final = click.option(
    "--log",
    "url",
    required=True,
    envvar="CONSENTKIT_LOG",
    show_envvar=True,
    metavar="URL",
    help="The log: a file's path, sqlite:///path or postgresql://…",
)
with_key: Final = click.option(
    "--key",
    envvar="CONSENTKIT_LOG_KEY",
    show_envvar=True,
    metavar="FILE",
    help="The log's key file, where it is not beside the log.",
)
with_outbox: Final = click.option(
    "--outbox", metavar="FILE", help="The file in which refusals wait for the log."
)
with_yes: Final = click.option("--yes", is_flag=True, help="Do it without asking.")


@contextmanager
def reading(url: str, key: str | None = None) -> Iterator[LogReader]:
    """Open a log; what is wrong with its URL is a usage error (exit code 2), with itself a failure (1)."""
    with plainly(), open_log(url, key=key) as reader:
        yield reader


@contextmanager
def writing(url: str, key: str | None, outbox: str | None = None) -> Iterator[ConsentLog]:
    """Open a log that exists for writing; errors as of `reading`."""
    with plainly():
        path = log_path(url)
        if path is not None:
            check_file(path)
        with ConsentLog(url, key=key, outbox=outbox) as log:
            yield log


@contextmanager
def plainly() -> Iterator[None]:
    """Say this package's errors in one sentence."""
    try:
        yield
    except ConfigurationError as error:
        raise click.UsageError(error.problem) from error
    except LogUnavailable as error:
        raise click.ClickException(f"{error}; `consentkit check` says what to do") from error
    except LogError as error:
        raise click.ClickException(str(error)) from error


def read_file(path: str | Path) -> str:
    """Read a short text that was named on the command line; that it cannot be read is a usage error."""
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"cannot read {str(path)!r}: it is not text") from error


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
