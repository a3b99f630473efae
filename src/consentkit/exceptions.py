"""Every error that consentkit raises, in one tree.

    ConsentkitError
    ├── ConfigurationError      the policy, the catalog or an argument is invalid
    │   └── MissingExtra        a feature needs an optional dependency that is not installed
    ├── UnknownPurpose          code asked for a purpose or vendor that the policy does not have
    ├── RewriteError            the rewriter was used after it was closed, or otherwise wrongly
    ├── LogError                the consent log
    │   ├── LogUnavailable      the store cannot be reached, or cannot take entries now
    │   │   └── LogMissing      there is no log yet where one was named
    │   ├── LogCorrupt          the stored data contradict each other
    │   ├── OutboxFull          neither the store nor the outbox can take the entry
    │   └── ProofInvalid        a key, signature or proof is invalid or cannot be read
    ├── ScanError               a site cannot be visited, or no browser can be started
    └── BadRequest              a visitor's request that cannot be honoured (4xx)

No foreign exception crosses a room: each room catches what its libraries raise and raises one of these,
with the evidence as attributes and the cause chained.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ConsentkitError(Exception):
    """Base of all errors of this package."""


class ConfigurationError(ConsentkitError):
    """The configuration is invalid.

    Attributes:
        path: Key path of the place, such as ``vendors.youtube.retention``; empty where there is none.
        problem: One sentence: what was expected, and what was found.
    """

    def __init__(self, problem: str, *, path: str = "") -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


class MissingExtra(ConfigurationError):
    """A feature needs an optional dependency.

    Attributes:
        extra: Name of the extra to install, as in ``pip install "consentkit[cli]"``.
    """

    def __init__(self, feature: str, *, extra: str) -> None:
        super().__init__(f'{feature} needs an optional dependency: pip install "consentkit[{extra}]"')
        self.extra = extra


class UnknownPurpose(ConsentkitError, KeyError):
    """Neither a purpose nor a vendor of the policy has this name.

    Attributes:
        name: What was asked for.
        known: The names that would have been accepted, sorted.
    """

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known: tuple[str, ...] = tuple(sorted(known))
        near = get_close_matches(name, self.known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"no purpose or vendor {name!r} in the policy.{hint} Known: {', '.join(self.known)}")

    def __str__(self) -> str:
        return str(self.args[0])


class RewriteError(ConsentkitError):
    """The rewriter was used after it was closed, or its memory with handlers that select different tags."""


class LogError(ConsentkitError):
    """Base of the consent log's errors."""


class LogUnavailable(LogError):
    """The store cannot be reached, or cannot take entries now.

    Attributes:
        unknown: Whether the entry may have been recorded nevertheless.
    """

    def __init__(self, problem: str, *, unknown: bool = False) -> None:
        super().__init__(problem)
        self.unknown = unknown


class LogMissing(LogUnavailable):
    """There is no log yet where one was named."""


class LogCorrupt(LogError):
    """The store's data contradict each other: evidence of a fault or of tampering."""


class OutboxFull(LogError):
    """Neither the store nor the outbox can take the entry."""


class ProofInvalid(LogError):
    """A key, signature, checkpoint or proof is invalid or cannot be read."""


class ScanError(ConsentkitError):
    """A site cannot be visited, or no browser can be started."""


class BadRequest(ConsentkitError):
    """A visitor's request cannot be honoured.

    Attributes:
        status: The HTTP status, 400 to 499.
        problem: One clear sentence for the visitor or the client's author. Never echoes input.
    """

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status
        self.problem = problem
