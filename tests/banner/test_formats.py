"""Dates, durations and names of countries are CLDR's, held against Babel, which reads CLDR itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from babel import Locale
from babel.dates import format_date
from babel.units import format_unit
from bs4 import BeautifulSoup

from banner.fragments import where
from consentkit.banner.settings import Choice, History, render_settings
from consentkit.banner.texts import read_formats, read_words, shipped_locales
from consentkit.consent.consent import Consent
from consentkit.consent.decision import Decision
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Banner, Cookie, Duration, Policy, Vendor
from consentkit.policy.duration import UNITS
from docs.cldr import DATA, LICENCE, countries, files

LOCALES = sorted(shipped_locales())
NUMBERS = (1, 2, 3, 4, 5, 6, 7, 10, 11, 13, 14, 20, 21, 22, 30, 90, 100, 101, 102, 111, 180, 365, 999)
DAYS = [date(2026, 1, 1) + timedelta(days=step) for step in range(0, 365, 9)]

MakePolicy = Callable[..., Policy]
MakeConsent = Callable[..., Consent]
Decide = Callable[..., Decision]


def test_the_files_are_what_babel_says_today() -> None:
    """`python -m docs.cldr` makes them again."""
    stored = {path.name: path.read_text("utf-8") for path in DATA.glob("*.json")}
    assert stored == files()
    assert (DATA / "LICENSE").read_text("utf-8") == LICENCE.read_text("utf-8")


@pytest.mark.parametrize("name", LOCALES)
def test_a_locale_is_written_as_babel_writes_it(name: str) -> None:
    formats, locale = read_formats(name), Locale.parse(name, sep="-")
    assert [formats.date(day.isoformat()) for day in DAYS] == [
        format_date(day, "long", locale) for day in DAYS
    ]
    assert [formats.country(code) for code in countries()] == [
        locale.territories[code] for code in countries()
    ]
    for unit in UNITS if name != "mt" else ():  # of which CLDR has but the root's letters
        for number in NUMBERS:
            # Babel leaves out what is the same at full length as in short.
            babel = {
                format_unit(number, f"duration-{unit}", length, locale=locale) for length in ("long", "short")
            }
            assert formats.duration(Duration(number, unit)) in babel


@pytest.mark.parametrize("name", LOCALES)
def test_all_numbers_that_a_duration_may_have_take_the_form_of_their_kind(name: str) -> None:
    formats, locale = read_formats(name), Locale.parse(name, sep="-")
    kinds: dict[str, set[str]] = defaultdict(set)
    for number in (*range(1, 1200), *range(9900, 10_000)):
        form = formats.plurals[number if number < 100 else 100 + number % 100]
        kinds[form].add(locale.plural_form(number))
    assert sorted(map(len, kinds.values())) == [1] * len(kinds)
    assert len({kind for found in kinds.values() for kind in found}) == len(kinds)


@pytest.mark.parametrize(
    ("locale", "told"),
    [
        ("en", "1 month, 13 months, 180 days, Brazil, May 5, 2026"),
        ("de", "1 Monat, 13 Monate, 180 Tage, Brasilien, 5. Mai 2026"),
        ("de-AT", "1 Monat, 13 Monate, 180 Tage, Brasilien, 5. Mai 2026"),
        ("pl", "1 miesiąc, 13 miesięcy, 180 dni, Brazylia, 5 maja 2026"),
        ("ar", "شهر, 13 شهرًا, 180 يومًا, البرازيل, 5 مايو 2026"),
        ("ja", "1 か月, 13 か月, 180 日, ブラジル, 2026年5月5日"),
        ("mt", "xhur: 1, xhur: 13, jiem: 180, Il-Brażil, 5 ta’ Mejju 2026"),
        ("eo", "1 month, 13 months, 180 days, Brazil, May 5, 2026"),
    ],
)
def test_a_language_speaks(locale: str, told: str) -> None:
    words = read_words(Policy(banner=Banner(text={locale: {"settings": {"title": "T"}}})), locale)
    durations = [words.duration(text) for text in ("1 month", "13 months", "180 days")]
    assert ", ".join([*durations, words.formats.country("BR"), words.formats.date("2026-05-05")]) == told


def test_a_code_without_a_name_stays_a_code() -> None:
    assert read_formats("en").country("XX") == "XX"


def test_the_settings_write_dates_durations_and_countries_without_a_script(
    make_consent: MakeConsent, decide: Decide
) -> None:
    cookies = (
        Cookie(name="_a", retention="13 months"),
        Cookie(name="_b", retention="session"),
        Cookie(name="_c"),
    )
    vendor = Vendor(name="A", purpose="analytics", country="US", retention="1 year", cookies=cookies)
    policy = Policy(vendors={"a": vendor})
    consent = make_consent(policy, decide(policy, "analytics"))
    history = History(choices=(Choice(at="2026-11-18T12:34:56Z", granted=("analytics",)),))
    page = BeautifulSoup(render_settings(policy, consent, history=history, **where("fr")), "html.parser")
    assert [str(time.string) for time in page.select("time")] == [
        "18 novembre 2026", "17 mai 2027", "18 novembre 2026", "12:34 UTC",
    ]  # fmt: skip
    assert [value.get_text() for value in page.select(".consentkit-vendor dd")][:2] == [
        "1\N{NO-BREAK SPACE}an",
        "États-Unis",
    ]
    assert [[cell.get_text() for cell in row.select("th, td")] for row in page.select("tr")] == [
        ["Cookies", "Durée de conservation"],
        ["_a", "13\N{NO-BREAK SPACE}mois"],
        ["_b", "jusqu’à la fermeture du navigateur"],
        ["_c", ""],
    ]
    assert [summary.get_text() for summary in page.select("summary")] == ["Fournisseurs et cookies (1)"]


def test_a_site_says_durations_in_its_own_words() -> None:
    policy = Policy.loads('[banner.text.de.duration]\nmonth = "{n} Mon."')
    words = read_words(policy, "de")
    assert [words.duration(text) for text in ("13 months", "2 years")] == ["13 Mon.", "2 Jahre"]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('months = "{n}"', 'duration.months: there is no such text; did you mean "month"?'),
        ('month = "{m}"', 'duration.month: nothing is filled in for "{m}"'),
    ],
)
def test_a_duration_that_nobody_would_say_is_named(table: str, said: str) -> None:
    policy = Policy.loads(f"[banner.text.de.duration]\n{table}")
    with pytest.raises(ConfigurationError, match=r"banner\.text\.de") as caught:
        read_words(policy, "de")
    assert said in str(caught.value)
