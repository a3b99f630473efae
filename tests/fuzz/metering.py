"""Work counted in calls and in bytes that are looked at, not in time."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, Final, NamedTuple

IN_VAIN: Final = 256
"""Bytes that a match in vain counts for at most."""


class Work(NamedTuple):
    """How much was done.

    Attributes:
        calls: Calls of functions, C functions included.
        seen: Characters or bytes that regular expressions matched or searched in vain.
    """

    calls: int
    seen: int


class Meter:
    """Counts the calls and the bytes of everything that runs in its context."""

    def __init__(self) -> None:
        self.seen = 0
        self._calls = 0

    def work(self, run: Callable[[], object]) -> Work:
        """Run something and return how much it did."""
        self.seen = self._calls = 0
        before = sys.getprofile()
        sys.setprofile(self._count)
        try:
            run()
        finally:
            sys.setprofile(before)
        return Work(self._calls, self.seen)

    def _count(self, frame: FrameType, event: str, argument: object) -> None:
        self._calls += event in ("call", "c_call")


class Metered:
    """A pattern that tells the meter how far each match or search went."""

    def __init__(self, inner: re.Pattern[Any], meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def _seen(self, found: re.Match[Any] | None, at: int, furthest: int) -> re.Match[Any] | None:
        self._meter.seen += (found.end() if found else max(furthest, at)) - at
        return found

    def match(self, text: Any, at: int = 0, end: int = sys.maxsize) -> re.Match[Any] | None:
        # How far a match in vain went is not known; tests/rewriter/test_linear.py counts the whole rest.
        return self._seen(self._inner.match(text, at, end), at, min(end, len(text), at + IN_VAIN))

    def fullmatch(self, text: Any, at: int = 0, end: int = sys.maxsize) -> re.Match[Any] | None:
        return self._seen(self._inner.fullmatch(text, at, end), at, min(end, len(text), at + IN_VAIN))

    def search(self, text: Any, at: int = 0, end: int = sys.maxsize) -> re.Match[Any] | None:
        return self._seen(self._inner.search(text, at, end), at, min(end, len(text)))

    def finditer(self, text: Any, *bounds: int) -> Iterator[re.Match[Any]]:
        at = bounds[0] if bounds else 0
        for found in self._inner.finditer(text, *bounds):
            self._meter.seen += found.end() - at
            at = found.end()
            yield found
        self._meter.seen += max(min(bounds[1] if len(bounds) > 1 else sys.maxsize, len(text)) - at, 0)

    def findall(self, text: Any, *bounds: int) -> list[Any]:
        self._meter.seen += len(text)
        return self._inner.findall(text, *bounds)

    def sub(self, new: Any, text: Any, count: int = 0) -> Any:
        self._meter.seen += len(text)
        return self._inner.sub(new, text, count)


@contextmanager
def metered(*packages: str) -> Iterator[Meter]:
    """Meter every compiled pattern that modules of these packages hold, in containers too."""
    meter = Meter()
    known: dict[int, Metered] = {}

    def wrap(value: Any) -> Any:
        if isinstance(value, re.Pattern):
            return known.setdefault(id(value), Metered(value, meter))
        if type(value) in (tuple, list):
            return type(value)(map(wrap, value))
        if type(value) is dict:
            return {key: wrap(item) for key, item in value.items()}
        return value

    changed: list[tuple[ModuleType, str, Any]] = []
    for module in [m for name, m in sys.modules.items() if name.startswith(packages)]:
        for name, value in list(vars(module).items()):
            if not name.startswith("__") and isinstance(value, (re.Pattern, tuple, list, dict)):
                changed.append((module, name, value))
                setattr(module, name, wrap(value))
    try:
        yield meter
    finally:
        for module, name, value in changed:
            setattr(module, name, value)


def is_linear(once: Work, twice: Work, slack: int = 2048) -> bool:
    """Say whether twice the input took at most about twice the work."""
    return all(b <= 2.2 * a + slack for a, b in zip(once, twice, strict=True))
