"""The statements of a receipt: entries and notices in terms of the Data Privacy Vocabulary (DPV).

Terms and structure are those of the W3C community group's guide "Consent Records and Receipts as per ISO/IEC
TS 27560:2023 using DPV". DPV has no terms for the proof: its names are under ``urn:consentkit:receipt:1:``.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from consentkit.consent.notice import Shown, ShownPurpose, ShownVendor
from consentkit.exceptions import ConfigurationError
from consentkit.policy import read_duration
from consentkit.record.entry import Entry

VERSION: Final = "https://w3id.org/dpv/2.3"
"""The version of the vocabulary that `describe` writes. A term's own IRI has no version."""

CONTEXT: Final[Mapping[str, Any]] = json.loads(Path(__file__).with_name("context.json").read_bytes())
"""The JSON-LD context, inline: nothing is fetched to read a receipt."""

# DPV's terms for purposes of the default policy, as far as there are any.
_PURPOSES = {"analytics": "dpv:ServiceUsageAnalytics", "marketing": "dpv:Advertising"}
# Regime → kind of consent. The other regimes are not based on consent.
_CONSENTS = {"opt-in": "dpv:ExpressedConsent", "opt-out": "dpv:ImpliedConsent"}
# For required facts that the notice did not contain.
_UNKNOWN = {"dpv:hasApplicability": "dpv:NotAvailable"}
_UNTIMED = {"dpv:hasDuration": "dpv:IndeterminateDuration"}
_UNITS = {"day": "{}D", "month": "{}M", "year": "{}Y", "second": "T{}S", "minute": "T{}M", "hour": "T{}H"}

_moment = datetime.fromisoformat


class Controller(msgspec.Struct, frozen=True, omit_defaults=True):
    """The data controller: name and address in one text, contact, URL of the privacy policy."""

    name: str = msgspec.field(name="dpv:hasName", default="")
    contact: str = msgspec.field(name="dpv:hasContact", default="")
    url: str = msgspec.field(name="schema:url", default="")


class Settings(msgspec.Struct, frozen=True):
    """The settings page."""

    address: str = msgspec.field(name="dpv:isExercisedAt")


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """The statements of a receipt that entries cannot prove; read from a receipt, and written by `describe`.

    Attributes:
        id: Id of the receipt, a UUID.
        at: When it was made, RFC 3339 in UTC.
        controller: The data controller.
        settings: The page for changing or withdrawing the choice.
    """

    id: str = msgspec.field(name="dct:identifier")
    at: str = msgspec.field(name="dct:created")
    controller: Controller = msgspec.field(name="dct:publisher")
    settings: Settings = msgspec.field(name="dpv:hasConsentControl")


def describe(
    entries: Sequence[Entry], subject: str, notices: Mapping[str, Shown], claims: Claims
) -> dict[str, Any]:
    """Describe a visitor's entries in DPV.

    Args:
        entries: The visitor's entries, in the log's order.
        subject: The visitor's id.
        notices: The notices that the entries name, by hash, in the log's order.
        claims: The statements that do not follow from entries.

    Returns:
        A JSON-LD document without the evidence.
    """
    iri = f"urn:uuid:{claims.id}"
    history = read_history(entries, notices, at=claims.at)
    writer = _RecordWriter(receipt=iri, settings=claims.settings.address, notices=notices)
    return {
        "@context": CONTEXT,
        "@id": iri,
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "ck:vocabulary": VERSION,
        **_identified(claims.id),
        "dct:created": claims.at,
        "dct:publisher": _controller(iri, claims.controller),
        "dpv:hasDataSubject": {"@id": f"{iri}#subject", "@type": "dpv:DataSubject", **_identified(subject)},
        "dpv:hasConsentControl": {
            "@id": f"{iri}#settings",
            "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent"],
            **msgspec.to_builtins(claims.settings),
        },
        "dpv:hasRecordOfActivity": [writer.record(name, events) for name, events in history.items()],
        "dpv:hasEntity": [_vendor(iri, vendor) for vendor in _vendors(history, notices)],
        "dpv:hasNotice": [_notice(hash, shown) for hash, shown in notices.items()],
    }


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the consent for one purpose or vendor.

    Attributes:
        state: The new state in DPV's terms, such as ``ConsentWithdrawn``.
        at: When it happened.
        entry: The entry that proves it.
        decision: The decision itself, or the one that ends.
    """

    state: str
    at: str
    entry: Entry
    decision: Entry

    @property
    def given(self) -> bool:
        """Say whether consent is given from then on."""
        return self.state in ("ConsentGiven", "RenewedConsentGiven")

    @property
    def by_visitor(self) -> bool:
        """Say whether it was the visitor's act, and not expiry or a note of the log."""
        return self.entry is self.decision and self.at == self.decision.at


