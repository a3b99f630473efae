"""The page's language comes first, then what the browser asks for."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from asgi.client import NAVIGATION, App, browser, post, visit, wrap
from consentkit import Policy, Purpose
from consentkit.banner.languages import find_locale
from consentkit.banner.texts import available_locales, shipped_texts
from consentkit.policy import Banner
from consentkit.web.request import choose_locale

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


OWN_WORDS = """
uses = ["youtube"]

[purposes.marketing]
title = "Advertising"

[vendors.tube]
name = "Town Tube"
purpose = "marketing"
hosts = ["tube.example"]

[banner.text.de.purposes]
marketing = "Anzeigen"

[banner.text.de.vendors]
tube = "Stadtkanal"
"""


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        ('<iframe src="https://www.youtube.com/embed/x"></iframe>', "Inhalt von YouTube"),
        ('<iframe src="https://tube.example/x"></iframe>', "Inhalt von Stadtkanal"),
        ('<iframe src="/map" data-consent="marketing"></iframe>', "Inhalt von Anzeigen"),
        ('<iframe src="/map" data-consent="functional"></iframe>', "Inhalt von Zusatzfunktionen"),
        ('<blockquote class="twitter-tweet"></blockquote>', "Inhalt von X"),
    ],
)
async def test_placeholders_name_vendor_and_purpose_in_the_pages_language(frame: str, said: str) -> None:
    app = App(f'<html lang="de"><head></head><body>{frame}'.encode())
    wrapped = wrap(app, policy=Policy.loads(OWN_WORDS))
    answer = await visit(wrapped, headers={**NAVIGATION, "accept-language": "fr"})
    [shown] = BeautifulSoup(answer.body, "html.parser").select("iframe")
    text = BeautifulSoup(str(shown["srcdoc"]), "html.parser").get_text(" ")
    purpose = "Zusatzfunktionen" if "functional" in frame else "Anzeigen"
    assert said in text and f"Zweck: {purpose}" in text
    assert "Advertising" not in text and "Town" not in text


@pytest.mark.parametrize(
    ("page", "asked", "spoken"),
    [
        ("", "tlh, zh-TW;q=0.8, de;q=0.9, fr;q=0", "de"),
        ("", "tlh, zh-TW;q=0.8", "zh-Hant"),
        ("", "de_AT.UTF-8", "de"),
        ("", "DE-at ; Q = 0.5 , fr;q=0.4", "de"),
        ("", "de;q=nan, fr;q=inf, it;q=0.1", "it"),
        ("", "de;q=0.5;level=1, it;q=0.1", "it"),
        # Any language will do.
        ("", "*", "en"),
        ("", "de, *;q=0.5", "de"),
        ("", "*;q=0.5, de;q=0.3", "en"),
        ("", "*, en;q=0.1, de;q=0.5", "de"),
        ("", "kk, *;q=0.5", "ru"),
        # Not this one.
        ("", "de;q=0", "en"),
        ("", "de;q=0, *", "en"),
        ("", "de;q=0.0, de-AT", "de"),
        ("", "bs, hr;q=0", "sr-Latn"),
        ("", "kk, ru;q=0", "en"),
        ("de", "de;q=0, fr", "de"),
        ("bs", "hr;q=0, fr", "sr-Latn"),
        # The page first, and what its readers read last.
        ("bs", "fr", "hr"),
        ("tlh", "fr", "fr"),
        ("uz-Cyrl", "fr", "fr"),
        ("uz-Cyrl", "tlh", "ru"),
        ("uz-Cyrl", "", "ru"),
        ("de-Shaw", "fr", "fr"),
        ("sr-Latn", "sr", "sr-Latn"),
        ("sr-Cyrl", "sr-Latn", "sr"),
        ("", "sr-Latn;q=0.9, sr;q=0.8", "sr-Latn"),
        ("", "x" * 190 + ", fr-CH, de", "fr"),  # two hundred bytes end in the middle of a tag
    ],
)
def test_one_language_is_chosen(page: str, asked: str, spoken: str) -> None:
    assert choose_locale(page, asked.encode("latin-1"), LOCALES) == spoken


@pytest.mark.parametrize(
    ("tag", "label"),
    [("sr-Latn", "Prihvati sve"), ("sr-ME", "Prihvati sve"), ("sr", "Прихвати све"), ("zh-HK", "全部接受")],
)
async def test_banner_settings_messages_and_placeholders_speak_the_same(tag: str, label: str) -> None:
    opening = f'<html lang="{tag}"><head></head><body><iframe src="https://www.youtube.com/embed/x"></iframe>'
    async with browser(wrap(App(opening.encode())), headers={"accept-language": "de"}) as client:
        shown = BeautifulSoup((await client.get("/", headers=NAVIGATION)).text, "html.parser")
        banner, frame = shown.select_one("#consentkit-banner"), shown.select_one("iframe")
        assert banner and frame and label in banner.get_text()
        locale = str(banner["lang"])
        assert f'lang="{locale}"' in str(frame["srcdoc"])
        settings = (await client.get("/_consent/", params={"locale": locale})).text
        asked = (await client.get("/_consent/", headers={"accept-language": tag})).text
        problem = await post(client, {"action": "accept", "notice": "0" * 64, "locale": locale})
        for page in (settings, asked, problem.text):
            assert f'lang="{locale}"' in page
        assert label in BeautifulSoup(settings, "html.parser").get_text()


@pytest.mark.parametrize("own", ["zh-TW", "de-AT", "bs", "sr-Latn-RS", "cnr"])
async def test_a_locale_of_the_sites_own_takes_all_else_from_the_nearest(own: str) -> None:
    policy = Policy(uses=("youtube",), banner=Banner(text={own: {"opt-in": {"title": "Own title"}}}))
    nearest = find_locale(own, available_locales(Policy()))
    async with browser(wrap(App(b"<html><p>x"), policy=policy), headers={"accept-language": own}) as client:
        shown = (await client.get("/", headers=NAVIGATION)).text
        settings = BeautifulSoup((await client.get("/_consent/")).text, "html.parser")
        assert "Own title" in shown and settings.html and settings.html["lang"] == own
        assert nearest and shipped_texts(nearest)["settings"]["intro"] in settings.get_text()


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
