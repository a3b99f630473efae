"""A checkpoint that is kept outside of the log, and whether the log still continues it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from consentkit.dashboard.checking import Check, check_signature
from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.log import Head, LogReader
from consentkit.tlog import Checkpoint, VerifierKey, check_consistency, consistency_proof, read_checkpoint

MAX_BYTES: Final = 64 * 1024
"""Bytes of a kept checkpoint."""

_TITLE = "The log continues the checkpoint that was kept"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What a kept checkpoint says of the log.

    Attributes:
        at: When it was kept (RFC 3339 in UTC); empty where it cannot be read.
        size: Number of entries that the log had then.
        checks: What was looked at, in order.
    """

    at: str = ""
    size: int = 0
    checks: tuple[Check, ...] = ()


def verify_kept(reader: LogReader, head: Head, path: Path, keys: Sequence[VerifierKey]) -> Kept:
    """Check that the log continues a checkpoint that is kept in a file; its time is when it was kept.

    Args:
        reader: Reads the log.
        head: Its head.
        path: The file.
        keys: The log's public keys; none where they are not known.
    """
    try:
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        note = _read(path)
        stated = read_checkpoint(note)
    except FileNotFoundError:
        return Kept(checks=(Check(title=_TITLE, holds=None, text="None has been kept yet."),))
    except (OSError, UnicodeDecodeError):
        return Kept(checks=(Check(title=_TITLE, holds=None, text="The file cannot be read."),))
    except ProofInvalid as error:
        return Kept(checks=(Check(title=_TITLE, holds=False, text=f"{error}."),))
    checks = (check_signature(note, keys), _check_continued(reader, head, stated))
    return Kept(at=at, size=stated.size, checks=checks)


def _read(path: Path) -> str:
    with path.open(encoding="utf-8", newline="") as file:
        return file.read(MAX_BYTES)


def _check_continued(reader: LogReader, head: Head, stated: Checkpoint) -> Check:
    if stated.size > head.size:
        text = f"It had {stated.size:,} entries then, and has {head.size:,} now: entries were taken away."
        return Check(title=_TITLE, holds=False, text=text)
    try:
        proof = consistency_proof(stated.size, head.size, reader.tile)
        check_consistency(stated.size, head.size, proof, stated.root, head.root)
    except (ProofInvalid, LogCorrupt) as error:
        return Check(title=_TITLE, holds=False, text=f"{error}.")
    text = f"Its first {stated.size:,} entries are those of then; {head.size - stated.size:,} are newer."
    return Check(title=_TITLE, holds=True, text=text)
