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
    """Run the app's lifespan, or answer it ourselves if the app does not support it.

    Apps without lifespan raise before they receive or send anything (Django's ASGI handler), or return at
    once. Our own work is done before "shutdown complete" is passed on, since the server then ends the event
    loop. A failure of the app must reach the server without delay: otherwise hypercorn serves the app that
    did not start, and granian never ends.
    """
    took_part = runs = False

    async def watched_receive() -> Message:
        """Receive for the app, and note that it takes part."""
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
    """Check the log and drain its outbox, before the first request. Never raises."""
    if not deployment.options.enforce:
        deployment.tell("warning", BEGINS)
    if deployment.log is not None:
        for remark in await deployment.log.look():
            _logger.log(LEVELS[remark.level], "consent %s: %s", remark.about, remark.text)
        await deployment.log.resume()


async def _stop(deployment: Deployment) -> None:
    """Log the summary of a trial, and write the counts. Never raises; calling it again does nothing."""
    told = deployment.trial.end()
    if told:
        deployment.tell("warning", told)
    if deployment.log is not None:
        await deployment.log.finish()
