"""The outbox: a queue of refusals and withdrawals for the time that the store cannot be reached.

A file outbox holds one JSON object per line, ``{"entry": …}`` or ``{"bundle": …}``. Files beside it:

``.draining``  items that are being committed; after a crash they are committed again, which is harmless:
               entries are known by their ids
``.refused``   lines that cannot be read and items that the log rejects, for a person to look at
``.lock``      lock for appending or moving the file aside, never held during a commit
``.drainer``   lock for the whole of draining
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

import msgspec

from consentkit.exceptions import LogError, LogUnavailable, OutboxFull
from consentkit.log.process import file_lock, register_at_fork, sync_folder
from consentkit.log.stores.values import Commit, Outcome
from consentkit.record.entry import Bundle, Entry, Item

MEMORY_LIMIT = 10_000
"""Maximum items of an outbox in memory."""
REPORT_SECONDS = 60.0
"""Time between two log lines while items wait."""
DRAIN_BATCH = 512
"""Items that are handed over in one commit."""

_logger = logging.getLogger("consentkit.log")


class MemoryOutbox:
    """An outbox in memory: a crash loses its items.

    Attributes:
        pending: Whether there may be items that are not being drained.
    """

    def __init__(self) -> None:
        self.pending: bool = False
        self._items: deque[Item] = deque()
        # Those among the items; others may be gone from the log as well.
        self._bundles: set[str] = set()
        self._draining = threading.Lock()
        register_at_fork(self)

    def before_fork(self) -> None:
        """Nothing to put away."""

    def after_fork(self, *, child: bool) -> None:
        """Free the lock that a thread of the parent process may have held."""
        if child:
            self._draining = threading.Lock()
            self.pending = bool(self._items)

    def put(self, items: Sequence[Item]) -> None:
        """Add items, each notice once; raise `OutboxFull` beyond `MEMORY_LIMIT`."""
        new = [item for item in items if item.id not in self._bundles]
        if len(self._items) + len(new) > MEMORY_LIMIT:
            raise OutboxFull(f"the outbox in memory holds {MEMORY_LIMIT} items already")
        self._items.extend(new)
        self._bundles.update(item.id for item in items if isinstance(item, Bundle))
        self.pending = True

    def depth(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def drain(self, commit: Commit, *, wait: bool = False) -> int:
        """Pass all items to `commit`, as `FileOutbox` does."""
        if not self._draining.acquire(blocking=wait):
            return 0
        try:
            # Before the items are listed: `put` sets it again for what it adds from now on.
            self.pending = False
            self._bundles = set()
            items = list(self._items)
            _hand_over(items, commit)
            for _ in items:
                self._items.popleft()
        finally:
            if self._items:
                self.pending = True
            self._draining.release()
        return len(items)


class FileOutbox:
    """An outbox in a file: on disk before `put` returns, shared by processes."""

    def __init__(self, path: Path) -> None:
        """Args: path: the file, made when it is first needed, readable by its owner only."""
        self._path = path
        self._lock, self._drainer, self._draining, self._refused = (
            path.with_name(path.name + suffix) for suffix in (".lock", ".drainer", ".draining", ".refused")
        )
        # The notices that this process has put into the file.
        self._put: frozenset[str] = frozenset()

    def put(self, items: Sequence[Item]) -> None:
        """Append items, in order. An id may be put twice: the store records it once.

        Raises:
            OutboxFull: They are not kept.
        """
        try:
            with file_lock(self._lock):
                # A file that was drained is a new one.
                bundles = self._put if _size(self._path) else frozenset[str]()
                _append(self._path, [_encode(item) for item in items if item.id not in bundles])
                self._put = bundles | {item.id for item in items if isinstance(item, Bundle)}
        except OSError as error:
            raise OutboxFull(f"the outbox cannot be written: {error.strerror}") from error

    def depth(self) -> int:
        """Return how many items wait; raise LogUnavailable if that cannot be read."""
        count = 0
        try:
            for path in (self._draining, self._path):
                with suppress(FileNotFoundError):  # another process may be draining it
                    count += path.read_bytes().count(b"\n")
        except OSError as error:
            raise LogUnavailable(f"the outbox cannot be read: {error.strerror}") from error
        return count

    @property
    def pending(self) -> bool:
        """Whether there may be items. Cheap."""
        return _size(self._path) > 0 or _size(self._draining) > 0

    def drain(self, commit: Commit, *, wait: bool = False) -> int:
        """Pass all items to `commit`, in order, then remove them; return how many there were.

        If `commit` raises, nothing is removed. Rejected items are set aside. While another thread or process
        drains, it does nothing; with `wait` it waits and drains the rest.
        """
        try:
            with file_lock(self._drainer, wait=wait) as alone:
                # Items left over by a crash or a failure come first, then those put since.
                return sum(self._drain_moved(commit) for _ in iter(self._move, False)) if alone else 0
        except OSError as error:
            raise LogUnavailable(f"the outbox cannot be read: {error.strerror}") from error

    def _move(self) -> bool:
        """Move the file to ``.draining`` unless there is one, so that nobody appends to what is drained."""
        with file_lock(self._lock):
            if not self._draining.exists() and _size(self._path) > 0:
                os.replace(self._path, self._draining)
        return self._draining.exists()

    def _drain_moved(self, commit: Commit) -> int:
        items: dict[str, Item] = {}
        aside: list[bytes] = []
        for line in filter(None, self._draining.read_bytes().split(b"\n")):
            item = _decode(line)
            if item is None:
                aside.append(line)
            else:
                items.setdefault(item.id, item)
        refused = _hand_over(list(items.values()), commit)
        _append(self._refused, [*aside, *map(_encode, refused)])
        self._draining.unlink()
        return len(items)


Outbox: TypeAlias = MemoryOutbox | FileOutbox
"""Keeps items until the store takes them."""


class OutboxReport:
    """Writes one line to the server's log when items begin to wait, one each minute, and one at the end.

    The lines of a minute come with the requests that cannot be recorded.

    Attributes:
        begun: Whether the line at the end is still to come.
    """

    def __init__(self) -> None:
        self.begun: bool = False
        self._said = 0.0

    def wait(self, outbox: Outbox, why: Exception) -> None:
        """Report that items wait, unless that was said within the last minute."""
        now = time.monotonic()
        if not self.begun or now - self._said >= REPORT_SECONDS:
            since = "" if self.begun else " from now on"
            _logger.warning("%d items wait in the outbox%s: %s", outbox.depth(), since, why)
            self.begun, self._said = True, now

    def settle(self, outbox: Outbox, *, written: int = 0) -> None:
        """Report that nothing waits any more, if so: this or another process has `written` it."""
        if (written or self.begun) and not outbox.depth():
            _logger.warning("nothing waits in the outbox any more")
            self.begun = False


class _Line(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    entry: Entry | None = None
    bundle: Bundle | None = None


def _encode(item: Item) -> bytes:
    return msgspec.json.encode(_Line(bundle=item) if isinstance(item, Bundle) else _Line(entry=item))


def _decode(line: bytes) -> Item | None:
    """Read one line; None if it is incomplete (its writer crashed) or something else."""
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError, LogError):
        return None
    return found.entry or found.bundle


def _hand_over(items: Sequence[Item], commit: Commit) -> list[Item]:
    """Commit in batches; return what was refused."""
    outcomes: list[Outcome] = []
    for start in range(0, len(items), DRAIN_BATCH):
        outcomes += commit(items[start : start + DRAIN_BATCH])
    refused = []
    for item, outcome in zip(items, outcomes, strict=True):
        if isinstance(outcome, LogError):
            _logger.error("the consent log refuses %s from the outbox: %s", item.id, outcome)
            refused.append(item)
    return refused


def _append(path: Path, lines: Iterable[bytes]) -> None:
    """Append lines and wait until they are on disk; on failure leave the file as it was."""
    data = b"".join(line + b"\n" for line in lines)
    if not data:
        return
    new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        # A process killed while writing leaves half a line: begin a new one.
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            data = b"\n" + data
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, size)
            raise
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def _size(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0
