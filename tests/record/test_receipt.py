"""Receipts: what they say, that they prove it, and that nothing in them can be changed unnoticed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from consentkit.consent.notice import Notice
from consentkit.exceptions import LogError, ProofInvalid
from consentkit.log import ConsentLog
from consentkit.log.evidence import collect
from consentkit.policy import Site
from consentkit.record.entry import Entry, Item, uuid7
from consentkit.record.leaf import ProvedEntry, ProvedNotice
from consentkit.record.receipt import Evidence, make_receipt, verify_receipt
from consentkit.tlog.note import SigningKey, VerifierKey
from consentkit.tlog.proofs import InclusionProof
from record.receipts import ID, NOTICE, NOW, OTHER, SETTINGS, SITE, SUBJECT, Story, publish

PUBLISHED = "2026-11-20T09:00:00Z"
STRANGER = "c3RyYW5nZXItb25l"

# What nobody can prove, where it stands in one place only.
CLAIMS = {"/dct:publisher/dpv:hasContact", "/dct:publisher/schema:url"}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsentLog]:
    """A log in which one visitor has decided three times, among others."""
    visitor, stranger = Story(), Story(STRANGER)
    first = visitor.decide(
        "2026-11-22T10:00:00Z", "analytics tube", "marketing surveys", expires="2027-05-21T00:00:00Z"
    )
    second = visitor.decide(
        "2026-12-01T10:00:00Z", "marketing", "analytics", expires="2026-12-02T10:00:00Z", notice=OTHER,
        country="US", action="accept_all",
    )  # fmt: skip
    third = visitor.decide(
        "2026-12-03T10:00:00Z", "surveys", "analytics functional marketing", expires="2027-06-01T00:00:00Z"
    )
    other = stranger.decide("2026-11-23T10:00:00Z", "marketing", expires="2027-05-22T00:00:00Z")
    other = msgspec.structs.replace(other, id=uuid7(1_700_000_000_000))
    batch: list[Item] = [publish(NOTICE, PUBLISHED), first, other, publish(OTHER, PUBLISHED), second]
    with ConsentLog(tmp_path_factory.mktemp("receipts") / "consent.sqlite3") as log:
        log.commit(batch)
        log.commit([third, visitor.invalidate(third, "2026-12-03T10:00:04Z")])
        yield log


@pytest.fixture(scope="module")
def evidence(log: ConsentLog) -> Evidence:
    found = collect(log, SUBJECT)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def key(log: ConsentLog) -> VerifierKey:
    keys = log.keys()
    assert keys is not None
    return keys.signing.verifier


@pytest.fixture(scope="module")
def receipt(evidence: Evidence) -> bytes:
    return receipt_of(evidence)


@pytest.fixture(scope="module")
def small(evidence: Evidence) -> bytes:
    """The receipt of the last decision, which was not honoured, alone: every kind of field is in it."""
    return receipt_of(
        msgspec.structs.replace(evidence, entries=evidence.entries[2:], notices=evidence.notices[:1])
    )


def receipt_of(evidence: Evidence, **changes: Any) -> bytes:
    return make_receipt(evidence, **{"site": SITE, "settings": SETTINGS, "id": ID, "at": NOW, **changes})


def record_of(receipt: bytes, name: str) -> dict[str, Any]:
    records = json.loads(receipt)["dpv:hasRecordOfActivity"]
    found: list[dict[str, Any]] = [record for record in records if record["@id"].endswith(f"#{name}")]
    assert len(found) == 1
    return found[0]


def states_of(record: dict[str, Any]) -> list[tuple[str, str]]:
    events = record["dpv:hasConsentStatus"]
    return [(event["@type"][0], event["dpv:isIndicatedAtTime"]) for event in events]


def test_a_receipt_holds_against_the_logs_key(receipt: bytes, key: VerifierKey, log: ConsentLog) -> None:
    verified = verify_receipt(receipt, [key])
    assert (verified.id, verified.created) == (ID, NOW)
    assert [recorded.entry for recorded in log.of_subject(SUBJECT)] == list(verified.entries)
    assert verified.notices == (NOTICE.hash, OTHER.hash)
    assert verified.checkpoint.size == log.head().size
    assert verified.independent
    assert verified.key == str(key)


def test_a_receipt_that_only_its_own_key_vouches_for_says_so(receipt: bytes) -> None:
    assert not verify_receipt(receipt).independent


def test_another_logs_key_does_not_vouch_for_a_receipt(receipt: bytes, key: VerifierKey) -> None:
    for name in (key.name, "news.example/consent"):
        with pytest.raises(ProofInvalid):
            verify_receipt(receipt, [SigningKey(name, bytes(32)).verifier])


def test_a_receipt_says_what_became_of_each_purpose(receipt: bytes) -> None:
    assert states_of(record_of(receipt, "analytics")) == [
        ("dpv:ConsentGiven", "2026-11-22T10:00:00Z"),
        ("dpv:ConsentWithdrawn", "2026-12-01T10:00:00Z"),
        ("dpv:ConsentRefused", "2026-12-03T10:00:00Z"),
    ]
    assert states_of(record_of(receipt, "marketing")) == [
        ("dpv:ConsentRefused", "2026-11-22T10:00:00Z"),
        ("dpv:ConsentGiven", "2026-12-01T10:00:00Z"),
        ("dpv:ConsentExpired", "2026-12-02T10:00:00Z"),
        ("dpv:ConsentRefused", "2026-12-03T10:00:00Z"),
    ]
    assert states_of(record_of(receipt, "surveys"))[-2:] == [
        ("dpv:ConsentGiven", "2026-12-03T10:00:00Z"),
        ("dpv:ConsentInvalidated", "2026-12-03T10:00:04Z"),
    ]


def test_an_event_says_how_long_it_holds_and_who_made_it(receipt: bytes) -> None:
    refused, given, expired, _ = record_of(receipt, "marketing")["dpv:hasConsentStatus"]
    assert given["dpv:hasDuration"] == {"@type": "dpv:TemporalDuration", "rdf:value": "P1D"}
    assert given["dct:valid"] == "2026-12-02T10:00:00Z"
    assert given["dpv:hasIndicationMethod"] == "accept_all (settings)"
    assert given["dpv:isIndicatedBy"] == f"urn:uuid:{ID}#subject"
    assert refused["dpv:hasDuration"] == expired["dpv:hasDuration"] == "dpv:EndlessDuration"
    assert expired["dpv:isIndicatedBy"] == f"urn:uuid:{ID}#controller"
    assert refused["@type"][1] == "dpv:ExpressedConsent"


def test_a_refusal_names_the_kind_of_consent_that_its_regime_rests_on() -> None:
    story = Story()
    for notice, kind in ((NOTICE, "dpv:ExpressedConsent"), (OTHER, "dpv:ImpliedConsent")):
        entry = story.decide("2026-11-22T10:00:00Z", denied="marketing", notice=notice)
        made = receipt_of(unproved(entry, notice))
        assert record_of(made, "marketing")["dpv:hasConsentStatus"][0]["@type"][1] == kind


def test_a_receipt_repeats_the_words_that_were_shown(receipt: bytes) -> None:
    german, english = json.loads(receipt)["dpv:hasNotice"]
    assert german["dct:title"] == {"@value": NOTICE.texts["opt-in.title"], "@language": "de"}
    assert "Umfragen" not in german["dct:description"]["@value"]  # nobody is declared for them
    assert "Statistik" in german["dct:description"]["@value"]
    assert "{" not in german["dct:description"]["@value"] + english["dct:description"]["@value"]
    assert german["ck:bundle"].encode() == NOTICE.body
    first, second = record_of(receipt, "marketing")["dpv:hasProcess"]
    assert first["dpv:hasPurpose"]["dct:title"]["@value"] == "Werbung"
    assert second["dpv:hasPurpose"]["dct:title"]["@value"] == "Advertising"


def test_a_receipt_says_who_receives_what_and_for_how_long(receipt: bytes) -> None:
    process = record_of(receipt, "analytics")["dpv:hasProcess"][0]
    assert process["dpv:hasRecipient"] == [f"urn:uuid:{ID}#vendor-newsroom"]
    assert [data["dct:title"] for data in process["dpv:hasPersonalData"]] == ["cookie _nr", "cookie _nrs"]
    durations = [condition.get("dpv:hasDuration") for condition in process["dpv:hasStorageCondition"]]
    assert {"@type": "dpv:TemporalDuration", "rdf:value": "P14M"} in durations
    assert {"@type": "dpv:UntilEventDuration", "rdf:value": "end of the browser's session"} in durations
    vendor = next(v for v in json.loads(receipt)["dpv:hasEntity"] if v["dct:identifier"] == "newsroom")
    assert vendor["@type"] == ["dpv:Recipient", "dpv:DataProcessor"]
    assert vendor["dpv:hasCountry"] == "loc:US"


def test_a_vendor_allowed_by_itself_has_a_record_of_its_own(receipt: bytes) -> None:
    record = record_of(receipt, "tube")
    assert record["dct:title"]["@value"] == "Tube"
    process = record["dpv:hasProcess"][0]
    assert process["dpv:hasPurpose"]["dct:identifier"] == "functional"
    assert process["dpv:hasRecipient"] == [f"urn:uuid:{ID}#vendor-tube"]


def test_nothing_in_a_receipt_can_be_changed_unnoticed(small: bytes, key: VerifierKey) -> None:
    document = json.loads(small)
    accepted = set()
    for path in leaves(document):
        parent = follow(document, path[:-1])
        before = parent[path[-1]]
        parent[path[-1]] = other_than(before)
        if holds(document, key):
            accepted.add(spell(path))
        parent[path[-1]] = before
    assert accepted == CLAIMS


def test_nothing_can_be_taken_out_of_a_receipt_or_put_in(small: bytes, key: VerifierKey) -> None:
    document = json.loads(small)
    tampered = [
        ((*path, name), replaced(document, path, changed))
        for path in containers(document)
        for name, changed in changes(follow(document, path))
    ]
    # Claims that are then not made; and who has the log's key needs no other.
    allowed = {"/dct:publisher/dpv:hasContact", "/dct:publisher/schema:url", "/ck:key"}
    for path, changed in random.Random(2).sample(tampered, 150):
        assert not holds(changed, key) or spell(path) in allowed, path
    for path, changed in tampered:
        assert spell(path) not in allowed or holds(changed, key), path


def test_nothing_in_a_long_history_can_be_changed_unnoticed(receipt: bytes, key: VerifierKey) -> None:
    document = json.loads(receipt)
    for path in random.Random(1).sample(list(leaves(document)), 40):
        changed = replaced(document, path, other_than(follow(document, path)))
        assert not holds(changed, key) or spell(path) in CLAIMS, path


OTHER_VERSION = "https://w3id.org/dpv/9.0"


def test_in_another_vocabulary_the_evidence_holds_and_the_statements_are_not_compared(
    receipt: bytes, evidence: Evidence, key: VerifierKey
) -> None:
    document = json.loads(receipt)
    document["ck:vocabulary"] = OTHER_VERSION
    document["dpv:hasRecordOfActivity"] = [{"@type": "dpv9:Record", "dpv9:state": "dpv9:Given"}]
    del document["dct:publisher"], document["dpv:hasConsentControl"]
    verified = verify_receipt(json.dumps(document).encode(), [key])
    assert (verified.vocabulary, verified.compared, verified.independent) == (OTHER_VERSION, False, True)
    assert verified.entries == tuple(proved.entry for proved in evidence.entries)
    assert verified.notices == (NOTICE.hash, OTHER.hash)
    assert verify_receipt(receipt, [key]).compared


def changed_evidence(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Change every part of a receipt's evidence."""
    for path in leaves(document):
        if path[-1] in ("ck:entry", "ck:salt", "ck:bundle", "ck:index", "ck:proof", "dct:issued"):
            yield replaced(document, path, other_than(follow(document, path)))
    for name in ("ck:evidence", "dpv:hasNotice"):
        yield replaced(document, (name,), document[name][::-1])
        yield replaced(document, (name,), document[name][1:])


