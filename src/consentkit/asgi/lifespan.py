"""Lifespan: start and stop together with the wrapped app, or on our own if the app has no lifespan."""

import logging

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi.deployment import LEVELS, Deployment
from consentkit.web.response.gate_report import BEGINS

_logger = logging.getLogger("consentkit")

_STARTED = "lifespan.startup.complete"
_STOPPED = frozenset(("lifespan.shutdown.complete", "lifespan.shutdown.failed"))


async def answer_lifespan(
    app: ASGIApp, scope: Scope, receive: Receive, send: Send, *, deployment: Deployment
) -> None:
    """Run the app's lifespan; answer it ourselves where the app refuses the scope before it took part.

    Django's ASGI handler, for one, raises on any scope but HTTP; others return at once. A server ends its
    event loop once it is told that the app has stopped: all work is done before that is passed on. A
    failure is passed on at once: a moment later hypercorn serves what did not start, and granian never ends.
    """
    took_part = runs = False

    async def watched_receive() -> Message:
        """Give the app what the server says, and note that it asked."""
        nonlocal took_part
        took_part = True
        return await receive()

    async def watched_send(message: Message) -> None:
        """Run our start or stop before passing the app's message to the server."""
        nonlocal took_part, runs
        took_part = True
        if message["type"] == _STARTED:
            await _start(deployment)
            runs = True
        elif message["type"] in _STOPPED:
            runs = False
            await _stop(deployment)
        await send(message)

    try:
        await app(scope, watched_receive, watched_send)
    except Exception:
        if runs:
            await _stop(deployment)
        if took_part:
            raise
    if not took_part:
        await _answer(receive, watched_send)


async def _answer(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _start(deployment: Deployment) -> None:
    """Do what is to be done when the app is ready and before the first visitor comes. Never raises."""
    if not deployment.options.enforce:
        deployment.tell("warning", BEGINS)
    if deployment.log is not None:
        for remark in await deployment.log.look():
            _logger.log(LEVELS[remark.level], "consent %s: %s", remark.about, remark.text)
        await deployment.log.resume()


async def _stop(deployment: Deployment) -> None:
    """Do what is to be done before the process ends. Never raises; a second time there is nothing left."""
    told = deployment.trial.end()
    if told:
        deployment.tell("warning", told)
    if deployment.log is not None:
        await deployment.log.finish()
