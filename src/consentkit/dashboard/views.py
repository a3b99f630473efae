"""What pages show. Each is read and rendered in one go, in a thread: neither holds up the event loop."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from consentkit.consent import Notice
from consentkit.dashboard.charts import draw_bars, draw_columns
from consentkit.dashboard.checking import known_keys
from consentkit.dashboard.figures import read_figures
from consentkit.dashboard.heading import verify_head, verify_kept
from consentkit.dashboard.period import CHOICES, Period
from consentkit.dashboard.proving import verify_entry
from consentkit.dashboard.rendering import Visit, respond
from consentkit.dashboard.showing import HEADERS, render_shown
from consentkit.exceptions import BadRequest
from consentkit.log import LogReader, Recorded
from consentkit.log.counters import SHOWN
from consentkit.log.export import plain, write_csv_header, write_csv_lines, write_json_lines
from consentkit.record import Entry, Leaf, read_leaf
from consentkit.tlog import VerifierKey


class Search(NamedTuple):
    """Which entries are listed: of a day, of an action, with an index below `before`, so many at once."""

    day: str = ""
    action: str = ""
    before: int | None = None
    limit: int = 0


class Listed(NamedTuple):
    """An entry of a list."""

    recorded: Recorded
    leaf: Leaf
    entry: Entry | None


def overview(request: Visit, period: Period, reader: LogReader) -> Response:
    """Show what visitors decided: from the roll-ups only, so as fast at any number of entries."""
    since, until = period.since.isoformat(), period.until.isoformat()
    figures = read_figures(period, reader.stats(since, until), reader.observations(SHOWN, since, until))
    return respond(
        "overview.html",
        request,
        period=period,
        choices=CHOICES,
        figures=figures,
        columns=draw_columns(figures.steps),
        bars={name: draw_bars(getattr(figures, name)) for name in ("regimes", "locales", "notices")},
    )


def entries(request: Visit, search: Search, reader: LogReader) -> Response:
    """List entries, the newest first."""
    found = reader.search(**search._asdict())
    listed = [_listed(recorded) for recorded in found.entries]
    return respond("entries.html", request, found=listed, older=found.before, search=search, missing="")


def find(request: Visit, id: str, reader: LogReader) -> Response:
    """Lead to the entry with an id, or to the publication of the notice with that hash."""
    found = reader.find(id)
    if found is None:
        return missing(request, id)
    return RedirectResponse(f"{request.mount}/entries/{found.index}", 303)


def missing(request: Visit, id: str) -> Response:
    """Say that there is no entry with an id."""
    return respond("entries.html", request, status=404, found=[], older=None, search=Search(), missing=id)


def entry(request: Visit, index: int, vkeys: Sequence[VerifierKey], reader: LogReader) -> Response:
    """Show one entry in words, what its visitor was shown, and its proof."""
    listed = _listed(_at(reader, index))
    said = listed.entry
    notice = said.notice if said is not None else ""
    destroyed = reader.destroyed_by(index) if said is None else None
    verified = verify_entry(reader, listed.recorded, vkeys or known_keys(reader))
    return respond(
        "entry.html",
        request,
        **listed._asdict(),
        destroyed=destroyed,
        previous=reader.find(said.previous) if said is not None and said.previous else None,
        notice=notice,
        shown=Notice.loads(reader.notice(notice) or b""),
        verified=verified,
        holds=False if said is None and destroyed is None else verified.holds,
        last=reader.head().size - 1,
    )


def proof(index: int, reader: LogReader) -> Response:
    """Return an entry's proof as other programs read it."""
    recorded = _at(reader, index)
    if not reader.head().checkpoint:
        raise BadRequest(404, "The checkpoints of this log are not signed: nothing can be proved to others.")
    written = reader.proof(recorded.index).encode()
    return PlainTextResponse(written, headers=attachment(f"entry-{index}.tlog-proof"))


def banner(hash: str, reader: LogReader) -> Response:
    """Return the document in which a notice's banner is shown."""
    document = render_shown(reader, hash)
    if document is None:
        raise BadRequest(404, "There is no such notice, it has no banner, or it was changed.")
    return HTMLResponse(document, headers=HEADERS)


def log(request: Visit, vkeys: Sequence[VerifierKey], kept: Path | None, reader: LogReader) -> Response:
    """Show the head, and what can be checked at once. Verifying all of it is for the command line."""
    head, keys = reader.head(), vkeys or known_keys(reader)
    return respond(
        "log.html",
        request,
        head=head,
        keys=list(map(str, keys)),
        checked=verify_head(reader, head, keys),
        kept=None if kept is None else verify_kept(reader, head, kept, keys),
    )


def exports(request: Visit, reader: LogReader) -> Response:
    """Offer the exports."""
    return respond("exports.html", request, head=reader.head())


def export(form: str, start: int, stop: int, reader: LogReader) -> str:
    """Write a piece of an export: the entries with `start` ≤ index < `stop`, as ``csv`` or ``jsonl``."""
    file = StringIO(newline="")
    lines = plain(reader.entries(start, stop))
    if form == "csv":
        if not start:
            write_csv_header(file)
        write_csv_lines(lines, file)
    else:
        write_json_lines(lines, file)
    return file.getvalue()


def attachment(name: str) -> dict[str, str]:
    """Return the header that makes a file of a response."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _listed(recorded: Recorded) -> Listed:
    return Listed(recorded, read_leaf(recorded.leaf), recorded.entry)


def _at(reader: LogReader, index: int) -> Recorded:
    recorded = reader.at(index)
    if recorded is None:
        raise BadRequest(404, "The log has no entry with this index.")
    return recorded
