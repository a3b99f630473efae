"""Receipts: a visitor's own copy of their entries, which can be verified without the log.

The evidence consists of the visitor's entries with their salts, the notices that they name, and proofs that
all of these are in the log. The receipt also has statements in JSON-LD, derived from the evidence. The
evidence is verified first. The statements are compared with it if the version of their vocabulary is known.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import urljoin

import msgspec

from consentkit.consent.notice import Notice, Shown
from consentkit.exceptions import LogError, ProofInvalid
from consentkit.policy import Site
from consentkit.record import dpv
from consentkit.record.entry import TIME, Entry
from consentkit.record.leaf import ProvedEntry, ProvedNotice
from consentkit.tlog.note import Checkpoint, VerifierKey
from consentkit.tlog.proofs import InclusionProof

View: TypeAlias = Callable[[Sequence[Entry], str, Mapping[str, Shown], dpv.Claims], dict[str, Any]]

VIEWS: Final[Mapping[str, View]] = {dpv.VERSION: dpv.describe}
"""Version of the vocabulary → function that describes the evidence in it.

To change the statements, add a row with a new version. If the row of an old version is removed, its receipts
still verify, but their statements are no longer compared.
"""

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_T = TypeVar("_T")


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The evidence of a receipt; its JSON is the same for all versions of the vocabulary.

    Attributes:
        entries: The entries of one visitor, in the log's order.
        notices: The notices that the entries name, in the log's order.
        key: The log's public key (C2SP vkey); empty if unknown.
    """

    entries: tuple[ProvedEntry, ...] = msgspec.field(name="ck:evidence")
    notices: tuple[ProvedNotice, ...] = msgspec.field(name="dpv:hasNotice")
    key: str = msgspec.field(name="ck:key", default="")

    def check(self) -> str:
        """Check that it is about one visitor and has all notices, and return the visitor's id.

        Raises:
            LogError: It is not.
        """
        entries = [proved.entry for proved in self.entries]
        subjects = {entry.subject for entry in entries if entry.type == "decision"}
        subject = subjects.pop() if len(subjects) == 1 else None
        others = {entry.subject for entry in entries} - {subject, None}
        kinds = {entry.type for entry in entries} - {"decision", "invalidated"}
        if subject is None or others or kinds:
            raise LogError("the entries of a receipt are the decisions of one visitor")
        if {entry.notice for entry in entries if entry.notice} != {notice.hash for notice in self.notices}:
            raise LogError("the notices of a receipt are those that its entries name")
        for indexes in ([entry.index for entry in self.entries], [notice.index for notice in self.notices]):
            if indexes != sorted(set(indexes)):
                raise LogError("its entries and notices are not in the log's order")
        return subject


def make_receipt(evidence: Evidence, *, site: Site, settings: str, id: str, at: str) -> bytes:
    """Make a visitor's receipt.

    Args:
        evidence: From `consentkit.log.evidence.collect`.
        site: The policy's table ``[site]``.
        settings: Absolute address of the settings page.
        id: A new id, UUID.
        at: Now, RFC 3339 in UTC.

    Returns:
        JSON-LD in UTF-8, ``application/ld+json``.

    Raises:
        LogError: The entries are not of one visitor, a notice that they name is missing, or `id` or `at` is
            invalid.
    """
    policy = urljoin(settings, site.privacy_policy) if site.privacy_policy else ""
    controller = dpv.Controller(site.controller, site.contact, policy)
    claims = dpv.Claims(id=id, at=at, controller=controller, settings=dpv.Settings(settings))
    document = _build(VIEWS[dpv.VERSION], evidence, claims)
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def _build(view: View, evidence: Evidence, claims: dpv.Claims) -> dict[str, Any]:
    """Make the document that `make_receipt` writes."""
    if not (_UUID.fullmatch(claims.id) and TIME.fullmatch(claims.at)):
        raise LogError("a receipt has a UUID and the time at which it was made, in UTC")
    subject = evidence.check()
    shown = {notice.hash: Notice.loads(notice.body.encode()) or Shown() for notice in evidence.notices}
    document = view([proved.entry for proved in evidence.entries], subject, shown, claims)
    proved = json.loads(msgspec.json.encode(evidence))
    for named, evident in zip(evidence.entries, proved["ck:evidence"], strict=True):
        evident |= {"@id": dpv.entry_iri(named.entry), "@type": "ck:Entry"}
    for stated, evident in zip(document["dpv:hasNotice"], proved["dpv:hasNotice"], strict=True):
        evident |= stated
    return {**document, **proved}


