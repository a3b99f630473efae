"""Effects, which endpoints ask of the shell, and their answers, all as values.

An endpoint is a generator: it yields effects, is sent what each comes to, and returns its answer. What goes
wrong with one is thrown into it: `BadRequest` by `ReadBody`, `LogError` by what asks the log, except
`Invalidate` and `Observe`, which nobody waits for: what they cannot write now, the shell keeps or tells of.
"""

from __future__ import annotations

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
    """Something that the shell does for an endpoint."""


class ReadBody(Effect, frozen=True):
    """Read the request's body, at most so many bytes. Comes to bytes.

    Raises:
        BadRequest: 413 with `TOO_LARGE`, or 400 with `CUT_OFF` where the client went away.
    """

    limit: int


class Published(Effect, frozen=True):
    """Look up a notice in the log by its hash. Comes to its canonical bytes, or ``None``."""

    notice: str


class Append(Effect, frozen=True):
    """Append an entry durably, with the notice that it names, if that may not be in the log yet."""

    entry: Entry
    bundle: Bundle | None


class Honour(Effect, frozen=True):
    """Append a refusal, or keep it until the log can take it. Comes to whether it is in the log already."""

    entry: Entry
    bundle: Bundle | None


class Invalidate(Effect, frozen=True):
    """Note that an entry whose outcome is not known was not honoured, under an id of its own."""

    entry: Entry
    id: str
    at: str


class Erase(Effect, frozen=True):
    """Destroy a visitor's entries."""

    subject: str
    at: str


class History(Effect, frozen=True):
    """Read a visitor's latest entries. Comes to a list of them that are not erased, the oldest first."""

    subject: str


class Receipt(Effect, frozen=True):
    """Make a visitor's receipt of what the log proves (`consentkit.record.receipt.make_receipt`).

    For a long history that takes some tenths of a second. Comes to bytes, ``None`` where the log has nothing
    of the visitor.
    """

    subject: str
    site: Site
    settings: str
    id: str
    at: str


class PublicProof(Effect, frozen=True):
    """Read what anybody may know of the log, by its path below ``/log/``. Comes to bytes, or ``None``."""

    path: str


class Observe(Effect, frozen=True):
    """Count what was seen today."""

    kind: str
    keys: list[str]


class Notify(Effect, frozen=True):
    """Tell the site's own callback of a decision. Its failure undoes nothing."""

    decision: Decision


class Tell(Effect, frozen=True):
    """Tell the site's operators.

    Attributes:
        level: How grave it is.
        text: What they are told. Browsers' words may be in it.
        topic: What it is about, if of that only the first text is told.
    """

    level: Literal["error", "warning"]
    text: str
    topic: str = ""


class Answer(msgspec.Struct, frozen=True):
    """An answer of the package's own.

    Attributes:
        status: The HTTP status.
        headers: Names in lower case, with the length of the body among them.
        body: The body; for HEAD as well, which the shell leaves out where its server does not.
    """

    status: int
    headers: Headers
    body: bytes = b""


Steps: TypeAlias = Generator[Effect, Any, Answer]


class Ids(msgspec.Struct, frozen=True):
    """Makes ids, which are random and so are the shell's to make.

    Attributes:
        entry: Makes the id of an entry: a UUIDv7 of this moment.
        subject: Makes a visitor's id.
    """

    entry: Callable[[], str]
    subject: Callable[[], str]
