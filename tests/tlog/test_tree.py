"""The tree agrees with RFC 6962, however it was put together."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import LogCorrupt
from consentkit.tlog.tree import HASH_BYTES, TILE_WIDTH, TileId, append, frontier, root
from tlog.trees import VECTORS, grow, mth, numbered

LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                 "606162636465666768696a6b6c6d6e6f")
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize(("size", "expected"), ROOTS.items())
def test_published_roots(size: int, expected: str) -> None:
    assert append(0, {}, LEAVES[:size]).root.hex() == expected


@pytest.mark.parametrize("case", range(5))
def test_roots_of_the_consistency_vectors(case: int) -> None:
    path = VECTORS / "consistency" / str(case) / "happy-path.json"
    if not path.is_file():
        pytest.skip("the shared corpus of Merkle vectors is not here")
    vector = json.loads(path.read_text())
    for number in ("1", "2"):
        grown = append(0, {}, LEAVES[: vector["size" + number]])
        assert grown.root == base64.b64decode(vector["root" + number])


@given(sizes=st.lists(st.integers(0, 300), max_size=4))
def test_any_batches_give_the_root_of_the_definition(sizes: list[int]) -> None:
    leaves = numbered(sum(sizes))
    ends = [sum(sizes[: position + 1]) for position in range(len(sizes))]
    grown, _ = grow([leaves[end - size : end] for size, end in zip(sizes, ends, strict=True)])
    assert grown.size == len(leaves)
    assert grown.root == mth(0, len(leaves))


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 65535, 65536, 65537, 65793])
def test_roots_at_the_edges_of_tiles(size: int) -> None:
    assert append(0, {}, numbered(size)).root == mth(0, size)


def test_tiles_do_not_depend_on_how_the_leaves_were_batched() -> None:
    leaves = numbered(1000)
    _, at_once = grow([leaves])
    _, one_by_one = grow([[leaf] for leaf in leaves])
    assert at_once == one_by_one
    assert sorted(at_once) == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]
    assert len(at_once[TileId(1, 0)]) == 3 * HASH_BYTES


def test_a_full_tile_is_one_hash_of_the_level_above() -> None:
    leaves = numbered(TILE_WIDTH)
    _, tiles = grow([leaves])
    assert tiles[TileId(1, 0)] == mth(0, len(leaves))


@given(size=st.integers(0, 2000), earlier=st.integers(0, 2000))
def test_earlier_heads_come_from_the_same_tiles(size: int, earlier: int) -> None:
    earlier = min(size, earlier)
    leaves = numbered(size)
    _, tiles = grow([leaves])
    assert root(earlier, tiles) == mth(0, earlier)


@given(st.integers(0, 2**40))
def test_the_frontier_is_one_unfinished_tile_a_level(size: int) -> None:
    tiles = frontier(size)
    assert len({tile.level for tile in tiles}) == len(tiles) <= 6
    assert sum((size >> 8 * level) % 256 << 8 * level for level, _ in tiles) == size


def test_a_missing_or_short_tile_is_corrupt() -> None:
    grown, tiles = grow([numbered(300)])
    with pytest.raises(LogCorrupt, match="tile 0/1"):
        append(grown.size, {TileId(1, 0): tiles[TileId(1, 0)]}, [b"x"])
    tiles[TileId(1, 0)] = b""
    with pytest.raises(LogCorrupt, match="tile 1/0"):
        root(grown.size, tiles)
