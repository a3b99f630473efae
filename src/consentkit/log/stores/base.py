"""The contract between the log and what keeps it. The docstrings are the contract.

A store keeps rows, tiles, head, notices and roll-ups together: every transaction moves all of them or none.
What is written is decided by `consentkit.log.operations`, the same for every store; a store brings the
transaction that they run in, and views to read from. It knows no event loop: the log calls it from worker
threads. A new SQL database needs little more than `stores.sql` leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, TypeAlias, TypeVar

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.counters import Observation
from consentkit.record.entry import Bundle, EntryType
from consentkit.tlog.tree import TileId

T = TypeVar("T")

Outcome: TypeAlias = int | LogError
"""What became of one item: the index of its leaf, or why the log does not take it."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The tree's head.

    Attributes:
        size: Number of leaves.
        root: Their root hash, 32 bytes.
        checkpoint: The signed note that says so (C2SP tlog-checkpoint); None where the log has no key.
        open_days: Days with decisions that no roll-up counts yet, sorted.
    """

    size: int
    root: bytes
    checkpoint: str | None = None
    open_days: tuple[str, ...] = ()


class Row(msgspec.Struct, frozen=True, gc=False):
    """One leaf and what it stands for.

    `at`, `subject`, `body` and `salt` are None once erased; a notice has no salt.
    """

    index: int
    id: str
    type: EntryType
    at: str | None
    subject: str | None
    body: bytes | None
    salt: bytes | None
    leaf: bytes


RawRow: TypeAlias = tuple[int, str, EntryType, str | None, str | None, bytes | None, bytes | None, bytes]
"""The fields of a `Row`, in order."""


class Rollup(msgspec.Struct, frozen=True, order=True):
    """Which decisions are counted together, day by day (``YYYY-MM-DD``, UTC)."""

    day: str
    regime: str
    locale: str
    notice: str
    action: str


class Counted(msgspec.Struct, frozen=True):
    """How many decisions there are of one kind, and how many the latest roll-up that counts them told."""

    count: int
    told: int = 0


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction adds.

    Attributes:
        rows: New rows, numbered from the size of the tree.
        bundles: Notices that are new.
        daily: What to add to the daily counts.
        told: What roll-ups among the rows tell, to be kept beside the counts.
        tiles: Tiles that are new or longer than before, whole.
        head: The head from now on.
    """

    rows: Sequence[Row]
    bundles: Sequence[Bundle]
    daily: Mapping[Rollup, int]
    told: Mapping[Rollup, int] = {}
    tiles: Mapping[TileId, bytes]
    head: Head


class View(Protocol):
    """The log as it stood at one moment, whatever is appended meanwhile."""

    def head(self) -> Head:
        """Return the tree's head; an empty log has size 0 and RFC 6962's empty root."""

    def rows(self, start: int = 0, stop: int | None = None) -> Iterator[Row]:
        """Stream the rows with `start` ≤ index < `stop` in order, in bounded memory."""

    def raw_rows(self, start: int, stop: int) -> Iterator[RawRow]:
        """Stream what `rows` does as plain tuples: verifying a log makes a `Row` of few of them."""

    def find(self, id: str) -> Row | None:
        """Return the row of an entry's id, or of a notice's hash."""

    def of_subject(self, subject: str, *, last: int | None = None) -> Sequence[Row]:
        """Return the rows of one visitor, or the `last` of them, in order."""

    def of_type(self, type: EntryType) -> Iterator[Row]:
        """Stream the rows of a type other than ``decision``, in order."""

    def search(self, *, day: str, action: str, start: int, before: int, limit: int) -> Sequence[Row]:
        """Return at most `limit` rows with `start` ≤ index < `before`, the highest index first.

        Args:
            day: Only those of that day (``YYYY-MM-DD``), unless empty.
            action: Only decisions of that action, unless empty.
        """

    def tile(self, tile: TileId) -> bytes | None:
        """Return a tile's hashes."""

    def notice(self, hash: str) -> bytes | None:
        """Return a notice's canonical bytes."""

    def asset(self, hash: str) -> bytes | None:
        """Return an asset's bytes."""

    def assets(self) -> Iterator[tuple[str, bytes]]:
        """Stream every asset: hash and bytes."""

    def extent(self) -> tuple[int, int]:
        """Return how many tiles and how many notices are kept."""

    def daily(self, since: str = "", until: str = "9999") -> Mapping[Rollup, int]:
        """Return the counts of decisions for days from `since` to `until`, both included."""

    def observations(self, kind: str, since: str = "", until: str = "9999") -> Mapping[Observation, int]:
        """Return the counts of a kind for days from `since` to `until`, both included."""

    def check_tables(self) -> None:
        """Raise LogCorrupt unless the tables are those of a log, with nothing attached to them."""

    def check_indexes(self) -> None:
        """Raise LogCorrupt unless what the store looks up by index is all that its tables have."""


class Transaction(Protocol):
    """One transaction of a store: nothing of it is seen before all of it is durable."""

    def head(self) -> Head:
        """Return the head. No other transaction changes the tree before this one ends."""

    def known(
        self, ids: Sequence[str], tiles: Iterable[TileId]
    ) -> tuple[dict[str, int], dict[TileId, bytes]]:
        """Return the index of each of `ids` that is in the log, and those of `tiles` that there are."""

    def counted(self, day: str) -> Mapping[Rollup, Counted]:
        """Return a day's counts, and what of them roll-ups have told."""

    def of_subject(self, subject: str) -> Sequence[Row]:
        """Return the rows of one visitor, in order."""

    def leaves(self, start: int, stop: int, *, before: str) -> Iterable[tuple[int, bytes]]:
        """Return index and leaf of rows with `start` ≤ index < `stop` that have a body from before a day."""

    def write(self, change: Change) -> None:
        """Write what an operation adds."""

    def sign(self, checkpoint: str) -> None:
        """Replace the head's checkpoint."""

    def blank(self, indexes: Sequence[int]) -> None:
        """Destroy time, subject, body and salt of rows; what the store had of them cannot be read again."""

    def count(self, counts: Mapping[Observation, int]) -> None:
        """Add to what was observed, and keep the `MOST` largest counts of each kind and day."""


Script: TypeAlias = Callable[[Transaction], T]
"""What is done in a transaction. It may be run again, so it must do nothing else."""


class Store(Protocol):
    """Keeps one log."""

    def transact(self, script: Script[T]) -> T:
        """Run a script in one transaction. When it returns, all that it wrote is on disk.

        If the outcome cannot be known (the connection broke during the commit), the script is run once more:
        entries are known by their ids and are not written twice.

        Raises:
            LogUnavailable: Nothing is known to be recorded. Repeating it later is always safe.
            LogCorrupt: What is stored contradicts itself, or is not a consent log; nothing was recorded.
        """

    def snapshot(self) -> AbstractContextManager[View]:
        """Open a view of the present state. Reading delays no transaction.

        Raises:
            LogUnavailable: The store cannot be read now, or another version of this package wrote it.
            LogCorrupt: What is stored is not a consent log.
        """

    def rehearse(self) -> Head | None:
        """Do all that a commit does, and take it back; make, migrate and keep nothing.

        Returns:
            The head; None where the tables are of an older version, which the next commit brings up to date.

        Raises:
            LogMissing: There is no log yet; it can be made.
            LogUnavailable, LogCorrupt: As `transact`.
        """

    def tidy(self) -> None:
        """Give back what many destroyed rows have held.

        Raises:
            LogUnavailable: It cannot be done now.
        """

    def close(self) -> None:
        """Close this process's handles. The next use opens them again."""
