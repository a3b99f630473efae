"""The log's head against what is stored, and against a checkpoint that is kept outside of the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from consentkit.dashboard.checking import Check, check_signature, said
from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.log import Head, LogReader
from consentkit.tlog import (
    HASH_BYTES,
    TILE_WIDTH,
    Checkpoint,
    TileId,
    VerifierKey,
    check_consistency,
    consistency_proof,
    frontier,
    leaf_hash,
    read_checkpoint,
    root,
)


def verify_head(reader: LogReader, head: Head, keys: Sequence[VerifierKey]) -> tuple[Check, ...]:
    """Check the head.

    Args:
        reader: Reads the log.
        head: Its head.
        keys: The log's public keys; none where they are not known.
    """
    return (
        check_signature(head.checkpoint, keys),
        _check_checkpoint(head),
        _check_tiles(reader, head),
        _check_last(reader, head),
    )


def _check_checkpoint(head: Head) -> Check:
    title = "The checkpoint states this head"
    if head.checkpoint is None:
        return Check(title=title, holds=None, text="There is none.")
    try:
        stated = read_checkpoint(head.checkpoint)
    except ProofInvalid as error:
        return Check(title=title, holds=False, text=f"{error}.")
    holds = (stated.size, stated.root) == (head.size, head.root)
    return Check(title=title, holds=holds, text=said(holds, "Size and root are those of the head."))


def _check_tiles(reader: LogReader, head: Head) -> Check:
    title = "The tree's last hashes lead to the root"
    tiles = {tile: reader.tile(tile) or b"" for tile in frontier(head.size)}
    try:
        holds = root(head.size, tiles) == head.root
    except LogCorrupt as error:
        return Check(title=title, holds=False, text=f"{error}.")
    unfinished = "1 unfinished tile gives" if len(tiles) == 1 else f"{len(tiles)} unfinished tiles give"
    return Check(title=title, holds=holds, text=said(holds, f"{unfinished} the root."))


def _check_last(reader: LogReader, head: Head) -> Check:
    title = "The last entry is the head's"
    if not head.size:
        return Check(title=title, holds=None, text="The log is empty.")
    last = reader.at(head.size - 1)
    number, place = divmod(head.size - 1, TILE_WIDTH)
    tile = reader.tile(TileId(0, number)) or b""
    hashed = tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]
    # What came behind it meanwhile has moved the head as well.
    beyond = reader.at(head.size) is not None and reader.head().size == head.size
    holds = last is not None and leaf_hash(last.leaf) == hashed and not beyond
    return Check(
        title=title, holds=holds, text=said(holds, f"It has index {head.size - 1}, and none follows.")
    )


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
