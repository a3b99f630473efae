"""Effects that endpoints yield, and their `Answer`, all as values.

An endpoint is a generator: it yields effects, receives their results, and returns its answer. Errors are
thrown into it: `BadRequest` by `ReadBody`, `LogError` by effects of the log. `Invalidate` and `Observe` raise
nothing: what cannot be written is kept for later or logged.
"""

from collections.abc import Callable, Generator
from typing import Any, Final, Literal, TypeAlias

import msgspec

from consentkit.consent.decision import Decision
from consentkit.policy import Site
from consentkit.record.entry import Bundle, Entry
from consentkit.web.request import Headers

TOO_LARGE: Final = "The request is too large."
CUT_OFF: Final = "The request was cut off."


class Effect(msgspec.Struct, frozen=True):
    """An action that the shell performs for an endpoint."""


class ReadBody(Effect, frozen=True):
    """Read the request's body, up to a limit. Result: bytes.

    Raises:
        BadRequest: 413 with `TOO_LARGE`, or 400 with `CUT_OFF` if the client disconnected.
    """

    limit: int


class Published(Effect, frozen=True):
    """Look up a notice in the log by its hash. Result: its canonical bytes, or ``None``."""

    notice: str


class Append(Effect, frozen=True):
    """Append an entry durably, with the notice that it names, if that may not be in the log yet."""

    entry: Entry
    bundle: Bundle | None


class Honour(Effect, frozen=True):
    """Append a refusal, with the notice that it names, or keep both in the outbox."""

    entry: Entry
    bundle: Bundle | None


class Invalidate(Effect, frozen=True):
    """Record that an entry with unknown outcome was not honoured, as an entry with its own id."""

    entry: Entry
    id: str
    at: str


class Erase(Effect, frozen=True):
    """Erase a visitor's entries."""

    subject: str
    at: str


class History(Effect, frozen=True):
    """Read a visitor's latest entries. Result: a list of those that are not erased, oldest first."""

    subject: str


class Receipt(Effect, frozen=True):
    """Make a visitor's receipt (`consentkit.record.receipt.make_receipt`).

    For a long history this takes some tenths of a second. Result: bytes; ``None`` if the log has no entries
    of the visitor.
    """

    subject: str
    site: Site
    settings: str
    id: str
    at: str


class PublicProof(Effect, frozen=True):
    """Read a public part of the log by its path below ``/log/``. Result: bytes, or ``None``."""

    path: str


class Health(Effect, frozen=True):
    """Ask for the log's state in this process. Result: `consentkit.log.status.Status`."""


class Observe(Effect, frozen=True):
    """Add to today's counts of observations."""

    kind: str
    keys: list[str]


class Notify(Effect, frozen=True):
    """Call the site's `on_decision`. If it raises, the decision stays valid."""

    decision: Decision


class Tell(Effect, frozen=True):
    """Write a message to the server's log.

    Attributes:
        level: Log level.
        text: The message. It may contain text from browsers.
        topic: If set, only the first message with this topic is logged.
    """

    level: Literal["error", "warning"]
    text: str
    topic: str = ""


class Answer(msgspec.Struct, frozen=True):
    """A response of the package's own endpoints.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case, with the length of the body among them.
        body: The body, for HEAD as well; the shell removes it if the server does not.
    """

    status: int
    headers: Headers
    body: bytes = b""


Steps: TypeAlias = Generator[Effect, Any, Answer]


class Ids(msgspec.Struct, frozen=True):
    """Generators of random ids, provided by the shell.

    Attributes:
        entry: Makes the id of an entry: a UUIDv7 of this moment.
        subject: Makes a visitor's id.
    """

    entry: Callable[[], str]
    subject: Callable[[], str]
