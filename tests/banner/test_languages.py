"""A language is found in the script that its readers read, by whatever name it goes."""

from __future__ import annotations

import re

import pytest
from babel.core import get_global
from hypothesis import given
from hypothesis import strategies as st

from banner.serbian import to_latin
from consentkit.banner.languages import direction, find_locale, guess_locale, read_tag
from consentkit.banner.texts import shipped_locales, shipped_texts

SPOKEN = shipped_locales()
# What a tag says of script and region may be left out where it is usual.
CLDR = {tag.replace("_", "-"): full.split("_") for tag, full in get_global("likely_subtags").items()}


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("sr sr-Cyrl sr-RS sr-Cyrl-RS sr-BA sr-XK SR_rs sr_RS.UTF-8 srp", "sr"),
        ("bs-Cyrl bs_Cyrl_BA cnr-Cyrl sh-Cyrl", "sr"),
        ("sr-Latn sr-ME sr-Latn-RS sr_RS@latin SR-LATN-rs sr-Latn-RS-ekavsk", "sr-Latn"),
        ("sh sh-BA hbs cnr cnr-ME", "sr-Latn"),
        ("hr hr-BA hr_HR.UTF-8 scr hrv bs bs-BA bs-Latn-BA", "hr"),
        ("zh zh-CN zh-SG zh-MY zh-Hans zh-Hans-SG zh-Hans-HK zh_CN.GB2312", "zh-Hans"),
        ("zho chi zh-cmn-Hans-CN cmn zh-CHS", "zh-Hans"),
        ("zh-TW zh-HK zh-MO zh-Hant zh-Hant-MO zh-hant-cn zh_TW.Big5 zh-CHT zh-Hant-US", "zh-Hant"),
        ("yue yue-HK zh-yue", "zh-Hant"),
        ("wuu gan yue-Hans yue-CN zh-nan", "zh-Hans"),
        ("nan-TW hak-Hant zh-min-nan-Hant", "zh-Hant"),
        ("no no-NO nb nb-NO nb_NO.ISO-8859-1 nob no-bok se", "nb"),
        ("nn nn-NO no-nyn nno", "nn"),
        ("pt pt-PT pt-AO pt-MO por", "pt"),
        ("pt-BR PT-br pt_BR.UTF-8 pt-Latn-BR", "pt-BR"),
        ("es es-419 es-MX spa es-ES-u-co-trad ast", "es"),
        ("en en-GB en-001 en-150 en_US.UTF-8 eng en-US-posix en-x-pirate en-USA", "en"),
        ("de de-AT de_AT de-CH-1996 de-Latf deu ger gsw lb nds", "de"),
        ("fr fr-CA fra fre br oc", "fr"),
        ("iw he iw-IL heb", "he"),
        ("in in-ID id jw jv", "id"),
        ("tl tl-PH fil ceb", "fil"),
        ("mo mo-MD ro ro-MD rum", "ro"),
        ("fa fa-AF prs pes fa-Aran", "fa"),
        ("ar ar-EG arz ar-arz apc", "ar"),
        ("ja ja-JP ja-Jpan ja-Hira jpn", "ja"),
        ("ko ko-KR ko-Kore ko-Hang", "ko"),
        ("ca ca-valencia ca-ES@valencia", "ca"),
        ("ms ms-MY zsm msa", "ms"),
        # In a script that is not spoken, or nothing at all.
        ("de-Shaw ru-Latn bg-Latn ja-Latn zh-Latn zh-Latn-pinyin hi-Latn ur-Latn", None),
        ("ar-Latn ms-Arab ms-CC", None),
        ("uk-Latn el-Latn ro-Cyrl mo-Cyrl ko-Latn fa-Cyrl tr-Arab tr-Cyrl vi-Hani sr-Arab hr-Glag", None),
        ("uz uz-Cyrl kk be az tlh eo ka", None),
        ("und mul zxx mis x-default i-klingon * C POSIX c.utf-8 english - _ -de 1 \0 \n d de--AT@@ ДЕ", None),
    ],
)  # fmt: skip
def test_a_tag_finds_what_its_readers_read(tags: str, found: str | None) -> None:
    odd = "de--AT@@"  # the language is clear
    assert {tag: find_locale(tag, SPOKEN) for tag in tags.split(" ")} == {
        tag: "de" if tag == odd else found for tag in tags.split(" ")
    }


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("uz uz-Cyrl kk ky be tg hy az-Cyrl az-RU", "ru"),
        ("az az-Latn-AZ ku", "tr"),
        ("uz-AF", "fa"),
        ("pa-PK sd ks", "ur"),
        ("qu gn", "es"),
        ("uz-Arab-UZ", "fa"),
        ("kk-CN tlh eo sd-IN", None),
    ],
)
def test_the_rest_is_guessed(tags: str, found: str | None) -> None:
    assert {tag: guess_locale(tag, SPOKEN) for tag in tags.split()} == dict.fromkeys(tags.split(), found)


