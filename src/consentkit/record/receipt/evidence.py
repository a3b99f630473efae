"""What shows that a receipt is true: the visitor's entries, the notices they name, and proofs of both."""

from __future__ import annotations

from hashlib import sha256

import msgspec

from consentkit.exceptions import LogError
from consentkit.record.entry import Entry
from consentkit.record.leaf import SALT_BYTES, commitment, committed_leaf, notice_leaf


class ProvedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry, with what opens the commitment in its leaf.

    Attributes:
        index: Of its leaf.
        body: Its canonical JSON.
        salt: What the commitment is salted with.
        proof: The leaf's proof of inclusion (c2sp.org/tlog-proof@v1); empty where the log signs nothing.
    """

    index: int
    body: bytes
    salt: bytes
    proof: str = ""

    @property
    def entry(self) -> Entry:
        """Read the entry; raises `LogError` where it is none."""
        return Entry.decode(self.body)

    @property
    def leaf(self) -> bytes:
        """Return the leaf that commits to it."""
        entry = self.entry
        if len(self.salt) != SALT_BYTES:
            raise LogError(f"a salt has {SALT_BYTES} bytes")
        return committed_leaf(entry.type, entry.day, commitment(self.salt, self.body))


class ProvedNotice(msgspec.Struct, frozen=True, kw_only=True):
    """A notice bundle, with its publication.

    Attributes:
        index: Of the leaf that publishes it.
        day: When it was published, ``YYYY-MM-DD``.
        body: Its canonical JSON.
        proof: As of `ProvedEntry`.
    """

    index: int
    day: str
    body: bytes
    proof: str = ""

    @property
    def hash(self) -> str:
        """Return the notice's hash, hex."""
        return sha256(self.body).hexdigest()

    @property
    def leaf(self) -> bytes:
        """Return the leaf that publishes it."""
        return notice_leaf(self.day, self.hash)


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All of it.

    Attributes:
        entries: One visitor's, in the log's order.
        notices: Those that the entries name, in the log's order.
        key: The log's public key (C2SP vkey); empty where it is not known.
    """

    entries: tuple[ProvedEntry, ...]
    notices: tuple[ProvedNotice, ...]
    key: str = ""
