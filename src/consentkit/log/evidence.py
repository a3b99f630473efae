"""Reads for others: the evidence for a visitor's receipt, and the public parts of the log."""

import re
from typing import Final

import msgspec
from msgspec.structs import replace

from consentkit.exceptions import LogError, ProofInvalid
from consentkit.log.reader import LogReader, Recorded
from consentkit.record.leaf import ProvedEntry, ProvedNotice
from consentkit.record.receipt import Evidence
from consentkit.tlog.tree import HASH_BYTES, parse_tile_path

LATEST = 500
"""Maximum entries of a receipt: the time to make one grows with them, and any visitor may ask for one."""

PUBLIC_SECONDS: Final = 1.0
"""Timeout of a public read."""

PUBLIC_THREADS: Final = 2
"""Threads for public reads per event loop, so that they do not delay visitors."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")


def collect(log: LogReader, subject: str) -> Evidence | None:
    """Read the evidence for a visitor's receipt. Blocking.

    A receipt has the visitor's latest `LATEST` entries.

    Args:
        log: An open log.
        subject: The visitor's id.

    Returns:
        None if the log has no entries of the visitor.

    Raises:
        LogUnavailable: The store cannot be read now.
        LogError: A notice that an entry names is missing.
    """
    rows = [row for row in log.of_subject(subject, last=LATEST) if row.entry and row.body and row.salt]
    if not any(row.entry and row.entry.type == "decision" for row in rows):
        return None
    hashes = sorted({row.entry.notice for row in rows if row.entry and row.entry.notice})
    notices = sorted((_publication(log, hash) for hash in hashes), key=lambda notice: notice.index)
    proofs: dict[int, str] = {}
    key = ""
    if log.head().checkpoint is not None:
        indexes = [row.index for row in rows] + [notice.index for notice in notices]
        proofs = {proof.index: proof.encode() for proof in log.proofs(indexes)}
        keys = log.keys()
        key = "" if keys is None else str(keys.signing.verifier)
    return Evidence(
        entries=tuple(_proved(row, proofs.get(row.index, "")) for row in rows),
        notices=tuple(replace(notice, proof=proofs.get(notice.index, "")) for notice in notices),
        key=key,
    )


def _proved(row: Recorded, proof: str) -> ProvedEntry:
    body, salt = (row.body or b"").decode(), (row.salt or b"").hex()
    return ProvedEntry(index=row.index, body=body, salt=salt, proof=proof)


def _publication(log: LogReader, hash: str) -> ProvedNotice:
    row, body = log.find(hash), log.notice(hash)
    if row is None or row.entry is None or body is None:
        raise LogError(f"the notice {hash} is not in the log")
    return ProvedNotice(index=row.index, day=row.entry.day, body=body.decode())


def read_public(log: LogReader, path: str) -> bytes | None:
    """Read a checkpoint, a tile (C2SP tlog-tiles paths) or a notice; `None` if there is none. Blocking.

    Args:
        log: An open log.
        path: ``checkpoint``, ``notices``, ``notices/<hash>`` or a tile's path.

    Raises:
        LogUnavailable: The store is away.
    """
    if path == "checkpoint":
        return (log.head().checkpoint or "").encode() or None
    if path == "notices":
        return msgspec.json.encode(log.notices())
    if path.startswith("notices/"):
        hash = path.removeprefix("notices/")
        return log.notice(hash) if _HASH.fullmatch(hash) else None
    return _read_tile(log, path)


def _read_tile(log: LogReader, path: str) -> bytes | None:
    """Read a tile in the requested width: a narrower tile is a prefix of the present one."""
    try:
        tile, width = parse_tile_path(path)
    except ProofInvalid:
        return None
    hashes = (log.tile(tile) or b"")[: width * HASH_BYTES]
    return hashes if len(hashes) == width * HASH_BYTES else None
