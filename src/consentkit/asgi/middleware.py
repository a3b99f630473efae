"""The front door: one pure-ASGI middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from pathlib import Path

from starlette.datastructures import Secret
from starlette.types import ASGIApp, Receive, Scope, Send

from consentkit.asgi.clock import epoch
from consentkit.asgi.csp import CSPMode
from consentkit.asgi.deployment import Deployment, OnDecision, PlaceResolver
from consentkit.asgi.endpoints import Endpoints
from consentkit.asgi.lifespan import answer_lifespan
from consentkit.asgi.observer import Observer
from consentkit.asgi.request import Request
from consentkit.asgi.responder import Responder
from consentkit.asgi.socket import connect_socket
from consentkit.exceptions import ConfigurationError
from consentkit.gating import Unclassified
from consentkit.log import ConsentLog
from consentkit.policy import Policy

# Set on a connection's own scope, never on its state, which some servers share between connections.
_OUTER = "consentkit.outer"


class ConsentMiddleware:
    """Ask visitors for consent, record what they say, and hold back what they have not allowed.

    Put it outside everything that writes HTML. The consent of each request, a :class:`consentkit.Consent`, is
    in ``scope["state"]["consent"]``, which Starlette and FastAPI call ``request.state.consent``.

    Args:
        app: The ASGI application.
        secret_key: Signs the cookies; at least 32 characters, the same in every process.
        secret_key_fallbacks: Older keys, still accepted, so that a rotation asks nobody again.
        log: Where decisions are recorded: a path, ``sqlite:///…``, a :class:`consentkit.ConsentLog`, or
            ``None`` to keep no record on purpose.
        policy: What visitors are told. By default four purposes, no declared vendor, opt-in everywhere.
        place: Tells where a visitor is, such as :class:`consentkit.FromHeaders`; without it nobody's place is
            known and the strictest regime holds.
        prefix: Path of the package's own pages, below the root path.
        exclude: Path prefixes, on segment boundaries, whose responses are left alone.
        unclassified: What happens to third parties that neither policy nor catalog knows: they are reported
            (``report``), held back (``gate``), or let through unseen (``allow``).
        csp: Restrict pages to declared hosts by a second Content-Security-Policy (``enforce``, which implies
            ``unclassified="gate"``), or have browsers report what it would block (``report-only``).
        cookie_domain: Share the decision among the subdomains of this domain.
        https_only: Whether visitors come over https; ``None``: as the request's scheme says.
        enforce: ``False`` changes nothing and logs what would be held back.
        debug: Add a response header that names what was held back and why.
        on_decision: Called with each decision and the request's scope, after it is recorded.

    Raises:
        ConfigurationError: An argument cannot hold.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        secret_key: str | Secret,
        secret_key_fallbacks: Sequence[str | Secret] = (),
        log: ConsentLog | str | Path | None,
        policy: Policy | None = None,
        place: PlaceResolver | None = None,
        prefix: str = "/_consent",
        exclude: Sequence[str] = (),
        unclassified: Unclassified = "report",
        csp: CSPMode = "off",
        cookie_domain: str | None = None,
        https_only: bool | None = None,
        enforce: bool = True,
        debug: bool = False,
        on_decision: OnDecision | None = None,
    ) -> None:
        self.app = app
        _check_kinds(policy=policy, log=log, place=place, on_decision=on_decision)
        self._deployment = Deployment(
            secret_key=_plain(secret_key),
            secret_key_fallbacks=_plain_all(secret_key_fallbacks),
            log=ConsentLog(log) if isinstance(log, (str, Path)) else log,
            policy=Policy() if policy is None else policy,
            place=place,
            prefix=prefix,
            exclude=exclude,
            unclassified=unclassified,
            csp=csp,
            cookie_domain=cookie_domain,
            https_only=https_only,
            enforce=enforce,
            debug=debug,
            on_decision=on_decision,
        )
        self._endpoints = Endpoints(self._deployment)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        if scope["type"] in ("http", "websocket"):
            await self._connect(scope, receive, send)
        elif scope["type"] == "lifespan":
            await answer_lifespan(self.app, scope, receive, send, log=self._deployment.log)
        else:
            await self.app(scope, receive, send)

    def _connect(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        deployment = self._deployment
        if scope.get(_OUTER):
            # Another middleware of this package is further out: two banners would serve nobody.
            return self.app(scope, receive, send)
        request = Request(scope, deployment.https_only)
        now = epoch()
        consent = deployment.consent_of(request, now=now)
        scope.setdefault("state", {})["consent"] = consent
        path = request.path
        excluded = deployment.excludes(path)
        scope[_OUTER] = not excluded
        if scope["type"] == "websocket":
            if excluded or not deployment.enforce:
                return self.app(scope, receive, send)
            return connect_socket(deployment, request, consent, self.app, scope, receive, send)
        if self._endpoints.owns(path):
            return self._endpoints(request, consent, receive, send)
        if excluded:
            return self.app(scope, receive, send)
        if deployment.enforce:
            return Responder(deployment, request, consent, now)(self.app, scope, receive, send)
        return Observer(deployment, request, consent)(self.app, scope, receive, send)


def _check_kinds(*, policy: object, log: object, place: object, on_decision: object) -> None:
    if policy is not None and not isinstance(policy, Policy):
        raise ConfigurationError('expected a Policy, such as Policy.from_toml("consent.toml")', path="policy")
    if log is not None and (isinstance(log, bool) or not isinstance(log, (str, Path, ConsentLog))):
        raise ConfigurationError("expected a path, sqlite:///…, a ConsentLog, or None", path="log")
    for name, callback in (("place", place), ("on_decision", on_decision)):
        if callback is not None and not callable(callback):
            raise ConfigurationError("expected something that can be called", path=name)


def _plain(key: str | Secret) -> str:
    return str(key) if isinstance(key, Secret) else key


def _plain_all(keys: Sequence[str | Secret]) -> Sequence[str]:
    return keys if isinstance(keys, str) else [_plain(key) for key in keys]
