"""What the log has of a visitor: on the settings page, and as a receipt to take home."""

from __future__ import annotations

import logging
from typing import Final

from consentkit.asgi.answering import HEADERS, base_of, problem
from consentkit.asgi.request import Request
from starlette.responses import Response

from consentkit.asgi.clock import epoch, milliseconds, rfc3339
from consentkit.asgi.deployment import Deployment
from consentkit.banner import Choice, History
from consentkit.exceptions import BadRequest, LogError
from consentkit.log import ConsentLog, LogReader
from consentkit.log.evidence import collect
from consentkit.record import Entry, uuid7
from consentkit.record.receipt import make_receipt

RECEIPT_SECONDS: Final = 5.0
"""How long making a receipt may take."""
_RECEIPT: Final = {
    **HEADERS,
    "Content-Disposition": 'attachment; filename="consent-receipt.jsonld"',
    "Content-Type": "application/ld+json",
}
_logger = logging.getLogger("consentkit")


async def read_history(deployment: Deployment, request: Request) -> History | None:
    """Read a visitor's history; ``None`` where no log is kept. A log that is away says no more than that."""
    if deployment.log is None:
        return None
    subject = deployment.subject_of(request)
    if subject is None:
        return History()
    try:
        recorded = await deployment.log.history(subject)
    except LogError as error:
        _logger.warning("a visitor's history cannot be read: %s", error)
        return History(readable=False)
    entries = [one.entry for one in reversed(recorded) if one.entry is not None]
    # What was recorded too late to be honoured never held.
    void = {entry.previous for entry in entries if entry.type == "invalidated"}
    held = (entry for entry in entries if entry.type == "decision" and entry.id not in void)
    return History(choices=tuple(map(_choice, held)))


async def answer_receipt(deployment: Deployment, request: Request, *, language: str) -> Response:
    """Answer with the visitor's receipt.

    Args:
        deployment: The policy as it is deployed.
        request: The visitor's request, with the settings page's own query.
        language: What the visitor was shown; empty where it is not known.

    Raises:
        BadRequest: No log is kept.
    """
    if deployment.log is None:
        raise BadRequest(404, "missing")
    settings = f"{base_of(deployment, request)}/"
    status, text, receipt = 404, "no_history", None
    try:
        receipt = await _read_receipt(deployment.log, deployment, request, request.origin + settings)
    except LogError as error:
        _logger.error("a visitor's receipt cannot be made: %s", error)
        status, text = 503, "history_away"
    if receipt is not None:
        return Response(receipt, headers=_RECEIPT)
    query = request.query.decode("latin-1")
    back = f"{settings}?{query}" if query else ""
    return problem(deployment, request, status, text, title="title", return_to=back, language=language)


async def _read_receipt(
    log: ConsentLog, deployment: Deployment, request: Request, settings: str
) -> bytes | None:
    subject = deployment.subject_of(request)
    if subject is None:
        return None
    site, id, at = deployment.policy.site, uuid7(milliseconds()), rfc3339(epoch())

    def read(log: LogReader) -> bytes | None:
        evidence = collect(log, subject)
        if evidence is None:
            return None
        return make_receipt(evidence, site=site, settings=settings, id=id, at=at)

    return await log.read(read, seconds=RECEIPT_SECONDS)


def _choice(entry: Entry) -> Choice:
    settings = entry.source == "settings"
    return Choice(at=entry.at, granted=entry.granted, denied=entry.denied, in_settings=settings)
