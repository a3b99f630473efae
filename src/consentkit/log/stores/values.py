"""Values passed to and from a store: head, rows, counts, and the changes of a transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeAlias

import msgspec

from consentkit.exceptions import LogError
from consentkit.record.entry import Bundle, Entry, EntryType, Item
from consentkit.tlog.tree import TileId

Outcome: TypeAlias = int | LogError
"""The outcome of one item: the index of its leaf, or why the log rejects it."""

NOTHING = -1
"""The outcome of a note that an entry was not honoured, if that entry is not in the log."""


class Awaited(Protocol):
    """A commit that waiters may give up."""

    awaited: bool


Commit: TypeAlias = Callable[[Sequence[Item]], Sequence[Outcome]]
"""Appends a batch durably, and returns the outcome of each item."""


class Head(msgspec.Struct, frozen=True):
    """The tree's head.

    Attributes:
        size: Number of leaves.
        root: Their root hash, 32 bytes.
        checkpoint: The signed note with size and root (C2SP tlog-checkpoint); None if the log has no key.
        open_days: Days with decisions that no roll-up counts yet, sorted.
    """

    size: int
    root: bytes
    checkpoint: str | None = None
    open_days: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, gc=False):
    """One leaf with its entry.

    `at`, `subject`, `body` and `salt` are None once erased; a notice has no salt.
    """

    index: int
    id: str
    type: EntryType
    at: str | None
    subject: str | None
    body: bytes | None
    salt: bytes | None
    leaf: bytes  # the bytes that the tree hashes; never erased


RawRow: TypeAlias = tuple[int, str, EntryType, str | None, str | None, bytes | None, bytes | None, bytes]
"""The fields of a `Row`, in order."""


class Rollup(msgspec.Struct, frozen=True, order=True):
    """The key of a count of decisions: day (``YYYY-MM-DD``, UTC), regime, locale, notice, action."""

    day: str
    regime: str
    locale: str
    notice: str
    action: str


def rollup_of(entry: Entry) -> Rollup:
    """Return the roll-up key of a decision."""
    return Rollup(entry.day, entry.regime, entry.locale, entry.notice, entry.action)


class Counted(msgspec.Struct, frozen=True):
    """The number of decisions under one key, and the number in the latest roll-up with that key."""

    count: int
    told: int = 0


class Change(msgspec.Struct, frozen=True):
    """The changes of one transaction.

    Attributes:
        rows: New rows, numbered from the size of the tree.
        bundles: New notices.
        daily: Numbers to add to the daily counts.
        told: Counts in the roll-ups among the rows, stored beside the daily counts.
        tiles: New and extended tiles, each whole.
        head: The new head.
    """

    rows: Sequence[Row]
    bundles: Sequence[Bundle]
    daily: Mapping[Rollup, int]
    told: Mapping[Rollup, int]
    tiles: Mapping[TileId, bytes]
    head: Head
