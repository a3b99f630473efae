"""The records of a receipt: of each purpose or single vendor, what was asked and what happened."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from consentkit.consent import Shown
from consentkit.record.entry import Entry
from consentkit.record.receipt import vocabulary
from consentkit.record.receipt.history import Event, moment
from consentkit.record.receipt.parties import Parties, identified
from consentkit.record.receipt.processes import process
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
