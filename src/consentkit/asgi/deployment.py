"""`Deployment`, the middleware's state for all connections, and the check of the policy at start."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, TypeAlias

from starlette.types import Scope

from consentkit.asgi.clock import epoch
from consentkit.consent.decision import Decision
from consentkit.exceptions import ConfigurationError
from consentkit.lint import RULES, lint
from consentkit.log import ConsentLog
from consentkit.log.evidence import PUBLIC_THREADS
from consentkit.log.process import Threads
from consentkit.policy import Place, Policy
from consentkit.web.endpoints.router import Endpoints
from consentkit.web.options import Options
from consentkit.web.resolver import Resolver
from consentkit.web.response.gate_report import Trial

PlaceResolver: TypeAlias = Callable[[Scope], Place | None]
OnDecision: TypeAlias = Callable[[Decision, Scope], Awaitable[None] | None]

LEVELS: Final = {"error": logging.ERROR, "warning": logging.WARNING, "note": logging.INFO}
"""Levels of the log and the endpoints, as levels of `logging`."""
_LIST_USED = "list %s: %d rules used; passed over: %s"
_logger = logging.getLogger("consentkit")


@dataclass(eq=False)
class Deployment:
    """The state of one middleware, shared by all connections.

    Attributes:
        options: The options of the core.
        log: The consent log, or ``None``.
        place: Finds out where visitors are.
        on_decision: The site's own callback.
        resolver: Resolves requests.
        endpoints: The package's own pages.
        trial: Counts findings with ``enforce=False``.
        threads: Threads for reading the public part of the log.
    """

    options: Options
    log: ConsentLog | None
    place: PlaceResolver | None
    on_decision: OnDecision | None

    def __post_init__(self) -> None:
        self.resolver: Resolver = Resolver(self.options)
        self.endpoints: Endpoints = Endpoints(self.options)
        self.trial: Trial = Trial()
        self.threads: Threads = Threads(PUBLIC_THREADS)
        self._told: set[str] = set()

    def place_of(self, scope: Scope) -> Place | None:
        """Return where a visitor is; ``None`` if unknown, then the strictest regime applies."""
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
        """Log a message; of one topic only the first."""
        if topic in self._told:
            return
        if topic:
            self._told.add(topic)
        _logger.log(LEVELS[level], "%s", text)


def check_policy(policy: Policy, *, strict: bool) -> None:
    """Log each error that lint finds in a policy, and how much of its lists of hosts is used.

    Raises:
        ConfigurationError: There are errors, and `strict` holds; it lists all of them.
    """
    today = datetime.fromtimestamp(epoch(), UTC).date().isoformat()
    errors = [
        f"lint: rule {RULES[one.rule].number}, {one.where}: {one.message} ({one.fix or RULES[one.rule].fix})"
        for one in lint(policy, today=today)
        if one.level == "error"
    ]
    if errors and strict:
        raise ConfigurationError("; ".join(errors), path="policy")
    for line in errors:
        _logger.error("%s", line)
    for entry in policy.lists:
        level = logging.INFO if entry.hosts.used else logging.WARNING
        kinds = ", ".join(f"{count} {kind}" for kind, count in entry.hosts.passed_over.items())
        _logger.log(level, _LIST_USED, entry.file, entry.hosts.used, kinds or "none")
