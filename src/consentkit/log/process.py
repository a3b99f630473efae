"""Worker threads, file locks between processes, and fork handlers for the log.

A file lock belongs to the open descriptor, so threads exclude each other as processes do. It is held until
every copy of the descriptor is closed: a forked child closes its copies. Systems without such locks
(Windows) lock nothing.
"""

import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Protocol, TextIO, TypeAlias, TypeVar
from weakref import WeakSet

from anyio import CapacityLimiter, move_on_after, to_thread
from anyio.lowlevel import RunVar

from consentkit.exceptions import LogUnavailable

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
except ImportError:  # pragma: no cover - not a POSIX system
    LOCK_EX = LOCK_NB = LOCK_UN = 0  # type: ignore[misc]

    def flock(fd: int, operation: int, /) -> None:  # type: ignore[misc]
        """Lock nothing."""


T = TypeVar("T")

Advance: TypeAlias = Callable[[int], object]
"""Shows progress: called with the number of entries done since it was last called."""


def silent(count: int) -> None:
    """Show no progress."""


_numbers = itertools.count()


class Threads:
    """A bounded number of worker threads for each event loop: a stalled store delays nothing else."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._limiters: RunVar[CapacityLimiter] = RunVar(f"consentkit.log.threads.{next(_numbers)}")

    async def run(self, work: Callable[[], T], *, seconds: float) -> T:
        """Run `work` in a thread and wait at most `seconds`; after that it continues in the background.

        Raises:
            LogUnavailable: It took longer.
        """
        limiter = self._limiters.get(None)
        if limiter is None:
            limiter = CapacityLimiter(self._at_once)
            self._limiters.set(limiter)
        with move_on_after(seconds):
            return await to_thread.run_sync(work, abandon_on_cancel=True, limiter=limiter)
        raise LogUnavailable(f"the consent log's store took longer than {seconds} seconds")


class ForkAware(Protocol):
    """Owns handles or locks that a forked child must not use."""

    def before_fork(self) -> None:
        """Close what can be closed; called in the thread that forks."""

    def after_fork(self, *, child: bool) -> None:
        """Resume in the parent; in the child, drop inherited handles and locks."""


_fork_aware: WeakSet[ForkAware] = WeakSet()
_locked: set[int] = set()


def register_at_fork(owner: ForkAware) -> None:
    """Call `owner` before and after every fork of this process for as long as it lives."""
    _fork_aware.add(owner)


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on a file, which is made where it is missing.

    Yields whether it is held: without `wait` False if somebody else holds it.
    """
    descriptor = _open(path)
    try:
        held = False
        with suppress(BlockingIOError):
            flock(descriptor, LOCK_EX if wait else LOCK_EX | LOCK_NB)
            held = True
        yield held
    finally:
        _release(descriptor)


@contextmanager
def fair_lock(path: Path) -> Iterator[None]:
    """Hold a fair lock at `path`: a process that has just released it cannot overtake waiting ones.

    A plain lock goes to whoever asks first after its release, mostly the process that released it. Here a
    waiter holds ``PATH.line`` until it gets ``PATH.turn``, so the others queue behind it.
    """
    descriptor = _open(path.with_name(path.name + ".turn"))
    try:
        with file_lock(path.with_name(path.name + ".line")):
            flock(descriptor, LOCK_EX)
        yield
    finally:
        _release(descriptor)


@contextmanager
def new_file(
    path: Path, *, sync: bool = True, put: Callable[[Path, Path], None] = os.replace
) -> Iterator[TextIO]:
    """Open a text file for its owner only, which is put at `path` once it is complete, or not at all.

    Args:
        path: Where to.
        sync: Whether to wait until it is on disk.
        put: Puts the complete file there; `os.link` raises FileExistsError where there is one.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            if sync:
                os.fsync(descriptor)
        put(draft, path)
        if sync:
            sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until a folder is on disk: before that, a new file's name is not.

    Raises:
        OSError: It cannot be synchronised.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _locked.add(descriptor)
    return descriptor


def _release(descriptor: int) -> None:
    # In a child that was forked meanwhile, the descriptor is closed already.
    if descriptor in _locked:
        _locked.remove(descriptor)
        flock(descriptor, LOCK_UN)
        os.close(descriptor)


def _before_fork() -> None:
    for owner in list(_fork_aware):
        owner.before_fork()


def _after_fork(*, child: bool) -> None:
    # Closed without unlocking: unlocking one copy of a descriptor would release the parent's lock.
    while child and _locked:
        os.close(_locked.pop())
    for owner in list(_fork_aware):
        owner.after_fork(child=child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=partial(_after_fork, child=False),
        after_in_child=partial(_after_fork, child=True),
    )
