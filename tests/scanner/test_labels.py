"""What labels say, and in which language a text is."""

from __future__ import annotations

import pytest

from consentkit.banner.texts import shipped_locales, shipped_texts
from consentkit.scanner.labels import (
    contradicting_language,
    leads_to_policy,
    mentions_signal,
    primary_language,
    read_label,
    reopens_settings,
)


@pytest.mark.parametrize(
    ("label", "action"),
    [
        ("Reject", "reject"),
        ("REJECT ALL ✕", "reject"),
        ("Decline", "reject"),
        ("Necessary only", "reject"),
        ("Accept only necessary cookies", "reject"),
        ("opt-out", "reject"),
        ("I do not accept", "reject"),
        ("Continue without accepting →", "reject"),
        ("Alle ablehnen", "reject"),
        ("Tout refuser", "reject"),
        ("Accept", "accept"),
        ("Accept all cookies", "accept"),
        ("OK", "accept"),
        ("J’accepte", "accept"),
        ("Accept selected", "save"),
        ("Read more", "settings"),
        ("Cookie-Einstellungen", ""),
        ("×", "close"),
        ("Close", "close"),
        ("Acceptance speech of the president", ""),
        ("Rejected by voters", ""),
        ("Subscribe", ""),
        ("", ""),
    ],
)
def test_what_a_label_says(label: str, action: str) -> None:
    assert read_label(label, shipped=False) == action


@pytest.mark.parametrize("locale", sorted(shipped_locales()))
def test_the_packages_own_labels(locale: str) -> None:
    texts = shipped_texts(locale)
    assert read_label(texts["opt-in"]["reject"]) == "reject"
    assert read_label(texts["opt-in"]["accept"]) == "accept"
    assert read_label(texts["settings"]["withdraw"]) == "withdraw"
    assert reopens_settings(texts["common"]["settings"])
    assert mentions_signal(texts["common"]["honoured"])


@pytest.mark.parametrize(
    "label", ["Cookie settings", "Your Privacy Choices", "Do not sell my data", "Cookie-Einstellungen"]
)
def test_what_opens_the_settings_again(label: str) -> None:
    assert reopens_settings(label) and not leads_to_policy(label)


@pytest.mark.parametrize("label", ["Privacy", "Privacy policy", "Our cookie policy", "Datenschutzerklärung"])
def test_what_leads_to_the_policy(label: str) -> None:
    assert leads_to_policy(label) and not reopens_settings(label)


@pytest.mark.parametrize("locale", sorted(shipped_locales()))
def test_a_text_does_not_contradict_its_own_language(locale: str) -> None:
    text = shipped_texts(locale)["opt-in"]["notice"] + shipped_texts(locale)["settings"]["intro"]
    assert contradicting_language(text, primary_language(locale)) == ""


@pytest.mark.parametrize("locale", ["de", "fr", "pl", "ru"])
def test_a_text_in_another_language(locale: str) -> None:
    assert contradicting_language(shipped_texts(locale)["opt-in"]["notice"], "en") == locale


def test_a_short_text_or_an_unknown_language_says_nothing() -> None:
    assert contradicting_language("Wir nutzen Cookies", "en") == ""
    assert contradicting_language(shipped_texts("en")["opt-in"]["notice"], "tlh") == ""


def test_languages_with_two_codes() -> None:
    assert primary_language("no") == primary_language("nb-NO") == primary_language("NN") == "nb"
