"""Memos that visitors cannot make grow."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(dict[K, V]):
    """A memo of so many entries. Full, it forgets all of them: what comes again is soon known again."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: K, value: V) -> None:
        """Remember something."""
        if len(self) >= self._most:
            self.clear()
        self[key] = value
