"""The Merkle tree of RFC 6962, kept as tiles of up to 256 hashes (C2SP tlog-tiles).

The tile at ``(level, number)`` contains the hashes of up to 256 complete subtrees of ``256 ** level`` leaves,
from subtree ``256 * number`` on. Only the last tile of a level may have fewer. The root of a full tile is one
hash of the level above. All hashes in between are computed and not stored: tiles are enough for every
inclusion and consistency proof.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, TypeAlias

from consentkit.exceptions import LogCorrupt, ProofInvalid

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
TILE_WIDTH = 256
TILE_BITS = 8
MAX_NUMBER = 2**63 - 1
"""Maximum size and index: signed 64 bits, for other programs."""
MAX_LEVEL = 63

_TILE_BYTES = TILE_WIDTH * HASH_BYTES
_PATH = re.compile(r"tile/(\d{1,2})/((?:x\d{3}/){0,6}\d{3})(?:\.p/(\d{1,3}))?", re.ASCII)


class TileId(NamedTuple):
    """A tile's level, counted from the leaves, and its number within the level."""

    level: int
    number: int


ReadTile: TypeAlias = Callable[[TileId], bytes | None]
"""Returns a tile's hashes, or None if there is no such tile."""


class Grown(NamedTuple):
    """A tree after an append.

    Attributes:
        size: Number of leaves.
        root: The tree head's hash, 32 bytes.
        tiles: New and extended tiles, each whole.
    """

    size: int
    root: bytes
    tiles: dict[TileId, bytes]


def leaf_hash(leaf: bytes) -> bytes:
    """Hash one leaf's bytes: ``SHA-256(0x00 ‖ leaf)`` (RFC 6962, section 2.1)."""
    # Different prefixes, so that a leaf cannot be passed off as an interior node.
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an interior node: ``SHA-256(0x01 ‖ left ‖ right)`` (RFC 6962, section 2.1)."""
    return sha256(b"\x01" + left + right).digest()


def frontier(size: int) -> tuple[TileId, ...]:
    """Return the unfinished tiles of a tree of `size` leaves, lowest level first: at most one per level.

    `append` and `root` need no others.
    """
    unfinished, level = [], 0
    while count := size >> (TILE_BITS * level):
        if count % TILE_WIDTH:
            unfinished.append(TileId(level, count // TILE_WIDTH))
        level += 1
    return tuple(unfinished)


def append(size: int, tiles: Mapping[TileId, bytes], leaves: Iterable[bytes]) -> Grown:
    """Append leaves to a tree of `size` leaves.

    Args:
        size: Leaves in the tree so far.
        tiles: At least the tiles that `frontier` names for `size`.
        leaves: The new leaves' bytes, in order.

    Raises:
        LogCorrupt: A tile is missing or shorter than `size` demands.
    """
    changed: dict[TileId, bytes] = {}
    hashes = [sha256(b"\x00" + leaf).digest() for leaf in leaves]
    grown = size + len(hashes)
    level = 0
    while hashes:
        number, held = divmod(size >> (TILE_BITS * level), TILE_WIDTH)
        data = _hashes(tiles.get, TileId(level, number), 0, held) + b"".join(hashes)
        hashes = []
        for step, start in enumerate(range(0, len(data), _TILE_BYTES)):
            tile = changed[TileId(level, number + step)] = data[start : start + _TILE_BYTES]
            if len(tile) == _TILE_BYTES:
                hashes.append(_perfect_root(tile))  # one more for the level above
        level += 1
    return Grown(grown, root(grown, {**tiles, **changed}), changed)


def root(size: int, tiles: Mapping[TileId, bytes]) -> bytes:
    """Compute the tree head's hash (RFC 6962, section 2.1) from the tiles that `frontier` names.

    Tiles may have more hashes: the root of an earlier size is computed from the same tiles.

    Raises:
        LogCorrupt: A tile is missing or too short.
    """
    return range_root(0, size, tiles.get) if size else EMPTY_ROOT


def range_root(low: int, high: int, read: ReadTile) -> bytes:
    """Compute the root of the leaves from `low` up to `high`; a subtree must begin at `low`.

    Raises:
        LogCorrupt: A tile is missing or too short.
    """
    peaks = []
    while low < high:
        height = (high - low).bit_length() - 1
        level, rest = divmod(height, TILE_BITS)
        number, first = divmod(low >> height << rest, TILE_WIDTH)
        peaks.append(_cached_root(_hashes(read, TileId(level, number), first, first + (1 << rest))))
        low += 1 << height
    head = peaks.pop()
    while peaks:
        head = node_hash(peaks.pop(), head)
    return head


def _hashes(read: ReadTile, tile: TileId, first: int, end: int) -> bytes:
    """Return a tile's hashes from `first` up to `end`."""
    data = (read(tile) or b"") if end else b""
    if len(data) < end * HASH_BYTES:
        raise LogCorrupt(f"tile {tile.level}/{tile.number} has fewer than the {end} hashes it must have")
    return data[first * HASH_BYTES : end * HASH_BYTES]


def _perfect_root(data: bytes) -> bytes:
    """Compute the root of 2^n hashes."""
    while len(data) > HASH_BYTES:
        pairs = range(0, len(data), 2 * HASH_BYTES)
        data = b"".join([sha256(b"\x01" + data[at : at + 2 * HASH_BYTES]).digest() for at in pairs])
    return data


# Most subtrees of the unfinished tiles do not change from one append to the next.
_cached_root = lru_cache(maxsize=64)(_perfect_root)


def tile_path(tile: TileId, width: int) -> str:
    """Return a tile's path below a log's address, such as ``tile/0/x001/234.p/5``.

    Args:
        tile: The tile.
        width: Its number of hashes, 1 to 256.

    Raises:
        ProofInvalid: The tile or the width is invalid.
    """
    if not (0 <= tile.level <= MAX_LEVEL and 0 <= tile.number <= MAX_NUMBER and 1 <= width <= TILE_WIDTH):
        raise ProofInvalid(f"there can be no tile {tile.level}/{tile.number} of {width} hashes")
    *groups, last = f"{tile.number:,}".split(",")
    path = "".join(f"x{group:0>3}/" for group in groups) + f"{last:0>3}"
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{tile.level}/{path}{partial}"


def parse_tile_path(path: str) -> tuple[TileId, int]:
    """Read a tile's path; return the tile and its width.

    Raises:
        ProofInvalid: It is not a path in the form of `tile_path`.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise ProofInvalid("this is not the path of a tile")
    level, number, width = found.groups()
    tile = TileId(int(level), int(re.sub("[x/]", "", number)))
    wide = TILE_WIDTH if width is None else int(width)
    if tile_path(tile, wide) != path:  # such as leading zeros: one tile has one path
        raise ProofInvalid("this is not the path of a tile")
    return tile, wide
