"""Login to the dashboard: by the site's own guard, or by a token and a signed session cookie."""

import hmac
import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from ipaddress import IPv6Address, ip_address
from typing import Final, TypeAlias
from urllib.parse import parse_qsl

from itsdangerous import BadData
from starlette.datastructures import Secret
from starlette.requests import Request as StarletteRequest
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope

from consentkit.asgi.clock import epoch
from consentkit.asgi.performer import read_body
from consentkit.catalog import safe_path
from consentkit.consent.cookies import CLOCK_SKEW, TimedSigner
from consentkit.consent.secret_key import check_secret
from consentkit.dashboard.template_response import respond
from consentkit.exceptions import BadRequest, ConfigurationError
from consentkit.web.endpoints.submission import ask_body, check_same_origin
from consentkit.web.request import Request

Guard: TypeAlias = Callable[[StarletteRequest], bool | Awaitable[bool]]


SESSION_SECONDS: Final = 8 * 3600
"""How long a session lasts."""

MAX_ATTEMPTS: Final = 20
"""Maximum wrong tokens from one client within `ATTEMPT_SECONDS`."""
ATTEMPT_SECONDS: Final = 60
MAX_CLIENTS: Final = 1024
"""Maximum clients whose wrong tokens are counted."""

_SESSION = "1"
_MAX_COOKIE = 200

_logger = logging.getLogger("consentkit.dashboard")


def make_login(token: object, guard: Guard | None) -> "GuardLogin | TokenLogin":
    """Make the login from the arguments of `Dashboard`.

    Raises:
        ConfigurationError: There is neither a token nor a guard, or both, or one that cannot be used.
    """
    if (token is None) == (guard is None):
        problem = "expected a token or a guard, and not both: the log is not for everybody"
        raise ConfigurationError(problem, path="dashboard")
    if guard is not None:
        if not callable(guard):
            raise ConfigurationError("expected something that can be called", path="dashboard.guard")
        return GuardLogin(guard)
    plain = str(token) if isinstance(token, Secret) else token
    return TokenLogin(check_secret(plain, "dashboard.token"))


class GuardLogin:
    """Login by the site's own guard. Only ``True`` gives access; the guard's exceptions pass through.

    Attributes:
        signs_out: Whether there is a session that can be ended.
    """

    signs_out = False

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def answer(self, request: Request, scope: Scope, receive: Receive) -> Response | None:
        """Return ``None`` if access is given; otherwise raise BadRequest."""
        verdict = self._guard(StarletteRequest(scope))
        if inspect.isawaitable(verdict):
            verdict = await verdict
        if verdict is True:
            return None
        raise BadRequest(403, "You may not see these pages.")


class TokenLogin:
    """Login by a token: in a form, which begins a session, or in the header ``Authorization``."""

    signs_out = True

    def __init__(self, token: str) -> None:
        self._digest = sha256(token.encode()).digest()
        self._sessions = Sessions(token)
        self._limit = RateLimit()

    async def answer(self, request: Request, scope: Scope, receive: Receive) -> Response | None:
        """Sign in or out, or return the form; ``None`` if access is given."""
        match request.method, request.path:
            case "POST", "/sign-in":
                return await self._sign_in(request, scope, receive)
            case "POST", "/sign-out":
                list(check_same_origin(request))
                return _redirect(request.mount + "/", _cookie(request, "", seconds=0))
            case "GET", "/sign-in":
                return _redirect(request.mount + "/")
        return None if self._admits(request, scope) else _form(scope, status=401, back=request.here)

    def _admits(self, request: Request, scope: Scope) -> bool:
        scheme, _, given = request.header(b"authorization").decode("latin-1").partition(" ")
        if scheme.lower() == "bearer":
            return self._is_token(scope, given.strip())
        return self._sessions.contains(request.cookie_values(cookie_name(request.secure)), now=epoch())

    def _is_token(self, scope: Scope, given: str) -> bool:
        """Say whether the token is right, in constant time.

        Raises:
            BadRequest: 429 if this client has sent too many wrong ones.
        """
        now = epoch()
        if self._limit.is_exhausted(scope, now=now):
            raise BadRequest(429, f"Too many wrong tokens. Try again in {ATTEMPT_SECONDS} seconds.")
        if hmac.compare_digest(sha256(given.encode("utf-8", "surrogateescape")).digest(), self._digest):
            return True
        self._limit.count(scope, now=now)
        _logger.warning("a wrong token was sent to the auditor's pages")
        return False

    async def _sign_in(self, request: Request, scope: Scope, receive: Receive) -> Response:
        list(check_same_origin(request))
        body = await read_body(receive, ask_body(request).limit)
        try:
            fields = dict(parse_qsl(body.decode("utf-8"), max_num_fields=10))
        except ValueError as error:
            raise BadRequest(400, "The form cannot be read.") from error
        home, back = request.mount + "/", fields.get("back", "")
        if not (back.startswith(home) and safe_path(back) == back):
            back = home
        if not self._is_token(scope, fields.get("token", "").strip()):
            return _form(scope, status=403, back=back, wrong=True)
        return _redirect(back, self._sessions.set_cookie(request, now=epoch()))


