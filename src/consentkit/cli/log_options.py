"""Shared parts of the commands of ``consentkit log``: options, opening the log, writing files."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any, Final, TextIO

import click

from consentkit.exceptions import ConfigurationError, LogError, LogUnavailable
from consentkit.log import ConsentLog, LogReader, open_log
from consentkit.log.entry_filter import FIELDS, EntryFilter
from consentkit.log.location import check_file, log_path, read_kind
from consentkit.log.process import new_file

_LOG_HELP: Final = "The log: a file's path, sqlite:///path or postgresql://…"
_KEY_HELP: Final = "The log's key file, where it is not beside the log."

_SEEN_HELP: Final = "The file that ConsentLog(seen=…) names, where it is not beside the log."

takes_ids: Final[dict[str, Any]] = {"ignore_unknown_options": True, "help_option_names": ["--help"]}
"""Settings of a command that takes an id: 1 in 64 visitors' ids begins with a hyphen. There is no ``-h``."""
log_option: Final = partial(
    click.option, "--log", "url", envvar="CONSENTKIT_LOG", show_envvar=True, metavar="URL", help=_LOG_HELP
)
"""The option ``--log``; takes click's other arguments."""
with_log: Final = log_option(required=True)
with_key: Final = click.option(
    "--key", envvar="CONSENTKIT_LOG_KEY", show_envvar=True, metavar="FILE", help=_KEY_HELP
)
with_seen: Final = click.option(
    "--seen", envvar="CONSENTKIT_LOG_SEEN", show_envvar=True, metavar="FILE", help=_SEEN_HELP
)


def with_filter(command: Callable[..., None]) -> Callable[..., None]:
    """Add an option for each field of an `EntryFilter` but the days; the command gets `fields`, by name."""

    @wraps(command)
    def collect(**options: Any) -> None:
        fields = {name: options.pop(name) or "" for name in FIELDS}
        command(**options, fields=fields)

    for name in reversed(list(FIELDS)):
        option, text = name.replace("locale", "language"), f"Only these decisions: {FIELDS[name][1]}."
        collect = click.option(f"--{option}", name, metavar=option.upper(), help=text)(collect)
    return collect


def entry_filter(fields: Mapping[str, str], *, since: str = "", until: str = "") -> EntryFilter:
    """Make the filter of `with_filter`; a usage error says what is wrong with it."""
    try:
        return EntryFilter(since=since, until=until, **fields)
    except LogError as error:
        raise click.UsageError(str(error).replace("as locale", "as language")) from error


@contextmanager
def log_reader(url: str, key: str | None = None, seen: str | None = None) -> Iterator[LogReader]:
    """Open a log for reading; a wrong URL is a usage error (exit code 2), a wrong log a failure (1)."""
    with plain_errors(), open_log(url, key=key, seen=seen) as reader:
        yield reader


@contextmanager
def log_writer(
    url: str, key: str | None, seen: str | None = None, *, outbox: str | None = None
) -> Iterator[ConsentLog]:
    """Open a log that exists for writing; errors as of `log_reader`."""
    with plain_errors():
        path = log_path(url)
        if path is not None:
            check_file(path)
        with ConsentLog(url, key=key, outbox=outbox, seen=seen) as log:
            yield log


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn this package's errors into click's, which print one sentence."""
    try:
        yield
    except ConfigurationError as error:
        raise click.UsageError(error.problem) from error
    except LogError as error:
        hint = "; `consentkit check` says what to do" if isinstance(error, LogUnavailable) else ""
        raise click.ClickException(f"{error}{hint}") from error


@contextmanager
def write_errors(path: str | Path) -> Iterator[None]:
    """Turn an OSError into click's error for a file at `path` that cannot be written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def read_file(path: str | Path) -> str:
    """Read a text file that was named on the command line; failing to is a usage error."""
    try:
        return Path(path).read_text("utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot read {str(path)!r}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise click.UsageError(f"cannot read {str(path)!r}: it is not text") from error


@contextmanager
def atomic_file(path: str | Path) -> Iterator[TextIO]:
    """Open a file for its owner only, renamed to `path` when complete; write to a device directly."""
    with write_errors(path):
        target = Path(path).resolve()
        is_device = target.exists() and not target.is_file()
        if not is_device and (kind := read_kind(target)):
            raise click.ClickException(f"there is {kind} at {str(path)!r}; it is left as it is")
        with open(target, "w", encoding="utf-8", newline="") if is_device else new_file(target) as file:
            yield file
