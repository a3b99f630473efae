"""``GET /_consent/log/…``: what anybody may know of the log (C2SP tlog-tiles, and the notices).

Leaves and entries of decisions are not among it: tiles hold hashes of commitments, which say nothing.
"""

from __future__ import annotations

import logging
import re
from typing import Final

import msgspec
from consentkit.asgi.answering import problem
from consentkit.asgi.request import Request
from starlette.responses import Response

from consentkit.asgi.deployment import Deployment
from consentkit.exceptions import BadRequest, LogError, ProofInvalid
from consentkit.log import LogReader
from consentkit.log.threads import Threads
from consentkit.tlog import HASH_BYTES, parse_tile_path

READ_SECONDS: Final = 1.0
AT_ONCE: Final = 2
"""Threads of its own, for each event loop: who asks for proofs keeps no visitor waiting."""

_CHECKPOINT = "text/plain; charset=utf-8"
_TILE = "application/octet-stream"
_JSON = "application/json"
_BRIEFLY = "public, max-age=5"
_FOR_EVER = "public, max-age=31536000, immutable"
_HASH = re.compile(r"[0-9a-f]{64}")
_logger = logging.getLogger("consentkit")


class Proofs:
    """Answers requests for checkpoint, tiles and notices.

    Args:
        deployment: The policy as it is deployed.
    """

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._threads = Threads(AT_ONCE)

    async def answer(self, request: Request, path: str) -> Response:
        """Answer one request.

        Args:
            request: A GET or HEAD.
            path: What is asked for, below ``/log/``.

        Raises:
            BadRequest: There is no log, or nothing of that name in it.
        """
        log = self._deployment.log
        if log is None:
            raise BadRequest(404, "missing")
        try:
            response = await self._threads.run(lambda: _read(log, path), seconds=READ_SECONDS)
        except LogError as error:
            _logger.warning("the log cannot be read for a proof: %s", error)
            return problem(self._deployment, request, 503, "The consent log cannot be read at the moment.")
        if response is None:
            raise BadRequest(404, "missing")
        return response


def _read(log: LogReader, path: str) -> Response | None:
    if path == "checkpoint":
        return _answer((log.head().checkpoint or "").encode(), _CHECKPOINT, _BRIEFLY)
    if path == "notices":
        return _answer(msgspec.json.encode(log.notices()), _JSON, _BRIEFLY)
    if path.startswith("notices/"):
        hash = path.removeprefix("notices/")
        return _answer(log.notice(hash) if _HASH.fullmatch(hash) else None, _JSON, _FOR_EVER)
    return _answer(_tile(log, path), _TILE, _FOR_EVER)


def _tile(log: LogReader, path: str) -> bytes | None:
    """Read a tile as wide as it is asked for: a narrower one is the beginning of what it has become."""
    try:
        tile, width = parse_tile_path(path)
    except ProofInvalid:
        return None
    hashes = (log.tile(tile) or b"")[: width * HASH_BYTES]
    return hashes if len(hashes) == width * HASH_BYTES else None


def _answer(body: bytes | None, media_type: str, caching: str) -> Response | None:
    if not body:
        return None
    headers = {"Cache-Control": caching, "Content-Type": media_type, "X-Content-Type-Options": "nosniff"}
    return Response(body, headers=headers)
