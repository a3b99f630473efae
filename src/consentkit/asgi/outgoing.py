"""The messages of one page on their way out.

The start message waits until the first bytes of the body show what becomes of them.
"""

from __future__ import annotations

import msgspec
from starlette.types import Message, Send

from consentkit.asgi.body import Body
from consentkit.asgi.clock import epoch
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.headers import Headers
from consentkit.asgi.kind import Read
from consentkit.asgi.memo import Kept
from consentkit.asgi.page import MAX_REPORT, Page, shape_of
from consentkit.asgi.request import Request
from consentkit.asgi.site_policy import Allowed
from consentkit.consent import Consent
from consentkit.log.observations import SHOWN


class Outgoing(msgspec.Struct, eq=False):
    """Sends one page.

    Args:
        deployment: The policy as it is deployed.
        request: The request for it.
        consent: What holds for it.
        send: Takes the messages.
        start: The start message and its list of headers, both ours, without any length.
        read: How the page is read.
        allowed: What the site's own Content-Security-Policy lets us put in, if it has one.
        gated: What gated the headers, if anything did.
    """

    _deployment: Deployment
    _request: Request
    _consent: Consent
    _send: Send
    _start: Message | None
    _read: Read
    _allowed: Allowed | None
    _gated: Page | None
    _body: Body | None = None
    _page: Page | None = None
    _asked: str = ""
    _done: bool = False

    async def take(self, message: Message) -> None:
        """Take the next message of the body and send what is decided by now."""
        if self._done:
            return  # servers take nothing behind the last message either
        more = message.get("more_body", False)
        self._done = not more
        data = bytes(message.get("body", b""))
        if self._start is None:
            body = self._rewrite(data, more)
        else:
            body, report = self._whole(data) if data and not more else self._first(data, more)
            start, self._start = self._start, None
            await self._send(self._settled(start, body, more, report))
        if body or not more:
            await self._send({**message, "body": body})
        if not more:
            self._count()

    def _whole(self, data: bytes) -> tuple[bytes, str]:
        """Turn a page of one message, or take what became of these bytes before."""
        if not self._request.is_short:
            return self._first(data, more=False)
        memo = self._deployment.pages
        shape = shape_of(self._deployment, self._request, self._consent, self._allowed)
        key = memo.key(data, (self._read, shape))
        kept = memo.find(key, data)
        if kept is None:
            body, report = self._first(data, more=False)
            if self._body is None or self._body.broken:
                return body, report
            kept = Kept(data, body, report, self._page.asked if self._page is not None else "")
            memo.keep(key, kept)
        self._asked = kept.asked
        return kept.after, kept.report

    def _first(self, data: bytes, more: bool) -> tuple[bytes, str]:
        """Turn the first message of a page, and say what was done, if that is to be told."""
        read = self._read
        page = self._page = Page(self._deployment, self._request, self._consent, self._allowed)
        self._body = Body(page.stage(read), read.coding or b"")
        body = self._rewrite(data, more)
        return body, page.report() if self._deployment.debug else ""

    def _rewrite(self, data: bytes, more: bool) -> bytes:
        return self._body.turn(data, more) if self._body is not None else data

    def _count(self) -> None:
        """Count the banner that was shown, if there was one."""
        asked = self._asked or (self._page.asked if self._page is not None else "")
        if asked and self._deployment.log is not None:
            self._deployment.log.count(SHOWN, asked, now=epoch())

    def _settled(self, start: Message, body: bytes, more: bool, report: str) -> Message:
        """Finish the held start message, now that the first bytes are known."""
        headers: Headers = start["headers"]
        if not more and not start.get("trailers", False):
            headers.append((b"content-length", b"%d" % len(body)))
        if self._deployment.debug:
            told = self._gated.header_report() if self._gated is not None else ""
            report = ", ".join(filter(None, (told, report)))
            headers.append((b"consentkit-gated", report[:MAX_REPORT].encode("ascii")))
            headers.append((b"consentkit-memo", self._deployment.pages.told()))
        return start
