"""Offline proofs (c2sp.org/tlog-proof@v1): one text that shows that a leaf is in a log."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable

import msgspec

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.checkpoint import Checkpoint, open_checkpoint
from consentkit.tlog.encoding import MAX_NUMBER, from_base64, from_decimal
from consentkit.tlog.keys import VerifierKey
from consentkit.tlog.note import MAX_LENGTH
from consentkit.tlog.proofs import check_inclusion
from consentkit.tlog.tree import HASH_BYTES, leaf_hash

_HEADER = "c2sp.org/tlog-proof@v1"


class InclusionProof(msgspec.Struct, frozen=True):
    """Index, hashes and checkpoint: all but the leaf's bytes and the log's key.

    Attributes:
        index: Of the leaf, from 0.
        hashes: What `inclusion_proof` gives for the checkpoint's tree.
        checkpoint: The signed checkpoint, verbatim.
        extra: Bytes of the application's own. **They are not authenticated.**
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes = b""

    def __post_init__(self) -> None:
        """Check that it can be written.

        Raises:
            ProofInvalid: The index or a hash cannot be one.
        """
        if not 0 <= self.index <= MAX_NUMBER or any(len(one) != HASH_BYTES for one in self.hashes):
            raise ProofInvalid("the index or a hash of this proof cannot be one")

    def encode(self) -> str:
        """Write the proof."""
        extra = [f"extra {b64encode(self.extra).decode()}"] if self.extra else []
        hashes = [b64encode(one).decode() for one in self.hashes]
        lines = [_HEADER, *extra, f"index {self.index}", *hashes]
        return "\n".join(lines) + "\n\n" + self.checkpoint

    @classmethod
    def decode(cls, text: str) -> InclusionProof:
        """Read a proof. **Nothing is verified** before `check`.

        Raises:
            ProofInvalid: It is anything but what `encode` gives for some proof.
        """
        if len(text) > 2 * MAX_LENGTH:
            raise ProofInvalid("this is too long for a proof of inclusion")
        head, blank, checkpoint = text.partition("\n\n")
        header, *lines = head.split("\n")
        if header != _HEADER or not blank:
            raise ProofInvalid(f"a proof of inclusion begins with {_HEADER} and ends with a checkpoint")
        extra = from_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else b""
        if not lines or not lines[0].startswith("index "):
            raise ProofInvalid("a proof of inclusion names the index of the leaf")
        hashes = tuple(from_base64(line) for line in lines[1:])
        proof = cls(from_decimal(lines[0][6:]), hashes, checkpoint, extra)
        if proof.encode() != text:
            raise ProofInvalid("a proof of inclusion without extra data has no line for them")
        return proof

    def check(self, leaf: bytes, keys: Iterable[VerifierKey]) -> Checkpoint:
        """Check that a leaf is in the log, and return the checkpoint that says so.

        Args:
            leaf: The leaf's bytes.
            keys: The log's known keys.

        Raises:
            ProofInvalid: The checkpoint is not the log's, or its tree does not have the leaf there.
            MissingExtra: `cryptography` is not installed.
        """
        checkpoint = open_checkpoint(self.checkpoint, keys)
        check_inclusion(self.index, checkpoint.size, leaf_hash(leaf), self.hashes, checkpoint.root)
        return checkpoint
