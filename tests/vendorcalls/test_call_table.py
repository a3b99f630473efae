"""The table: what each vendor is told, from words that are granted to calls."""

from __future__ import annotations

import gzip
import json
import re

import pytest

from consentkit.catalog import default_catalog
from consentkit.policy import Policy
from consentkit.vendorcalls import calls_for, calls_script, calls_table, write_attributes

BUDGET = 1_300  # bytes, gzip

GOOGLE = {
    "ad_storage": "denied",
    "ad_user_data": "denied",
    "ad_personalization": "denied",
    "analytics_storage": "granted",
    "functionality_storage": "denied",
    "personalization_storage": "denied",
    "security_storage": "granted",
}


@pytest.mark.parametrize(
    ("calls", "granted", "expected"),
    [
        ("google", {"analytics"}, [["consent", "default", GOOGLE]]),
        ("uet", set(), [["consent", "default", {"ad_storage": "denied"}]]),
        ("uet", {"ads"}, [["consent", "default", {"ad_storage": "granted"}]]),
        ("clarity", {"ads"}, [["consentv2", {"ad_Storage": "granted", "analytics_Storage": "denied"}]]),
        ("meta", set(), [["consent", "revoke"]]),
        ("meta", {"ads"}, [["consent", "grant"]]),
        ("matomo", set(), [["requireConsent"]]),
        ("matomo", {"analytics"}, [["requireConsent"], ["setConsentGiven"]]),
        ("matomo-cookies", set(), [["requireCookieConsent"]]),
        ("matomo-cookies", {"analytics"}, [["requireCookieConsent"], ["setCookieConsentGiven"]]),
    ],
)
def test_what_is_granted_becomes_the_calls_that_the_vendor_documents(
    calls: str, granted: set[str], expected: list[object]
) -> None:
    assert calls_table()[calls].defaults(granted) == expected


def test_more_is_said_beside_the_signals() -> None:
    [[*_, signals]] = calls_table()["google"].defaults((), {"region": ["AT"], "wait_for_update": 500})
    assert isinstance(signals, dict)
    assert (signals["region"], signals["wait_for_update"]) == (["AT"], 500)


def test_everybody_in_the_table_is_known() -> None:
    known = {*default_catalog().vendors, *Policy().purposes}
    named = {
        name
        for calls in calls_table().values()
        for name in (*calls.vendors, *calls.advanced, *(one for some in calls.asks.values() for one in some))
    }
    assert named - known == set()


def test_nothing_depends_on_a_word_that_nobody_asks_for() -> None:
    for calls in calls_table().values():
        texts = json.dumps([calls.default, calls.update, calls.signals])
        assert set(re.findall(r"(\w+)\?\w+:", texts)) == calls.asks.keys()


def test_the_mode_chooses_how_matomo_is_told() -> None:
    basic, advanced = calls_for("matomo"), calls_for("matomo", advanced=True)
    assert basic is not None and advanced is not None
    assert (basic.id, advanced.id) == ("matomo", "matomo-cookies")


def test_who_sends_before_consent_cannot_be_told_to_wait_for_it() -> None:
    assert calls_for("meta-pixel") is not None
    assert calls_for("meta-pixel", advanced=True) is None
    assert calls_for("youtube") is None


def test_attributes_are_safe_in_their_quotes() -> None:
    for calls in calls_table().values():
        asks = {word: [("vendor-1", "purpose-1"), ("", "purpose-2")] for word in calls.asks}
        text = write_attributes(calls, calls.defaults(asks), asks, asks, set())
        found = re.fullmatch(r'data-calls="([a-z-]+)" data-says=\'([^\'&<>]*)\'', text)
        assert found is not None
        says = json.loads(found[2])
        assert says["now"] == [] and says["before"] == sorted(asks)
        assert says["calls"] == calls.defaults(asks)


def test_the_script_is_small_and_loads_nothing() -> None:
    body = calls_script()
    assert len(gzip.compress(body, 9)) < BUDGET
    assert body.isascii()
    assert not re.search(rb"//|/\*|import|eval|innerHTML|=>", body)
