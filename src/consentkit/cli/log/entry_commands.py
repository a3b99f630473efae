"""``consentkit log show|export|stats|notices``: prints what a log contains."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from hashlib import sha256
from importlib import resources
from string import Template
from typing import Any, get_args

import click
import msgspec
from msgspec.structs import astuple

from consentkit.banner.markup import escape
from consentkit.cli.log_options import atomic_file, entry_filter, log_reader, takes_ids, with_filter, with_log
from consentkit.cli.terminal import align_columns, exact_output, one_line, progress
from consentkit.consent.notice import Notice
from consentkit.dashboard.shown_banner import render_shown
from consentkit.log import LogReader, Recorded, Rollup
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.export import plain, proved, write_csv_header, write_csv_lines, write_json_lines
from consentkit.log.notice_changes import list_notices
from consentkit.record.entry import Action

_PLACE = re.compile(r"(?P<index>\d{1,18})|\d{4}-\d\d-\d\d", re.ASCII)


@click.command(context_settings=takes_ids)
@click.argument("id")
@with_log
@click.option("--render", metavar="FILE", help="Write the banner as it was shown to this HTML file.")
def show(id: str, url: str, render: str | None) -> None:
    """Show an entry, what was shown with it, and its proof; or all entries of a visitor.

    ID is the entry's id, a notice's hash, an index, or a visitor's id.
    """
    with log_reader(url) as reader:
        found = reader.look_up(id)
        theirs = [] if found or render else [_describe(reader, one) for one in reader.of_subject(id)]
        if found is None and not theirs:
            raise click.ClickException(f"the log has no entry with the id or index {id!r}, and no visitor")
        described = _describe(reader, found) if found else theirs
        click.echo(json.dumps(described, indent=2, ensure_ascii=False))
        if found and render is not None:
            document = _banner_page(reader, found)
            with atomic_file(render) as file:
                file.write(document)


def _describe(reader: LogReader, found: Recorded) -> dict[str, Any]:
    signed = reader.head().checkpoint is not None
    return {
        "index": found.index,
        "id": found.id,
        "entry": None if found.entry is None else msgspec.to_builtins(found.entry),
        "destroyed": _destroyed(reader, found),
        "leaf": found.leaf.decode(errors="replace"),
        "salt": None if found.salt is None else found.salt.hex(),
        "proof": reader.proof(found.index).encode() if signed else None,
        "notice": _json_or_text(reader.notice(found.entry.notice if found.entry else "")),
    }


def _destroyed(reader: LogReader, found: Recorded) -> dict[str, Any] | None:
    """Return when and by which entry an entry was destroyed; None if it was not."""
    if found.body is not None:
        return None
    by = reader.destroyed_by(found.index)
    if by is None or by.entry is None:
        return {}
    return {"at": by.entry.at, "type": by.entry.type, "index": by.index, "id": by.id}


def _json_or_text(body: bytes | None) -> object:
    """Parse a notice, which is JSON; other published bodies stay text."""
    try:
        return json.loads(body or b"null")
    except ValueError:
        return (body or b"").decode(errors="replace")


def _banner_page(reader: LogReader, found: Recorded) -> str:
    """Render an HTML page with the banner of an entry's notice."""
    notice = found.entry.notice if found.entry else ""
    if not notice:
        reason = f"it is of type {found.entry.type}" if found.entry else "it was destroyed"
        raise click.ClickException(f"what was shown with entry {found.index} is not known: {reason}")
    body = reader.notice(notice)
    if body is None or sha256(body).hexdigest() != notice:
        raise click.ClickException(f"the notice {notice} is missing, or it was changed")
    shown, document = Notice.loads(body), render_shown(reader, notice)
    if shown is None or document is None:
        raise click.ClickException(
            f"the notice {notice} has no banner that could be shown: of what is decided in the settings"
            " the words are kept, which are printed above"
        )
    told = f"Notice {notice}, language {shown.locale}, regime {shown.regime}: the banner as it was shown."
    # The frame inherits the policy (HTML, "initialising the policy container"); its sandbox forbids the rest.
    page = Template((resources.files("consentkit.cli.log") / "shown.html").read_text("utf-8"))
    return page.substitute(told=escape(told), document=escape(document))


