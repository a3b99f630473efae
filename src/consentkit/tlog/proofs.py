"""Inclusion and consistency proofs: creates them from tiles, and verifies them.

Inclusion and consistency proofs are those of RFC 6962, sections 2.1.1 and 2.1.2. `InclusionProof` is a proof
in the text form of c2sp.org/tlog-proof@v1. Tiles may be those of a larger tree than the proof's: earlier
hashes never change.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

from consentkit.exceptions import ProofInvalid
from consentkit.tlog import note, tree

_HEADER = "c2sp.org/tlog-proof@v1"


def inclusion_proof(index: int, size: int, read: tree.ReadTile) -> list[bytes]:
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
    return _siblings(index, size, cache(read), to_leaf=True)[1]


def consistency_proof(old: int, new: int, read: tree.ReadTile) -> list[bytes]:
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
    read = cache(read)
    start, siblings = _siblings(old - 1, new, read, to_leaf=False)
    # If it begins at leaf 0, it is the earlier root itself, which the verifier has.
    return siblings if start == 0 else [tree.range_root(start, old, read), *siblings]


def _siblings(last: int, size: int, read: tree.ReadTile, *, to_leaf: bool) -> tuple[int, list[bytes]]:
    """Descend from the root to a leaf, or to the largest complete subtree that ends with it.

    Returns:
        The first leaf below that node, and the siblings along the way, lowest first.
    """
    siblings, low, high = [], 0, size
    while high != last + 1 or (to_leaf and low != last):
        # The largest power of two below (k in RFC 6962).
        split = low + (1 << (high - low - 1).bit_length() - 1)
        if last < split:
            siblings.append(tree.range_root(split, high, read))
            high = split
        else:
            siblings.append(tree.range_root(low, split, read))
            low = split
    return low, siblings[::-1]


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
    sides = sides_of(index, size - 1)
    _check_count(proof, len(sides))
    found = leaf_hash
    for left, sibling in zip(sides, proof, strict=True):
        found = tree.node_hash(sibling, found) if left else tree.node_hash(found, sibling)
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
    if old == 0 and old_root != tree.EMPTY_ROOT:
        raise ProofInvalid("the empty tree has another root")
    if old in (0, new):
        _check_count(proof, 0)
        if old == new and old_root != new_root:
            raise ProofInvalid("trees of one size have different roots")
        return
    _check_growth(old, new, proof, old_root, new_root)


def _check_growth(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    # RFC 6962, section 2.1.2: the proof begins at the last perfect subtree of the earlier tree. Where that is
    # the whole earlier tree, its root is known and left out.
    height = (old & -old).bit_length() - 1
    known = [old_root] if old == 1 << height else []
    sides = sides_of((old - 1) >> height, (new - 1) >> height)
    _check_count(proof, 1 + len(sides) - len(known))
    first, *siblings = [*known, *proof]
    earlier = later = first
    for left, sibling in zip(sides, siblings, strict=True):
        earlier = tree.node_hash(sibling, earlier) if left else earlier
        later = tree.node_hash(sibling, later) if left else tree.node_hash(later, sibling)
    if earlier != old_root or later != new_root:
        raise ProofInvalid("the consistency proof leads to another root")


def sides_of(index: int, last: int) -> list[bool]:
    """Return for each sibling between a node and the root whether it is on the left.

    Args:
        index: The node's index within its level.
        last: Index of the level's last node; if that is even, it has no sibling and moves up unchanged.
    """
    sides = []
    while last:
        if index & 1 or index < last:
            sides.append(bool(index & 1))
        index, last = index >> 1, last >> 1
    return sides


def _check_lengths(*hashes: bytes) -> None:
    if any(len(one) != tree.HASH_BYTES for one in hashes):
        raise ProofInvalid(f"every hash has {tree.HASH_BYTES} bytes")


def _check_count(proof: Sequence[bytes], count: int) -> None:
    if len(proof) != count:
        raise ProofInvalid(f"a proof for these sizes has {count} hashes, this one has {len(proof)}")


class InclusionProof(msgspec.Struct, frozen=True):
    """A proof that a leaf is in a log; to verify it, only the leaf and the log's key are needed.

    Attributes:
        index: The leaf's index, from 0.
        hashes: The result of `inclusion_proof` for the checkpoint's tree.
        checkpoint: The signed checkpoint, verbatim.
        extra: Bytes for the application. **They are not authenticated.**

    Raises:
        ProofInvalid: The index or a hash is invalid.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def __post_init__(self) -> None:
        if not 0 <= self.index <= tree.MAX_NUMBER or any(len(one) != tree.HASH_BYTES for one in self.hashes):
            raise ProofInvalid("the index or a hash of this proof cannot be one")

    def encode(self) -> str:
        """Write the proof."""
        extra = [f"extra {b64encode(self.extra).decode()}"] if self.extra else []
        hashes = [b64encode(one).decode() for one in self.hashes]
        lines = [_HEADER, *extra, f"index {self.index}", *hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def decode(cls, text: str) -> "InclusionProof":
        """Read a proof. **Nothing is verified** before `check`.

        Raises:
            ProofInvalid: It is not a proof in the form of `encode`.
        """
        if len(text) > 2 * note.MAX_LENGTH:
            raise ProofInvalid("this is too long for a proof of inclusion")
        head, blank, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not blank:
            raise ProofInvalid(f"a proof of inclusion begins with {_HEADER} and ends with a checkpoint")
        extra = note.from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
        if not lines or not lines[0].startswith("index "):
            raise ProofInvalid("a proof of inclusion names the index of the leaf")
        hashes = tuple(note.from_base64(line) for line in lines[1:])
        proof = cls(note.from_decimal(lines[0][6:]), hashes, checkpoint, extra)
        if proof.encode() != text:
            raise ProofInvalid("a proof of inclusion without extra data has no line for them")
        return proof

    def check(self, leaf: bytes, keys: Iterable[note.VerifierKey]) -> note.Checkpoint:
        """Check that a leaf is in the log, and return the checkpoint of the proof.

        Args:
            leaf: The leaf's bytes.
            keys: The log's known keys.

        Raises:
            ProofInvalid: The checkpoint is not the log's, or its tree does not have the leaf there.
            MissingExtra: `cryptography` is not installed.
        """
        checkpoint = note.open_checkpoint(self.checkpoint, keys)
        check_inclusion(self.index, checkpoint.size, tree.leaf_hash(leaf), self.hashes, checkpoint.root)
        return checkpoint
