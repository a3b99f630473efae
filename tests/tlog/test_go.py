"""Go's ``sumdb/note`` and ``sumdb/tlog`` accept what is made here, and refuse what is refused here."""

from __future__ import annotations

import random
from base64 import b64encode
from functools import cache
from typing import Any

import pytest

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.note import SigningKey, VerifierKey, open_note, sign_checkpoint, sign_note
from consentkit.tlog.proofs import check_consistency, check_inclusion, consistency_proof, inclusion_proof
from consentkit.tlog.tree import HASH_BYTES, Grown, append, leaf_hash, root, tile_path
from go.verifier import accepts, sign, verify
from tlog.trees import numbered

SIZE = 100_000
key = SigningKey("odunews.example/consent", bytes(range(32)))
grown = append(0, {}, numbered(SIZE))
chance = random.Random(5)
indexes = sorted({0, 1, 255, 256, 65_535, 65_536, SIZE - 1, *chance.sample(range(SIZE), 300)})
olds = sorted(
    {1, 2, 255, 256, 257, 65_535, 65_536, 65_537, SIZE - 1, SIZE, *chance.sample(range(1, SIZE), 300)}
)


def base64(data: bytes) -> str:
    return b64encode(data).decode()


def tiles_of(tree: Grown) -> dict[str, str]:
    """Name all tiles of a tree that was made at once."""
    return {tile_path(tile, len(data) // HASH_BYTES): base64(data) for tile, data in tree.tiles.items()}


def included(index: int, size: int, tree: Grown) -> dict[str, Any]:
    proof = inclusion_proof(index, size, tree.tiles.get)
    return {"index": index, "leaf": base64(str(index).encode()), "proof": [*map(base64, proof)]}


@cache
def inclusion(index: int) -> dict[str, Any]:
    return included(index, SIZE, grown)


@cache
def consistency(old: int) -> dict[str, Any]:
    proof = consistency_proof(old, SIZE, grown.tiles.get)
    return {
        "old_size": old,
        "old_root": base64(root(old, grown.tiles)),
        "proof": [*map(base64, proof)],
    }


def document(**changes: Any) -> dict[str, Any]:
    return {
        "vkey": str(key.verifier),
        "checkpoint": sign_checkpoint(SIZE, grown.root, [key]),
        "inclusion": [],
        "consistency": [],
        **changes,
    }


def test_go_accepts_checkpoint_and_proofs() -> None:
    told = document(inclusion=[*map(inclusion, indexes)], consistency=[*map(consistency, olds)])
    assert verify(told) == ""


def test_go_makes_the_same_proofs_from_the_tiles() -> None:
    tiles = tiles_of(grown)
    told = document(tiles=tiles, inclusion=[*map(inclusion, indexes)], consistency=[*map(consistency, olds)])
    assert verify(told) == ""
    tiles["tile/0/000"] = tiles["tile/0/001"]
    assert verify(told).startswith("inclusion of 0: ")


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257])
def test_go_accepts_small_trees(size: int) -> None:
    small = append(0, {}, numbered(size))
    told = document(
        checkpoint=sign_checkpoint(size, small.root, [key]),
        tiles=tiles_of(small),
        inclusion=[included(index, size, small) for index in range(size)],
    )
    assert verify(told) == ""


def test_go_accepts_an_empty_log() -> None:
    empty = append(0, {}, [])
    assert verify(document(checkpoint=sign_checkpoint(0, empty.root, [key]))) == ""


def test_go_refuses_what_is_broken() -> None:
    one, two = inclusion(256), inclusion(257)
    for wrong in (
        {**one, "index": 257},
        {**one, "leaf": two["leaf"]},
        {**one, "proof": two["proof"]},
        {**one, "proof": one["proof"][1:]},
        {**one, "proof": [*one["proof"], one["proof"][0]]},
    ):
        assert verify(document(inclusion=[inclusion(0), wrong])).startswith(
            f"inclusion of {wrong['index']}: "
        )
    first, second = consistency(255), consistency(257)
    for wrong in (
        {**first, "old_size": 257},
        {**first, "old_root": second["old_root"]},
        {**first, "proof": second["proof"]},
        {**first, "proof": first["proof"][:-1]},
    ):
        assert verify(document(consistency=[consistency(1), wrong])).startswith("consistency with ")


