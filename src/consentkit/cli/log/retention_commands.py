"""``consentkit log drain|purge|erase``: what changes a log. What destroys asks first."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import click

from consentkit.cli.log.log_options import now, with_key, with_log, writing
from consentkit.cli.terminal import progress
from consentkit.log import ConsentLog
from consentkit.record import rfc3339

OUTBOX_LINES = (b'{"entry":', b'{"bundle":')
"""How lines of an outbox begin."""

GRANT_DAYS = 400
"""No grant holds for longer: what is older shows nothing any more that is in force."""

_OUTBOX_HELP = "The file in which refusals wait for the log."
_with_yes = click.option("--yes", is_flag=True, help="Do it without asking.")

_AGE = re.compile(r"([1-9][0-9]{0,4}) ?(d|mo|y)", re.ASCII)


def _past(age: str) -> date:
    """Return the day that was an age ago, in UTC."""
    found = _AGE.fullmatch(age)
    if found is None:
        raise click.BadParameter("expected an age such as 25mo, 3y or 400d")
    try:
        return _ago(now().date(), int(found[1]), found[2])
    except (ValueError, OverflowError) as error:
        raise click.BadParameter("that is before the calendar begins") from error


@click.command()
@with_log
@with_key
@click.option("--outbox", required=True, metavar="FILE", help=_OUTBOX_HELP)
def drain(url: str, key: str | None, outbox: str) -> None:
    """Hand what waits in an outbox to the log."""
    _demand_outbox(outbox)
    with writing(url, key, outbox) as log:
        if not any(Path(outbox + suffix).exists() for suffix in ("", ".draining")):
            click.echo(f"There is no file {outbox!r}.", err=True)
        count = log.drain()
    click.echo(f"{_count(count, 'item')} handed over" if count else "nothing waits in the outbox")
    refused = Path(f"{outbox}.refused")
    if refused.is_file():
        click.echo(f"What the log did not take is in {refused}.", err=True)


@click.command()
@with_log
@with_key
@click.option(
    "--older-than", "before", type=_past, required=True, metavar="AGE", help="Such as 25mo, 3y or 400d."
)
@_with_yes
def purge(url: str, key: str | None, before: date, yes: bool) -> None:
    """Destroy decisions that are older than an age.

    Counts and proofs stay. What was destroyed stays destroyed if this is interrupted. Run it again to go on.
    """
    day, time = before.isoformat(), now()
    with writing(url, key) as log:
        days = {key.day for key in log.stats(until=(before - timedelta(days=1)).isoformat())}
        if not days:
            click.echo(f"no decisions from before {day}")
            return
        if (time.date() - before).days < GRANT_DAYS:
            click.echo(
                f"Warning: grants may hold for up to {GRANT_DAYS} days; without its entry, nothing shows"
                " that such a grant was given.",
                err=True,
            )
        _demand(yes, f"Destroy all decisions from before {day} ({min(days)} to {max(days)})?")
        destroyed = _purge(log, day, rfc3339(int(time.timestamp())))
    click.echo(f"{_count(destroyed, 'entry', 'entries')} destroyed")


@click.command()
@click.argument("subject")
@with_log
@with_key
@click.option("--outbox", metavar="FILE", help=_OUTBOX_HELP)
@_with_yes
def erase(subject: str, url: str, key: str | None, outbox: str | None, yes: bool) -> None:
    """Destroy all entries of a visitor.

    SUBJECT is the random id that stands in them as `subject`.
    """
    if outbox is not None:
        _demand_outbox(outbox)
    with writing(url, key, outbox) as log:
        if outbox is not None:
            log.drain()
        indexes = [recorded.index for recorded in log.of_subject(subject)]
        if not indexes:
            raise click.ClickException("the log has no entries of this subject")
        count = _count(len(indexes), "entry", "entries")
        _demand(yes, f"Destroy {count}, from {indexes[0]} to {indexes[-1]}?")
        destroyed = log.erase_now(subject, at=rfc3339(int(now().timestamp())))
    click.echo(f"{_count(destroyed, 'entry', 'entries')} destroyed")


def _purge(log: ConsentLog, day: str, at: str) -> int:
    destroyed = 0
    with progress("Purging", log.head().size) as advance:
        for looked_at, count in log.purge(day, at=at):
            destroyed += count
            advance(looked_at)
    return destroyed


def _demand_outbox(path: str) -> None:
    """Refuse a file that is no outbox, such as the log itself: draining takes the file away."""
    try:
        with open(path, "rb") as file:
            start = file.readline(len(OUTBOX_LINES[1]))
    except FileNotFoundError:
        return
    except OSError as error:
        raise click.UsageError(f"cannot read {path!r}: {error.strerror}") from error
    if start and not start.startswith(OUTBOX_LINES):
        raise click.UsageError(f"{path!r} is not an outbox; nothing was done")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _demand(yes: bool, question: str) -> None:
    """Go on only if that is wanted."""
    if not yes and not click.confirm(question, err=True):
        raise click.ClickException("nothing was destroyed")


def _ago(today: date, amount: int, unit: str) -> date:
    """Return the day so many days, months or years ago; of a shorter month its last day."""
    if unit == "d":
        return today - timedelta(days=amount)
    months = today.year * 12 + today.month - 1 - amount * {"mo": 1, "y": 12}[unit]
    first = date(months // 12, months % 12 + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first.replace(day=min(today.day, (following - timedelta(days=1)).day))
