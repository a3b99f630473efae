"""Advisory file locks between processes, and forks: what a child must not inherit. Where the system has
no locks, nothing is locked.

A lock belongs to the open descriptor, so threads exclude each other as processes do, and it lives as long
as any copy of the descriptor: a forked child closes the copies that it got.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

try:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
except ImportError:  # pragma: no cover - not a POSIX system
    LOCK_EX = LOCK_NB = LOCK_UN = 0  # type: ignore[misc]

    def flock(fd: int, operation: int, /) -> None:  # type: ignore[misc]
        """Lock nothing."""


class ForkAware(Protocol):
    """Owns handles or locks that are of no use, or harmful, in a child process."""

    def before_fork(self) -> None:
        """Put away what can be put away, in the thread that forks."""

    def after_fork(self, *, child: bool) -> None:
        """Go on in the parent, or drop in the child what was inherited all the same."""


_aware: WeakSet[ForkAware] = WeakSet()


def tell_of_forks(owner: ForkAware) -> None:
    """Call `owner` before and after every fork of this process for as long as it lives."""
    _aware.add(owner)


_held: set[int] = set()


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock on a file, which is made where it is missing.

    Without `wait`, yields False at once where somebody else holds it.
    """
    descriptor = _open(path)
    try:
        try:
            flock(descriptor, LOCK_EX if wait else LOCK_EX | LOCK_NB)
        except BlockingIOError:
            held = False
        else:
            held = True
        yield held
    finally:
        _release(descriptor)


@contextmanager
def turn(path: Path) -> Iterator[None]:
    """Hold a turn at `path`, given fairly: who has just had one cannot overtake who waits.

    A lock alone goes to whoever asks first after its release, mostly the process that released it. Here
    the place at the head of the line (``PATH.line``) is kept until the turn (``PATH.turn``) is taken.
    """
    descriptor = _open(path.with_name(path.name + ".turn"))
    try:
        with locked(path.with_name(path.name + ".line")):
            flock(descriptor, LOCK_EX)
        yield
    finally:
        _release(descriptor)


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    _held.add(descriptor)
    return descriptor


def _release(descriptor: int) -> None:
    # In a child that was forked meanwhile, the descriptor is closed already.
    if descriptor not in _held:
        return
    _held.remove(descriptor)
    flock(descriptor, LOCK_UN)
    os.close(descriptor)


def _before_fork() -> None:
    for owner in list(_aware):
        owner.before_fork()


def _after_fork(*, child: bool) -> None:
    while child and _held:
        os.close(_held.pop())
    for owner in list(_aware):
        owner.after_fork(child=child)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=partial(_after_fork, child=False),
        after_in_child=partial(_after_fork, child=True),
    )
