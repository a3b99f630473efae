"""The dashboard's pages. Each is read from the log and rendered in a worker thread."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from typing import Final, TypeVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from consentkit.asgi.clock import epoch
from consentkit.asgi.dispatcher import read_request
from consentkit.consent.notice import Notice
from consentkit.dashboard.charts import draw_bars, draw_columns
from consentkit.dashboard.evidence_pack import write_pack
from consentkit.dashboard.overview import CHOICES, compute_figures, parse_filter, parse_period
from consentkit.dashboard.shown_banner import HEADERS, render_shown
from consentkit.dashboard.template_response import respond
from consentkit.exceptions import BadRequest, ConfigurationError, LogMissing, ProofInvalid
from consentkit.log import LogReader, Recorded, open_log
from consentkit.log.counters import SHOWN
from consentkit.log.entry_filter import EntryFilter
from consentkit.log.export import plain, write_csv_header, write_csv_lines, write_json_lines
from consentkit.log.location import log_path
from consentkit.log.notice_changes import list_notices
from consentkit.log.process import Threads
from consentkit.log.reader import EVERY
from consentkit.log.verify.spot_checks import known_keys, verify_entry, verify_head, verify_kept
from consentkit.record.entry import rfc3339
from consentkit.record.leaf import read_leaf
from consentkit.tlog.note import VerifierKey

T = TypeVar("T")

THREADS: Final = 4
"""Maximum threads that read the log, for each event loop."""
SECONDS: Final = 10.0
"""Maximum time a page waits for the log, in seconds."""
PAGE_SIZE: Final = 50
"""Entries of one page of the list."""
CHANGES_SIZE: Final = 100_000
"""Entries that the log's page looks back over."""
EXPORT_SIZE: Final = 1_000
"""Entries of an export in memory at once."""

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
_ID_LENGTH = 80
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SUBJECT = re.compile(r"[A-Za-z0-9_-]{16,64}")
_INDEX = re.compile(r"[0-9]{1,15}", re.ASCII)
_MEDIA_TYPES: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


