"""Who may look: whoever the site's own guard lets in or has the token. Who guesses is slowed down."""

from __future__ import annotations

import hmac
import inspect
import logging
from collections.abc import Awaitable, Callable
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from starlette.datastructures import Secret
from starlette.requests import Request as StarletteRequest
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope

from consentkit.asgi.clock import epoch
from consentkit.asgi.performer import read_body
from consentkit.catalog import safe_path
from consentkit.consent.secret_key import check_secret
from consentkit.dashboard.rendering import Visit, respond
from consentkit.dashboard.session import Sessions
from consentkit.exceptions import BadRequest, ConfigurationError
from consentkit.web.endpoints.submission import ask_body, check_same_origin

MOST: Final = 20
"""Wrong tokens of one client within a minute."""
SECONDS: Final = 60
CLIENTS: Final = 1024
"""Clients that are remembered."""


class Attempts:
    """Counts wrong tokens of the present minute. Kept in memory only, by each process for itself."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, int]] = {}

    def exhausted(self, scope: Scope, *, now: int) -> bool:
        """Say whether a client must wait, at epoch seconds `now`."""
        began, wrong = self._wrong.get(_client(scope), (now, 0))
        return wrong >= MOST and now - began < SECONDS

    def note(self, scope: Scope, *, now: int) -> None:
        """Count one more wrong token of a client."""
        client = _client(scope)
        began, wrong = self._wrong.pop(client, (now, 0))
        self._wrong[client] = (began, wrong + 1) if now - began < SECONDS else (now, 1)
        if len(self._wrong) > CLIENTS:
            del self._wrong[next(iter(self._wrong))]


def _client(scope: Scope) -> str:
    """Return a client's address; of IPv6 the network, in which one client has every address."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)


SIGN_IN: Final = "/sign-in"
SIGN_OUT: Final = "/sign-out"

Guard: TypeAlias = Callable[[StarletteRequest], bool | Awaitable[bool]]

_logger = logging.getLogger("consentkit.dashboard")


def make_access(token: object, guard: Guard | None) -> GuardAccess | TokenAccess:
    """Make what decides, from the arguments of `Dashboard`.

    Raises:
        ConfigurationError: There is neither a token nor a guard, or both, or one that cannot be used.
    """
    if (token is None) == (guard is None):
        raise ConfigurationError(
            "expected a token or a guard, and not both: the log is not for everybody", path="dashboard"
        )
    if guard is not None:
        if not callable(guard):
            raise ConfigurationError("expected something that can be called", path="dashboard.guard")
        return GuardAccess(guard)
    plain = str(token) if isinstance(token, Secret) else token
    return TokenAccess(check_secret(plain, "dashboard.token"))


class GuardAccess:
    """Asks the site's own guard. Only ``True`` lets anybody in; what the guard raises passes through.

    Attributes:
        signs_out: Whether there is a session that can be ended.
    """

    signs_out = False

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def answer(self, request: Visit, receive: Receive) -> Response | None:
        """Return what the request gets instead of a page, or ``None`` where it may have the page."""
        verdict = self._guard(StarletteRequest(request.scope))
        if inspect.isawaitable(verdict):
            verdict = await verdict
        if verdict is True:
            return None
        raise BadRequest(403, "You may not see these pages.")


class TokenAccess:
    """Lets in whoever has the token: by a form and a session, or in the header ``Authorization``."""

    signs_out = True

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()
        self._sessions = Sessions(token)
        self._attempts = Attempts()

    async def answer(self, request: Visit, receive: Receive) -> Response | None:
        """Sign in, sign out, or return the form unless the request is signed in."""
        if request.method == "POST" and request.path == SIGN_IN:
            return await self._sign_in(request, receive)
        if request.method == "POST" and request.path == SIGN_OUT:
            return self._sign_out(request)
        if request.method == "GET" and request.path == SIGN_IN:
            return RedirectResponse(request.mount + "/", 303)
        return None if self._admits(request) else _form(request, status=401, back=request.here)

    def _admits(self, request: Visit) -> bool:
        scheme, _, given = request.header(b"authorization").decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(request, given.strip())
        name = self._sessions.cookie_name(request.secure)
        return self._sessions.holds(request.cookie_values(name), now=epoch())

    def _is_token(self, request: Visit, given: str) -> bool:
        """Compare digests, in a time that says nothing about either.

        Raises:
            BadRequest: 429 where this client has sent too many wrong ones.
        """
        now = epoch()
        if self._attempts.exhausted(request.scope, now=now):
            raise BadRequest(429, f"Too many wrong tokens. Try again in {SECONDS} seconds.")
        if hmac.compare_digest(sha256(given.encode("utf-8", "surrogateescape")).digest(), self._digest):
            return True
        self._attempts.note(request.scope, now=now)
        _logger.warning("a wrong token was sent to the auditor's pages")
        return False

    async def _sign_in(self, request: Visit, receive: Receive) -> Response:
        list(check_same_origin(request))
        fields = _fields(await read_body(receive, ask_body(request).limit))
        back = _below(request, fields.get("back", ""))
        if not self._is_token(request, fields.get("token", "").strip()):
            return _form(request, status=403, back=back, wrong=True)
        cookie = self._sessions.set_cookie(path=request.mount or "/", secure=request.secure, now=epoch())
        return RedirectResponse(back, 303, headers={"Set-Cookie": cookie})

    def _sign_out(self, request: Visit) -> Response:
        list(check_same_origin(request))
        cookie = self._sessions.expire_cookie(path=request.mount or "/", secure=request.secure)
        return RedirectResponse(request.mount + "/", 303, headers={"Set-Cookie": cookie})


def _form(request: Visit, *, status: int, back: str, wrong: bool = False) -> Response:
    response = respond("sign-in.html", request, status=status, back=back, wrong=wrong)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="consent log"'
    return response


def _fields(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode("utf-8"), max_num_fields=10))
    except ValueError as error:
        raise BadRequest(400, "The form cannot be read.") from error


def _below(request: Visit, path: str) -> str:
    """Return a path of this app, its first page instead of anything else."""
    home = request.mount + "/"
    return path if path.startswith(home) and safe_path(path) == path else home
