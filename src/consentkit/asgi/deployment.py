"""What the middleware keeps for all connections: the options, the log, the site's own callbacks."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Literal, TypeAlias

from starlette.types import Scope

from consentkit.consent import Decision
from consentkit.log import ConsentLog
from consentkit.log.evidence import PUBLIC_THREADS
from consentkit.log.process import Threads
from consentkit.policy import Place
from consentkit.web.endpoints.router import Endpoints
from consentkit.web.options import Options
from consentkit.web.resolve import Resolver
from consentkit.web.trial import Trial

PlaceResolver: TypeAlias = Callable[[Scope], Place | None]
OnDecision: TypeAlias = Callable[[Decision, Scope], Awaitable[None] | None]

_LEVELS = {"error": logging.ERROR, "warning": logging.WARNING}
_logger = logging.getLogger("consentkit")


class Deployment:
    """One policy as it is deployed, and what its shell needs. Arguments as in `ConsentMiddleware`.

    Attributes:
        options: What the core needs.
        log: The consent log, or ``None``.
        place: Tells where visitors are.
        on_decision: The site's own callback.
        resolver: Resolves requests.
        endpoints: The package's own pages.
        trial: What was found while nothing is enforced.
        threads: Read what anybody may know of the log.
    """

    def __init__(
        self,
        options: Options,
        *,
        log: ConsentLog | None,
        place: PlaceResolver | None,
        on_decision: OnDecision | None,
    ) -> None:
        self.options = options
        self.log = log
        self.place = place
        self.on_decision = on_decision
        self.resolver: Resolver = Resolver(options)
        self.endpoints: Endpoints = Endpoints(options)
        self.trial: Trial = Trial()
        self.threads: Threads = Threads(PUBLIC_THREADS)
        self._told: set[str] = set()

    def place_of(self, scope: Scope) -> Place | None:
        """Ask the resolver. One that fails leaves the place unknown, for which the strictest regime holds."""
        if self.place is None:
            return None
        try:
            place = self.place(scope)
            if place is not None and not isinstance(place, Place):
                raise TypeError(f"a place resolver returns a Place or None, not {type(place).__name__}")
            return place
        except Exception:
            _logger.exception("the place resolver failed; the place counts as unknown")
            return None

    def tell(self, level: Literal["error", "warning"], text: str, *, topic: str = "") -> None:
        """Log something; of one topic only what comes first."""
        if topic in self._told:
            return
        if topic:
            self._told.add(topic)
        _logger.log(_LEVELS[level], "%s", text)
