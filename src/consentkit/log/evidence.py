"""What a visitor's receipt needs of a log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.reader import Recorded
from consentkit.log.signing import Keyring
from consentkit.log.store import Head
from consentkit.record.receipt import Evidence, ProvedEntry, ProvedNotice
from consentkit.tlog import InclusionProof

LATEST = 500
"""Entries of a receipt. Making one takes as long as proving them does, and anybody may ask for one."""


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
