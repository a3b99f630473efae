"""``consentkit log drain|purge|erase|backup|recover|correct``: what a log's operator does."""

import re
from calendar import monthrange
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from consentkit.cli.log_options import (
    log_reader,
    log_writer,
    takes_ids,
    with_key,
    with_log,
    with_seen,
    write_errors,
)
from consentkit.cli.terminal import one_line, progress
from consentkit.exceptions import LogError
from consentkit.log import LogReader
from consentkit.log.operations import PERSONAL
from consentkit.record.entry import REASON, rfc3339

OUTBOX_LINES: Final = (b'{"entry":', b'{"bundle":')
"""First bytes of an outbox's lines."""

GRANT_DAYS: Final = 400
"""Maximum days that a grant holds."""

_GRANTS_MAY_HOLD: Final = (
    f"Warning: grants may hold for up to {GRANT_DAYS} days; without its entry, nothing shows that such a"
    " grant was given."
)
_AGE = re.compile(r"([1-9][0-9]{0,4}) ?(d|mo|y)", re.ASCII)
_OUTBOX_HELP = "The file in which refusals wait for the log."
_with_yes = click.option("--yes", is_flag=True, help="Do it without asking.")


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


def timestamp() -> str:
    """Return the time, RFC 3339 in UTC."""
    return rfc3339(int(now().timestamp()))


def parse_age(age: str) -> date:
    """Return the day that was an age ago; the last day of a month that is too short.

    Args:
        age: Days, months or years: ``400d``, ``25mo``, ``3y``.
    """
    found = _AGE.fullmatch(age)
    if found is None:
        raise click.BadParameter("expected an age such as 25mo, 3y or 400d")
    today, amount = now().date(), int(found[1])
    try:
        if found[2] == "d":
            return today - timedelta(days=amount)
        months = today.year * 12 + today.month - 1 - amount * {"mo": 1, "y": 12}[found[2]]
        year, month = months // 12, months % 12 + 1
        return date(year, month, min(today.day, monthrange(year, month)[1]))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("that is before the calendar begins") from error


def _check_reason(_: click.Context, __: click.Parameter, text: str) -> str:
    if not REASON.fullmatch(text):
        raise click.BadParameter("expected at most 200 letters, spaces and , ; ' - : no digits, no addresses")
    return text


_reason = click.option(
    "--reason", required=True, callback=_check_reason, help="Why, in letters. It stands in the log."
)


@click.command()
@with_log
@with_key
@with_seen
@click.option("--outbox", required=True, metavar="FILE", help=_OUTBOX_HELP)
def drain(url: str, key: str | None, seen: str | None, outbox: str) -> None:
    """Write an outbox's entries to the log."""
    _require_outbox(outbox)
    refused = Path(f"{outbox}.refused")
    before = refused.stat().st_size if refused.exists() else 0
    with log_writer(url, key, seen, outbox=outbox) as log:
        is_there = any(Path(outbox + suffix).exists() for suffix in ("", ".draining"))
        if not is_there:
            click.echo(f"There is no file {outbox!r}.", err=True)
        count = log.drain() if is_there else 0
    click.echo(f"{_count(count, 'item')} handed over" if count else "nothing waits in the outbox")
    if refused.exists() and refused.stat().st_size > before:
        raise click.ClickException(f"what the log did not take, or nobody can read, is in {str(refused)!r}")


@click.command()
@with_log
@with_key
@with_seen
@click.option(
    "--older-than", "before", type=parse_age, required=True, metavar="AGE", help="Such as 25mo, 3y or 400d."
)
@click.option("--dry-run", is_flag=True, help="Only say what would be destroyed.")
@_with_yes
def purge(url: str, key: str | None, seen: str | None, before: date, dry_run: bool, yes: bool) -> None:
    """Destroy decisions that are older than an age.

    Counts and proofs stay. What was destroyed stays destroyed if this is interrupted. Run it again to go on.
    """
    day, destroyed = before.isoformat(), 0
    with log_writer(url, key, seen) as log:
        days = _count_old(log, day)
        if not days:
            click.echo(f"no decisions from before {day}")
            return
        if (now().date() - before).days < GRANT_DAYS:
            click.echo(_GRANTS_MAY_HOLD, err=True)
        found = f"{_count(days.total(), 'entry', 'entries')} of {min(days)} to {max(days)}"
        if dry_run:
            click.echo(f"{found} would be destroyed")
            return
        _confirm(yes, f"Destroy {found}?")
        with progress("Purging", log.head().size) as advance:
            for looked_at, count in log.purge(day, at=timestamp()):
                destroyed += count
                advance(looked_at)
    click.echo(f"{_count(destroyed, 'entry', 'entries')} destroyed")


