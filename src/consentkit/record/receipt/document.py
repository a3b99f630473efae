"""The receipt: JSON-LD that says in DPV's terms what the entries and notices say, and nothing else.

It is a function of the evidence and of four things that nobody can prove, the claims. So whoever has a
receipt can make it again from what it holds, and see whether it says something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from consentkit.consent import Notice, Shown, ShownVendor
from consentkit.exceptions import LogError
from consentkit.policy import Site
from consentkit.record.receipt import vocabulary
from consentkit.record.receipt.evidence import Evidence, ProvedEntry, ProvedNotice
from consentkit.record.receipt.history import Event, read_history
from consentkit.record.receipt.parties import Parties, identified
from consentkit.record.receipt.records import Records, entry_iri, notice_iri
from consentkit.record.receipt.vocabulary import words

_TYPES = ("decision", "invalidated")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says that no entry can show.

    Attributes:
        id: Of the receipt.
        at: When it was made, RFC 3339.
        site: Who is responsible.
        settings: Address of the settings page.

    Raises:
        LogError: The id is no UUID, or the time is not in UTC.
    """

    id: str
    at: str
    site: Site
    settings: str

    def __post_init__(self) -> None:
        if not (_UUID.fullmatch(self.id) and _TIME.fullmatch(self.at)):
            raise LogError("a receipt has a UUID and the time at which it was made, in UTC")


def make_receipt(evidence: Evidence, *, site: Site, settings: str, id: str, at: str) -> bytes:
    """Make a visitor's receipt.

    Args:
        evidence: From `collect`.
        site: The policy's table of that name.
        settings: Absolute address of the page where the visitor can change or withdraw the choice.
        id: A new id, UUID.
        at: Now, RFC 3339 in UTC.

    Returns:
        JSON-LD in UTF-8, ``application/ld+json``.

    Raises:
        LogError: The entries are not one visitor's, or name a notice that is not there, or `id` or `at` is
            not what it must be.
    """
    document = build(evidence, Claims(id=id, at=at, site=site, settings=settings))
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def build(evidence: Evidence, claims: Claims) -> Mapping[str, Any]:
    """Make the document that `make_receipt` writes.

    Raises:
        LogError: As `make_receipt`.
    """
    entries = [proved.entry for proved in evidence.entries]
    notices = {notice.hash: Notice.loads(notice.body) or Shown() for notice in evidence.notices}
    subject = _demand_one_visitor(evidence)
    if {entry.notice for entry in entries if entry.notice} != notices.keys():
        raise LogError("the notices of a receipt are those that its entries name")
    history = read_history(entries, notices, at=claims.at)
    parties = Parties(f"urn:uuid:{claims.id}")
    records = Records(notices, parties, claims.settings)
    return {
        "@context": vocabulary.CONTEXT,
        "@id": f"urn:uuid:{claims.id}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": vocabulary.RECEIPT,
        "ck:vocabulary": vocabulary.VERSION,
        **identified(claims.id),
        "dct:created": claims.at,
        "dct:publisher": parties.describe_controller(claims.site, claims.settings),
        "dpv:hasDataSubject": parties.describe_subject(subject),
        "dpv:hasConsentControl": parties.describe_settings(claims.settings),
        "dpv:hasRecordOfActivity": [records.record(name, events) for name, events in history.items()],
        "dpv:hasEntity": [parties.describe_vendor(vendor) for vendor in _vendors(history, notices)],
        "dpv:hasNotice": [_notice(notice, notices[notice.hash]) for notice in evidence.notices],
        "ck:evidence": [_entry(proved) for proved in evidence.entries],
        **({"ck:key": evidence.key} if evidence.key else {}),
    }


def _demand_one_visitor(evidence: Evidence) -> str:
    entries = [proved.entry for proved in evidence.entries]
    subjects = {entry.subject for entry in entries if entry.type == "decision"}
    subject = subjects.pop() if len(subjects) == 1 else None
    others = {entry.subject for entry in entries} - {subject, None}
    if subject is None or others or any(entry.type not in _TYPES for entry in entries):
        raise LogError("the entries of a receipt are the decisions of one visitor")
    return subject


def _vendors(history: Mapping[str, Sequence[Event]], notices: Mapping[str, Shown]) -> Sequence[ShownVendor]:
    """Return the vendors that the records speak of, each as it was shown last."""
    found: dict[str, ShownVendor] = {}
    for name, events in history.items():
        for event in events:
            found |= {vendor.id: vendor for vendor in notices[event.decision.notice].vendors_of(name)}
    return [found[id] for id in sorted(found)]


def _notice(notice: ProvedNotice, shown: Shown) -> Mapping[str, Any]:
    return {
        "@id": notice_iri(notice.hash),
        "@type": "dpv:ConsentNotice",
        "dct:identifier": notice.hash,
        "dct:issued": notice.day,
        "dct:language": shown.locale or "und",
        "dct:title": words(shown.heading, shown.locale),
        "dct:description": words(shown.text, shown.locale),
        "ck:bundle": notice.body.decode(),
        **_proof(notice),
    }


def _entry(proved: ProvedEntry) -> Mapping[str, Any]:
    return {
        "@id": entry_iri(proved.entry),
        "@type": "ck:Entry",
        "ck:entry": proved.body.decode(),
        "ck:salt": proved.salt.hex(),
        **_proof(proved),
    }


def _proof(proved: ProvedEntry | ProvedNotice) -> Mapping[str, Any]:
    return {"ck:index": proved.index, **({"ck:proof": proved.proof} if proved.proof else {})}
