"""What became of each purpose, told from a visitor's decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.consent.notice import Notice, Shown
from consentkit.record.dpv import exact_duration, read_history, retention
from consentkit.record.entry import Entry
from record.receipts import NOTICE, OTHER, Story

SHOWN = {notice.hash: Notice.loads(notice.body) or Shown() for notice in (NOTICE, OTHER)}
MARCH, APRIL, MAY, JUNE = (f"2026-{month:02}-01T10:00:00Z" for month in range(3, 7))
LATER = "2027-01-01T00:00:00Z"


def tell(*entries: Entry, at: str = JUNE) -> dict[str, list[str]]:
    history = read_history(entries, SHOWN, at=at)
    return {
        name: [event.state.removeprefix("Consent") for event in events] for name, events in history.items()
    }


def test_a_choice_gives_and_refuses() -> None:
    choice = Story().decide(MARCH, "analytics", "marketing", expires=LATER)
    assert tell(choice) == {"analytics": ["Given"], "marketing": ["Refused"]}


def test_who_refuses_what_was_given_withdraws() -> None:
    story = Story()
    choices = story.decide(MARCH, "analytics", expires=LATER), story.decide(APRIL, "", "analytics marketing")
    assert tell(*choices) == {"analytics": ["Given", "Withdrawn"], "marketing": ["Refused"]}


def test_who_gives_it_again_renews_it() -> None:
    story = Story()
    choices = (
        story.decide(MARCH, "analytics", expires=APRIL),
        story.decide(MAY, "analytics", expires=LATER),
        story.decide(JUNE, "analytics", expires=LATER),
    )
    assert tell(*choices) == {"analytics": ["Given", "Expired", "Given", "RenewedConsentGiven"]}


def test_what_is_given_expires_when_its_time_is_over() -> None:
    choice = Story().decide(MARCH, "analytics", "marketing", expires=MAY)
    assert tell(choice, at=APRIL)["analytics"] == ["Given"]
    assert tell(choice, at=MAY) == {"analytics": ["Given", "Expired"], "marketing": ["Refused"]}
    (_, expired) = read_history([choice], SHOWN, at=JUNE)["analytics"]
    assert (expired.at, expired.by_visitor, expired.given) == (MAY, False, False)


def test_who_allows_one_vendor_says_nothing_of_the_rest() -> None:
    story = Story()
    choices = (
        story.decide(MARCH, "analytics", "functional", expires=LATER),
        story.decide(APRIL, "analytics tube", "functional", action="allow_vendor", expires=LATER),
    )
    assert tell(*choices) == {
        "analytics": ["Given"],
        "functional": ["Refused", "Refused"],
        "tube": ["Given"],
    }


def test_who_rejects_all_withdraws_what_a_single_vendor_was_given() -> None:
    story = Story()
    choices = (
        story.decide(MARCH, "tube", action="allow_vendor", expires=LATER),
        story.decide(APRIL, "", "functional analytics marketing", action="reject_all"),
    )
    assert tell(*choices)["tube"] == ["Given", "Withdrawn"]


def test_a_single_vendor_goes_on_under_its_purpose() -> None:
    story = Story()
    choices = (
        story.decide(MARCH, "tube", action="allow_vendor", expires=LATER),
        story.decide(APRIL, "functional", expires=LATER),
    )
    assert tell(*choices) == {"tube": ["Given"], "functional": ["Given"]}


def test_a_decision_that_no_longer_speaks_of_what_was_given_ends_it() -> None:
    story = Story()
    choices = story.decide(MARCH, "marketing", expires=LATER), story.decide(APRIL, "analytics", expires=LATER)
    assert tell(*choices)["marketing"] == ["Given", "Expired"]


def test_what_was_not_honoured_gives_nothing_and_ends_nothing() -> None:
    story = Story()
    first = story.decide(MARCH, "analytics", "marketing", expires=LATER)
    second = story.decide(APRIL, "analytics marketing", expires=LATER)
    note = story.invalidate(second, "2026-04-01T10:00:05Z")
    assert tell(first, second, note) == {
        "analytics": ["Given"],
        "marketing": ["Refused", "Given", "Invalidated"],
    }
    assert tell(note) == {}


def test_what_waited_in_an_outbox_is_told_when_it_happened() -> None:
    story = Story()
    late = story.decide(APRIL, "analytics", expires=LATER), story.decide(MARCH, "", "analytics")
    assert tell(*late) == {"analytics": ["Refused", "Given"]}
    half = "2026-03-01T10:00:00.5Z"
    swapped = story.decide(half, "analytics", expires=LATER), story.decide(MARCH, "", "analytics")
    assert tell(*swapped) == {"analytics": ["Refused", "Given"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14 months", "P14M"),
        ("1 year", "P1Y"),
        ("2 weeks", "P14D"),
        ("30 days", "P30D"),
        ("12 hours", "PT12H"),
        ("5 minutes", "PT5M"),
        ("1 second", "PT1S"),
    ],
)
def test_retention_is_written_as_iso_8601_does(text: str, expected: str) -> None:
    assert retention(text) == {"@type": "dpv:TemporalDuration", "rdf:value": expected}


def test_retention_that_is_no_length() -> None:
    assert retention("session")["@type"] == "dpv:UntilEventDuration"
    assert retention("until we are done") == "dpv:IndeterminateDuration"


@given(st.integers(0, 10**9))
def test_a_validity_is_exact(seconds: int) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    text = exact_duration(start, start + timedelta(seconds=seconds))
    date, _, time = text.removeprefix("P").partition("T")
    units = {"D": 86_400, "H": 3_600, "M": 60, "S": 1}
    total, number = 0, ""
    for char in date + time:
        if char in units:
            total, number = total + int(number) * units[char], ""
        else:
            number += char
    assert (total, number) == (seconds, "")
    assert text != "P"


def test_a_validity_is_never_negative() -> None:
    assert exact_duration(datetime.fromisoformat(APRIL), datetime.fromisoformat(MARCH)) == "P0D"
