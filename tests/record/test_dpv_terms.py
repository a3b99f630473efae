"""Receipts as RDF: they mean what they are to mean, and have what ISO/IEC TS 27560 demands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyshacl
import pytest
import rdflib
from rdflib.namespace import DCTERMS, RDF, SKOS, XSD

from consentkit.policy import Site
from consentkit.record.dpv import CONTEXT, VERSION
from consentkit.record.leaf import ProvedEntry, ProvedNotice
from consentkit.record.receipt import Evidence, make_receipt
from record.receipts import ID, NOTICE, NOW, OTHER, SETTINGS, SITE, SUBJECT, Story

# rdflib warns of its own names.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DPV = rdflib.Namespace("https://w3id.org/dpv#")
CK = rdflib.Namespace("urn:consentkit:receipt:1:")
SHAPES = Path(__file__).with_name("receipt_shapes.ttl")

# The terms of DPV 2.3 that a receipt may use: classes, then properties.
NAMES = """
    Advertising Consent ConsentExpired ConsentGiven ConsentInvalidated ConsentNotice ConsentReceipt
    ConsentRecord ConsentRefused ConsentWithdrawn DataController DataProcessor DataSubject DataSubjectRight
    EndlessDuration ExpressedConsent ImpliedConsent IndeterminateDuration Jurisdiction NotAvailable
    PersonalData Process ProvideConsent Purpose Recipient RenewedConsentGiven ServiceUsageAnalytics
    StorageDuration StorageLocation TemporalDuration ThirdParty UntilEventDuration WithdrawConsent
    hasAddress hasApplicability hasConsentControl hasConsentStatus hasContact hasCountry hasDataController
    hasDataSubject hasDuration hasEntity hasIdentifier hasIndicationMethod hasJurisdiction hasLegalBasis
    hasLocation hasName hasNotice hasPersonalData hasProcess hasPurpose hasRecipient hasRecordOfActivity
    hasRight hasStorageCondition isExercisedAt isIndicatedAtTime isIndicatedBy
