"""`Entry`, one record of the consent log, and `Bundle`, a notice to publish.

There is no field for an IP address, a URL or a full user agent, and the patterns of the other fields reject
them: the log contains only what is needed to prove a decision.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec

from consentkit.consent.decision import Source
from consentkit.exceptions import LogError
from consentkit.policy import Regime

EntryType: TypeAlias = Literal[
    "decision", "notice", "rollup", "correction", "erasure", "purge", "invalidated", "break"
]
Action: TypeAlias = Literal["accept_all", "reject_all", "save", "withdraw", "allow_vendor"]

NAMES_LIMIT = 1000
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
"""RFC 3339 in UTC, in the only form that is recorded."""

REASON = re.compile(r"[A-Za-z][A-Za-z ,;'-]{0,199}")
"""Words: with digits or dots they could hold an address."""

_VERSION_7 = 7 << 76
_VARIANT = 2 << 62

_HASH = re.compile(r"[0-9a-f]{64}")
_UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_LOST = re.compile(f"{_UUID7.pattern}|{_HASH.pattern}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_is_name = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}").fullmatch

# Patterns of the fields for each type of entry; None is always allowed. Addresses and user agents match none.
_ANY: Mapping[str, re.Pattern[str]] = {
    "id": _UUID7,
    "at": TIME,
    "expires": re.compile(f"({TIME.pattern})?", re.ASCII),
    "subject": re.compile(r"[A-Za-z0-9_-]{16,64}"),
    "previous": _UUID7,
    "country": re.compile(r"([A-Z]{2})?"),
    "locale": re.compile(r"([A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4})?"),
    "agent": re.compile(r"[A-Za-z][A-Za-z ]{0,31}"),
}
_DECISION: Mapping[str, re.Pattern[str]] = {
    **_ANY,
    "regime": re.compile("|".join(Regime)),
    "action": re.compile("|".join(get_args(Action))),
    "source": re.compile("|".join(get_args(Source))),
    "notice": _HASH,
}
_PATTERNS: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "decision": _DECISION,
    "notice": {**_ANY, "id": _HASH},
    "rollup": {**_ANY, "closes": _DAY},
    "correction": {**_ANY, "closes": _DAY, "corrects": _UUID7, "reason": REASON},
    "erasure": _ANY,
    "purge": {**_ANY, "before": _DAY},
    "invalidated": _ANY,
    "break": {**_ANY, "given_up": re.compile(r"\d{1,18} [0-9a-f]{64}", re.ASCII), "reason": REASON},
}

# Types of entries about the log itself, and the fields that only they have: all of them.
_BOOKS: Mapping[EntryType, frozenset[str]] = {
    "rollup": frozenset(("closes", "counts")),
    "correction": frozenset(("closes", "counts", "corrects", "reason")),
    "erasure": frozenset(("erased",)),
    "purge": frozenset(("before", "stop")),
    "break": frozenset(("common", "given_up", "lost", "reason")),
}
_BOOK_FIELDS = frozenset[str]().union(*_BOOKS.values())

BOOKS: frozenset[EntryType] = frozenset(_BOOKS)
"""Types of entries about the log itself, such as erasures. Only the log writes them."""

_encode = msgspec.json.Encoder(order="sorted").encode


class Count(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """The number of decisions of one day with the same regime, language, notice (hash) and action."""

    regime: str
    locale: str
    notice: str
    action: str
    count: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One record of the consent log. Validated on creation.

    Args:
        id: UUIDv7, lower case; of a notice its hash.
        type: A visitor's ``decision``, or an entry about the log itself.
        at: When it happened, RFC 3339 in UTC with a final ``Z``.
        subject: The visitor's random id; None until the first grant.
        previous: Id of the visitor's decision before this one.
        regime: The regime before the choice.
        country: ISO 3166-1 alpha-2, upper case; empty if the place is unknown.
        action: What the visitor did.
        source: Where the visitor did it.
        granted: Purposes and vendors granted, sorted.
        denied: Purposes and vendors denied, sorted; nothing is in both.
        fingerprints: Purpose → fingerprint of its declaration.
        notice: SHA-256 of the notice that was shown, hex.
        locale: Language tag of the notice.
        signals: Names of the browser's signals, sorted.
        expires: When the grants expire, as `at`; empty without grants.
        agent: The browser's family, letters only.
        closes: ``rollup``, ``correction``: the day (``YYYY-MM-DD``) whose decisions before it are counted.
        counts: ``rollup``: the counts that have changed since that day's last roll-up, sorted;
            ``correction``: what that roll-up should have told. An empty key stands for erased decisions of
            which nothing is known but the day.
        corrects: ``correction``: id of the roll-up that is wrong.
        erased: ``erasure``: indexes of the erased entries, sorted.
        before: ``purge``: decisions before this day …
        stop: … and below this index were erased.
        common: ``break``: how many entries this log and the branch that is given up have in common.
        given_up: ``break``: size and root (hex) of that branch's last checkpoint, with a space between.
        lost: ``break``: ids of entries of that branch that could not be kept, sorted.
        reason: ``correction``, ``break``: why, in letters.

    Raises:
        LogError: A field is invalid; the message names the field, not its value.
    """

    id: str
    type: EntryType = "decision"
    at: str
    subject: str | None = None
    previous: str | None = None
    regime: str = ""
    country: str = ""
    action: str = ""
    source: str = ""
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    fingerprints: dict[str, str] = {}
    notice: str = ""
    locale: str = ""
    signals: tuple[str, ...] = ()
    expires: str = ""
    agent: str | None = None
    closes: str | None = None
    counts: tuple[Count, ...] | None = None
    erased: tuple[int, ...] | None = None
    before: str | None = None
    stop: int | None = None
    corrects: str | None = None
    common: int | None = None
    given_up: str | None = None
    lost: tuple[str, ...] | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.type not in _PATTERNS:
            raise _refusal("type")
        for field, pattern in _PATTERNS[self.type].items():
            value = getattr(self, field)
            if value is not None and not pattern.fullmatch(value):
                raise _refusal(field)
        for field, time in (("at", self.at), ("expires", self.expires)):
            try:
                if time:  # the pattern matches the 31st of February
                    datetime.fromisoformat(time)
            except ValueError as error:
                raise _refusal(field) from error
        self._check_names()
        own = _BOOKS.get(self.type, frozenset())
        for field in _BOOK_FIELDS:
            if (getattr(self, field) is not None) != (field in own):
                raise _refusal(field)
        if own:
            self._check_books()

    def _check_names(self) -> None:
        """Check that names are sorted, so that a decision has one canonical JSON."""
        for field, names in (
            ("granted", self.granted),
            ("denied", self.denied),
            ("signals", self.signals),
            ("fingerprints", sorted(self.fingerprints)),
        ):
            # Equal to its sorted set: sorted and without duplicates.
            if len(names) > NAMES_LIMIT or list(names) != sorted(set(names)) or not all(map(_is_name, names)):
                raise _refusal(field)
        if not all(map(_is_name, self.fingerprints.values())):
            raise _refusal("fingerprints")
        if not set(self.granted).isdisjoint(self.denied):
            raise _refusal("denied")

    def _check_books(self) -> None:
        """Check the fields of entries about the log itself."""
        for field in ("counts", "erased", "lost"):
            values = getattr(self, field)
            if values is not None and list(values) != sorted(set(values)):
                raise _refusal(field)
        if self.type != "correction" and () in (self.counts, self.erased):
            raise _refusal("counts" if self.counts == () else "erased")
        least = {"erased": min(self.erased or (0,)), "stop": self.stop, "common": self.common}
        for field, number in least.items():
            if (number or 0) < 0:
                raise _refusal(field)
        if not all(map(_LOST.fullmatch, self.lost or ())):
            raise _refusal("lost")

    @property
    def day(self) -> str:
        """The day of `at`, ``YYYY-MM-DD`` in UTC."""
        return self.at[:10]

    def gives_up(self, size: int, root: bytes) -> bool:
        """Say whether this is a break that gives up the tree of so many entries with this root.

        Of the branch's earlier trees only the size is known.
        """
        if self.given_up is None or self.common is None:
            return False
        last, last_root = self.given_up.split(" ")
        return self.common < size < int(last) or (size == int(last) and root.hex() == last_root)

    def encode(self) -> bytes:
        """Return the canonical JSON that is stored and committed to, without None and empty strings."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        for field in _OPTIONAL:
            if plain[field] in (None, ""):
                del plain[field]
        # No field contains characters that JSON escapes or numbers beyond a double, so this is RFC 8785.
        return _encode(plain)

    @classmethod
    def decode(cls, body: bytes) -> "Entry":
        """Read an entry back from its canonical JSON.

        Raises:
            LogError: It is not an entry.
        """
        try:
            return msgspec.json.decode(body, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise LogError("not an entry of the consent log") from error


def uuid7(milliseconds: int) -> str:
    """Make an entry's id, a UUIDv7 (RFC 9562, section 5.7).

    Args:
        milliseconds: Since the epoch, 48 bits. Ids of the same millisecond are not ordered.
    """
    random_a = secrets.randbits(12) << 64
    return str(UUID(int=(milliseconds << 80) | _VERSION_7 | random_a | _VARIANT | secrets.randbits(62)))


def rfc3339(now: int) -> str:
    """Format epoch seconds as an RFC 3339 timestamp in UTC, such as ``2026-11-22T18:00:00Z``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _refusal(field: str) -> LogError:
    return LogError(f"an entry's {field!r} holds what the consent log does not take")


_OPTIONAL = tuple(field.name for field in msgspec.structs.fields(Entry) if field.default in (None, ""))


class Bundle(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A notice and its assets: everything that was shown.

    Args:
        hash: SHA-256 of `body`, hex.
        body: The notice's canonical bytes.
        assets: The CSS and JavaScript that it names, by their SHA-256 in hex.
        at: When it was published, RFC 3339 in UTC with a final ``Z``.

    Raises:
        LogError: A hash is wrong, or the time is invalid.
    """

    hash: str
    body: bytes
    assets: dict[str, bytes] = {}
    at: str

    def __post_init__(self) -> None:
        for name, content in {**self.assets, self.hash: self.body}.items():
            if sha256(content).hexdigest() != name:
                raise LogError(f"a notice or its asset does not have the hash {name!r}")
        self.entry()

    @property
    def id(self) -> str:
        """The id of the notice's entry: its hash."""
        return self.hash

    def entry(self) -> Entry:
        """Return the log's entry that publishes this notice."""
        return Entry(id=self.hash, type="notice", at=self.at, notice=self.hash)


Item: TypeAlias = Entry | Bundle
"""An item to append to a log: an entry, or a notice to publish."""