def test_in_another_vocabulary_evidence_that_does_not_hold_is_refused(
    receipt: bytes, log: ConsentLog, key: VerifierKey
) -> None:
    document = json.loads(receipt)
    document["ck:vocabulary"] = OTHER_VERSION
    for changed in changed_evidence(document):
        if len(changed["ck:evidence"]) == len(document["ck:evidence"]):
            with pytest.raises(ProofInvalid):
                verify_receipt(json.dumps(changed).encode(), [key])
    stranger = collect(log, STRANGER)
    assert stranger is not None
    document["ck:evidence"].insert(1, json.loads(receipt_of(stranger))["ck:evidence"][0])
    with pytest.raises(ProofInvalid, match="one visitor"):
        verify_receipt(json.dumps(document).encode(), [key])
    with pytest.raises(ProofInvalid):
        verify_receipt(json.dumps(document).encode(), [SigningKey(key.name, bytes(32)).verifier])


def test_an_entry_of_another_visitor_does_not_fit(receipt: bytes, log: ConsentLog, key: VerifierKey) -> None:
    stranger = collect(log, STRANGER)
    assert stranger is not None
    foreign = json.loads(receipt_of(stranger))
    document = json.loads(receipt)
    document["ck:evidence"].insert(1, foreign["ck:evidence"][0])
    assert not holds(document, key)
    document["ck:evidence"] = foreign["ck:evidence"]
    assert not holds(document, key)


