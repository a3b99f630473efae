"""``consentkit log backup|recover|correct``: copies a log, and repairs one; no entry is ever changed."""

from pathlib import Path

import click

from consentkit.cli.log.retention_commands import now
from consentkit.cli.log_options import log_reader, log_writer, with_key, with_log, write_errors
from consentkit.cli.terminal import one_line, progress
from consentkit.record.entry import rfc3339

_reason = click.option("--reason", required=True, help="Why, in letters. It stands in the log.")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_log
@with_key
def backup(file: Path, url: str, key: str | None) -> None:
    """Copy the log into FILE, a SQLite log, and verify the copy. The application goes on meanwhile."""
    with (
        log_reader(url, key) as reader,
        progress("Copying", reader.head().size) as advance,
        write_errors(file),
    ):
        head = reader.backup(file, progress=advance)
    click.echo(f"{head.size} entries copied and verified, root {head.root.hex()}")


@click.command()
@with_log
@with_key
@click.option("--seen", metavar="FILE", help="The file that ConsentLog(seen=…) names.")
@click.option("--from", "other", metavar="URL", help="Another copy: the old primary, or a backup.")
@_reason
def recover(url: str, key: str | None, seen: str | None, other: str | None, reason: str) -> None:
    """Append what another copy of the log has that this one lacks. Stop the application before.

    What cannot be appended as it is, is recorded again after an entry of type break, which `verify` names.
    Without --from, the checkpoint that this machine has seen is given up: what is lost is not known then.
    """
    at = rfc3339(int(now().timestamp()))
    with log_writer(url, key, seen=seen) as log:
        if other is None:
            done = log.give_up_seen(reason=reason, at=at)
        else:
            with log_reader(other) as copy, progress("Recovering", copy.head().size) as advance:
                done = log.recover(copy, reason=reason, at=at, progress=advance)
    click.echo(f"{done.copied} entries appended as they were, {done.recorded} recorded again")
    click.echo("no break was needed" if done.broken_at is None else f"one break at {done.broken_at}")
    for id in done.lost:
        click.echo(one_line(f"lost: {id}"))


@click.command()
@with_log
@with_key
@_reason
def correct(url: str, key: str | None, reason: str) -> None:
    """Correct counts that are not what the entries add up to.

    Each wrong roll-up gets a correction, which `verify` takes instead.
    """
    with log_writer(url, key) as log:
        count = log.correct(reason, at=rfc3339(int(now().timestamp())))
    click.echo(f"corrections appended: {count}; the counts are what the entries add up to")


COMMANDS = (backup, recover, correct)