def read_history(
    entries: Iterable[Entry], notices: Mapping[str, Shown], *, at: str
) -> Mapping[str, Sequence[Event]]:
    """Return the changes of consent for each purpose and vendor, up to a moment.

    Args:
        entries: The visitor's entries, in the log's order.
        notices: The notices, by hash.
        at: The moment, RFC 3339.
    """
    entries = list(entries)
    history = _History(notices, {e.previous: e for e in entries if e.type == "invalidated" and e.previous})
    # By time: entries from an outbox are later in the log.
    decisions = (entry for entry in entries if entry.type == "decision")
    for decision in sorted(decisions, key=lambda entry: _moment(entry.at)):
        history.add(decision)
    history.lapse(at)
    return {name: history.events[name] for name in sorted(history.events)}


class _History:
    """Collects the changes of consent from decisions, for each name.

    Args:
        notices: The notices, by hash.
        notes: ``invalidated`` entries, by the id of the decision that was not honoured.
    """

    def __init__(self, notices: Mapping[str, Shown], notes: Mapping[str, Entry]) -> None:
        self.events: dict[str, list[Event]] = {}
        self._notices = notices
        self._notes = notes

    def add(self, decision: Entry) -> None:
        """Add the next decision, which replaces the one before it."""
        self.lapse(decision.at)
        held = self._held()
        for name in decision.granted:
            self._grant(name, decision)
        for name in decision.denied:
            self._note(name, "ConsentWithdrawn" if name in held else "ConsentRefused", decision)
        if decision.id in self._notes:
            return
        for name in sorted(set(held).difference(decision.granted, decision.denied)):
            # The decision does not mention this name: a vendor follows its purpose, other consent ends.
            purpose = self._notices[decision.notice].purpose(name).id
            if purpose not in decision.granted:
                refused = purpose in decision.denied
                self._note(name, "ConsentWithdrawn" if refused else "ConsentExpired", decision)

    def lapse(self, at: str) -> None:
        """Add the expiry of consent whose time is over."""
        for name in self._held():
            decision = self.events[name][-1].decision
            if decision.expires and _moment(decision.expires) <= _moment(at):
                self._note(name, "ConsentExpired", decision, at=decision.expires)

    def _grant(self, name: str, decision: Entry) -> None:
        held, note = name in self._held(), self._notes.get(decision.id)
        if held and (note is not None or decision.action == "allow_vendor"):
            return  # about another vendor, or not honoured: the earlier consent continues
        self._note(name, "RenewedConsentGiven" if held else "ConsentGiven", decision)
        if note is not None:
            self._note(name, "ConsentInvalidated", decision, at=note.at, entry=note)

    def _note(self, name: str, state: str, decision: Entry, at: str = "", entry: Entry | None = None) -> None:
        event = Event(state=state, at=at or decision.at, entry=entry or decision, decision=decision)
        self.events.setdefault(name, []).append(event)

    def _held(self) -> list[str]:
        return sorted(name for name, events in self.events.items() if events[-1].given)


