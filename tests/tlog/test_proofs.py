"""Proofs are those of RFC 6962, whoever made them, and a wrong one proves nothing."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.tlog.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof
from consentkit.tlog.tree import EMPTY_ROOT, HASH_BYTES, ReadTile, TileId, append, leaf_hash
from tlog.trees import VECTORS, mth, numbered, path, subproof

SIZE = 65_800
SIZES = [1, 2, 3, 4, 7, 8, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 65_792, 65_793, SIZE]
INDEXES = [0, 1, 2, 127, 128, 254, 255, 256, 257, 511, 512, 65_534, 65_535, 65_536, 65_537]
BEFORE = [*INDEXES, 3, 4, 6, 300, 32_768]


@cache
def read() -> ReadTile:
    """Read tiles of one tree that is larger than those whose proofs are asked for."""
    return append(0, {}, numbered(SIZE)).tiles.get


def leaf(index: int) -> bytes:
    return leaf_hash(str(index).encode())


@pytest.mark.parametrize("size", SIZES)
def test_inclusion_at_the_edges_of_tiles(size: int) -> None:
    for index in {*INDEXES, size // 2, size - 1}:
        if index < size:
            proof = inclusion_proof(index, size, read())
            assert proof == path(index, 0, size)
            check_inclusion(index, size, leaf(index), proof, mth(0, size))


@pytest.mark.parametrize("new", SIZES)
def test_consistency_at_the_edges_of_tiles(new: int) -> None:
    for old in {*BEFORE, new // 2, new - 1, new}:
        if 0 < old <= new:
            proof = consistency_proof(old, new, read())
            assert proof == subproof(old, 0, new, True)
            check_consistency(old, new, proof, mth(0, old), mth(0, new))


sizes = st.integers(1, 700) | st.integers(65_000, SIZE)


@given(size=sizes, data=st.data())
def test_any_inclusion_is_that_of_the_definition(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, read())
    assert proof == path(index, 0, size)
    check_inclusion(index, size, leaf(index), proof, mth(0, size))


@given(new=sizes, data=st.data())
def test_any_consistency_is_that_of_the_definition(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(old, new, read())
    assert proof == subproof(old, 0, new, True)
    check_consistency(old, new, proof, mth(0, old), mth(0, new))


def test_small_trees_exhaustively() -> None:
    for size in range(1, 34):
        for index in range(size):
            proof = inclusion_proof(index, size, read())
            assert proof == path(index, 0, size)
            for other in range(size):
                if other != index:
                    with pytest.raises(ProofInvalid):
                        check_inclusion(other, size, leaf(index), proof, mth(0, size))
        for old in range(size + 1):
            proof = consistency_proof(old, size, read())
            check_consistency(old, size, proof, mth(0, old), mth(0, size))


@st.composite
def changed(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """Flip a bit, take a hash out, put one in, cut one short, or exchange two neighbours."""
    at = draw(st.integers(0, len(proof)))
    noise = draw(st.binary(max_size=HASH_BYTES + 1))
    before, after = proof[:at], proof[at:]
    if not after:
        return [*before, noise]
    one, *rest = after
    flipped = (int.from_bytes(one, "big") ^ 1 << draw(st.integers(0, 255))).to_bytes(HASH_BYTES, "big")
    changes = [[flipped, *rest], rest, [noise, *after], [one[:-1], *rest], [*rest[:1], one, *rest[1:]]]
    return before + draw(st.sampled_from(changes))


@given(size=sizes, data=st.data())
def test_a_changed_inclusion_proof_is_invalid(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, read())
    wrong = data.draw(changed(proof))
    if wrong != proof:
        with pytest.raises(ProofInvalid):
            check_inclusion(index, size, leaf(index), wrong, mth(0, size))
    with pytest.raises(ProofInvalid):
        check_inclusion(index, size, leaf(index + 1), proof, mth(0, size))
    with pytest.raises(ProofInvalid):
        check_inclusion(index, size, leaf(index), proof, mth(1, size + 1))


@given(new=sizes, data=st.data())
def test_a_changed_consistency_proof_is_invalid(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = consistency_proof(old, new, read())
    wrong = data.draw(changed(proof))
    if wrong != proof:
        with pytest.raises(ProofInvalid):
            check_consistency(old, new, wrong, mth(0, old), mth(0, new))
    with pytest.raises(ProofInvalid):
        check_consistency(old, new, proof, mth(1, old + 1) if old else mth(0, 1), mth(0, new))
    if old:
        with pytest.raises(ProofInvalid):
            check_consistency(old, new, proof, mth(0, old), mth(1, new + 1))


def test_trees_that_need_no_proof() -> None:
    root = mth(0, 5)
    assert consistency_proof(0, 0, read()) == consistency_proof(0, 5, read()) == []
    assert consistency_proof(5, 5, read()) == inclusion_proof(0, 1, read()) == []
    check_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    check_consistency(0, 5, [], EMPTY_ROOT, root)
    check_consistency(5, 5, [], root, root)
    check_inclusion(0, 1, leaf(0), [], leaf(0))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 1), (5, 4)])
def test_no_tree_has_a_leaf_outside(index: int, size: int) -> None:
    with pytest.raises(ProofInvalid, match="no leaf"):
        inclusion_proof(index, size, read())
    with pytest.raises(ProofInvalid, match="no leaf"):
        check_inclusion(index, size, leaf(0), [], leaf(0))


@pytest.mark.parametrize(("old", "new"), [(-1, 1), (2, 1), (1, 0)])
def test_no_tree_begins_with_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ProofInvalid, match="does not begin"):
        consistency_proof(old, new, read())
    with pytest.raises(ProofInvalid, match="does not begin"):
        check_consistency(old, new, [], leaf(0), leaf(0))


@pytest.mark.parametrize(
    ("old", "new", "old_root", "new_root"),
    [
        (0, 0, EMPTY_ROOT, mth(0, 1)),
        (0, 0, mth(0, 1), mth(0, 1)),
        (0, 1, mth(0, 1), mth(0, 1)),
        (1, 1, mth(0, 1), mth(0, 2)),
        (1, 1, b"", b""),
        (1, 2, mth(0, 1), mth(0, 2)),
        (3, 4, mth(0, 3), mth(0, 4)),
    ],
)
def test_nothing_proves_nothing(old: int, new: int, old_root: bytes, new_root: bytes) -> None:
    with pytest.raises(ProofInvalid):
        check_consistency(old, new, [], old_root, new_root)


@pytest.mark.parametrize("size", [0, 1, 2, 300])
def test_hashes_of_another_length_are_none(size: int) -> None:
    for hashes in [(b"", leaf(0)), (leaf(0), b""), (leaf(0)[:-1], leaf(0)), (leaf(0), leaf(0) + b"\0")]:
        with pytest.raises(ProofInvalid, match="32 bytes"):
            check_inclusion(0, size, hashes[0], [], hashes[1])
        with pytest.raises(ProofInvalid, match="32 bytes"):
            check_consistency(size, size, [], *hashes)


def test_a_missing_or_short_tile_is_corrupt() -> None:
    tiles = append(0, {}, numbered(600)).tiles
    with pytest.raises(LogCorrupt, match="tile 0/1"):
        inclusion_proof(300, 600, {**tiles, TileId(0, 1): b""}.get)
    with pytest.raises(LogCorrupt, match="tile 1/0"):
        inclusion_proof(599, 600, {tile: data for tile, data in tiles.items() if tile.level == 0}.get)
    with pytest.raises(LogCorrupt, match="tile 0/2"):
        consistency_proof(512, 601, tiles.get)


def test_a_proof_reads_few_tiles() -> None:
    asked: list[TileId] = []

    def counting(tile: TileId) -> bytes | None:
        asked.append(tile)
        return read()(tile)

    inclusion_proof(70, SIZE, counting)
    assert len(asked) == len(set(asked)) <= 5


def vectors(kind: str) -> list[Any]:
    files = sorted((VECTORS / kind).rglob("*.json"))
    return [pytest.param(file, id=str(file.relative_to(VECTORS))) for file in files]


def read_vector(file: Path) -> dict[str, Any]:
    vector: dict[str, Any] = json.loads(file.read_text())
    decoded = {
        name: base64.b64decode(vector[name])
        for name in ("root", "root1", "root2", "leafHash")
        if vector.get(name) is not None
    }
    return {**vector, **decoded, "proof": [base64.b64decode(one) for one in vector["proof"] or []]}


def verdict(check: Any, *arguments: Any) -> bool:
    try:
        check(*arguments)
    except ProofInvalid:
        return False
    return True


@pytest.mark.parametrize("file", vectors("inclusion"))
def test_published_inclusion_vectors(file: Path) -> None:
    case = read_vector(file)
    valid = verdict(
        check_inclusion, case["leafIdx"], case["treeSize"], case["leafHash"], case["proof"], case["root"]
    )
    assert valid is not case["wantErr"]


@pytest.mark.parametrize("file", vectors("consistency"))
def test_published_consistency_vectors(file: Path) -> None:
    case = read_vector(file)
    valid = verdict(
        check_consistency, case["size1"], case["size2"], case["proof"], case["root1"], case["root2"]
    )
    assert valid is not case["wantErr"]


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the corpus of Merkle vectors is not beside the repository")
def test_there_are_vectors_of_both_kinds() -> None:
    assert len(vectors("inclusion")) >= 48
    assert len(vectors("consistency")) >= 55