@pytest.mark.parametrize(
    ("tag", "own", "found"),
    [
        ("es-MX", "es-419", "es-419"),
        ("es-ES", "es-419", "es"),
        ("en-AT", "en-001", "en-001"),
        ("en-AT", "en-150 en-001", "en-150"),
        ("en-AU", "en-GB", "en"),
        ("pt-AO", "pt-PT", "pt-PT"),
        ("zh-MO", "zh-HK", "zh-HK"),
        ("zh-Hant-TW", "zh-HK", "zh-Hant"),
        ("bs", "bs", "bs"),
        ("bs-Latn-BA", "bs", "bs"),
        ("bs-Cyrl", "bs", "sr"),
        ("cnr-ME", "cnr", "cnr"),
        ("sr-Latn-RS", "cnr", "sr-Latn"),
        ("no-NO", "no", "no"),
        ("nb-NO", "no", "nb"),
        ("uz-Cyrl", "uz", None),
        ("uz", "uz-Cyrl", None),
        ("uz", "uz-UZ", "uz-UZ"),
        ("kk", "kk-KZ", "kk-KZ"),
        ("eo", "eo", "eo"),
        ("DE_at", "de-AT", "de-AT"),
    ],
)
def test_words_of_the_sites_own_count_where_they_fit_better(tag: str, own: str, found: str | None) -> None:
    assert find_locale(tag, SPOKEN | set(own.split())) == found


@pytest.mark.parametrize(
    ("tags", "way"),
    [
        ("ar fa-AF he iw ur yi ckb dv ug ps sd az-Arab ku-Arab pa-PK uz-AF ks ms-Arab syr", "rtl"),
        ("en de sr ar-Latn sd-Deva ug-KZ ku az pa uz zh-TW ja und he-Latn x", "ltr"),
    ],
)
def test_the_script_says_which_way_lines_run(tags: str, way: str) -> None:
    assert {tag: direction(tag) for tag in tags.split()} == dict.fromkeys(tags.split(), way)


def test_scripts_are_those_of_the_cldr() -> None:
    """Every language of two letters, and every region in which one has another script than elsewhere."""
    withdrawn = {"in", "iw", "ji", "jw", "mo", "sh", "tl", "no"}
    usual = {
        tag: full
        for tag, full in CLDR.items()
        if re.fullmatch(r"[a-z]{2}(-[A-Z]{2})?|(yue|nan|hak)(-[A-Z]{2})?", tag) and tag[:2] not in withdrawn
    }
    assert len(usual) > 180
    wrong = {tag: full for tag, full in usual.items() if (known := read_tag(tag)) and known.script != full[1]}
    # Scripts of the past, and of languages that hardly any page is written in.
    assert set(wrong) <= {"ae", "oj", "pi", "sa", "cu", "bh"}


def test_withdrawn_names_are_those_of_the_cldr() -> None:
    aliases = {old: new.replace("_", "-") for old, new in get_global("language_aliases").items()}
    spoken = {locale.partition("-")[0] for locale in SPOKEN}
    dialects = {"drw", "tnf"}  # of Persian
    ours = {
        old: new for old, new in aliases.items() if new.partition("-")[0] in spoken and old not in dialects
    }
    missed = {old: new for old, new in ours.items() if find_locale(old, SPOKEN) != find_locale(new, SPOKEN)}
    assert len(ours) > 80
    assert missed == {}


@given(st.text(max_size=60) | st.from_regex(r"[a-z]{1,9}([-_@.][A-Za-z0-9]{1,9}){0,5}"))
def test_no_tag_is_too_odd(text: str) -> None:
    tag = read_tag(text)
    assert tag is None or len(tag.script) == 4
    assert find_locale(text, SPOKEN) in {None, *SPOKEN}
    assert guess_locale(text, SPOKEN) in {None, *SPOKEN}


def test_serbian_in_latin_letters_is_serbian() -> None:
    """`python -m banner.serbian`, in the folder of the tests, writes it anew."""
    cyrillic, latin = shipped_texts("sr"), shipped_texts("sr-Latn")
    written = {
        section: {key: to_latin(text) for key, text in keys.items()} for section, keys in cyrillic.items()
    }
    assert latin == written
    assert not re.search("[\u0400-\u04ff]", str(latin))


def test_scripts_from_right_to_left() -> None:
    assert [direction(locale) for locale in ("ar", "he-IL", "fa", "ur", "en", "pt-BR")] == ["rtl"] * 4 + [
        "ltr"
    ] * 2
