"""What a child process must not inherit is renewed in it."""

from __future__ import annotations

import os
from typing import Protocol
from weakref import WeakSet


class Renewable(Protocol):
    """Owns handles or locks that are of no use, or harmful, in a child process."""

    def renew(self) -> None:
        """Drop what was inherited, without closing what the parent still uses."""


_renewables: WeakSet[Renewable] = WeakSet()


def renew_after_fork(owner: Renewable) -> None:
    """Call ``owner.renew()`` in every child process that is forked while `owner` lives."""
    _renewables.add(owner)


def _renew_all() -> None:
    for owner in list(_renewables):
        owner.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
