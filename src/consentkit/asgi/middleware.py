"""`ConsentMiddleware`, the ASGI middleware, and `get_consent`."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from starlette.datastructures import Secret
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from consentkit.consent.consent import Consent
from consentkit.consent.cookies import CookieOptions
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Policy

if TYPE_CHECKING:
    from consentkit.asgi.deployment import Deployment, OnDecision, PlaceResolver
    from consentkit.asgi.dispatcher import Dispatcher
    from consentkit.gating import Unclassified
    from consentkit.log import ConsentLog
    from consentkit.web.response.csp import CSPMode

_NO_ASGI = (
    "expected an ASGI application, called with scope, receive and send. One for WSGI, such as Flask, needs "
    "an adapter: a2wsgi.WSGIMiddleware(app)"
)
_NO_SCOPE = (
    "this request did not come by ASGI, so nobody was asked for consent: serve the app with an ASGI server "
    "(Django: uvicorn project.asgi:application), a WSGI app behind a2wsgi.WSGIMiddleware"
)


class ConsentMiddleware:
    """Ask visitors for consent, record their choices, and block what they have not allowed.

    Put it around the whole application; :func:`consentkit.with_consent` does that and returns the application
    itself. The consent of each request, a :class:`consentkit.Consent`, is in ``scope["state"]["consent"]``:
    in Starlette and FastAPI ``request.state.consent``.

    Args:
        app: The ASGI application.
        secret_key: Signs the cookies; at least 32 random characters, the same in every process.
        secret_key_fallbacks: Older keys, still accepted, for rotation.
        log: Where decisions are recorded: a path, ``sqlite:///…``, a :class:`consentkit.ConsentLog`, or
            ``None`` to keep no record on purpose.
        policy: The site's policy. By default four purposes, no declared vendor, and the law's regimes.
        place: Finds out where a visitor is, such as :class:`consentkit.FromHeaders`; without it every place
            is unknown and the strictest regime applies.
        prefix: Path of the package's own pages, below the root path.
        exclude: Path prefixes, on segment boundaries, whose responses are not changed.
        unclassified: What happens to third parties that neither policy nor catalog knows: they are reported
            (``report``, the default), held back (``gate``), or let through unseen (``allow``).
        csp: Restrict pages to declared hosts by a second Content-Security-Policy (``enforce``, which implies
            ``unclassified="gate"``), or have browsers report what it would block (``report-only``).
        cookies: Domain and scheme of the cookies, a :class:`consentkit.CookieOptions`.
        enforce: ``False`` changes nothing and logs what would be blocked.
        debug: Add a response header that names what was blocked and why.
        on_decision: Called with each decision and the request's scope, after it is recorded.
        strict: Reject a policy in which lint finds errors, instead of logging them.

    Attributes:
        app: The application.
        deployment: The options, log and callbacks.
        dispatcher: Routes each connection.

    Raises:
        ConfigurationError: An argument is invalid, or the policy breaks a rule and `strict` is set.
    """

    def __init__(
        self,
        app: Callable[[Any, Any, Any], Awaitable[None]],
        *,
        secret_key: str | Secret,
        secret_key_fallbacks: Sequence[str | Secret] = (),
        log: ConsentLog | str | Path | None,
        policy: Policy | None = None,
        place: PlaceResolver | None = None,
        prefix: str = "/_consent",
        exclude: Sequence[str] = (),
        unclassified: Unclassified | None = None,
        csp: CSPMode = "off",
        cookies: CookieOptions | None = None,
        enforce: bool = True,
        debug: bool = False,
        on_decision: OnDecision | None = None,
        strict: bool = False,
    ) -> None:
        check_app(app)
        self.app = app
        _check_kinds(policy=policy, place=place, on_decision=on_decision)
        # Imported here, so that importing the package does not load gate, rewriter and log.
        from consentkit.asgi.deployment import Deployment, check_policy
        from consentkit.asgi.dispatcher import Dispatcher
        from consentkit.web.options import Options

        kept, older = _open_log(log), secret_key_fallbacks
        options = Options(
            secret_key=_plain(secret_key),
            secret_key_fallbacks=older if isinstance(older, str) else [_plain(key) for key in older],
            policy=Policy() if policy is None else policy,
            keeps_log=kept is not None,
            place_headers=getattr(place, "headers", ()),
            prefix=prefix,
            exclude=exclude,
            unclassified=unclassified,
            csp=csp,
            cookies=cookies or CookieOptions(),
            enforce=enforce,
            debug=debug,
        )
        check_policy(options.policy, strict=strict)
        self.deployment: Deployment = Deployment(options, log=kept, place=place, on_decision=on_decision)
        self.dispatcher: Dispatcher = Dispatcher(app, self.deployment)

    def around(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> ConsentMiddleware:
        """Return a middleware around another application that shares this one's state and log."""
        from consentkit.asgi.dispatcher import Dispatcher

        other = copy(self)
        other.app = app
        other.dispatcher = Dispatcher(app, self.deployment)
        return other

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        await self.dispatcher.answer(scope, receive, send)


