"""Checking a receipt with nothing but the receipt, and the log's public key from somewhere else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from consentkit.exceptions import ConfigurationError, LogError, ProofInvalid
from consentkit.policy import Site
from consentkit.record.entry import Entry
from consentkit.record.receipt.document import Claims, build
from consentkit.record.receipt.evidence import Evidence, ProvedEntry, ProvedNotice
from consentkit.tlog import Checkpoint, InclusionProof, VerifierKey


class _Site(msgspec.Struct):
    controller: str = msgspec.field(name="dpv:hasName", default="")
    contact: str = msgspec.field(name="dpv:hasContact", default="")
    privacy_policy: str = msgspec.field(name="schema:url", default="")


class _Settings(msgspec.Struct):
    address: str = msgspec.field(name="dpv:isExercisedAt")


class _Notice(msgspec.Struct):
    index: int = msgspec.field(name="ck:index")
    day: str = msgspec.field(name="dct:issued")
    body: str = msgspec.field(name="ck:bundle")
    proof: str = msgspec.field(name="ck:proof", default="")

    def proved(self) -> ProvedNotice:
        return ProvedNotice(index=self.index, day=self.day, body=self.body.encode(), proof=self.proof)


class _Entry(msgspec.Struct):
    index: int = msgspec.field(name="ck:index")
    body: str = msgspec.field(name="ck:entry")
    salt: str = msgspec.field(name="ck:salt")
    proof: str = msgspec.field(name="ck:proof", default="")

    def proved(self) -> ProvedEntry:
        salt = bytes.fromhex(self.salt)
        return ProvedEntry(index=self.index, body=self.body.encode(), salt=salt, proof=self.proof)


class Parts(msgspec.Struct):
    """What is read of a receipt: evidence and claims, and none of what follows from them."""

    id: str = msgspec.field(name="dct:identifier")
    at: str = msgspec.field(name="dct:created")
    site: _Site = msgspec.field(name="dct:publisher")
    settings: _Settings = msgspec.field(name="dpv:hasConsentControl")
    notices: list[_Notice] = msgspec.field(name="dpv:hasNotice")
    entries: list[_Entry] = msgspec.field(name="ck:evidence")
    key: str = msgspec.field(name="ck:key", default="")

    def evidence(self) -> Evidence:
        """Return the evidence.

        Raises:
            ValueError: It is not in the log's order, or not spelt as it must be.
        """
        for things in (self.entries, self.notices):
            indexes = [thing.index for thing in things]
            if indexes != sorted(set(indexes)):
                raise ValueError("its entries and notices are not in the log's order")
        return Evidence(
            entries=tuple(entry.proved() for entry in self.entries),
            notices=tuple(notice.proved() for notice in self.notices),
            key=self.key,
        )

    def claims(self) -> Claims:
        """Return what it says without evidence."""
        site = Site(**msgspec.structs.asdict(self.site))
        return Claims(id=self.id, at=self.at, site=site, settings=self.settings.address)


def parse(data: bytes) -> Any:
    """Read JSON in which nothing is said twice.

    Raises:
        ProofInvalid: It is something else.
    """
    try:
        return json.loads(data, object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ProofInvalid("this is not a receipt: it is not JSON, or says the same thing twice") from error


def read_parts(document: object) -> Parts:
    """Find the parts in what `parse` returned.

    Raises:
        ProofInvalid: They are not there.
    """
    try:
        return msgspec.convert(document, type=Parts)
    except msgspec.ValidationError as error:
        raise ProofInvalid("this is not a receipt of a consent log, or not of this version") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


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