def _redirect(path: str, cookie: str | None = None) -> Response:
    return RedirectResponse(path, 303, headers=None if cookie is None else {"Set-Cookie": cookie})


def _form(scope: Scope, *, status: int, back: str, wrong: bool = False) -> Response:
    response = respond("sign-in.html", scope, status=status, back=back, wrong=wrong)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="consent log"'
    return response


class Sessions:
    """Codec of session cookies, which hold only the time they were made at, and a signature.

    The token is the key: a new token ends every session, and all processes accept each other's.

    Args:
        token: The token with which auditors sign in.
    """

    def __init__(self, token: str) -> None:
        self._signer = TimedSigner(token, "consentkit.dashboard.v1")

    def set_cookie(self, request: Request, *, now: int) -> str:
        """Return the Set-Cookie value that begins a session at `now`, in epoch seconds."""
        return _cookie(request, self._signer.sign_at(_SESSION, now), SESSION_SECONDS)

    def contains(self, values: Sequence[str], *, now: int) -> bool:
        """Say whether one of a cookie's values is a session that is valid at `now`, in epoch seconds."""
        for value in values:
            with suppress(BadData, ValueError):
                content, signed_at = self._signer.read(value[:_MAX_COOKIE])  # longer ones are none
                if content == _SESSION and -CLOCK_SKEW <= now - signed_at < SESSION_SECONDS:
                    return True
        return False


def cookie_name(secure: bool) -> str:
    """Return the session cookie's name. The prefix ``__Host-`` would rule out a path."""
    return "__Secure-consentkit-audit" if secure else "consentkit-audit"


def _cookie(request: Request, value: str, seconds: int) -> str:
    # A path may contain characters that would end the attribute.
    name, path = cookie_name(request.secure), (request.mount or "/").replace(";", "%3B")
    ending = "; Secure" if request.secure else ""
    return f"{name}={value}; Max-Age={seconds}; Path={path}; SameSite=Strict; HttpOnly{ending}"


class RateLimit:
    """Counts of each client's wrong tokens in the present minute, in this process's memory only."""

    def __init__(self) -> None:
        self._wrong: dict[str, tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._wrong)

    def is_exhausted(self, scope: Scope, *, now: int) -> bool:
        """Say whether a client must wait at `now`, in epoch seconds."""
        began, wrong = self._wrong.get(_client(scope), (now, 0))
        return wrong >= MAX_ATTEMPTS and now - began < ATTEMPT_SECONDS

    def count(self, scope: Scope, *, now: int) -> None:
        """Count a wrong token of a client; of too many clients, forget the one counted longest ago."""
        client = _client(scope)
        began, wrong = self._wrong.pop(client, (now, 0))
        self._wrong[client] = (began, wrong + 1) if now - began < ATTEMPT_SECONDS else (now, 1)
        if len(self._wrong) > MAX_CLIENTS:
            del self._wrong[next(iter(self._wrong))]


def _client(scope: Scope) -> str:
    """Return a client's address; for IPv6 its /64 network, as one client has all addresses of it."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    return address.exploded[:19] if isinstance(address, IPv6Address) else str(address)
