"""RFC 6962 word for word, over leaves that are numbers, to compare with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from consentkit.tlog.tree import EMPTY_ROOT, Grown, TileId, append, frontier, leaf_hash, node_hash

VECTORS = Path(__file__).parents[3] / "shared" / "corpus" / "merkle-vectors"


def numbered(count: int) -> list[bytes]:
    """Make leaves."""
    return [str(number).encode() for number in range(count)]


def grow(batches: Sequence[Sequence[bytes]]) -> tuple[Grown, dict[TileId, bytes]]:
    """Append batches, handing over only the frontier each time, as a store does."""
    tiles: dict[TileId, bytes] = {}
    grown = Grown(0, EMPTY_ROOT, {})
    for batch in batches:
        grown = append(grown.size, {tile: tiles[tile] for tile in frontier(grown.size)}, batch)
        tiles.update(grown.tiles)
    return grown, tiles


def split(count: int) -> int:
    """Section 2.1: the largest power of two smaller than the count."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@cache
def mth(low: int, high: int) -> bytes:
    """Section 2.1: MTH(D[low:high]) of numbered leaves."""
    if low == high:
        return EMPTY_ROOT
    if high - low == 1:
        return leaf_hash(str(low).encode())
    middle = low + split(high - low)
    return node_hash(mth(low, middle), mth(middle, high))


def path(index: int, low: int, high: int) -> list[bytes]:
    """Section 2.1.1: PATH(m, D[n]), where m counts from leaf 0."""
    if high - low == 1:
        return []
    middle = low + split(high - low)
    if index < middle:
        return [*path(index, low, middle), mth(middle, high)]
    return [*path(index, middle, high), mth(low, middle)]


def subproof(old: int, low: int, high: int, whole: bool) -> list[bytes]:
    """Section 2.1.2: SUBPROOF(m, D[n], b), where m counts from leaf 0."""
    if old == high:
        return [] if whole else [mth(low, high)]
    middle = low + split(high - low)
    if old <= middle:
        return [*subproof(old, low, middle, whole), mth(middle, high)]
    return [*subproof(old, middle, high, False), mth(low, middle)]
