"""Checkpoints (C2SP tlog-checkpoint, version 1.0.0): a signed note that states a tree's head."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence

import msgspec

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.encoding import MAX_NUMBER, from_base64, from_decimal
from consentkit.tlog.keys import SigningKey, VerifierKey
from consentkit.tlog.note import read_note, sign_note, verified
from consentkit.tlog.tree import HASH_BYTES


class Checkpoint(msgspec.Struct, frozen=True):
    """A log's head, as it is signed.

    Attributes:
        origin: The log's identity: the name of the key that signs.
        size: Number of leaves.
        root: The tree head's hash, 32 bytes.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        """Check that it can be written.

        Raises:
            ProofInvalid: The origin is not one line, or the size or the root cannot be one.
        """
        if not self.origin or "\n" in self.origin:
            raise ProofInvalid("a checkpoint's origin is one line of text")
        if not 0 <= self.size <= MAX_NUMBER:
            raise ProofInvalid("a checkpoint's size cannot be that of a tree")
        if len(self.root) != HASH_BYTES:
            raise ProofInvalid(f"a checkpoint's root has {HASH_BYTES} bytes, this one has {len(self.root)}")

    def encode(self) -> str:
        """Write the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def decode(cls, text: str) -> Checkpoint:
        """Read the text of a checkpoint's note. Extension lines of other logs are passed over.

        Raises:
            ProofInvalid: It is not a checkpoint's text.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or "" in lines:
            raise ProofInvalid("a checkpoint has an origin, a size and a root, one a line, and no empty line")
        return cls(lines[0], from_decimal(lines[1]), from_base64(lines[2]))


def sign_checkpoint(size: int, root: bytes, keys: Sequence[SigningKey]) -> str:
    """Sign a tree's head; its origin is the first key's name.

    Raises:
        ProofInvalid: The head cannot be that of a tree, or there is no key.
    """
    if not keys:
        raise ProofInvalid("a checkpoint has at least one signature")
    return sign_note(Checkpoint(keys[0].name, size, root).encode(), keys)


def open_checkpoint(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Return what a signed checkpoint states, if the log itself has signed it with a known key.

    Raises:
        ProofInvalid: It is no checkpoint, or the signature that makes it one is missing or does not hold.
        MissingExtra: `cryptography` is not installed.
    """
    text, signers = verified(note, keys)
    checkpoint = Checkpoint.decode(text)
    if checkpoint.origin not in {key.name for key in signers}:
        raise ProofInvalid(f"no known key of {checkpoint.origin} has signed this checkpoint")
    return checkpoint


def read_checkpoint(note: str) -> Checkpoint:
    """Return what a checkpoint states. **Nothing is verified**: anybody may have written it.

    Raises:
        ProofInvalid: It is no checkpoint.
    """
    return Checkpoint.decode(read_note(note)[0])
