"""The log's head against what is stored: all that can be checked at once, however long the log is."""

from __future__ import annotations

from collections.abc import Sequence

from consentkit.dashboard.checking import Check, check_signature, said
from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.log import Head, LogReader
from consentkit.tlog import (
    HASH_BYTES,
    TILE_WIDTH,
    TileId,
    VerifierKey,
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
