"""Verifying there and then: one entry against its leaf, and the leaf against the checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from consentkit.dashboard.checking import Check, check_signature, said
from consentkit.dashboard.showing import is_genuine
from consentkit.exceptions import LogCorrupt, ProofInvalid
from consentkit.log import LogReader, Recorded
from consentkit.record import SALT_BYTES, commitment, committed_leaf, notice_leaf
from consentkit.tlog import (
    InclusionProof,
    VerifierKey,
    check_inclusion,
    inclusion_proof,
    leaf_hash,
    node_hash,
    read_checkpoint,
)


class Node(NamedTuple):
    """One step on the way from a leaf to the root: the hash beside, its side, and what both give."""

    sibling: str
    side: str
    result: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """An entry's proof, and what came of it.

    Attributes:
        size: Number of leaves of the tree.
        root: The tree's root hash, hexadecimal.
        leaf_hash: The leaf's hash, hexadecimal.
        nodes: The way from the leaf to the root.
        checks: What was looked at, in order.
        proof: The proof as other programs read it; ``None`` where nothing is signed.
    """

    size: int
    root: str
    leaf_hash: str
    nodes: tuple[Node, ...]
    checks: tuple[Check, ...]
    proof: str | None

    @property
    def holds(self) -> bool | None:
        """Whether everything holds; ``None`` where nothing is wrong, but not all could be checked."""
        verdicts = {check.holds for check in self.checks}
        return False if False in verdicts else None if None in verdicts else True


def verify_entry(reader: LogReader, recorded: Recorded, keys: Sequence[VerifierKey]) -> Verified:
    """Verify one entry as an auditor would, step by step.

    Args:
        reader: Reads the log.
        recorded: The entry.
        keys: The log's public keys; none where they are not known.

    Raises:
        LogCorrupt: The tree has no proof for it.
    """
    proof, size, top = _prove(reader, recorded.index)
    hashed = leaf_hash(recorded.leaf)
    checks = [
        _check_body(recorded),
        *_check_notice(reader, recorded),
        _check_path(recorded.index, size, hashed, proof.hashes, top),
        check_signature(proof.checkpoint or None, keys),
    ]
    return Verified(
        size=size,
        root=top.hex(),
        leaf_hash=hashed.hex(),
        nodes=tuple(_way(recorded.index, size, hashed, proof.hashes)),
        checks=tuple(checks),
        proof=proof.encode() if proof.checkpoint else None,
    )


def _prove(reader: LogReader, index: int) -> tuple[InclusionProof, int, bytes]:
    """Return the proof, with an empty checkpoint where none is signed, and the tree's size and root."""
    head = reader.head()
    if not head.checkpoint:
        hashes = inclusion_proof(index, head.size, reader.tile)
        return InclusionProof(index, tuple(hashes), ""), head.size, head.root
    proof = reader.proof(index)
    try:
        stated = read_checkpoint(proof.checkpoint)
    except ProofInvalid as error:
        raise LogCorrupt(f"the head's checkpoint cannot be read: {error}") from error
    return proof, stated.size, stated.root


def _check_body(recorded: Recorded) -> Check:
    title, entry = "The leaf stands for this entry", recorded.entry
    if entry is None or recorded.body is None:
        return Check(title=title, holds=None, text="There is nothing to compare: its content is not there.")
    if entry.type == "notice":
        made = notice_leaf(entry.day, entry.notice)
        text = "It names this notice and its day."
    else:
        committed = commitment(recorded.salt or b"", recorded.body)
        made = committed_leaf(entry.type, entry.day, committed)
        text = "It has this type and day, and commits to SHA-256 over the entry's bytes and its salt."
        made = made if len(recorded.salt or b"") == SALT_BYTES else b""
    holds = made == recorded.leaf and entry.id == recorded.id
    return Check(title=title, holds=holds, text=said(holds, text))


def _check_notice(reader: LogReader, recorded: Recorded) -> Iterator[Check]:
    if recorded.entry is not None and recorded.entry.notice:
        holds = is_genuine(reader, recorded.entry.notice)
        text = "The notice and its files have the hashes by which they are named."
        yield Check(title="What was shown is unchanged", holds=holds, text=said(holds, text))


def _check_path(index: int, size: int, hashed: bytes, hashes: Sequence[bytes], top: bytes) -> Check:
    title = "The leaf is in the tree"
    try:
        check_inclusion(index, size, hashed, hashes, top)
    except ProofInvalid as error:
        return Check(title=title, holds=False, text=f"{error}.")
    lead = "1 hash leads" if len(hashes) == 1 else f"{len(hashes)} hashes lead"
    return Check(title=title, holds=True, text=f"{lead} from it to the root.")


def _way(index: int, size: int, hashed: bytes, hashes: Sequence[bytes]) -> Iterator[Node]:
    """Name every step from a leaf to the root (RFC 9162, section 2.1.3.2)."""
    siblings, last = iter(hashes), size - 1
    while last:
        if index & 1 or index < last:
            sibling, left = next(siblings, b""), bool(index & 1)
            hashed = node_hash(sibling, hashed) if left else node_hash(hashed, sibling)
            yield Node(sibling.hex(), "left" if left else "right", hashed.hex())
        index, last = index >> 1, last >> 1