def _count_old(log: LogReader, before: str) -> Counter[str]:
    """Count what a purge destroys, by day."""
    days: Counter[str] = Counter()
    with progress("Counting", log.head().size) as advance:
        for one in log.entries():
            if one.entry is not None and one.entry.type in PERSONAL and one.day < before:
                days[one.day] += 1
            advance(1)
    return days


@click.command(context_settings=takes_ids)
@click.argument("subject")
@with_log
@with_key
@with_seen
@click.option("--outbox", metavar="FILE", help=_OUTBOX_HELP)
@_with_yes
def erase(subject: str, url: str, key: str | None, seen: str | None, outbox: str | None, yes: bool) -> None:
    """Destroy all entries of a visitor.

    SUBJECT is the random id that stands in them as `subject`.
    """
    if outbox is not None:
        _require_outbox(outbox)
    with log_writer(url, key, seen, outbox=outbox) as log:
        if outbox is not None:
            log.drain()
        indexes = [recorded.index for recorded in log.of_subject(subject)]
        if not indexes:
            raise click.ClickException("the log has no entries of this subject")
        count = _count(len(indexes), "entry", "entries")
        _confirm(yes, f"Destroy {count}, from {indexes[0]} to {indexes[-1]}?")
        destroyed = log.erase_now(subject, at=timestamp())
    click.echo(f"{_count(destroyed, 'entry', 'entries')} destroyed")


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_log
@with_key
@with_seen
def backup(file: Path, url: str, key: str | None, seen: str | None) -> None:
    """Copy the log into FILE, a SQLite log, and verify the copy. The application goes on meanwhile."""
    with log_reader(url, key, seen) as log, write_errors(file):
        with progress("Copying", log.head().size) as advance:
            head = log.backup(file, progress=advance)
        signature = "" if log.keys() else "; the signature was not checked, for lack of the key"
    click.echo(f"{head.size} entries copied and verified, root {head.root.hex()}{signature}")


@click.command()
@with_log
@with_key
@with_seen
@click.option("--from", "other", metavar="URL", help="Another copy: the old primary, or a backup.")
@_reason
def recover(url: str, key: str | None, seen: str | None, other: str | None, reason: str) -> None:
    """Append what another copy of the log has that this one lacks. Stop the application before.

    What cannot be appended as it is, is recorded again after an entry of type break, which `verify` names.
    Without --from, the checkpoint that this machine has seen is given up: what is lost is not known then.
    """
    at = timestamp()
    with log_writer(url, key, seen) as log:
        if other is None:
            if log.seen() is None:
                raise LogError("no file has a checkpoint that this machine has seen: name it with --seen")
            done = log.give_up_seen(reason=reason, at=at)
        else:
            with log_reader(other) as copy, progress("Recovering", copy.head().size) as advance:
                done = log.recover(copy, reason=reason, at=at, progress=advance)
    for line in done.lines:
        click.echo(one_line(line))


@click.command()
@with_log
@with_key
@with_seen
@_reason
def correct(url: str, key: str | None, seen: str | None, reason: str) -> None:
    """Correct counts that are not what the entries add up to.

    Each wrong roll-up gets a correction, which `verify` takes instead.
    """
    with log_writer(url, key, seen) as log:
        count = log.correct(reason, at=timestamp())
    click.echo(f"corrections appended: {count}; the counts are what the entries add up to")


def _require_outbox(path: str) -> None:
    """Refuse a file that is no outbox, such as the log itself, because draining deletes the file."""
    try:
        with open(path, "rb") as file:
            start = file.readline(len(OUTBOX_LINES[1])).rstrip(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise click.UsageError(f"cannot read {path!r}: {error.strerror}") from error
    # A crash may have torn its first line.
    if not any(start.startswith(line) or line.startswith(start) for line in OUTBOX_LINES):
        raise click.UsageError(f"{path!r} is not an outbox; nothing was done")


def _confirm(yes: bool, question: str) -> None:
    """Ask, and stop unless the answer is yes."""
    if not yes and not click.confirm(question, err=True):
        raise click.ClickException("nothing was destroyed")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


COMMANDS = (drain, purge, erase, backup, recover, correct)
