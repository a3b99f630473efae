"""The processing that a notice asked consent for: purpose, data, storage, recipients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from consentkit.consent import Shown, ShownPurpose, ShownVendor
from consentkit.record.receipt import vocabulary
from consentkit.record.receipt.parties import Parties
from consentkit.record.receipt.vocabulary import words


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