def test_go_refuses_another_checkpoint() -> None:
    stranger = SigningKey.generate(key.name)
    for checkpoint in (
        sign_checkpoint(SIZE, grown.root, [stranger]),
        sign_checkpoint(SIZE, grown.root, [key]).replace("100000", "100001"),
        sign_note(f"another.example\n{SIZE}\n{base64(grown.root)}\n", [key]),
    ):
        assert verify(document(checkpoint=checkpoint)).startswith("checkpoint: ")
    for size in (SIZE - 1, SIZE + 1):
        checkpoint = sign_checkpoint(size, grown.root, [key])
        assert verify(document(checkpoint=checkpoint, inclusion=[inclusion(SIZE - 1)])) != ""


def test_go_refuses_every_flipped_bit_that_is_refused_here() -> None:
    chance = random.Random(3)
    for index in chance.sample(indexes, 20):
        damaged = flip(inclusion_proof(index, SIZE, grown.tiles.get), chance)
        with pytest.raises(ProofInvalid):
            check_inclusion(index, SIZE, leaf_hash(str(index).encode()), damaged, grown.root)
        told = {**inclusion(index), "proof": [*map(base64, damaged)]}
        assert verify(document(inclusion=[told])) == f"inclusion of {index}: invalid transparency proof"
    for old in chance.sample(olds[:-1], 20):
        damaged = flip(consistency_proof(old, SIZE, grown.tiles.get), chance)
        with pytest.raises(ProofInvalid):
            check_consistency(old, SIZE, damaged, root(old, grown.tiles), grown.root)
        told = {**consistency(old), "proof": [*map(base64, damaged)]}
        assert verify(document(consistency=[told])) == f"consistency with {old}: invalid transparency proof"


def flip(proof: list[bytes], chance: random.Random) -> list[bytes]:
    """Flip one bit of one hash."""
    at = chance.randrange(len(proof))
    flipped = int.from_bytes(proof[at], "big") ^ 1 << chance.randrange(8 * HASH_BYTES)
    return [*proof[:at], flipped.to_bytes(HASH_BYTES, "big"), *proof[at + 1 :]]


@pytest.mark.parametrize("name", ["odunews.example/consent", "é—名"])
def test_a_note_that_go_signed_is_opened(name: str) -> None:
    text = "Wer hat zugestimmt?\n\n— niemand ist das\n\x7f\n"
    made = sign(name, text)
    signer = SigningKey.parse(made["skey"])
    assert str(signer.verifier) == made["vkey"]
    assert sign_note(text, [signer]) == made["note"]
    assert open_note(made["note"], [VerifierKey.parse(made["vkey"])])[0] == text


def test_go_opens_the_notes_that_are_opened_here() -> None:
    """But not base64 that is not canonical, which Go takes."""
    note = sign_note("one\n\ntwo\n", [key, SigningKey("witness.example", bytes(32))])
    pieces = ["", "\n", " ", "—", "— ", "+", "=", "A", "\t", "\r", "\x85", "\u2003", "\x7f", "é", "\n\n", "x"]
    notes, ours, chance = [note, note + note.splitlines(keepends=True)[-1]], note.index("—"), random.Random(7)
    for _ in range(2000):
        at = chance.choice([chance.randrange(len(note) + 1), chance.randrange(ours - 3, ours + 7)])
        notes.append(note[:at] + chance.choice(pieces) + note[at + chance.randrange(3) :])
    assert [_opens(one) for one in notes] == accepts(str(key.verifier), notes)
    assert _opens(note)


def _opens(note: str) -> bool:
    try:
        open_note(note, [key.verifier])
    except ProofInvalid:
        return False
    return True