def _parse_place(text: str) -> int | str:
    """Parse an end of a range, inclusive: an index, or a day (``YYYY-MM-DD``)."""
    found = _PLACE.fullmatch(text)
    if found is None:
        raise click.BadParameter("expected a day such as 2026-11-22, or an index")
    return int(text) if found["index"] else text


@click.command()
@with_log
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), default="jsonl", show_default=True)
@click.option("--proofs", is_flag=True, help="Add to each line what verifies it alone.")
@click.option("--from", "first", type=_parse_place, metavar="DAY|INDEX", help="Leave out what is before.")
@click.option("--to", "last", type=_parse_place, metavar="DAY|INDEX", help="Leave out what is after.")
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file, not to standard output.")
@with_filter
def export(
    url: str,
    form: str,
    proofs: bool,
    first: int | str | None,
    last: int | str | None,
    output: str | None,
    fields: dict[str, str],
) -> None:
    """Write entries as JSON Lines or CSV."""
    since, until = (end if isinstance(end, str) else "" for end in (first, last))
    chosen = entry_filter(fields, since=since, until=until)
    start = first if isinstance(first, int) else 0
    opened = nullcontext(exact_output()) if output is None else atomic_file(output)
    with log_reader(url) as reader, opened as file:
        if form == "csv":
            write_csv_header(file, proofs=proofs)
        size = reader.head().size
        stop = max(start, min(size, last + 1) if isinstance(last, int) else size)
        with progress("Exporting", stop - start) as advance:
            found = _advancing(reader, chosen, start, stop, advance)
            lines = proved(found, reader) if proofs else plain(found)
            (write_csv_lines if form == "csv" else write_json_lines)(lines, file)


def _advancing(
    reader: LogReader, chosen: EntryFilter, start: int, stop: int, advance: Callable[[int], None]
) -> Iterator[Recorded]:
    """Yield the entries of a filter, and report how far the log was read."""
    if chosen.subject:
        yield from reader.select(chosen, start, stop)
        return
    for recorded in reader.entries(start, stop):
        if recorded.is_in(chosen):
            yield recorded
        advance(1)


@click.command()
@with_log
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--from", "since", default="", metavar="DAY", help="Leave out what is before.")
@click.option("--to", "until", default="", metavar="DAY", help="Leave out what is after.")
@with_filter
def stats(url: str, form: str, since: str, until: str, fields: dict[str, str]) -> None:
    """Count decisions by day and regime.

    From the roll-ups. By country, purpose or visitor each entry is looked at; erased ones do not count then.
    """
    chosen = entry_filter(fields, since=since, until=until)
    with log_reader(url) as reader:
        head, counts = reader.head(), reader.stats(chosen)
    table, root = _by_day(counts), head.root.hex()
    total = _sums(sum(table.values(), Counter()))
    if form == "json":
        days = [{"day": day, "regime": regime, **_sums(line)} for (day, regime), line in table.items()]
        click.echo(json.dumps({"size": head.size, "root": root, "days": days, "total": total}, indent=2))
        return
    click.echo(f"{head.size} entries, root {root}")
    if table:
        rows = [(*names, *_sums(line).values()) for names, line in table.items()]
        lines = align_columns([("day", "regime", *total), *rows, ("total", "", *total.values())], left=2)
        click.echo("\n" + "\n".join(lines))


@click.command()
@with_log
def notices(url: str) -> None:
    """List the notices, and what changed since the one before in the same language and regime."""
    with log_reader(url) as reader:
        for listed in list_notices(reader):
            index, hash, day = astuple(listed.published)
            said = f"{listed.shown.locale or '-'}, {listed.shown.regime or '-'}"
            click.echo(one_line(f"{index:>8}  {day}  {hash}  {said}"))
            for change in listed.changes:
                click.echo(one_line(f"          {change}"))


def _by_day(counts: Mapping[Rollup, int]) -> dict[tuple[str, str], Counter[str]]:
    """Add counts up by day and regime, each by action."""
    by_key: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, count in counts.items():
        by_key[key.day, key.regime][key.action] += count
    return dict(sorted(by_key.items()))


def _sums(line: Counter[str]) -> dict[str, int]:
    return {**{action: line[action] for action in get_args(Action)}, "total": line.total()}


COMMANDS = (show, export, stats, notices)