def check_app(app: object) -> None:
    """Check that something is an ASGI application.

    Raises:
        ConfigurationError: It cannot be called with scope, receive and send.
    """
    if not callable(app) or inspect.isclass(app):
        raise ConfigurationError("expected an ASGI application, such as Starlette()", path="app")
    try:
        inspect.signature(app).bind(None, None, None)
    except TypeError as error:
        raise ConfigurationError(_NO_ASGI, path="app") from error
    except ValueError:
        pass  # a callable without a signature


def _check_kinds(*, policy: object, place: object, on_decision: object) -> None:
    if policy is not None and not isinstance(policy, Policy):
        raise ConfigurationError('expected a Policy, such as Policy.from_toml("consent.toml")', path="policy")
    for name, callback in (("place", place), ("on_decision", on_decision)):
        if callback is not None and not callable(callback):
            raise ConfigurationError("expected something that can be called", path=name)


def _open_log(log: object) -> ConsentLog | None:
    from consentkit.log import ConsentLog

    if log is None or isinstance(log, ConsentLog):
        return log
    if not isinstance(log, (str, Path)):
        raise ConfigurationError("expected a path, sqlite:///…, a ConsentLog, or None", path="log")
    return ConsentLog(log)


def _plain(key: str | Secret) -> str:
    return str(key) if isinstance(key, Secret) else key


class HasScope(Protocol):
    """A request of Starlette, FastAPI, Litestar, Quart, Django under ASGI and their like."""

    @property
    def scope(self) -> Mapping[str, Any]:
        """The ASGI scope."""


class HasEnviron(Protocol):
    """A request of Flask and other WSGI frameworks, whose adapter has put the ASGI scope into the environ."""

    @property
    def environ(self) -> Mapping[str, Any]:
        """The WSGI environ."""


def get_consent(request: HasScope | HasEnviron | Mapping[str, Any]) -> Consent:
    """Return what the visitor allows.

    Args:
        request: A request, a WebSocket, or an ASGI scope.

    Example:
        In FastAPI it is a dependency: ``consent: Annotated[Consent, Depends(get_consent)]``.

    Raises:
        ConfigurationError: The middleware is not around the app, or the request did not come through it.
    """
    consent = _scope_of(request).get("state", {}).get("consent")
    if not isinstance(consent, Consent):
        problem = "there is no consent on this request: wrap the app: app = with_consent(app, …)"
        raise ConfigurationError(problem)
    return consent


# FastAPI reads the annotation at run time; HTTPConnection stands for requests and WebSockets.
get_consent.__annotations__["request"] = HTTPConnection


def _scope_of(request: object) -> Mapping[str, Any]:
    # Starlette's requests are mappings themselves: of their scope.
    scope = request if isinstance(request, Mapping) else getattr(request, "scope", None)
    environ = getattr(request, "environ", None)
    if scope is None and isinstance(environ, Mapping):
        scope = environ.get("asgi.scope")
    if not isinstance(scope, Mapping):
        raise ConfigurationError(_NO_SCOPE)
    return scope
