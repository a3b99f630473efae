"""What a log has got since a moment: entries by type, what was erased, times that run against the index."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from consentkit.log.stores.sql import View
from consentkit.log.verify.entry_checks import decode_entry
from consentkit.record.entry import EntryType

TOLERATED = 60
"""Seconds by which an entry may stand after a later one: requests end in another order than they begin."""


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What a log has got from an index on.

    Attributes:
        types: Number of entries by type.
        gone: Number of entries that are erased by now.
        erased: Number of entries that its erasures name.
        purged_before: The latest day before which a purge has erased decisions; empty without one.
        breaks: Indexes of its breaks.
        late: Number of entries that are older than one before them, by more than `TOLERATED` seconds.
        first_late: Index of the first of them.
        latest: The largest of these differences, in seconds.
        oldest: The first day of which decisions are counted; None without any.
    """

    types: Mapping[str, int]
    gone: int
    erased: int
    purged_before: str
    breaks: tuple[int, ...]
    late: int
    first_late: int
    latest: int
    oldest: str | None

    @property
    def late_text(self) -> str:
        """Words about the late entries; empty without any."""
        if not self.late:
            return ""
        which = f"entries that stand after later ones: {self.late}, the first is entry {self.first_late}"
        why = "refusals that waited in an outbox explain such; so do a wrong clock, or a forger with the key"
        return f"{which}, by up to {self.latest} seconds: {why}"


def describe_breaks(breaks: Sequence[int]) -> str:
    """Say where there are breaks; empty without any."""
    where = ", ".join(map(str, breaks))
    return f"{'one break' if len(breaks) == 1 else f'{len(breaks)} breaks'} at {where}" if breaks else ""


def read_changes(view: View, start: int = 0) -> Changes:
    """Read what a log has got from an index on."""
    counted = view.select('SELECT type, count(*) FROM entries WHERE "index" >= ? GROUP BY type', start)
    kinds: tuple[EntryType, ...] = ("erasure", "purge", "break")
    rows = [row for kind in kinds for row in view.of_type(kind) if row.index >= start]
    books = [(row, decode_entry(row.index, row.body)) for row in rows]
    late, first_late, latest = find_late(view.times(start))
    return Changes(
        types=dict(sorted(counted)),
        gone=view.select('SELECT count(*) FROM entries WHERE "index" >= ? AND at IS NULL', start)[0][0],
        erased=sum(len(entry.erased or ()) for _, entry in books),
        purged_before=max((entry.before or "" for _, entry in books), default=""),
        breaks=tuple(row.index for row, entry in books if entry.type == "break"),
        late=late,
        first_late=first_late,
        latest=latest,
        oldest=view.select("SELECT min(day) FROM daily")[0][0],
    )


def find_late(times: Iterable[tuple[int, str]]) -> tuple[int, int, int]:
    """Count late entries; return also the first one's index, and by how many seconds the latest is late."""
    late, first, latest, newest = 0, -1, 0, ""
    for index, at in times:
        if at >= newest:
            newest = at
            continue
        behind = int((datetime.fromisoformat(newest) - datetime.fromisoformat(at)).total_seconds())
        if behind > TOLERATED:
            late, first, latest = late + 1, index if first < 0 else first, max(latest, behind)
    return late, first, latest
