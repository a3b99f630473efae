"""What the log takes, and how it is spelled."""

from __future__ import annotations

import json
from uuid import UUID

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import LogError
from consentkit.record.entry import Bundle, Count, Entry, rfc3339, uuid7
from log.samples import AT, BUNDLE, make_entry, make_refusal


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "0190163d-8694-6a3c-8b1c-000000000000"),
        ("id", "0190163D-8694-7A3C-8B1C-000000000000"),
        ("type", "visit"),
        ("at", "2026-11-22T10:00:00+00:00"),
        ("at", "2026-02-30T10:00:00Z"),
        ("at", "2026-11-22"),
        ("subject", "192.0.2.17"),
        ("subject", "2001:db8::1"),
        ("previous", "earlier"),
        ("regime", "opt"),
        ("country", "DEU"),
        ("country", "de"),
        ("action", "click"),
        ("source", "https://example.org/"),
        ("denied", ("analytics",)),
        ("granted", ("b", "a")),
        ("granted", ("a", "a")),
        ("granted", ("https://example.org/",)),
        ("denied", tuple(f"v{number:04}" for number in range(1001))),
        ("fingerprints", {"analytics": "0a1b2c "}),
        ("fingerprints", {"a b": "0a1b2c"}),
        ("notice", "0" * 63),
        ("notice", ""),
        ("locale", "de_DE"),
        ("signals", ("Sec-GPC: 1",)),
        ("expires", "never"),
        ("agent", "Mozilla/5.0"),
        ("agent", "Firefox 131"),
    ],
)
def test_an_entry_refuses_what_the_log_must_not_hold(field: str, value: object) -> None:
    with pytest.raises(LogError, match=f"'{field}'") as caught:
        make_entry(**{field: value})
    assert repr(value) not in str(caught.value)


def test_an_entry_reads_back_as_it_was() -> None:
    for entry in (make_entry(), make_refusal(), BUNDLE.entry(), make_entry(country="", agent=None)):
        assert Entry.decode(entry.encode()) == entry


def books() -> list[Entry]:
    """Make an entry of each kind in which the log speaks of itself."""
    counts = (Count(regime="opt-in", locale="de", notice=BUNDLE.hash, action="save", count=3),)
    return [
        Entry(id=uuid7(1), type="rollup", at=AT, closes="2026-11-21", counts=counts),
        Entry(id=uuid7(2), type="erasure", at=AT, erased=(3, 17, 4_000_000_000)),
        Entry(id=uuid7(3), type="purge", at=AT, before="2024-11-22", stop=0),
    ]


def test_an_entry_is_canonical_json() -> None:
    for entry in (make_entry(), make_refusal(), make_entry(granted=(), signals=()), BUNDLE.entry(), *books()):
        body = entry.encode()
        assert body == rfc8785.dumps(json.loads(body))
        assert Entry.decode(body) == entry


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("closes", "2026-11"),
        ("counts", ()),
        ("erased", ()),
        ("erased", (2, 1)),
        ("erased", (1, 1)),
        ("erased", (-1, 1)),
        ("before", "yesterday"),
        ("stop", -1),
        ("type", "decision"),
    ],
)
def test_the_logs_own_entries_hold_their_own_fields_only(number: int, field: str, value: object) -> None:
    with pytest.raises(LogError):
        msgspec.structs.replace(books()[number], **{field: value})


def test_a_refusal_says_what_was_denied_and_nothing_of_the_visitor() -> None:
    entry = json.loads(make_refusal().encode())
    assert entry["granted"] == []
    assert entry["denied"] == ["analytics", "functional", "marketing"]
    assert "subject" not in entry


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"\xff", b'{"id": 1}', make_entry().encode()[:-1]])
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(LogError):
        Entry.decode(body)


@pytest.mark.parametrize("change", [{"body": b"{}"}, {"assets": {"0" * 64: b"x"}}, {"at": "now"}])
def test_a_bundle_holds_what_its_hashes_say(change: dict[str, object]) -> None:
    with pytest.raises(LogError):
        msgspec.structs.replace(BUNDLE, **change)


def test_a_bundle_is_filed_under_its_hash() -> None:
    assert Bundle(hash=BUNDLE.hash, body=BUNDLE.body, at=AT).id == BUNDLE.hash


@given(st.integers(0, 2**48 - 1))
def test_ids_are_uuids_of_version_7(milliseconds: int) -> None:
    id = UUID(uuid7(milliseconds))
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert id.int >> 80 == milliseconds
    assert uuid7(milliseconds) != uuid7(milliseconds)
    assert make_entry(id=str(id)).id == str(id)


def test_a_time_is_spelt_to_the_second_in_utc() -> None:
    assert rfc3339(1_795_370_400) == "2026-11-22T18:00:00Z"