class _Heading(msgspec.Struct):
    """The other fields that receipts of every version have."""

    vocabulary: str = msgspec.field(name="ck:vocabulary")
    id: str = msgspec.field(name="dct:identifier")
    at: str = msgspec.field(name="dct:created")


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a successful verification.

    Attributes:
        id: The receipt's id; not proved.
        created: When it was made; not proved.
        entries: The visitor's entries, in the log's order. A receipt cannot prove that there were no others.
        notices: Hashes of the notices that were shown.
        checkpoint: The largest checkpoint of the log in the proofs.
        key: The public key in the receipt.
        independent: Whether a key from another source has signed it. If not, whoever made the receipt may
            have made the key and a log as well.
        vocabulary: The version of the vocabulary of the statements.
        compared: Whether this program knows that version and has compared the statements with the entries.
            If not, rely on `entries` and not on the statements.
    """

    id: str
    created: str
    entries: tuple[Entry, ...]
    notices: tuple[str, ...]
    checkpoint: Checkpoint
    key: str
    independent: bool
    vocabulary: str
    compared: bool


def verify_receipt(data: bytes, keys: Sequence[VerifierKey] = ()) -> Verified:
    """Verify a receipt offline.

    Each entry and notice is hashed to its leaf, and each leaf is proved to be in a signed tree. The
    statements must match them, if this program knows the version of the vocabulary; see `Verified.compared`.
    Not checked are the controller, the address of the settings page, and the receipt's id and date: they are
    not in the log.

    Args:
        data: The receipt's bytes.
        keys: Public keys of the log, from another source than the receipt.

    Raises:
        ProofInvalid: The receipt is invalid; the message says why.
        MissingExtra: `cryptography` is not installed.
    """
    document = _parse(data)
    heading, evidence = _convert(document, _Heading), _convert(document, Evidence)
    view = VIEWS.get(heading.vocabulary)
    try:
        checkpoint = _check_proofs(evidence, keys)
        evidence.check()
        if view is not None:
            _compare(document, evidence, view)
    except ProofInvalid:
        raise
    except (LogError, ValueError) as error:
        raise ProofInvalid(f"the receipt contradicts itself: {error}") from error
    return Verified(
        id=heading.id,
        created=heading.at,
        entries=tuple(proved.entry for proved in evidence.entries),
        notices=tuple(notice.hash for notice in evidence.notices),
        checkpoint=checkpoint,
        key=evidence.key,
        independent=bool(keys),
        vocabulary=heading.vocabulary,
        compared=view is not None,
    )


def _parse(data: bytes) -> Any:
    """Read JSON without duplicate keys."""
    try:
        return json.loads(data, object_pairs_hook=_object, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ProofInvalid("this is not a receipt: it is not JSON, or says the same thing twice") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key is there twice")
    return made


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")


def _convert(document: object, type: type[_T]) -> _T:
    try:
        return msgspec.convert(document, type=type)
    except msgspec.ValidationError as error:
        raise ProofInvalid("this is not a receipt of a consent log, or not of this version") from error


def _check_proofs(evidence: Evidence, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Check every leaf with the keys given and with the receipt's own; return the largest checkpoint."""
    rings = [list(ring) for ring in (keys, [VerifierKey.parse(evidence.key)] if evidence.key else []) if ring]
    if not rings:
        raise ProofInvalid("the receipt has no public key, and none was given")
    leaves: list[ProvedEntry | ProvedNotice] = [*evidence.notices, *evidence.entries]
    if not leaves:
        raise ProofInvalid("the receipt holds nothing that could be shown to be in a log")
    heads = [_check_proof(proved, ring) for proved in leaves for ring in rings]
    if len({head.origin for head in heads}) > 1:
        raise ProofInvalid("the receipt's proofs are of different logs")
    if len({head.size for head in heads}) < len({(head.size, head.root) for head in heads}):
        raise ProofInvalid("the log has signed two different trees of the same size")
    return max(heads, key=lambda head: head.size)


def _check_proof(proved: ProvedEntry | ProvedNotice, keys: Sequence[VerifierKey]) -> Checkpoint:
    if not proved.proof:
        raise ProofInvalid(f"the receipt has no proof for entry {proved.index}: its log was not signed")
    try:
        proof = InclusionProof.decode(proved.proof)
        if proof.index != proved.index or proof.extra:  # extra data would not be signed
            raise ProofInvalid("its proof is that of another")
        return proof.check(proved.leaf, keys)
    except ProofInvalid as error:
        raise ProofInvalid(f"entry {proved.index} is not shown to be in the log: {error}") from error


def _compare(document: Any, evidence: Evidence, view: View) -> None:
    """Compare a receipt's statements with its evidence.

    Raises:
        ProofInvalid: They differ.
        LogError: Its id or time is invalid.
    """
    difference = _difference(_build(view, evidence, _convert(document, dpv.Claims)), document)
    if difference is not None:
        raise ProofInvalid(f"the receipt's {difference or 'form'} is not what its entries and notices say")


def _difference(expected: Any, found: Any, path: str = "") -> str | None:
    """Return the path of the first difference between two JSON values; None if they are equal."""
    # Types are compared first: in Python True == 1 == 1.0.
    if type(expected) is not type(found):
        return path
    if isinstance(expected, dict):
        if others := expected.keys() ^ found.keys():
            return f"{path}/{min(others)}"
        pairs = [(key, value, found[key]) for key, value in expected.items()]
    elif isinstance(expected, list):
        if len(expected) != len(found):
            return path
        pairs = [(index, *values) for index, values in enumerate(zip(expected, found, strict=True))]
    else:
        return None if expected == found else path
    deeper = (_difference(one, other, f"{path}/{key}") for key, one, other in pairs)
    return next((difference for difference in deeper if difference is not None), None)
