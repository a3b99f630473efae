"""Counts of observations by day, such as banners shown: collected in memory, written from time to time.

Reports can be forged, so only the `MAX_KEYS` largest counts of a kind and day are kept.
"""

import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from consentkit.log.process import register_at_fork

SHOWN = "shown"
"""Kind under which banners are counted; a key is regime and language, such as ``opt-in de``."""
MAX_KEYS = 256
"""Keys of one kind and day."""
DAYS = 3
"""Days kept in memory while the store cannot be reached."""
WRITE_SECONDS = 30
"""Seconds between two writes of counts."""
KEPT_DAYS = 90
"""Days for which counts are kept."""

_DAY_SECONDS = 86_400


class Observation(msgspec.Struct, frozen=True, order=True):
    """The key of a count: day (``YYYY-MM-DD``, UTC), kind, and key within the kind."""

    day: str
    kind: str
    key: str


class Observations:
    """Counts that are not written yet. Thread-safe.

    Attributes:
        counts: Day and kind → key → how often it was seen.
    """

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], Counter[str]] = {}
        self._guard = threading.Lock()
        self._due = 0
        register_at_fork(self)

    def before_fork(self) -> None:
        """Wait until no thread is counting."""
        self._guard.acquire()

    def after_fork(self, *, child: bool) -> None:
        """Release the lock; the child drops the parent's counts."""
        self._guard.release()
        if child:
            self.counts = {}

    def add(self, kind: str, keys: Iterable[str], *, now: int) -> None:
        """Add one to the count of each key, at `now` (epoch seconds). Writes nothing."""
        with self._guard:
            self._merge(_day(now // _DAY_SECONDS), kind, keys)

    def due(self, now: int) -> bool:
        """Say whether it is time to write, to one caller only.

        Args:
            now: Epoch seconds.
        """
        with self._guard:
            if not self.counts or now < self._due:
                return False
            self._due = now + WRITE_SECONDS
            return True

    def take(self) -> dict[Observation, int]:
        """Return all counts and reset them."""
        with self._guard:
            taken, self.counts = self.counts, {}
        return {
            Observation(day, kind, key): count
            for (day, kind), counts in taken.items()
            for key, count in counts.items()
        }

    def restore(self, counts: Mapping[Observation, int]) -> None:
        """Add back counts that could not be written."""
        with self._guard:
            for one, count in counts.items():
                self._merge(one.day, one.kind, {one.key: count})

    def _merge(self, day: str, kind: str, more: Iterable[str] | Mapping[str, int]) -> None:
        counts = self.counts.get((day, kind))
        if counts is None:
            counts = self.counts[day, kind] = Counter()
            for old in sorted({day for day, _ in self.counts})[:-DAYS]:
                self.counts = {key: seen for key, seen in self.counts.items() if key[0] != old}
        counts.update(more)
        if len(counts) > 2 * MAX_KEYS:
            self.counts[day, kind] = Counter(dict(counts.most_common(MAX_KEYS)))


@lru_cache(maxsize=1)
def _day(number: int) -> str:
    """Write the day of a number of days since the epoch: every page with a banner asks for it."""
    return datetime.fromtimestamp(number * _DAY_SECONDS, UTC).strftime("%Y-%m-%d")
