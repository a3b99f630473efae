"""What a child process must not inherit is put away before a fork and renewed after it."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


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


def _before() -> None:
    for owner in list(_aware):
        owner.before_fork()


def _in_parent() -> None:
    for owner in list(_aware):
        owner.after_fork(child=False)


def _in_child() -> None:
    for owner in list(_aware):
        owner.after_fork(child=True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