class _RecordWriter(msgspec.Struct, frozen=True):
    """Writes the records of a receipt.

    Attributes:
        receipt: IRI of the receipt; controller, subject, settings and vendors are fragments of it.
        settings: Address of the settings page.
        notices: The notices, by hash.
    """

    receipt: str
    settings: str
    notices: Mapping[str, Shown]

    def record(self, name: str, events: Sequence[Event]) -> Mapping[str, Any]:
        """Write the record of a purpose or vendor. Its id stays the same from one receipt to the next."""
        iri = f"{entry_iri(events[0].entry)}#{name}"
        hashes = list(dict.fromkeys(event.decision.notice for event in events))
        places = sorted({f"loc:{event.decision.country}" for event in events} - {"loc:"})
        newest = self.notices[hashes[-1]]
        return {
            "@id": iri,
            "@type": "dpv:ConsentRecord",
            "dct:conformsTo": "https://w3id.org/dpv/schema/dpv-27560#record",
            **_identified(iri),
            "dct:title": _text(newest.title(name), newest.locale),
            "dpv:hasDataSubject": f"{self.receipt}#subject",
            "dpv:hasNotice": [_notice_iri(hash) for hash in hashes],
            "dpv:hasProcess": [self._process(name, hash) for hash in hashes],
            "dpv:hasJurisdiction": places or [{"@type": "dpv:Jurisdiction", **_UNKNOWN}],
            "dpv:hasConsentControl": f"{self.receipt}#settings",
            "dpv:hasRight": {"@type": "dpv:DataSubjectRight", "dpv:isExercisedAt": self.settings},
            "dpv:hasConsentStatus": [self._event(name, event) for event in events],
        }

    def _event(self, name: str, event: Event) -> Mapping[str, Any]:
        decision = event.decision
        fact: dict[str, Any] = {
            "@type": [f"dpv:{event.state}", self._consent(name, event)],
            "dpv:isIndicatedAtTime": event.at,
            "dpv:isIndicatedBy": f"{self.receipt}#{'subject' if event.by_visitor else 'controller'}",
            "dpv:hasDuration": "dpv:EndlessDuration",
            "dpv:hasNotice": _notice_iri(decision.notice),
            "dct:source": entry_iri(event.entry),
        }
        if event.by_visitor:
            fact["dpv:hasIndicationMethod"] = f"{decision.action} ({decision.source})"
        if event.given and decision.expires:
            length = exact_duration(_moment(decision.at), _moment(decision.expires))
            fact |= {"dpv:hasDuration": _temporal(length), "dct:valid": decision.expires}
        return fact

    def _consent(self, name: str, event: Event) -> str:
        if event.state != "ConsentRefused":
            # Recorded grants are acts of the visitor, in any regime.
            return "dpv:ExpressedConsent"
        shown = self.notices[event.decision.notice]
        regime = shown.regimes.get(shown.purpose(name).id, event.decision.regime)
        return _CONSENTS.get(regime, "dpv:Consent")

    def _process(self, name: str, hash: str) -> Mapping[str, Any]:
        """Describe the processing for a purpose or a single vendor, as the notice did."""
        shown = self.notices[hash]
        purpose, vendors = shown.purpose(name), shown.vendors_of(name)
        basis = _CONSENTS.get(shown.regimes.get(purpose.id, shown.regime), "")
        controller = f"{self.receipt}#controller"
        return {
            "@type": "dpv:Process",
            "dpv:hasNotice": _notice_iri(hash),
            "dpv:hasPurpose": _purpose(purpose, shown.locale),
            "dpv:hasPersonalData": _data(vendors),
            "dpv:hasStorageCondition": _storage(vendors),
            "dpv:hasDataController": controller,
            "dpv:hasRecipient": [f"{self.receipt}#vendor-{vendor.id}" for vendor in vendors] or [controller],
            **_stated({"dpv:hasLegalBasis": basis}),
        }


def entry_iri(entry: Entry) -> str:
    """Return an entry's IRI, by its id."""
    return f"urn:uuid:{entry.id}"


def _notice_iri(hash: str) -> str:
    """Return a notice's IRI, by its hash (RFC 6920)."""
    return f"ni:///sha-256;{urlsafe_b64encode(bytes.fromhex(hash)).decode().rstrip('=')}"


def _identified(id: str) -> Mapping[str, str]:
    """Write an id under both properties that the guide uses."""
    return {"dct:identifier": id, "dpv:hasIdentifier": id}


