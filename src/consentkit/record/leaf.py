"""What the tree hashes. A decision's leaf commits to the entry without revealing it; a notice's is public."""

from __future__ import annotations

import secrets
from hashlib import sha256

import msgspec

from consentkit.exceptions import LogCorrupt
from consentkit.record.canonical import canonical
from consentkit.record.entry import EntryType

SALT_BYTES = 32
DOMAIN = b"consentkit/entry/v1\n"
"""What every commitment begins with, so that it is not the hash of anything else."""
_VERSION = 1


def new_salt() -> bytes:
    """Return 32 random bytes. Whoever destroys them makes the commitment say nothing any more."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, body: bytes) -> str:
    """Commit to an entry: SHA-256 over domain, salt and the entry's canonical JSON, in hex."""
    return sha256(DOMAIN + salt + body).hexdigest()


def committed_leaf(kind: EntryType, day: str, committed: str) -> bytes:
    """Return the leaf of an entry that only its commitment stands for; `day` is ``YYYY-MM-DD``."""
    # Nothing in it needs an escape: this is its canonical JSON.
    return f'{{"commitment":"{committed}","day":"{day}","type":"{kind}","v":{_VERSION}}}'.encode()


def notice_leaf(day: str, notice: str) -> bytes:
    """Return the leaf that publishes a notice's hash (hex); `day` is ``YYYY-MM-DD``."""
    return canonical({"day": day, "notice": notice, "type": "notice", "v": _VERSION})


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """What a leaf says: of which type of entry it is the leaf, and of which day (``YYYY-MM-DD``)."""

    type: EntryType
    day: str


def read_leaf(leaf: bytes) -> Leaf:
    """Read a leaf's public part.

    Raises:
        LogCorrupt: It is not a leaf of a consent log.
    """
    try:
        return _decode(leaf)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise LogCorrupt("not a leaf of a consent log") from error


_decode = msgspec.json.Decoder(Leaf).decode
