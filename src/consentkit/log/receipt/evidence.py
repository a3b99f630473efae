"""What shows that a receipt is true: the visitor's entries, the notices they name, and proofs of both."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.entry import Entry
from consentkit.log.leaf import SALT_BYTES, commitment, committed_leaf, notice_leaf
from consentkit.log.reader import Recorded
from consentkit.log.signing import Keyring
from consentkit.log.store import Head
from consentkit.tlog import InclusionProof

LATEST = 500
"""Entries of a receipt. Making one takes as long as proving them does, and anybody may ask for one."""


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


class Source(Protocol):
    """What a receipt needs of a log: `consentkit.log.LogReader` is one."""

    def head(self) -> Head:
        """Return the tree's head."""

    def of_subject(self, subject: str, *, last: int | None = None) -> list[Recorded]:
        """Return a visitor's entries, or the last of them."""

    def find(self, id: str) -> Recorded | None:
        """Return the publication of a notice."""

    def notice(self, hash: str) -> bytes | None:
        """Return the canonical bytes of a notice."""

    def proofs(self, indexes: Sequence[int]) -> list[InclusionProof]:
        """Prove leaves against one checkpoint."""

    def keys(self) -> Keyring | None:
        """Return the log's keys."""


def collect(log: Source, subject: str) -> Evidence | None:
    """Read from the log all that a visitor's receipt needs. It blocks.

    A receipt has the visitor's latest `LATEST` entries.

    Args:
        log: An open log.
        subject: The visitor's id.

    Returns:
        None where the log holds nothing of the visitor, or nothing any more.

    Raises:
        LogUnavailable: The store cannot be read now.
        LogError: A notice that an entry names is missing.
    """
    rows = [row for row in log.of_subject(subject, last=LATEST) if row.entry and row.body and row.salt]
    if not any(row.entry and row.entry.type == "decision" for row in rows):
        return None
    hashes = sorted({row.entry.notice for row in rows if row.entry and row.entry.notice})
    published = {hash: _publication(log, hash) for hash in hashes}
    indexes = [row.index for row in rows] + [notice.index for notice in published.values()]
    signed = log.head().checkpoint is not None
    proofs = {proof.index: proof.encode() for proof in log.proofs(indexes)} if signed else {}
    keys = log.keys() if signed else None
    return Evidence(
        entries=tuple(
            ProvedEntry(
                index=row.index, body=row.body or b"", salt=row.salt or b"", proof=proofs.get(row.index, "")
            )
            for row in sorted(rows, key=lambda row: row.index)
        ),
        notices=tuple(
            msgspec.structs.replace(notice, proof=proofs.get(notice.index, ""))
            for notice in sorted(published.values(), key=lambda notice: notice.index)
        ),
        key="" if keys is None else str(keys.signing.verifier),
    )


def _publication(log: Source, hash: str) -> ProvedNotice:
    row, body = log.find(hash), log.notice(hash)
    if row is None or row.entry is None or body is None:
        raise LogError(f"the notice {hash} is not in the log")
    return ProvedNotice(index=row.index, day=row.entry.day, body=body)
