"""Observations: what was seen, counted by day. Gathered in memory, written now and then, never many.

Whoever can send a report can forge one. So what is kept is the `MOST` largest counts of a kind and day: a key
that is seen again and again stays, unless that many others are seen as often.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from consentkit.log.forks import tell_of_forks

SHOWN = "shown"
"""Kind under which banners are counted; a key is regime and language, such as ``opt-in de``."""
MOST = 256
"""Keys of one kind and day."""
DAYS = 3
"""Days that wait in memory while the store is away."""
WRITE_SECONDS = 30
"""How long counts are gathered before they are written."""
KEPT_DAYS = 90
"""Days for which counts are kept."""


class Observation(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What is counted together: on a day (``YYYY-MM-DD``, UTC), things of a kind, under a key."""

    day: str
    kind: str
    key: str


class Observations:
    """Counts that wait to be written. Safe to use from any thread."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], Counter[str]] = {}
        self._guard = threading.Lock()
        self._due = 0
        tell_of_forks(self)

    def before_fork(self) -> None:
        """Wait until no thread is counting."""
        self._guard.acquire()

    def after_fork(self, *, child: bool) -> None:
        """Go on; what the parent has counted is the parent's to write."""
        self._guard.release()
        if child:
            self._counts = {}

    def add(self, day: str, kind: str, keys: Iterable[str]) -> None:
        """Count each key once more."""
        with self._guard:
            self._merge(day, kind, Counter(keys))

    def count(self, day: str, kind: str, key: str) -> None:
        """Count one key once more: the quick way, for what every page does."""
        with self._guard:
            counts = self._counts.get((day, kind))
            if counts is not None and key in counts:
                counts[key] += 1
            else:
                self._merge(day, kind, Counter((key,)))

    def due(self, now: int) -> bool:
        """Say whether it is time to write, to one caller only.

        Args:
            now: Epoch seconds.
        """
        with self._guard:
            if not self._counts or now < self._due:
                return False
            self._due = now + WRITE_SECONDS
            return True

    def take(self) -> dict[Observation, int]:
        """Return all counts and begin anew."""
        with self._guard:
            taken, self._counts = self._counts, {}
        return {
            Observation(day=day, kind=kind, key=key): count
            for (day, kind), counts in taken.items()
            for key, count in counts.items()
        }

    def restore(self, counts: Mapping[Observation, int]) -> None:
        """Put back what could not be written."""
        with self._guard:
            for one, count in counts.items():
                self._merge(one.day, one.kind, Counter({one.key: count}))

    def _merge(self, day: str, kind: str, more: Counter[str]) -> None:
        counts = self._counts.setdefault((day, kind), Counter())
        counts.update(more)
        if len(counts) > 2 * MOST:
            self._counts[day, kind] = Counter(dict(counts.most_common(MOST)))
        too_old = sorted({day for day, _ in self._counts})[:-DAYS]
        for key in [key for key in self._counts if key[0] in too_old]:
            del self._counts[key]
