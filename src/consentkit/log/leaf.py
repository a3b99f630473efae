"""What the tree hashes. A decision's leaf commits to the entry without revealing it; a notice's is public."""

from __future__ import annotations

import secrets
from hashlib import sha256

from consentkit.log.canonical import canonical
from consentkit.log.entry import EntryType

SALT_BYTES = 32
_DOMAIN = b"consentkit/entry/v1\n"
_VERSION = 1


def new_salt() -> bytes:
    """Return 32 random bytes. Whoever destroys them makes the commitment say nothing any more."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, body: bytes) -> str:
    """Commit to an entry: SHA-256 over domain, salt and the entry's canonical JSON, in hex."""
    return sha256(_DOMAIN + salt + body).hexdigest()


def committed_leaf(kind: EntryType, day: str, committed: str) -> bytes:
    """Return the leaf of an entry that only its commitment stands for; `day` is ``YYYY-MM-DD``."""
    return canonical({"commitment": committed, "day": day, "type": kind, "v": _VERSION})


def notice_leaf(day: str, notice: str) -> bytes:
    """Return the leaf that publishes a notice's hash (hex); `day` is ``YYYY-MM-DD``."""
    return canonical({"day": day, "notice": notice, "type": "notice", "v": _VERSION})
