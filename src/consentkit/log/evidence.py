"""What a visitor's receipt needs of a log."""

from __future__ import annotations

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.reader import LogReader
from consentkit.record.receipt import Evidence, ProvedEntry, ProvedNotice

LATEST = 500
"""Entries of a receipt. Making one takes as long as proving them does, and anybody may ask for one."""


def collect(log: LogReader, subject: str) -> Evidence | None:
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


def _publication(log: LogReader, hash: str) -> ProvedNotice:
    row, body = log.find(hash), log.notice(hash)
    if row is None or row.entry is None or body is None:
        raise LogError(f"the notice {hash} is not in the log")
    return ProvedNotice(index=row.index, day=row.entry.day, body=body)
