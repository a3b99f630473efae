"""Lifespan: the wrapped app's own, or an answer for apps that have none."""

from __future__ import annotations

import logging

import anyio.to_thread
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.exceptions import LogError
from consentkit.log import ConsentLog

_logger = logging.getLogger("consentkit")


async def answer_lifespan(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, log: ConsentLog | None
) -> None:
    """Run the app's lifespan; answer it ourselves where the app refuses the scope before it took part.

    Django's ASGI handler, for one, raises on any scope but HTTP; others return at once. What waits in the
    log's outbox is handed over first.
    """
    if log is not None:
        await _drain(log)
    took_part = False

    async def watched_receive() -> Message:
        nonlocal took_part
        took_part = True
        return await receive()

    async def watched_send(message: Message) -> None:
        nonlocal took_part
        took_part = True
        await send(message)

    try:
        await app(scope, watched_receive, watched_send)
    except Exception:
        if took_part:
            raise
    if not took_part:
        await _answer(receive, send)
    if log is not None:
        await anyio.to_thread.run_sync(log.write_observations)


async def _answer(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _drain(log: ConsentLog) -> None:
    try:
        await anyio.to_thread.run_sync(log.drain)
    except LogError as error:
        _logger.warning("what waits in the consent log's outbox waits on: %s", error)