def _stated(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out empty facts."""
    return {term: fact for term, fact in facts.items() if fact}


def _text(text: str, language: str) -> Mapping[str, str] | str:
    """Write a text with its language."""
    return {"@value": text, "@language": language} if language else text


def _controller(receipt: str, controller: Controller) -> Mapping[str, Any]:
    return {
        "@id": f"{receipt}#controller",
        "@type": "dpv:DataController",
        **_identified("controller"),
        **_stated({"dpv:hasAddress": controller.name}),
        **msgspec.to_builtins(controller),
    }


def _vendors(history: Mapping[str, Sequence[Event]], notices: Mapping[str, Shown]) -> Sequence[ShownVendor]:
    """Return the vendors in the records, each as it was last shown."""
    found: dict[str, ShownVendor] = {}
    for name, events in history.items():
        for event in events:
            found |= {vendor.id: vendor for vendor in notices[event.decision.notice].vendors_of(name)}
    return [found[id] for id in sorted(found)]


def _vendor(receipt: str, vendor: ShownVendor) -> Mapping[str, Any]:
    """Describe a recipient; a vendor without own use of the data is a processor."""
    country = f"loc:{vendor.country}" if vendor.country else ""
    facts = {"dpv:hasName": vendor.name, "dpv:hasCountry": country, "schema:url": vendor.privacy_policy}
    return {
        "@id": f"{receipt}#vendor-{vendor.id}",
        "@type": ["dpv:Recipient", "dpv:DataProcessor" if vendor.own_use is False else "dpv:ThirdParty"],
        **_identified(vendor.id),
        **_stated(facts),
    }


def _notice(hash: str, shown: Shown) -> dict[str, Any]:
    return {
        "@id": _notice_iri(hash),
        "@type": "dpv:ConsentNotice",
        "dct:identifier": hash,
        "dct:language": shown.locale or "und",
        "dct:title": _text(shown.heading, shown.locale),
        "dct:description": _text(shown.text, shown.locale),
    }


def _purpose(purpose: ShownPurpose, locale: str) -> Mapping[str, Any]:
    description = purpose.description and _text(purpose.description, locale)
    return {
        "@type": "dpv:Purpose",
        "dct:identifier": purpose.id,
        "dct:title": _text(purpose.title or purpose.id, locale),
        **_stated({"dct:description": description, "skos:broader": _PURPOSES.get(purpose.id, "")}),
    }


def _data(vendors: Sequence[ShownVendor]) -> Sequence[Mapping[str, Any]]:
    """List the cookies, the only personal data in a notice."""
    cookies = sorted({cookie.name for vendor in vendors for cookie in vendor.cookies})
    facts = [{"dct:title": f"cookie {cookie}"} for cookie in cookies] or [_UNKNOWN]
    return [{"@type": "dpv:PersonalData", "skos:broader": "dpv:PersonalData", **fact} for fact in facts]


def _storage(vendors: Sequence[ShownVendor]) -> Sequence[Mapping[str, Any]]:
    """Describe where data is stored and how long: cookies on the device; other places are unknown."""
    cookies = [cookie for vendor in vendors for cookie in vendor.cookies]
    places = [{"dpv:hasLocation": "tech:Cookie"}, _UNKNOWN] if cookies else [_UNKNOWN]
    lengths = [(vendor.name or vendor.id, vendor.retention) for vendor in vendors]
    lengths += [(f"cookie {cookie.name}", cookie.retention) for cookie in cookies]
    stated = dict.fromkeys((title, length) for title, length in lengths if length)
    times = [{"dct:title": title, "dpv:hasDuration": retention(length)} for title, length in stated]
    return [
        *({"@type": "dpv:StorageLocation", **place} for place in places),
        *({"@type": "dpv:StorageDuration", **time} for time in times or [_UNTIMED]),
    ]


def retention(text: str) -> Any:
    """Write a policy's duration, such as ``14 months``, as DPV does: ``P14M``."""
    try:
        amount, unit = read_duration(text)
    except ConfigurationError:
        return "dpv:IndeterminateDuration"
    if unit == "session":
        return {"@type": "dpv:UntilEventDuration", "rdf:value": "end of the browser's session"}
    if unit == "week":
        # Durations of XML Schema have no weeks.
        amount, unit = 7 * amount, "day"
    return _temporal("P" + _UNITS[unit].format(amount))


def _temporal(duration: str) -> Mapping[str, str]:
    """Make a duration that begins with the event, or with the collection of the data."""
    return {"@type": "dpv:TemporalDuration", "rdf:value": duration}


def exact_duration(start: datetime, end: datetime) -> str:
    """Write the time between two moments as an ISO 8601 duration in days, hours, minutes and seconds."""
    length = max(end - start, timedelta())
    minutes, seconds = divmod(length.seconds, 60)
    parts = {"H": minutes // 60, "M": minutes % 60, "S": seconds}
    time = "".join(f"{amount}{unit}" for unit, amount in parts.items() if amount)
    date = f"{length.days}D" if length.days or not time else ""
    return f"P{date}T{time}" if time else f"P{date}"
