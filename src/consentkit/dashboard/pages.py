"""The auditor's pages: their addresses, and what in an address is taken for what."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from starlette.requests import Request as StarletteRequest
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from consentkit.asgi.clock import epoch
from consentkit.dashboard import views, words
from consentkit.dashboard.period import read_day, read_period
from consentkit.dashboard.reading import Reading
from consentkit.dashboard.rendering import visit_of
from consentkit.exceptions import BadRequest
from consentkit.tlog import VerifierKey

AT_ONCE: Final = 50
"""Entries of one page."""
EXPORTED: Final = 1_000
"""Entries that an export reads at once."""

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}")
_ID_LENGTH = 80
_INDEX = re.compile(r"[0-9]{1,15}", re.ASCII)
_FORMS: Final = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}


class Pages:
    """Answers requests for pages.

    Args:
        reading: Reads the log.
        vkeys: The log's public keys; none: those of its key file, where there is one.
        kept: Where a checkpoint is kept up to which the log was verified, if it is.
    """

    def __init__(self, reading: Reading, vkeys: Sequence[VerifierKey] = (), kept: Path | None = None) -> None:
        self._reading = reading
        self._vkeys = vkeys
        self._kept = kept

    def routes(self) -> list[Route]:
        """Return the routes, all of them for reading."""
        return [
            Route("/", self.overview),
            Route("/entries", self.entries),
            Route("/entries/{index}", self.entry),
            Route("/entries/{index}/proof", self.proof),
            Route("/notices/{hash}/banner", self.banner),
            Route("/log", self.log),
            Route("/exports", self.exports),
            Route("/exports/entries.{form}", self.export),
        ]

    async def overview(self, request: StarletteRequest) -> Response:
        """Answer for `views.overview`."""
        period = read_period(request.query_params, now=epoch())
        return await self._reading.read(partial(views.overview, visit_of(request.scope), period))

    async def entries(self, request: StarletteRequest) -> Response:
        """Answer for `views.entries`, or with an id for `views.find`."""
        query, asked = request.query_params, visit_of(request.scope)
        id = query.get("id", "").strip().lower()
        if _ID.fullmatch(id):
            return await self._reading.read(partial(views.find, asked, id))
        if id:
            return views.missing(asked, id[:_ID_LENGTH])
        day, action, before = (query.get(name, "").strip() for name in ("day", "action", "before"))
        search = views.Search(
            day=read_day(day) if day else "",
            action=action if action in words.ACTIONS else "",
            before=_index(before) if before else None,
            limit=AT_ONCE,
        )
        return await self._reading.read(partial(views.entries, asked, search))

    async def entry(self, request: StarletteRequest) -> Response:
        """Answer for `views.entry`."""
        index = _index(request.path_params["index"])
        return await self._reading.read(partial(views.entry, visit_of(request.scope), index, self._vkeys))

    async def proof(self, request: StarletteRequest) -> Response:
        """Answer for `views.proof`."""
        return await self._reading.read(partial(views.proof, _index(request.path_params["index"])))

    async def banner(self, request: StarletteRequest) -> Response:
        """Answer for `views.banner`."""
        hash = request.path_params["hash"]
        if not _ID.fullmatch(hash):
            raise BadRequest(404, "There is no such notice.")
        return await self._reading.read(partial(views.banner, hash))

    async def log(self, request: StarletteRequest) -> Response:
        """Answer for `views.log`."""
        asked = visit_of(request.scope)
        return await self._reading.read(partial(views.log, asked, self._vkeys, self._kept))

    async def exports(self, request: StarletteRequest) -> Response:
        """Answer for `views.exports`."""
        return await self._reading.read(partial(views.exports, visit_of(request.scope)))

    async def export(self, request: StarletteRequest) -> Response:
        """Stream all entries."""
        form = request.path_params["form"]
        if form not in _FORMS:
            raise BadRequest(404, "There is no such file.")
        size = (await self._reading.read(lambda reader: reader.head())).size
        headers = {**views.attachment(f"consent-log.{form}"), "Content-Type": _FORMS[form]}
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(self._pieces(form, size), headers=headers)

    async def _pieces(self, form: str, size: int) -> AsyncIterator[str]:
        """Read piece after piece, so that no view of the log is held open for a slow client."""
        for start in range(0, max(size, 1), EXPORTED):
            stop = min(start + EXPORTED, size)
            yield await self._reading.read(partial(views.export, form, start, stop))


def _index(text: str) -> int:
    if not _INDEX.fullmatch(text):
        raise BadRequest(404, "The log has no entry with this index.")
    return int(text)
