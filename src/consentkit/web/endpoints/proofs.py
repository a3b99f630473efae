"""``GET /_consent/log/…``: what anybody may know of the log (C2SP tlog-tiles, and the notices).

Leaves and entries of decisions are not among it: tiles hold hashes of commitments, which say nothing.
"""

from __future__ import annotations

from typing import Final

from consentkit.exceptions import BadRequest, LogError
from consentkit.web.endpoints.answers import answer_file, answer_problem
from consentkit.web.endpoints.effects import PublicProof, Steps, Tell
from consentkit.web.resolve import Exchange

_BRIEFLY: Final = "public, max-age=5"
_FOR_EVER: Final = "public, max-age=31536000, immutable"


def answer_proof(exchange: Exchange, path: str) -> Steps:
    """Answer with a checkpoint, a tile, a notice, or the list of notices.

    Args:
        exchange: A GET or HEAD.
        path: What is asked for, below ``/log/``.

    Raises:
        BadRequest: There is no log, or nothing of that name in it.
    """
    if not exchange.options.keeps_log:
        raise BadRequest(404, "missing")
    try:
        body = yield PublicProof(path)
    except LogError as error:
        yield Tell("warning", f"the log cannot be read for a proof: {error}")
        return answer_problem(exchange, 503, "The consent log cannot be read at the moment.")
    if not body:
        raise BadRequest(404, "missing")
    if path == "checkpoint":
        return answer_file(body, "text/plain; charset=utf-8", _BRIEFLY)
    if path == "notices":
        return answer_file(body, "application/json", _BRIEFLY)
    notice = path.startswith("notices/")
    return answer_file(body, "application/json" if notice else "application/octet-stream", _FOR_EVER)
