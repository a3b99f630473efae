"""Looking for what was destroyed in everything that a SQLite log has on the disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from consentkit.log import ConsentLog, Recorded


def needles_of(recorded: Iterable[Recorded]) -> set[bytes]:
    """Return bytes that are in no other entry: subject, salt, and a piece of the body."""
    found: set[bytes] = set()
    for one in recorded:
        assert one.entry is not None
        assert one.salt is not None
        found |= {one.salt, f'"id":"{one.id}"'.encode()}
        if one.entry.subject:
            found.add(one.entry.subject.encode())
    return found


def decisions(log: ConsentLog) -> list[Recorded]:
    """Return the decisions that are there still."""
    return [one for one in log.entries() if one.entry is not None and one.entry.type == "decision"]


def remains(path: Path, needles: Iterable[bytes]) -> list[tuple[str, bytes]]:
    """Return each needle that is left, with the file that it is in: log, WAL, SHM, journal, key, locks."""
    files = {file.name: file.read_bytes() for file in path.parent.glob(f"{path.name}*")}
    return [(name, needle) for needle in needles for name, content in files.items() if needle in content]