"""
TERMS = frozenset(NAMES.split())


def make_document() -> dict[str, Any]:
    """Make a receipt with all that there can be in one; its proofs are not looked at."""
    story = Story()
    first = story.decide(
        "2026-11-22T10:00:00Z", "analytics tube", "marketing surveys", expires="2026-11-30T00:00:00Z"
    )
    second = story.decide(
        "2026-11-23T10:00:00Z", "marketing", "analytics", expires="2027-05-21T00:00:00Z", notice=OTHER,
        country="",
    )  # fmt: skip
    third = story.decide("2026-11-24T10:00:00Z", "marketing surveys", expires="2027-05-21T00:00:00Z")
    note = story.invalidate(third, "2026-11-24T10:00:01Z")
    entries = [
        ProvedEntry(index=index, body=entry.encode().decode(), salt="00" * 32, proof="a proof")
        for index, entry in enumerate([first, second, third, note], start=2)
    ]
    notices = [
        ProvedNotice(index=index, day="2026-11-20", body=notice.body.decode(), proof="a proof")
        for index, notice in enumerate([NOTICE, OTHER])
    ]
    evidence = Evidence(entries=tuple(entries), notices=tuple(notices), key="a key")
    made: dict[str, Any] = json.loads(make_receipt(evidence, site=SITE, settings=SETTINGS, id=ID, at=NOW))
    return made


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return make_document()


@pytest.fixture(scope="module")
def graph(document: dict[str, Any]) -> rdflib.Graph:
    return read(document)


def read(document: dict[str, Any]) -> rdflib.Graph:
    return rdflib.Graph().parse(data=json.dumps(document), format="json-ld")


def conforms(graph: rdflib.Graph) -> tuple[bool, str]:
    result, _, report = pyshacl.validate(graph, shacl_graph=str(SHAPES), advanced=False)
    return bool(result), str(report)


def test_a_receipt_expands_to_the_intended_statements(graph: rdflib.Graph) -> None:
    receipt = rdflib.URIRef(f"urn:uuid:{ID}")
    profile = rdflib.Namespace("https://w3id.org/dpv/schema/dpv-27560#")
    assert (receipt, RDF.type, DPV.ConsentReceipt) in graph
    assert (receipt, DCTERMS.conformsTo, profile.receipt) in graph
    assert (receipt, DCTERMS.created, rdflib.Literal(NOW, datatype=XSD.dateTime)) in graph
    assert (receipt, CK.vocabulary, rdflib.URIRef(VERSION)) in graph
    records = list(graph.objects(receipt, DPV.hasRecordOfActivity))
    assert len(records) == 4
    assert all((record, DCTERMS.conformsTo, profile.record) in graph for record in records)
    (subject,) = {graph.value(record, DPV.hasDataSubject) for record in records}
    assert graph.value(subject, DCTERMS.identifier) == rdflib.Literal(SUBJECT)
    given = list(graph.subjects(RDF.type, DPV.ConsentGiven))
    assert rdflib.Literal("2026-11-23T10:00:00Z", datatype=XSD.dateTime) in {
        graph.value(event, DPV.isIndicatedAtTime) for event in given
    }
    assert {graph.value(event, DPV.isIndicatedBy) for event in given} == {subject}


def test_titles_are_in_the_language_that_was_shown(graph: rdflib.Graph) -> None:
    titles = {
        title
        for node in graph.subjects(RDF.type, DPV.Purpose)
        for title in graph.objects(node, DCTERMS.title)
    }
    assert {rdflib.Literal("Werbung", lang="de"), rdflib.Literal("Advertising", lang="en")} <= titles


def test_purposes_and_places_are_those_of_the_vocabulary(graph: rdflib.Graph) -> None:
    kinds = {
        kind for node in graph.subjects(RDF.type, DPV.Purpose) for kind in graph.objects(node, SKOS.broader)
    }
    assert kinds == {DPV.Advertising, DPV.ServiceUsageAnalytics}
    assert rdflib.URIRef("https://w3id.org/dpv/loc#AT") in set(graph.objects(None, DPV.hasJurisdiction))


def test_only_terms_of_the_pinned_version_are_used(graph: rdflib.Graph) -> None:
    used = {
        str(node).removeprefix(str(DPV))
        for triple in graph
        for node in triple
        if isinstance(node, rdflib.URIRef) and str(node).startswith(str(DPV))
    }
    assert used <= TERMS
    assert {term.removeprefix("dpv:") for term in CONTEXT if term.startswith("dpv:")} <= TERMS


def test_every_iri_is_absolute(graph: rdflib.Graph) -> None:
    schemes = ("http://", "https://", "urn:", "ni:")
    iris = {str(node) for triple in graph for node in triple if isinstance(node, rdflib.URIRef)}
    assert not [iri for iri in iris if not iri.startswith(schemes)]


def test_a_receipt_can_be_read_without_a_network(document: dict[str, Any]) -> None:
    assert all(isinstance(value, (str, dict)) for value in document["@context"].values())
    assert isinstance(document["@context"], dict)


def test_a_receipt_has_every_mandatory_field(graph: rdflib.Graph) -> None:
    result, report = conforms(graph)
    assert result, report


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ((), "dct:conformsTo"),
        ((), "dpv:hasIdentifier"),
        ((), "dct:created"),
        (("dct:publisher",), "dpv:hasContact"),
        (("dpv:hasRecordOfActivity", 0), "dpv:hasDataSubject"),
        (("dpv:hasRecordOfActivity", 0), "dpv:hasJurisdiction"),
        (("dpv:hasRecordOfActivity", 0), "dpv:hasConsentControl"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasProcess", 0), "dpv:hasPurpose"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasProcess", 0), "dpv:hasPersonalData"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasProcess", 0), "dpv:hasRecipient"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasProcess", 0), "dpv:hasStorageCondition"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasConsentStatus", 0), "dpv:isIndicatedAtTime"),
        (("dpv:hasRecordOfActivity", 0, "dpv:hasConsentStatus", 0), "dpv:hasDuration"),
        (("dpv:hasNotice", 0), "dct:language"),
    ],
)
def test_the_shapes_miss_no_mandatory_field(path: tuple[str | int, ...], field: str) -> None:
    document = make_document()
    parent: Any = document
    for key in path:
        parent = parent[key]
    del parent[field]
    assert not conforms(read(document))[0]


def test_without_a_controller_a_receipt_is_short_of_what_is_mandatory() -> None:
    story = Story()
    entry = story.decide("2026-11-22T10:00:00Z", "analytics")
    evidence = Evidence(
        entries=(ProvedEntry(index=1, body=entry.encode().decode(), salt="00" * 32),),
        notices=(ProvedNotice(index=0, day="2026-11-20", body=NOTICE.body.decode()),),
    )
    made = make_receipt(evidence, site=Site(), settings=SETTINGS, id=ID, at=NOW)
    result, report = conforms(read(json.loads(made)))
    assert not result
    assert report.count("Constraint Violation") == 3  # name, address, contact
