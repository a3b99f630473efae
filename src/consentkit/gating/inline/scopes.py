"""The names of a script: which function a name belongs to."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tree_sitter import Node

Key = tuple[int, str]
"""A name and the function that declares it, by its place in the script's order."""

GLOBAL: Final = -1
FIELD: Final = -2
"""Stands for every object: members are told apart by their names alone."""
RETURN: Final = -3
"""Stands for what a function returns; the name is the offset of the function."""


class Scopes:
    """The functions of a script and the names they declare. Blocks count as part of their function.

    Args:
        functions: All functions.
    """

    def __init__(self, functions: Sequence[Node]) -> None:
        ordered = sorted(functions, key=lambda node: node.start_byte)
        self._starts = [node.start_byte for node in ordered]
        self._ends = [node.end_byte for node in ordered]
        self._around: list[int] = []
        self._declared: set[Key] = set()
        for index in range(len(ordered)):
            self._around.append(self._last(index - 1, self._starts[index]))

    def _last(self, index: int, place: int) -> int:
        while index >= 0 and self._ends[index] <= place:
            index = self._around[index]
        return index

    def at(self, place: int) -> int:
        """Return the innermost function around an offset, `GLOBAL` where there is none."""
        return self._last(bisect_right(self._starts, place) - 1, place)

    def start(self, scope: int) -> int:
        """Return the offset of a function."""
        return self._starts[scope] if scope >= 0 else GLOBAL

    def outside(self, place: int) -> int:
        """Return the function around the one that begins at an offset."""
        scope = self.at(place)
        return self._around[scope] if scope >= 0 and self._starts[scope] == place else scope

    def declare(self, name: str, scope: int) -> Key:
        """Take note that a function declares a name."""
        self._declared.add((scope, name))
        return scope, name

    def find(self, name: str, place: int) -> Key:
        """Return what a name at an offset stands for; the page's own global if nothing declares it."""
        scope = self.at(place)
        while scope >= 0 and (scope, name) not in self._declared:
            scope = self._around[scope]
        return scope, name

    def declares(self, key: Key) -> bool:
        """Tell whether the script itself declares a name."""
        return key in self._declared
