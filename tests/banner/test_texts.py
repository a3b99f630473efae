"""A site overrides any text in any language, and a text that nobody would say is named."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from importlib import resources

import pytest
from bs4 import BeautifulSoup
from starlette.applications import Starlette

from banner.fragments import message_page, where
from consentkit import ConsentMiddleware
from consentkit.banner.banner import render_banner, render_link
from consentkit.banner.pages import Placeholder, render_placeholder
from consentkit.banner.settings import render_settings
from consentkit.banner.texts import FALLBACK, available_locales, read_words, shipped_locales, shipped_texts
from consentkit.consent.consent import Consent
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Policy, Purpose
from consentkit.policy.tables import default_purposes

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]

GERMAN = """
[purposes.newsletter]
title = "Newsletter"
description = "Shows the form."

[vendors.postman]
name = "Postman"
purpose = "newsletter"
description = "Sends our newsletter."

[banner.text.de.opt-in]
title = "Kekse"

[banner.text.de.settings]
title = "Deine Einstellungen"
always_on = "Immer dabei"

[banner.text.de.common]
settings = "Kekse einstellen"

[banner.text.de.embed]
once = "Einmal laden"

[banner.text.de.problem]
choose_again = "Noch einmal"

[banner.text.de.purposes]
newsletter = "Rundbrief"
newsletter_description = "Zeigt das Formular."
analytics = "Reichweite"

[banner.text.de.vendors]
postman = "Postbote"
postman_description = "Verschickt den Rundbrief."
"""


def visible(markup: str) -> str:
    return " ".join(BeautifulSoup(markup, "html.parser").get_text(" ").split())


def test_every_section_takes_the_sites_words(make_consent: MakeConsent) -> None:
    policy = Policy.loads(GERMAN)
    consent = make_consent(policy)
    german = where("de")
    settings = visible(render_settings(policy, consent, **german))
    said = ["Deine Einstellungen", "Immer dabei", "Rundbrief", "Zeigt das Formular.", "Reichweite"]
    assert [text for text in [*said, "Postbote", "Verschickt den Rundbrief."] if text not in settings] == []
    banner = visible(render_banner(policy, consent, **german))
    assert "Kekse" in banner and "Rundbrief" in banner and "Alle ablehnen" in banner
    assert visible(render_link(policy, consent, **german)) == "Kekse einstellen"
    assert "Noch einmal" in visible(message_page(policy, "de"))
    frame = visible(
        render_placeholder(policy, Placeholder("postman", "newsletter"), notice_hash="", **german)
    )
    assert "Einmal laden" in frame and "Postbote" in frame and "Rundbrief" in frame
    assert "Postman" not in frame and "Newsletter" not in frame


def test_other_languages_keep_the_packages_words(make_consent: MakeConsent) -> None:
    policy = Policy.loads(GERMAN)
    settings = visible(render_settings(policy, make_consent(policy), **where("fr")))
    assert "Postman" in settings and "Newsletter" in settings
    assert shipped_texts("fr")["settings"]["title"] in settings


def test_default_purposes_are_said_in_the_language_unless_the_site_has_its_own_words() -> None:
    own = {"analytics": Purpose(title="Measurement", description=default_purposes()["analytics"].description)}
    purposes = read_words(Policy(purposes=own), "de").purposes
    german = shipped_texts("de")["purposes"]
    assert purposes["marketing"].title == german["marketing"]
    assert purposes["analytics"].title == "Measurement"
    assert purposes["analytics"].description == german["analytics_description"]


def test_a_regions_language_takes_the_packages_words_and_the_sites_own() -> None:
    policy = Policy.loads('[banner.text.de-AT.settings]\ntitle = "Servus"')
    words = read_words(policy, "de-AT")
    assert words.texts["settings"]["title"] == "Servus"
    assert words.texts["settings"]["save"] == shipped_texts("de")["settings"]["save"]


@pytest.mark.parametrize("locale", sorted(shipped_locales()))
def test_every_text_can_be_overridden(locale: str) -> None:
    """Whatever the package says, a site may say."""
    texts = {
        section: {key: text + "." for key, text in keys.items()}
        for section, keys in shipped_texts(locale).items()
    }
    assert read_words(Policy(banner=Banner(text={locale: texts})), locale).texts == texts


def deploy(table: str) -> None:
    policy = Policy.loads(table)
    ConsentMiddleware(Starlette(), secret_key="Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", log=None, policy=policy)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            '[banner.text.de.settings]\ntitel = "A"',
            'banner.text.de.settings.titel: there is no such text; did you mean "title"?',
        ),
        (
            '[banner.text.de.purposes]\nanalytic = "A"',
            'banner.text.de.purposes.analytic: there is no such text; did you mean "analytics"?',
        ),
        (
            '[banner.text.de.vendors]\nyoutube = "A"',
            "banner.text.de.vendors.youtube: there is no such text",
        ),
        (
            '[banner.text.de.setings]\ntitle = "A"',
            'banner.text.de.setings: unknown key; did you mean "settings"?',
        ),
        (
            '[banner.text.de.settings]\nexpires = "Bis {day}."',
            'banner.text.de.settings.expires: nothing is filled in for "{day}"',
        ),
        ('[banner.text.de.common]\nback = " "', "banner.text.de.common.back: expected a text, got nothing"),
    ],
    ids=lambda value: value.splitlines()[0],
)
def test_a_text_that_nobody_would_say_is_named(table: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        deploy(table)
    assert str(caught.value).startswith(said)


def test_a_language_of_the_sites_own_needs_its_words_for_the_settings_to_be_in_it(
    make_consent: MakeConsent,
) -> None:
    alone = Policy.loads('[banner.text.eo.opt-in]\ntitle = "Kuketoj"')
    both = Policy.loads('[banner.text.eo.settings]\ntitle = "Agordoj"')
    pages = [
        BeautifulSoup(render_settings(policy, make_consent(policy), **where("eo")), "html.parser")
        for policy in (alone, both)
    ]
    assert [page.html["lang"] for page in pages if page.html] == [FALLBACK, "eo"]


def test_every_locale_has_every_text_and_every_slot() -> None:
    folder = resources.files("consentkit.banner") / "locales"
    english, *others = [
        tomllib.loads((folder / f"{locale}.toml").read_text("utf-8"))
        for locale in sorted(shipped_locales(), key=lambda locale: (locale != "en", locale))
    ]
    for texts in others:
        texts.pop("duration", None)  # what CLDR lacks
        assert {s: set(keys) for s, keys in texts.items()} == {s: set(keys) for s, keys in english.items()}
    assert available_locales(Policy()) == shipped_locales()