def test_a_receipt_shows_what_was_in_the_log_not_that_nothing_else_was(
    evidence: Evidence, key: VerifierKey
) -> None:
    fewer = msgspec.structs.replace(evidence, entries=evidence.entries[:1], notices=evidence.notices[:1])
    assert len(verify_receipt(receipt_of(fewer), [key]).entries) == 1


def test_what_no_entry_can_show_is_not_verified(evidence: Evidence, key: VerifierKey) -> None:
    site, other = Site(controller="Somebody else"), ID.replace("0", "1")
    made = receipt_of(evidence, site=site, settings="https://other.example/", id=other, at=PUBLISHED)
    verified = verify_receipt(made, [key])
    assert (verified.id, verified.created, verified.independent) == (other, PUBLISHED, True)


@pytest.mark.parametrize("changes", [{"id": "\x1b[2J"}, {"at": "today"}, {"at": "2026-12-24T08:00:00"}])
def test_a_receipt_has_an_id_and_a_time_of_its_own(changes: dict[str, str], evidence: Evidence) -> None:
    with pytest.raises(LogError, match="a UUID and the time"):
        receipt_of(evidence, **changes)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        b'{"dct:identifier": NaN}',
        b"[" * 100_000,
        b'{"ck:evidence": [], "dct:identifier": "a", "dct:created": "b"}',
    ],
)
def test_what_is_no_receipt_is_refused(data: bytes) -> None:
    with pytest.raises(ProofInvalid, match="this is not a receipt"):
        verify_receipt(data)


