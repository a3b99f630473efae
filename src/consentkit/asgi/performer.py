"""The performer: performs the effects of endpoints with the log, the site's callback and the connection."""

import inspect
import logging
import secrets

from starlette.types import Receive, Scope, Send

from consentkit.asgi.clock import nanoseconds
from consentkit.asgi.deployment import Deployment
from consentkit.consent.decision import Decision
from consentkit.exceptions import BadRequest, LogError
from consentkit.log import ConsentLog, LogReader
from consentkit.log.evidence import PUBLIC_SECONDS, collect, read_public
from consentkit.log.process import Threads
from consentkit.record.entry import uuid7
from consentkit.record.receipt import make_receipt
from consentkit.web.endpoints import effects
from consentkit.web.endpoints.effects import Answer, Effect, Ids
from consentkit.web.resolver import Exchange

RECEIPT_SECONDS = 5.0
"""How long making a receipt may take."""
_IDS = Ids(entry=lambda: uuid7(nanoseconds() // 1_000_000), subject=lambda: secrets.token_urlsafe(18))
_logger = logging.getLogger("consentkit")


async def answer_own_page(
    deployment: Deployment, exchange: Exchange, scope: Scope, receive: Receive, send: Send
) -> None:
    """Run an endpoint: perform its effects one after the other, and send its answer."""
    steps = deployment.endpoints.answer(exchange, _IDS)
    try:
        effect = next(steps)
        while True:
            # The error is not kept in a variable: its traceback holds this frame, which holds the request.
            try:
                result = await _perform(effect, deployment, exchange, scope, receive)
            except (BadRequest, LogError) as error:
                effect = steps.throw(error)
            else:
                effect = steps.send(result)
    except StopIteration as stop:
        answer: Answer = stop.value
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _perform(
    effect: Effect, deployment: Deployment, exchange: Exchange, scope: Scope, receive: Receive
) -> object:
    match effect:
        case effects.ReadBody(limit):
            return await read_body(receive, limit)
        case effects.Notify(decision):
            await _notify(deployment, decision, scope)
        case effects.Tell(level, text, topic):
            deployment.tell(level, text, topic=topic)
        case _ if deployment.log is None:
            raise LogError("no log is kept")
        case _:
            return await _ask(deployment.log, deployment.threads, effect, now=exchange.now)
    return None


async def _ask(log: ConsentLog, threads: Threads, effect: Effect, *, now: int) -> object:
    match effect:
        case effects.Append(entry, bundle):
            return await log.append(entry, bundle=bundle)
        case effects.Honour(entry, bundle):
            await log.honour(entry, bundle=bundle)
        case effects.Invalidate(entry, id, at):
            await log.invalidate(entry, id=id, at=at)
        case effects.Published(notice):
            return await log.published(notice)
        case effects.Erase(subject, at):
            return await log.erase(subject, at=at)
        case effects.History(subject):
            return [one.entry for one in await log.history(subject) if one.entry is not None]
        case effects.Receipt() as wanted:
            return await log.read(lambda reader: _make_receipt(reader, wanted), seconds=RECEIPT_SECONDS)
        case effects.PublicProof(path):
            return await threads.run(lambda: read_public(log, path), seconds=PUBLIC_SECONDS)
        case effects.Health():
            return await threads.run(log.status, seconds=PUBLIC_SECONDS)
        case effects.Observe(kind, keys):
            await log.observe(kind, keys, now=now)
    return None


def _make_receipt(log: LogReader, wanted: effects.Receipt) -> bytes | None:
    evidence = collect(log, wanted.subject)
    if evidence is None:
        return None
    return make_receipt(evidence, site=wanted.site, settings=wanted.settings, id=wanted.id, at=wanted.at)


async def read_body(receive: Receive, limit: int) -> bytes:
    """Read a request's body.

    Raises:
        BadRequest: 413 where it is longer than `limit` bytes, 400 where the client went away.
    """
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest(400, effects.CUT_OFF)
        body += message.get("body", b"")
        if len(body) > limit:
            raise BadRequest(413, effects.TOO_LARGE)
        if not message.get("more_body", False):
            return bytes(body)


async def _notify(deployment: Deployment, decision: Decision, scope: Scope) -> None:
    """Call the site's `on_decision`. An exception in it is logged; the decision stays valid."""
    if deployment.on_decision is None:
        return
    try:
        answer = deployment.on_decision(decision, scope)
        if inspect.isawaitable(answer):
            await answer
    except Exception:
        _logger.exception("on_decision failed; the decision holds all the same")
