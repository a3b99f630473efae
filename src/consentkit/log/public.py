"""What anybody may read of a log, by the paths of C2SP tlog-tiles: checkpoint, tiles, and the notices."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from consentkit.exceptions import ProofInvalid
from consentkit.log.reader import LogReader
from consentkit.tlog.tree import HASH_BYTES, parse_tile_path

READ_SECONDS: Final = 1.0
"""How long a read may take."""
AT_ONCE: Final = 2
"""Threads of its own, for each event loop: who asks for proofs keeps no visitor waiting."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def read_public(log: LogReader, path: str) -> bytes | None:
    """Read a checkpoint, a tile, a notice or the list of notices. It blocks.

    Args:
        log: An open log.
        path: ``checkpoint``, ``notices``, ``notices/<hash>`` or a tile's.

    Returns:
        None where there is nothing of that name.

    Raises:
        LogUnavailable: The store is away.
    """
    if path == "checkpoint":
        return (log.head().checkpoint or "").encode() or None
    if path == "notices":
        return msgspec.json.encode(log.notices())
    if path.startswith("notices/"):
        hash = path.removeprefix("notices/")
        return log.notice(hash) if _HASH.fullmatch(hash) else None
    return _read_tile(log, path)


def _read_tile(log: LogReader, path: str) -> bytes | None:
    """Read a tile as wide as it is asked for: a narrower one is the beginning of what it has become."""
    try:
        tile, width = parse_tile_path(path)
    except ProofInvalid:
        return None
    hashes = (log.tile(tile) or b"")[: width * HASH_BYTES]
    return hashes if len(hashes) == width * HASH_BYTES else None
