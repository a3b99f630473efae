"""Checking a receipt with nothing but the receipt, and the log's public key from somewhere else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from consentkit.exceptions import ConfigurationError, LogError, ProofInvalid
from consentkit.record.entry import Entry
from consentkit.record.receipt.document import build
from consentkit.record.receipt.evidence import Evidence, ProvedEntry, ProvedNotice
from consentkit.record.receipt.reading import parse, read_parts
from consentkit.tlog import Checkpoint, InclusionProof, VerifierKey


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt that holds shows.

    Attributes:
        id: Of the receipt, as it says itself.
        created: When it was made, as it says itself.
        entries: The visitor's entries, in the log's order: they were in the log. Whether there were more, a
            receipt cannot show.
        notices: Hashes of the notices that were shown.
        checkpoint: The largest head of the log that the proofs lead to.
        key: The public key that the receipt carries.
        independent: Whether a key from elsewhere has signed it. If not, whoever made the receipt may have
            made the key, and the log with it.
    """

    id: str
    created: str
    entries: tuple[Entry, ...]
    notices: tuple[str, ...]
    checkpoint: Checkpoint
    key: str
    independent: bool


def verify_receipt(data: bytes, keys: Sequence[VerifierKey] = ()) -> Verified:
    """Check a receipt offline.

    Each entry and notice is hashed to its leaf, each leaf is followed to a signed checkpoint, and the receipt
    is made again from them: whatever it says in other places must be what they say. Who is responsible, the
    address of the settings, and the receipt's own id and date are nowhere in the log; they are not checked.

    Args:
        data: The receipt's bytes.
        keys: Public keys of the log, from somewhere else than the receipt.

    Raises:
        ProofInvalid: What does not hold, in a sentence.
        MissingExtra: `cryptography` is not installed.
    """
    document = parse(data)
    parts = read_parts(document)
    try:
        claims = parts.claims()
        evidence = parts.evidence()
        checkpoint = _check_proofs(evidence, keys)
        expected = build(evidence, claims)
    except ProofInvalid:
        raise
    except (LogError, ValueError) as error:
        raise ProofInvalid(f"the receipt contradicts itself: {error}") from error
    difference = _difference(expected, document, "")
    if difference is not None:
        raise ProofInvalid(f"the receipt's {difference or 'form'} is not what its entries and notices say")
    return Verified(
        id=claims.id,
        created=claims.at,
        entries=tuple(proved.entry for proved in evidence.entries),
        notices=tuple(notice.hash for notice in evidence.notices),
        checkpoint=checkpoint,
        key=evidence.key,
        independent=bool(keys),
    )


def _difference(expected: Any, found: Any, path: str) -> str | None:
    """Return the path of the first place where two JSON values differ; None where they are equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in expected | found:
            if key not in expected or key not in found:
                return f"{path}/{key}"
            if (deeper := _difference(expected[key], found[key], f"{path}/{key}")) is not None:
                return deeper
        return None
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            if (deeper := _difference(one, other, f"{path}/{index}")) is not None:
                return deeper
        return None
    # In Python true equals 1 and 1 equals 1.0; in JSON they are three values.
    return None if type(expected) is type(found) and expected == found else path


def _check_proofs(evidence: Evidence, keys: Sequence[VerifierKey]) -> Checkpoint:
    rings = [list(ring) for ring in (keys, _own(evidence)) if ring]
    if not rings:
        raise ProofInvalid("the receipt has no public key, and none was given")
    heads: list[Checkpoint] = []
    leaves: list[ProvedEntry | ProvedNotice] = [*evidence.notices, *evidence.entries]
    if not leaves:
        raise ProofInvalid("the receipt holds nothing that could be shown to be in a log")
    for proved in leaves:
        if not proved.proof:
            raise ProofInvalid(f"the receipt has no proof for entry {proved.index}: its log was not signed")
        try:
            heads += [_check_proof(proved, ring) for ring in rings]
        except ProofInvalid as error:
            raise ProofInvalid(f"entry {proved.index} is not shown to be in the log: {error}") from error
    if len({head.origin for head in heads}) > 1:
        raise ProofInvalid("the receipt's proofs are of different logs")
    if len({head.size for head in heads}) < len({(head.size, head.root) for head in heads}):
        raise ProofInvalid("the log has signed two different trees of the same size")
    return max(heads, key=lambda head: head.size)


def _own(evidence: Evidence) -> list[VerifierKey]:
    try:
        return [VerifierKey.parse(evidence.key)] if evidence.key else []
    except ConfigurationError as error:
        raise ProofInvalid(f"the receipt's public key cannot be read: {error.problem}") from error


def _check_proof(proved: ProvedEntry | ProvedNotice, keys: Sequence[VerifierKey]) -> Checkpoint:
    proof = InclusionProof.decode(proved.proof)
    if proof.index != proved.index or proof.extra:
        raise ProofInvalid("its proof is that of another")
    return proof.check(proved.leaf, keys)
