"""The records of a receipt: of each purpose or single vendor, what was asked and what happened."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from consentkit.consent import Shown, ShownPurpose, ShownVendor
from consentkit.record.entry import Entry
from consentkit.record.receipt import vocabulary
from consentkit.record.receipt.history import Event, moment
from consentkit.record.receipt.parties import Parties, identified
from consentkit.record.receipt.vocabulary import words


class Records:
    """Writes records.

    Args:
        notices: What was shown, by its hash.
        parties: Of the receipt.
        settings: Address of the settings page.
    """

    def __init__(self, notices: Mapping[str, Shown], parties: Parties, settings: str) -> None:
        self._notices = notices
        self._parties = parties
        self._settings = settings

    def record(self, name: str, events: Sequence[Event]) -> Mapping[str, Any]:
        """Write the record of a purpose or vendor. Its id stays the same from one receipt to the next."""
        iri = f"{entry_iri(events[0].entry)}#{name}"
        hashes = list(dict.fromkeys(event.decision.notice for event in events))
        countries = sorted({event.decision.country for event in events} - {""})
        newest = self._notices[hashes[-1]]
        return {
            "@id": iri,
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": vocabulary.RECORD,
            **identified(iri),
            "dct:title": words(newest.title(name), newest.locale),
            "dpv:hasDataSubject": self._parties.subject,
            "dpv:hasNotice": [notice_iri(hash) for hash in hashes],
            "dpv:hasProcess": [
                process(self._notices[hash], name, notice=notice_iri(hash), parties=self._parties)
                for hash in hashes
            ],
            "dpv:hasJurisdiction": [f"loc:{country}" for country in countries]
            or [{"@type": "dpv:Jurisdiction", **vocabulary.UNKNOWN}],
            "dpv:hasConsentControl": self._parties.settings,
            "dpv:hasRight": {"@type": "dpv:DataSubjectRight", "dpv:isExercisedAt": self._settings},
            "dpv:hasConsentStatus": [self._event(name, event) for event in events],
        }

    def _event(self, name: str, event: Event) -> Mapping[str, Any]:
        decision = event.decision
        fact: dict[str, Any] = {
            "@type": [f"dpv:{event.state}", self._consent(name, event)],
            "dpv:isIndicatedAtTime": event.at,
            "dpv:isIndicatedBy": self._parties.subject if event.by_visitor else self._parties.controller,
            "dpv:hasDuration": vocabulary.ENDLESS,
            "dpv:hasNotice": notice_iri(decision.notice),
            "dct:source": entry_iri(event.entry),
        }
        if event.by_visitor:
            fact["dpv:hasIndicationMethod"] = f"{decision.action} ({decision.source})"
        if event.given and decision.expires:
            length = vocabulary.between(moment(decision.at), moment(decision.expires))
            fact |= {"dpv:hasDuration": vocabulary.lasting(length), "dct:valid": decision.expires}
        return fact

    def _consent(self, name: str, event: Event) -> str:
        if event.state != "ConsentRefused":
            # What is recorded as granted was granted by an act of the visitor's, whatever held before.
            return "dpv:ExpressedConsent"
        shown = self._notices[event.decision.notice]
        regime = shown.regimes.get(shown.purpose(name).id, event.decision.regime)
        return vocabulary.CONSENTS.get(regime, "dpv:Consent")


def notice_iri(hash: str) -> str:
    """Name a notice by its hash (RFC 6920)."""
    return f"ni:///sha-256;{urlsafe_b64encode(bytes.fromhex(hash)).decode().rstrip('=')}"


def entry_iri(entry: Entry) -> str:
    """Name an entry by its id."""
    return f"urn:uuid:{entry.id}"


def process(shown: Shown, name: str, *, notice: str, parties: Parties) -> Mapping[str, Any]:
    """Describe the processing as the notice did.

    Args:
        shown: The notice.
        name: The purpose's, or the vendor's that was decided on by itself.
        notice: IRI of the notice.
        parties: Of the receipt.
    """
    purpose, vendors = shown.purpose(name), shown.vendors_of(name)
    basis = vocabulary.CONSENTS.get(shown.regimes.get(purpose.id, shown.regime))
    return {
        "@type": "dpv:Process",
        "dpv:hasNotice": notice,
        "dpv:hasPurpose": _purpose(purpose, shown.locale),
        "dpv:hasPersonalData": _data(vendors),
        "dpv:hasStorageCondition": [*_places(vendors), *_durations(vendors)],
        "dpv:hasDataController": parties.controller,
        "dpv:hasRecipient": [parties.vendor(vendor.id) for vendor in vendors] or [parties.controller],
        **({"dpv:hasLegalBasis": basis} if basis else {}),
    }


def _purpose(purpose: ShownPurpose, locale: str) -> Mapping[str, Any]:
    described = {"dct:description": words(purpose.description, locale)} if purpose.description else {}
    kind = {"skos:broader": vocabulary.PURPOSES[purpose.id]} if purpose.id in vocabulary.PURPOSES else {}
    return {
        "@type": "dpv:Purpose",
        "dct:identifier": purpose.id,
        "dct:title": words(purpose.title or purpose.id, locale),
        **described,
        **kind,
    }


def _data(vendors: Sequence[ShownVendor]) -> Sequence[Mapping[str, Any]]:
    """Name the cookies: of what else a vendor receives, a notice says nothing that has a category."""
    cookies = sorted({cookie.name for vendor in vendors for cookie in vendor.cookies})
    kind = {"@type": "dpv:PersonalData", "skos:broader": "dpv:PersonalData"}
    if not cookies:
        return [{**kind, **vocabulary.UNKNOWN}]
    return [{**kind, "dct:title": f"cookie {cookie}"} for cookie in cookies]


def _places(vendors: Sequence[ShownVendor]) -> Sequence[Mapping[str, Any]]:
    """Say where data is: cookies are on the visitor's device; where else, a notice does not say."""
    place: Mapping[str, Any] = {"@type": "dpv:StorageLocation"}
    if not any(vendor.cookies for vendor in vendors):
        return [{**place, **vocabulary.UNKNOWN}]
    return [{**place, "dpv:hasLocation": "tech:Cookie"}, {**place, **vocabulary.UNKNOWN}]


def _durations(vendors: Sequence[ShownVendor]) -> Sequence[Mapping[str, Any]]:
    lengths = [(vendor.name or vendor.id, vendor.retention) for vendor in vendors if vendor.retention]
    lengths += [
        (f"cookie {cookie.name}", cookie.retention)
        for vendor in vendors
        for cookie in vendor.cookies
        if cookie.retention
    ]
    said = [
        {"@type": "dpv:StorageDuration", "dct:title": title, "dpv:hasDuration": vocabulary.retention(length)}
        for title, length in dict.fromkeys(lengths)
    ]
    return said or [{"@type": "dpv:StorageDuration", "dpv:hasDuration": "dpv:IndeterminateDuration"}]
