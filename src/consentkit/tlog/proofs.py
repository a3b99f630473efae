"""Inclusion and consistency proofs (RFC 6962, sections 2.1.1 and 2.1.2), made from tiles and checked.

The tiles may belong to a larger tree than the one a proof is for: earlier hashes never change.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, reduce
from typing import TypeAlias

from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.tlog.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_BITS,
    TILE_WIDTH,
    TileId,
    node_hash,
    perfect_root,
)

ReadTile: TypeAlias = Callable[[TileId], bytes | None]
"""Returns a tile's hashes, or None where there is no such tile."""


def inclusion_proof(index: int, size: int, read: ReadTile) -> list[bytes]:
    """Prove that a leaf is in the tree of `size` leaves; its sibling comes first.

    Args:
        index: Of the leaf, from 0.
        size: Number of leaves of the tree.
        read: Reads tiles of this tree or of a larger one.

    Raises:
        ProofInvalid: The tree has no such leaf.
        LogCorrupt: A tile is missing or shorter than `size` demands.
    """
    if not 0 <= index < size:
        raise ProofInvalid(f"a tree of {size} leaves has no leaf {index}")
    read, proof, low, high = cache(read), [], 0, size
    while high - low > 1:
        split = low + _left(high - low)
        if index < split:
            proof.append(_range_root(split, high, read))
            high = split
        else:
            proof.append(_range_root(low, split, read))
            low = split
    return proof[::-1]


def consistency_proof(old: int, new: int, read: ReadTile) -> list[bytes]:
    """Prove that the tree of `new` leaves begins with the tree of `old` leaves.

    Nothing is needed, and the proof empty, where `old` is 0 or equals `new`.

    Args:
        old: Number of leaves of the earlier tree.
        new: Number of leaves of the later tree.
        read: Reads tiles of the later tree or of a larger one.

    Raises:
        ProofInvalid: The later tree is the smaller one.
        LogCorrupt: A tile is missing or shorter than `new` demands.
    """
    if not 0 <= old <= new:
        raise ProofInvalid(f"a tree of {new} leaves does not begin with one of {old}")
    if old == 0:
        return []
    read, proof, low, high = cache(read), [], 0, new
    while old != high:
        split = low + _left(high - low)
        if old <= split:
            proof.append(_range_root(split, high, read))
            high = split
        else:
            proof.append(_range_root(low, split, read))
            low = split
    # From leaf 0 on this is the earlier root itself, which who checks the proof has.
    known = [] if low == 0 else [_range_root(low, high, read)]
    return known + proof[::-1]


def check_inclusion(index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Check that a tree has a leaf.

    Args:
        index: Of the leaf, from 0.
        size: Number of leaves of the tree.
        leaf_hash: What `leaf_hash` makes of the leaf's bytes.
        proof: What `inclusion_proof` gives.
        root: The tree head's hash.

    Raises:
        ProofInvalid: The proof does not show it.
    """
    _check_lengths(leaf_hash, root, *proof)
    if not 0 <= index < size:
        raise ProofInvalid(f"a tree of {size} leaves has no leaf {index}")
    sides = _sides(index, size - 1)
    _check_count(proof, len(sides))
    found = leaf_hash
    for left, sibling in zip(sides, proof, strict=True):
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
    if found != root:
        raise ProofInvalid("the inclusion proof leads to another root")


def check_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Check that a tree begins with an earlier tree. Every tree begins with the empty one.

    Args:
        old: Number of leaves of the earlier tree.
        new: Number of leaves of the later tree.
        proof: What `consistency_proof` gives.
        old_root: The earlier tree head's hash.
        new_root: The later tree head's hash.

    Raises:
        ProofInvalid: The proof does not show it.
    """
    _check_lengths(old_root, new_root, *proof)
    if not 0 <= old <= new:
        raise ProofInvalid(f"a tree of {new} leaves does not begin with one of {old}")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofInvalid("the empty tree has another root")
    if old in (0, new):
        _check_count(proof, 0)
        if old == new and old_root != new_root:
            raise ProofInvalid("trees of one size have different roots")
        return
    _check_growth(old, new, proof, old_root, new_root)


def _check_growth(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    # The proof begins at the last perfect subtree of the earlier tree; is that all of it, its root is known.
    height = (old & -old).bit_length() - 1
    known = [old_root] if old == 1 << height else []
    sides = _sides((old - 1) >> height, (new - 1) >> height)
    _check_count(proof, 1 + len(sides) - len(known))
    first, *siblings = [*known, *proof]
    earlier = later = first
    for left, sibling in zip(sides, siblings, strict=True):
        earlier = node_hash(sibling, earlier) if left else earlier
        later = node_hash(sibling, later) if left else node_hash(later, sibling)
    if earlier != old_root or later != new_root:
        raise ProofInvalid("the consistency proof leads to another root")


def _sides(index: int, last: int) -> list[bool]:
    """Say of each hash on the way from a node to the root whether it stands on the left.

    Args:
        index: Of the node within its level.
        last: Index of the level's last node. It has no sibling where its index is even: it moves up as it is.
    """
    sides = []
    while last:
        if index & 1 or index < last:
            sides.append(bool(index & 1))
        index, last = index >> 1, last >> 1
    return sides


def _left(count: int) -> int:
    """Return how many of two or more leaves are in the left subtree: the largest power of two below."""
    return 1 << (count - 1).bit_length() - 1


def _range_root(low: int, high: int, read: ReadTile) -> bytes:
    """Hash the leaves from `low` up to `high` into one; `low` is where a subtree of them begins."""
    peaks = []
    while low < high:
        height = (high - low).bit_length() - 1
        peaks.append(_perfect(height, low >> height, read))
        low += 1 << height
    return reduce(lambda right, left: node_hash(left, right), reversed(peaks))


def _perfect(height: int, number: int, read: ReadTile) -> bytes:
    """Read the root of the perfect subtree of ``2 ** height`` leaves with that number among its like."""
    level, rest = divmod(height, TILE_BITS)
    at, first = divmod(number << rest, TILE_WIDTH)
    width = first + (1 << rest)
    tile = TileId(level, at)
    data = read(tile) or b""
    if len(data) < width * HASH_BYTES:
        raise LogCorrupt(f"tile {level}/{at} has fewer than the {width} hashes it must have")
    return perfect_root(data[first * HASH_BYTES : width * HASH_BYTES])


def _check_lengths(*hashes: bytes) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        raise ProofInvalid(f"every hash has {HASH_BYTES} bytes")


def _check_count(proof: Sequence[bytes], count: int) -> None:
    if len(proof) != count:
        raise ProofInvalid(f"a proof for these sizes has {count} hashes, this one has {len(proof)}")