def test_a_receipt_that_says_something_twice_is_refused(receipt: bytes, key: VerifierKey) -> None:
    twice = receipt.replace(b'"dct:created"', b'"dct:created": "2020-01-01T00:00:00Z", "dct:created"', 1)
    with pytest.raises(ProofInvalid, match="twice"):
        verify_receipt(twice, [key])


def test_the_message_names_the_place(receipt: bytes, key: VerifierKey) -> None:
    document = json.loads(receipt)
    document["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][1]["@type"][0] = "dpv:ConsentGiven"
    with pytest.raises(ProofInvalid, match="/dpv:hasRecordOfActivity/0/dpv:hasConsentStatus/1/@type/0"):
        verify_receipt(json.dumps(document).encode(), [key])
    document = json.loads(receipt)
    document["ck:evidence"][0]["ck:salt"] = "00" * 32
    with pytest.raises(ProofInvalid, match="entry 1 is not shown to be in the log"):
        verify_receipt(json.dumps(document).encode(), [key])


def test_a_proof_with_something_in_it_that_nobody_signed_is_refused(
    evidence: Evidence, key: VerifierKey
) -> None:
    proved = evidence.entries[0]
    proof = InclusionProof.decode(proved.proof)
    proof = msgspec.structs.replace(proof, extra=b"and much more")
    entries = (msgspec.structs.replace(proved, proof=proof.encode()), *evidence.entries[1:])
    with pytest.raises(ProofInvalid, match="entry 1"):
        verify_receipt(receipt_of(msgspec.structs.replace(evidence, entries=entries)), [key])


def test_two_trees_of_one_size_are_not_one_log(tmp_path: Path) -> None:
    secret = SigningKey("news.example/consent", bytes(range(32)))
    story = Story()
    first = story.decide("2026-11-22T10:00:00Z", "analytics")
    second = story.decide("2026-11-23T10:00:00Z", "marketing")
    found = []
    for name, entry in (("one", first), ("two", second)):
        with ConsentLog(tmp_path / name, key=str(secret)) as log:
            log.commit([publish(NOTICE, PUBLISHED), entry])
            part = collect(log, SUBJECT)
            assert part is not None
            found.append(part)
    one, two = found
    mixed = msgspec.structs.replace(one, entries=two.entries)
    with pytest.raises(ProofInvalid, match="two different trees of the same size"):
        verify_receipt(receipt_of(mixed), [secret.verifier])


def test_a_log_that_signs_nothing_gives_receipts_that_prove_nothing() -> None:
    story = Story()
    made = receipt_of(unproved(story.decide("2026-11-22T10:00:00Z", "analytics"), NOTICE))
    with pytest.raises(ProofInvalid, match="no public key"):
        verify_receipt(made)
    with pytest.raises(ProofInvalid, match="its log was not signed"):
        verify_receipt(made, [SigningKey("a", bytes(32)).verifier])


def test_there_is_no_receipt_where_nothing_is_kept(log: ConsentLog) -> None:
    assert collect(log, "bm9ib2R5LWF0LWFsbA") is None


def test_what_was_erased_is_in_no_receipt(tmp_path: Path) -> None:
    story = Story()
    first = story.decide("2026-11-22T10:00:00Z", "analytics")
    second = story.decide("2026-11-23T10:00:00Z", "marketing")
    with ConsentLog(tmp_path / "consent.sqlite3") as log:
        log.commit([publish(NOTICE, PUBLISHED), first])
        anyio.run(lambda: log.erase(SUBJECT, at="2026-11-22T12:00:00Z"))
        assert collect(log, SUBJECT) is None
        log.commit([second])
        found = collect(log, SUBJECT)
        assert found is not None
        assert [entry.id for entry in verify_receipt(receipt_of(found)).entries] == [second.id]


def test_a_receipt_is_of_one_visitor_and_has_every_notice(log: ConsentLog, evidence: Evidence) -> None:
    stranger = collect(log, STRANGER)
    assert stranger is not None
    with pytest.raises(LogError, match="one visitor"):
        receipt_of(msgspec.structs.replace(evidence, entries=evidence.entries + stranger.entries))
    with pytest.raises(LogError, match="notices"):
        receipt_of(msgspec.structs.replace(evidence, notices=evidence.notices[:1]))


def unproved(entry: Entry, notice: Notice) -> Evidence:
    proved = ProvedEntry(index=1, body=entry.encode().decode(), salt="00" * 32)
    return Evidence(
        entries=(proved,), notices=(ProvedNotice(index=0, day="2026-11-20", body=notice.body.decode()),)
    )


def holds(document: dict[str, Any], key: VerifierKey) -> bool:
    """Say whether a receipt holds, and its statements were compared."""
    try:
        return verify_receipt(json.dumps(document).encode(), [key]).compared
    except ProofInvalid:
        return False


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if not isinstance(value, (dict, list)):
        yield path
    for key, item in items(value):
        yield from leaves(item, (*path, key))


def containers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, (dict, list)):
        yield path
    for key, item in items(value):
        yield from containers(item, (*path, key))


def items(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else ()


def follow(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        document = document[key]
    return document


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a document with another value at a path; what is elsewhere is shared."""
    if not path:
        return value
    copy = document.copy()
    copy[path[0]] = replaced(document[path[0]], path[1:], value)
    return copy


def changes(container: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(container, dict):
        yield "added", {**container, "dct:abstract": "something else"}
        for gone in container:
            yield gone, {key: item for key, item in container.items() if key != gone}
    else:
        yield "repeated", [*container, *container[:1]]
        yield "shortened", container[:-1]
        if len(container) > 1:
            yield "reversed", container[::-1]


def other_than(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    middle = len(value) // 2
    return value[:middle] + ("1" if value[middle : middle + 1] == "0" else "0") + value[middle + 1 :]


def spell(path: Iterable[Any]) -> str:
    return "".join(f"/{key}" for key in path)
