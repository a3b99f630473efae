"""`Dashboard`, the ASGI application that a site mounts: security headers, login, routing, errors."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from starlette.datastructures import MutableHeaders, Secret
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from consentkit.asgi.dispatcher import read_request
from consentkit.dashboard.login import Guard, make_login
from consentkit.dashboard.routes import Pages
from consentkit.dashboard.template_response import SHEET, SHEET_PATH, SIGNS_OUT, respond
from consentkit.exceptions import BadRequest, LogError, LogMissing, LogUnavailable
from consentkit.log import LogReader

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}
"""Headers of every response that does not set them itself."""

_SHEET_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Type": "text/css; charset=utf-8",
}

_REFUSAL_HEADERS: Final = {405: {"Allow": "GET, HEAD"}, 429: {"Retry-After": "60"}}

_logger = logging.getLogger("consentkit.dashboard")


class Dashboard:
    """The auditor's pages: decisions, the notices shown, and checks of the log. It writes nothing.

    Mount it below a path of its own, and put that path into the middleware's `exclude`.

    Args:
        log: The consent log: a path, a URL, a :class:`consentkit.ConsentLog` or a reader.
        token: The auditors' password, at least 32 random characters.
        guard: A function instead of a token: called with the request (Starlette's), it returns ``True`` (or a
            coroutine does) to give access.
        vkeys: The log's public keys, as ``consentkit log key show`` prints them; by default those of its key
            file.
        checkpoint: File with the checkpoint of the last verification, as ``verify --save`` writes it; the
            log's page says whether the log still continues it.
        https_only: Whether auditors use https; ``None``: the request's scheme decides.

    Raises:
        ConfigurationError: There is neither a token nor a guard, or both, or an argument cannot be used.
    """

    def __init__(
        self,
        log: LogReader | str | Path,
        *,
        token: str | Secret | None = None,
        guard: Guard | None = None,
        vkeys: Sequence[str] = (),
        checkpoint: str | Path | None = None,
        https_only: bool | None = None,
    ) -> None:
        self._login = make_login(token, guard)
        self._https_only = https_only
        pages = Pages(log, vkeys, None if checkpoint is None else Path(checkpoint))
        self._router = Router(pages.routes(), redirect_slashes=False, default=_not_found)
        self._app = ExceptionMiddleware(self._answer, _HANDLERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
            return
        if scope["type"] != "http":
            await self._router(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app({**scope, SIGNS_OUT: False}, receive, send_with_headers)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = read_request(scope, self._https_only)
        if request.path == SHEET_PATH:
            await Response(SHEET, headers=_SHEET_HEADERS)(scope, receive, send)
            return
        answer = await self._login.answer(request, scope, receive)
        if answer is not None:
            await answer(scope, receive, send)
            return
        scope[SIGNS_OUT] = self._login.signs_out
        if request.method not in ("GET", "HEAD"):
            raise BadRequest(405, "These pages are for reading only.")
        await self._router(scope, receive, send)


async def _not_found(scope: Scope, receive: Receive, send: Send) -> None:
    raise BadRequest(404, "There is no such page.")


async def _answer_refusal(request: Request, error: Any) -> Response:
    """Answer a BadRequest, or an HTTPException raised by a guard, with its headers."""
    if isinstance(error, HTTPException):
        status, problem, headers = error.status_code, error.detail, error.headers
    else:
        status, problem, headers = error.status, error.problem, _REFUSAL_HEADERS.get(error.status)
    return _problem(request, status, "This cannot be shown", problem, headers)


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    _logger.warning("the auditor's pages cannot read the log: %s", error)
    title, text = "The log cannot be read now", "Nothing is lost by that. Try again in a moment."
    if isinstance(error, LogMissing):
        title = "There is no log yet"
        text = "It is made with the first decision. If there should be one, another place was named for it."
    return _problem(request, 503, title, text, {"Retry-After": "5"})


async def _answer_corrupt(request: Request, error: Exception) -> Response:
    _logger.error("the auditor's pages found the log contradicting itself: %s", error)
    text = f"{error}. The command `consentkit log verify` says more."
    return _problem(request, 500, "The log contradicts itself", text)


def _problem(
    request: Request, status: int, title: str, problem: str, headers: Mapping[str, str] | None = None
) -> Response:
    response = respond("problem.html", request.scope, status=status, title=title, problem=problem)
    response.headers.update(headers or {})
    return response


_HANDLERS: Final = {
    BadRequest: _answer_refusal,
    HTTPException: _answer_refusal,
    LogUnavailable: _answer_unavailable,
    LogError: _answer_corrupt,
}
