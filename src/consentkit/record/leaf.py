"""Leaves: the bytes that the tree hashes for an entry, and the commitment in them.

A decision's leaf commits to the entry without revealing it; a notice's leaf is public. Both are canonical
JSON (RFC 8785). An entry is erased by deleting its body and its salt; the leaf stays, and reveals nothing
without them.
"""

import secrets
from hashlib import sha256

import msgspec

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.record.entry import Entry, EntryType

SALT_BYTES = 32
DOMAIN = b"consentkit/entry/v1\n"
"""Prefix of every commitment, so that it is never the hash of something else (domain separation)."""
_VERSION = 1


def new_salt() -> bytes:
    """Return 32 random bytes. Once they are deleted, the commitment reveals nothing."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, body: bytes) -> str:
    """Commit to an entry: SHA-256 over domain, salt and the entry's canonical JSON, in hex.

    Without the salt, the few possible values of a decision could be guessed and checked.
    """
    return sha256(DOMAIN + salt + body).hexdigest()


# Canonical JSON: sorted keys, and no value needs an escape.


def committed_leaf(kind: EntryType, day: str, committed: str) -> bytes:
    """Return the leaf of an entry with its commitment (hex); `day` is ``YYYY-MM-DD``."""
    return f'{{"commitment":"{committed}","day":"{day}","type":"{kind}","v":{_VERSION}}}'.encode()


def notice_leaf(day: str, notice: str) -> bytes:
    """Return the leaf that publishes a notice's hash (hex); `day` is ``YYYY-MM-DD``."""
    return f'{{"day":"{day}","notice":"{notice}","type":"notice","v":{_VERSION}}}'.encode()


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """The public part of a leaf: the entry's type and day (``YYYY-MM-DD``)."""

    type: EntryType
    day: str


_decode = msgspec.json.Decoder(Leaf).decode


def read_leaf(leaf: bytes) -> Leaf:
    """Read a leaf's public part.

    Raises:
        LogCorrupt: It is not a leaf of a consent log.
    """
    try:
        return _decode(leaf)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise LogCorrupt("not a leaf of a consent log") from error


class ProvedEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry with its salt and proof; its JSON is that of a receipt.

    Attributes:
        index: Index of its leaf.
        body: Its canonical JSON.
        salt: The salt of its commitment, in hex.
        proof: The leaf's proof of inclusion (c2sp.org/tlog-proof@v1); empty if the log is not signed.
    """

    index: int = msgspec.field(name="ck:index")
    body: str = msgspec.field(name="ck:entry")
    salt: str = msgspec.field(name="ck:salt")
    proof: str = msgspec.field(name="ck:proof", default="")

    @property
    def entry(self) -> Entry:
        """Read the entry; raises `LogError` if it is invalid."""
        return Entry.decode(self.body.encode())

    @property
    def leaf(self) -> bytes:
        """Return the leaf that commits to it; raises `LogError` if entry or salt are invalid."""
        entry, salt = self.entry, bytes.fromhex(self.salt)
        # Salt and body are hashed as one string, so the salt's length must be checked.
        if len(salt) != SALT_BYTES or salt.hex() != self.salt:
            raise LogError(f"a salt has {SALT_BYTES} bytes, in lower-case hex")
        return committed_leaf(entry.type, entry.day, commitment(salt, self.body.encode()))


class ProvedNotice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A notice with its publication and proof; its JSON is that of a receipt.

    Attributes:
        index: Index of the leaf that publishes it.
        day: Day of its publication, ``YYYY-MM-DD``.
        body: Its canonical JSON.
        proof: As in `ProvedEntry`.
    """

    index: int = msgspec.field(name="ck:index")
    day: str = msgspec.field(name="dct:issued")
    body: str = msgspec.field(name="ck:bundle")
    proof: str = msgspec.field(name="ck:proof", default="")

    @property
    def hash(self) -> str:
        """Return the notice's hash, hex."""
        return sha256(self.body.encode()).hexdigest()

    @property
    def leaf(self) -> bytes:
        """Return the leaf that publishes it."""
        return notice_leaf(self.day, self.hash)
