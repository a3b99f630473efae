"""The page's language comes first, then what the browser asks for."""

from __future__ import annotations

import pytest

from asgi.visiting import NAVIGATION, App, browser, post, visit, wrap
from consentkit import Banner, Policy, Purpose
from consentkit.asgi.locales import find_locale, negotiate
from consentkit.banner import available_locales

pytestmark = pytest.mark.anyio

LOCALES = available_locales(Policy())
GERMAN, FRENCH, ENGLISH = "Alle akzeptieren", "Tout accepter", "Accept all"


def page(opening: str) -> App:
    return App(f"<!doctype html>{opening}<head><title>t</title></head><body><p>x</p></body></html>".encode())


@pytest.mark.parametrize(
    ("opening", "asked", "label"),
    [
        ('<html lang="de">', "fr", GERMAN),
        ('<HTML LANG=de-AT class="x">', "fr", GERMAN),
        ("<html lang='de_CH'>", "fr", GERMAN),
        ('<html xml:lang="de">', "fr", GERMAN),
        ('<html lang="&#100;e">', "fr", GERMAN),
        ('<html lang="tlh">', "fr", FRENCH),
        ('<html lang="">', "fr", FRENCH),
        ("<html>", "fr", FRENCH),
        ("", "fr", FRENCH),
        ("<html>", "", ENGLISH),
        ('<html lang="de"><html lang="fr">', "", GERMAN),
        ('<!-- <html lang="de"> --><html lang="fr">', "", FRENCH),
    ],
)
@pytest.mark.parametrize("cut", [0, 1])
async def test_the_banner_speaks_the_pages_language(opening: str, asked: str, label: str, cut: int) -> None:
    app = page(opening)
    if cut:
        app.bodies = tuple(bytes([byte]) for byte in app.bodies[0])
    answer = await visit(wrap(app), headers={**NAVIGATION, "accept-language": asked})
    assert label in answer.body.decode()


async def test_a_page_that_comes_again_speaks_its_own_language_still() -> None:
    """The memory of what is of no account, and the memo of whole pages, leave the language alone."""
    german, french = page('<html lang="de">'), page('<html lang="fr">')
    for app in (german, french):
        wrapped = wrap(app)
        for _ in range(4):
            body = (await visit(wrapped, headers=NAVIGATION)).body.decode()
            assert (GERMAN if app is german else FRENCH) in body


async def test_settings_and_problems_speak_what_the_banner_spoke() -> None:
    async with browser(wrap(page('<html lang="de">')), headers={"accept-language": "fr"}) as client:
        shown = (await client.get("/", headers=NAVIGATION)).text
        assert "&amp;locale=de" in shown
        settings = (await client.get("/_consent/", params={"locale": "de"})).text
        assert 'lang="de"' in settings and GERMAN in settings
        problem = await post(client, {"action": "accept", "notice": "0" * 64, "locale": "de"})
        assert (problem.status_code, "Bitte" in problem.text) == (409, True)
        assert 'lang="fr"' in (await client.get("/_consent/")).text
        assert 'lang="fr"' in (await client.get("/_consent/", params={"locale": '"><script>'})).text


async def test_placeholders_speak_the_pages_language() -> None:
    embed = '<html lang="de"><head></head><body><iframe src="https://www.youtube.com/embed/x"></iframe>'
    answer = await visit(wrap(App(embed.encode())), headers={**NAVIGATION, "accept-language": "fr"})
    assert "Inhalt von YouTube" in answer.body.decode()


@pytest.mark.parametrize(
    ("tag", "found"),
    [
        ("no", "nb"),
        ("nn-NO", "nn"),
        ("iw", "he"),
        ("in-ID", "id"),
        ("tl", "fil"),
        ("zh", "zh-Hans"),
        ("zh-CN", "zh-Hans"),
        ("zh-SG", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-Hant-MO", "zh-Hant"),
        ("zh-Hans-HK", "zh-Hans"),
        ("yue-HK", "zh-Hant"),
        ("pt-BR", "pt-BR"),
        ("PT-br", "pt-BR"),
        ("pt-AO", "pt"),
        ("sr-Cyrl-RS", "sr"),
        ("en-GB", "en"),
        ("x" * 500, None),
        ("", None),
    ],
)
def test_language_tags_find_what_is_spoken(tag: str, found: str | None) -> None:
    assert find_locale(tag, LOCALES) == found


def test_of_several_languages_the_first_that_is_spoken_counts() -> None:
    assert negotiate(b"tlh, zh-TW;q=0.8, de;q=0.9, fr;q=0", LOCALES) == "de"
    assert negotiate(b"tlh, zh-TW;q=0.8", LOCALES) == "zh-Hant"


async def test_the_sites_own_words_for_purposes_and_vendors_by_language() -> None:
    text = {"de": {"purposes": {"news": "Neuigkeiten", "analytics_description": "Nur gezählt."}}}
    policy = Policy(
        uses=("google-analytics",),
        purposes={"news": Purpose(title="News", description="Shows the sign-up form.")},
        banner=Banner(text=text),
    )
    async with browser(wrap(policy=policy)) as client:
        settings = (await client.get("/_consent/", params={"locale": "de"})).text
        assert "Neuigkeiten" in settings and "Nur gez&#228;hlt." in settings
        assert "Shows the sign-up form." in settings  # nobody has said it in German
        assert "Neuigkeiten" not in (await client.get("/_consent/", params={"locale": "fr"})).text
