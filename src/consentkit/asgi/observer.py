"""For trying it out: responses go by unchanged, and what the gate would have done is told."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from consentkit.asgi import headers as work
from consentkit.asgi.charset import Charset
from consentkit.asgi.coding import Decoder, DecodingError, coding_of, decoder
from consentkit.asgi.deployment import Deployment
from consentkit.asgi.kind import HTML, STREAM, kind_of
from consentkit.asgi.media_type import read_media_type
from consentkit.asgi.page import MAX_REPORT, Page
from consentkit.asgi.request import Request
from consentkit.consent import Consent
from consentkit.gating.headers import GATED_HEADERS


class Observer:
    """Watches one response go by unchanged and reports what the gate would have done.

    Args:
        deployment: The policy as it is deployed.
        request: The request.
        consent: What holds for it.
    """

    def __init__(self, deployment: Deployment, request: Request, consent: Consent) -> None:
        self._debug = deployment.debug
        self._trial = deployment.trial
        self._page = Page(deployment, request, consent)
        self._start: Message | None = None
        self._stage: Charset | None = None
        self._decoder: Decoder | None = None

    async def __call__(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app."""
        self._send = send
        await app(scope, receive, self._handle)
        self._trial.note(self._page.things())

    async def _handle(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": list(message.get("headers", ()))}
            headers = work.by_name(message["headers"])
            if not GATED_HEADERS.isdisjoint(headers):
                self._page.gate_headers(message["headers"])
            if self._watches(headers):
                self._start = message
                return
        if message["type"] == "http.response.body":
            self._watch(bytes(message.get("body", b"")))
        if self._start is not None:
            start, self._start = self._start, None
            if self._debug:
                report = (b"consentkit-would-gate", self._report().encode("ascii"))
                start = {**start, "headers": [*start["headers"], report]}
            await self._send(start)
        await self._send(message)

    def _report(self) -> str:
        parts = (self._page.header_report(), self._page.report())
        return ", ".join(part for part in parts if part)[:MAX_REPORT]

    def _watches(self, headers: Mapping[bytes, bytes]) -> bool:
        coding = coding_of(headers.get(b"content-encoding", b""))
        if kind_of(headers) not in (HTML, STREAM) or coding is None:
            return False
        self._stage = self._page.watcher(read_media_type(headers.get(b"content-type", b"")).charset)
        self._decoder = decoder(coding) if coding else None
        return True

    def _watch(self, body: bytes) -> None:
        if self._stage is None:
            return
        try:
            for piece in self._decoder.pieces(body) if self._decoder else (body,):
                self._stage.feed(piece)
        except DecodingError:
            self._stage = None
