"""The state of a log in this process, for a site's metrics and for probes."""

from contextlib import suppress
from pathlib import Path

import msgspec

from consentkit.record.entry import rfc3339


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a log in this process. No store is asked for it.

    Attributes:
        waiting: Items in the outbox.
        stalled: Whether a commit has exceeded its deadline and has not ended: grants are refused meanwhile.
        commits: Number of group commits since the start.
        commit_seconds: The time that they took together.
        slowest_commit: The time that the slowest one took, in seconds.
        refused_grants: Number of grants that could not be recorded, and were not honoured, since the start.
        verified_at: When the log was verified last (RFC 3339 in UTC); None if that is not known.
    """

    waiting: int
    stalled: bool
    commits: int
    commit_seconds: float
    slowest_commit: float
    refused_grants: int
    verified_at: str | None

    @property
    def healthy(self) -> bool:
        """Whether decisions are recorded now: nothing waits and nothing is stalled."""
        return not self.stalled and not self.waiting


def read_verified_at(saved: Path) -> str | None:
    """Return when ``consentkit log verify --save FILE`` has written a file; None if there is none."""
    with suppress(OSError):
        return rfc3339(int(saved.stat().st_mtime))
    return None
