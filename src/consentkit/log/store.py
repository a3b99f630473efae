"""The contract between the log and what keeps it. The docstrings are the contract.

A store keeps rows, tiles, head, notices and roll-ups together: every commit moves all of them or none.
It knows nothing of event loops; the log calls it from worker threads, one commit at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.entry import Item
from consentkit.log.observations import Observation
from consentkit.tlog import TileId

Outcome: TypeAlias = int | LogError
"""What became of one item: the index of its leaf, or why the log does not take it."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The tree's head: number of leaves, and their root hash (32 bytes)."""

    size: int
    root: bytes


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One leaf and what it stands for. `body` and `salt` are None once erased; a notice has no salt."""

    index: int
    id: str
    at: str
    subject: str | None
    body: bytes | None
    salt: bytes | None
    leaf: bytes


class Rollup(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Which decisions are counted together, day by day (``YYYY-MM-DD``, UTC)."""

    day: str
    regime: str
    locale: str
    notice: str
    action: str


class View(Protocol):
    """Everything as it stood at one moment, whatever is appended meanwhile."""

    def head(self) -> Head:
        """Return the tree's head; an empty log has size 0 and RFC 6962's empty root."""

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream the rows with `start` ≤ index < `stop` in order, in bounded memory."""

    def find(self, id: str) -> Row | None:
        """Return the row of an entry's id, or of a notice's hash."""

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""

    def daily(self, since: str = "", until: str = "9999") -> Mapping[Rollup, int]:
        """Return the counts of decisions for days from `since` to `until`, both included."""

    def observations(self, kind: str, since: str = "", until: str = "9999") -> Mapping[Observation, int]:
        """Return the counts of a kind for days from `since` to `until`, both included."""


class Store(Protocol):
    """Keeps one log."""

    def commit(self, batch: Sequence[Item]) -> list[Outcome]:
        """Append a batch durably, in one transaction, and say what became of each item.

        Under the store's lock it reads the head again, drops items whose id is already there (their
        outcome is the index they have), refuses decisions that name a notice which is neither in the log
        nor before them in the batch, numbers the rest and writes rows, tiles, roll-ups and head. When it
        returns, all of it is on disk. A refused item does not keep the others out.

        Raises:
            LogUnavailable: Nothing is known to be recorded. If the outcome could not be known (the
                connection broke during the commit) the store has already repeated the batch once, with
                the same ids. Repeating it later is always safe.
            LogCorrupt: What is stored contradicts itself; nothing was recorded.
        """

    def observe(self, counts: Mapping[Observation, int]) -> None:
        """Add to the counts, in one transaction, and keep the `MOST` largest of each kind and day.

        Raises:
            LogUnavailable: They are not known to be added.
            LogCorrupt: What is stored is not a consent log.
        """

    def snapshot(self) -> AbstractContextManager[View]:
        """Open a view of the present state. Reading delays no commit.

        Raises:
            LogUnavailable: The store cannot be read now, or another version of this package wrote it.
            LogCorrupt: What is stored is not a consent log.
        """

    def close(self) -> None:
        """Close this process's handles. The next use opens them again."""