class Pages:
    """Answers requests for pages.

    Args:
        log: URL or path of the log, opened with the first page that needs it; or a reader.
        vkeys: The log's public keys, as text; if empty, those of its key file, if there is one.
        kept: File with the checkpoint of the last verification.

    Raises:
        ConfigurationError: The URL is of a kind that is not supported, or a key is none.
    """

    def __init__(self, log: LogReader | str | Path, vkeys: Sequence[str], kept: Path | None) -> None:
        self._vkeys = _parse_keys(vkeys)
        if not isinstance(log, (LogReader, str, Path)):
            raise ConfigurationError("expected a path, a URL, or a LogReader", path="dashboard.log")
        if not isinstance(log, LogReader):
            log_path(log)
        self._log = log
        self._threads = Threads(THREADS)
        self._kept = kept

    def routes(self) -> list[Route]:
        """Return the routes; all are read-only."""
        pages = {
            "/": self.overview,
            "/entries": self.entries,
            "/entries/{index}": self.entry,
            "/entries/{index}/proof": self.proof,
            "/notices": self.notices,
            "/notices/{hash}/banner": self.banner,
            "/log": self.log,
            "/exports": self.exports,
            "/evidence.zip": self.evidence,
        }
        routes = [Route(path, partial(self._answer, page)) for path, page in pages.items()]
        return [*routes, Route("/exports/entries.{form}", self.export)]

    def overview(self, request: Request) -> Response:
        """Show what visitors decided, from the roll-ups: the time does not grow with the log."""
        period = parse_period(request.query_params, now=epoch())
        reader, chosen = self._reader(), parse_filter(request.query_params, period)
        counts = reader.stats(chosen)
        # Banners are counted without what a filter asks for.
        seen = {} if chosen.narrowed else reader.observations(SHOWN, chosen.since, chosen.until)
        figures = compute_figures(period, counts, seen)
        return respond(
            "overview.html",
            request.scope,
            period=period,
            choices=CHOICES,
            figures=figures,
            chosen=chosen,
            columns=draw_columns(figures.steps),
            bars={name: draw_bars(getattr(figures, name)) for name in ("regimes", "locales", "notices")},
        )

    def entries(self, request: Request) -> Response:
        """List entries, the newest first; with ``id``, redirect to what it names."""
        query = request.query_params
        if id := query.get("id", "").strip():
            return self._find(request.scope, id)
        before = query.get("before", "").strip()
        chosen, index = parse_filter(query), _parse_index(before) if before else None
        found = self._reader().search(chosen, before=index, limit=PAGE_SIZE)
        listed = [(recorded, read_leaf(recorded.leaf), recorded.entry) for recorded in found.entries]
        return self._list(request.scope, 200, found=listed, older=found.before, before=index, chosen=chosen)

    def _list(self, scope: Scope, status: int, **values: object) -> Response:
        page = {"found": (), "older": None, "before": None, "chosen": EVERY, "missing": "", **values}
        return respond("entries.html", scope, status=status, **page)

    def _find(self, scope: Scope, id: str) -> Response:
        """Redirect to the entry, the visitor's entries or the day that was named."""
        reader, there = self._reader(), f"{read_request(scope).mount}/entries"
        if _DAY.fullmatch(id):
            return RedirectResponse(f"{there}?from={id}&to={id}", 303)
        if found := reader.look_up(id.lower()):
            return RedirectResponse(f"{there}/{found.index}", 303)
        if _SUBJECT.fullmatch(id) and reader.of_subject(id, last=1):
            return RedirectResponse(f"{there}?subject={id}", 303)
        return self._list(scope, 404, missing=id[:_ID_LENGTH])

    def entry(self, request: Request) -> Response:
        """Show one entry in words, what its visitor was shown, and its proof."""
        recorded, reader = self._entry_of(request), self._reader()
        entry = recorded.entry
        destroyed = reader.destroyed_by(recorded.index) if entry is None else None
        verified = verify_entry(reader, recorded, self._keys())
        notice = "" if entry is None else entry.notice
        return respond(
            "entry.html",
            request.scope,
            recorded=recorded,
            leaf=read_leaf(recorded.leaf),
            entry=entry,
            destroyed=destroyed,
            previous=reader.find(entry.previous) if entry is not None and entry.previous else None,
            notice=notice,
            shown=Notice.loads(reader.notice(notice) or b""),
            verified=verified,
            holds=False if entry is None and destroyed is None else verified.holds,
        )

    def proof(self, request: Request) -> Response:
        """Return an entry's proof (C2SP tlog-proof), as other programs read it."""
        index, reader = self._entry_of(request).index, self._reader()
        if not reader.head().checkpoint:
            problem = "The checkpoints of this log are not signed: nothing can be proved to others."
            raise BadRequest(404, problem)
        proof = reader.proof(index).encode()
        return PlainTextResponse(proof, headers=_attachment(f"entry-{index}.tlog-proof"))

    def notices(self, request: Request) -> Response:
        """List the notices, each with what changed since the one before it."""
        return respond("notices.html", request.scope, listed=list(list_notices(self._reader()))[::-1])

    def banner(self, request: Request) -> Response:
        """Return the document in which a notice's banner is shown."""
        hash = request.path_params["hash"]
        if not _ID.fullmatch(hash):
            raise BadRequest(404, "There is no such notice.")
        document = render_shown(self._reader(), hash)
        if document is None:
            raise BadRequest(404, "There is no such notice, it has no banner, or it was changed.")
        return HTMLResponse(document, headers=HEADERS)

    def log(self, request: Request) -> Response:
        """Show the head and the quick checks. A full verification is for the command line."""
        reader, keys = self._reader(), self._keys()
        head = reader.head()
        kept = None if self._kept is None else verify_kept(reader, head, self._kept, keys)
        start = max(0, head.size - CHANGES_SIZE)
        saved = None if kept is None or any(one.holds is False for one in kept.checks) else kept.saved
        since = saved if saved is not None and saved.size >= start else start
        return respond(
            "log.html",
            request.scope,
            head=head,
            keys=list(map(str, keys)),
            checked=verify_head(reader, head, keys),
            kept=kept,
            since=since,
            changes=reader.changes(since),
        )

    def exports(self, request: Request) -> Response:
        """Offer the exports."""
        return respond("exports.html", request.scope, head=self._reader().head())

    def evidence(self, request: Request) -> Response:
        """Return the evidence pack of a visitor, an entry, or a filter's entries."""
        reader, index = self._reader(), request.query_params.get("entry", "")
        found = reader.at(_parse_index(index)) if index else None
        chosen = parse_filter(request.query_params)
        recorded = [found] if found else [] if index else list(reader.select(chosen))
        if not recorded or not reader.head().checkpoint:
            raise BadRequest(404, "There are no such entries, or the checkpoints of this log are not signed.")
        file = BytesIO()
        write_pack(file, reader, recorded, vkeys=self._keys(), at=rfc3339(epoch()))
        headers = _attachment("consent-evidence.zip")
        return Response(file.getvalue(), media_type="application/zip", headers=headers)

    async def export(self, request: Request) -> Response:
        """Stream all entries."""
        form = request.path_params["form"]
        if form not in _MEDIA_TYPES:
            raise BadRequest(404, "There is no such file.")
        chosen = parse_filter(request.query_params)
        size = (await self._run(lambda: self._reader().head())).size
        headers = {**_attachment(f"consent-log.{form}"), "Content-Type": _MEDIA_TYPES[form]}
        size = 0 if request.method == "HEAD" else size
        return StreamingResponse(self._pieces(form, size, chosen), headers=headers)

    async def _pieces(self, form: str, size: int, chosen: EntryFilter) -> AsyncIterator[str]:
        """Yield an export piece by piece, so that a slow client holds no snapshot of the log open."""
        for start in range(0, max(size, 1), EXPORT_SIZE):
            stop = min(start + EXPORT_SIZE, size)
            yield await self._run(partial(self._piece, form, start, stop, chosen))

    def _piece(self, form: str, start: int, stop: int, chosen: EntryFilter) -> str:
        """Write the entries of a filter with `start` ≤ index < `stop`, as ``csv`` or ``jsonl``."""
        file = StringIO(newline="")
        lines = plain(self._reader().select(chosen, start, stop))
        if form == "jsonl":
            write_json_lines(lines, file)
        else:
            if not start:
                write_csv_header(file)
            write_csv_lines(lines, file)
        return file.getvalue()

    async def _answer(self, page: Callable[[Request], Response], request: Request) -> Response:
        return await self._run(partial(page, request))

    async def _run(self, work: Callable[[], T]) -> T:
        """Run a function that reads the log in a thread; raise LogUnavailable if it takes too long."""
        return await self._threads.run(work, seconds=SECONDS)

    def _reader(self) -> LogReader:
        if isinstance(self._log, LogReader):
            return self._log
        try:
            self._log = open_log(self._log)
        except ConfigurationError as error:
            raise LogMissing(f"the log cannot be opened: {error.problem}") from error
        return self._log

    def _keys(self) -> Sequence[VerifierKey]:
        return self._vkeys or known_keys(self._reader())

    def _entry_of(self, request: Request) -> Recorded:
        """Return the entry named in a request's path."""
        index = _parse_index(request.path_params["index"])
        recorded = self._reader().at(index)
        if recorded is None:
            raise BadRequest(404, "The log has no entry with this index.")
        return recorded


def _parse_keys(vkeys: object) -> tuple[VerifierKey, ...]:
    if isinstance(vkeys, str) or not isinstance(vkeys, Sequence):
        raise ConfigurationError("expected a list of public keys", path="dashboard.vkeys")
    try:
        return tuple(map(VerifierKey.parse, vkeys))
    except ProofInvalid as error:
        raise ConfigurationError(str(error), path="dashboard.vkeys") from error


def _attachment(name: str) -> dict[str, str]:
    """Return the header that makes a browser save a response as a file."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _parse_index(text: str) -> int:
    if not _INDEX.fullmatch(text):
        raise BadRequest(404, "The log has no entry with this index.")
    return int(text)
