"""Ranges of what may be a page (RFC 9110, section 14).

Files and downloads are sent in parts. A part of a page cannot be read: of a page, all is asked for, anew.
That is a second request to the app, but a safe one, and only where an app sends pages in parts.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.web.response.gated import is_part_of_page
from consentkit.web.response.header_rules import without
from consentkit.web.traits import RANGES


async def ask_for_part(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Run the app for a part of something, and if that is a part of a page, once more for all of it.

    Args:
        app: The wrapped app.
        scope: Its scope, whose headers ask for a part.
        receive: Gives what the client sends.
        send: Takes the response.
    """
    is_read = is_page = False

    async def watched_receive() -> Message:
        nonlocal is_read
        message = await receive()
        is_read = is_read or message["type"] == "http.request"
        return message

    async def repeated_receive() -> Message:
        """Give an app that has read the request its end again; what a GET has for a body means nothing."""
        nonlocal is_read
        if is_read:
            is_read = False
            return {"type": "http.request", "body": b"", "more_body": False}
        return await receive()

    async def watched_send(message: Message) -> None:
        nonlocal is_page
        is_page = is_page or (
            message["type"] == "http.response.start"
            and is_part_of_page(message["status"], message.get("headers", ()))
        )
        if not is_page:
            await send(message)

    whole = {**scope, "headers": without(scope["headers"], RANGES)}
    if scope["method"] != "GET":  # a range means nothing then
        await app(whole, receive, send)
        return
    await app(scope, watched_receive, watched_send)
    if is_page:
        await app(whole, repeated_receive, send)
