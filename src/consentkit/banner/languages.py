"""Language tags (BCP 47): parsing, script, direction, and the best matching locale."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

MAX_TAG: Final = 40
"""Maximum characters of a tag that are read."""

# RFC 5646, section 2.1: language, extended language, script and region. Variants and extensions are ignored.
_TAG: Final = re.compile(
    r"([a-z]{2,3})((?:-[a-z]{3})*)(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?=-|\Z)", re.I
)
# Macrolanguages: the second subtag, as in zh-yue, is the language (section 2.2.2).
_PREFIXES: Final = frozenset({"ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"})
# How Unix locales name the script: sr_RS.UTF-8@latin.
_MODIFIERS: Final = {"latin": "Latn", "cyrillic": "Cyrl"}
_ANYWHERE: Final = "*"
_UNKNOWN: Final = frozenset({"", "Zxxx", "Zyyy", "Zzzz"})


class Tag(NamedTuple):
    """A language tag.

    Attributes:
        language: The language, in lower case.
        script: The script: the tag's, or the usual one in the region.
        region: Country or area; empty for anywhere.
    """

    language: str
    script: str
    region: str


def read_tag(text: str) -> Tag | None:
    """Read a language tag (BCP 47), also with ``_`` for ``-``; ``None`` if it names no language.

    Withdrawn codes and codes of three letters give the usual one: ``iw`` and ``heb`` are ``he`` (CLDR,
    language aliases).
    """
    aliases, scripts = _inverted("aliases"), _inverted("scripts")
    plain, _, modifier = _plain(text).partition("@")
    plain = plain.partition(".")[0]
    found = _TAG.match(aliases.get(plain, plain))
    if found is None:
        return None
    language = found[1].lower()
    if found[2] and language in _PREFIXES:
        language = found[2].rpartition("-")[2]
    own = _TAG.fullmatch(aliases.get(language, language))
    region = (found[4] or "").upper()
    script = (found[3] or _MODIFIERS.get(modifier) or (own and own[3]) or "").title()
    language = own[1] if own else language
    if script in _UNKNOWN:
        script = scripts.get(f"{language}-{region}") or scripts.get(language, "Latn")
    return Tag(language, _inverted("forms").get(script, script), region)


def direction(locale: str) -> str:
    """Return ``rtl`` or ``ltr``, as the `dir` attribute takes it."""
    tag = read_tag(locale)
    return "rtl" if tag is not None and tag.script in _data()["leftward"]["scripts"].split() else "ltr"


def find_locale(text: str, available: Collection[str]) -> str | None:
    """Return the locale of a language, or of one that is nearly the same; ``None`` if there is none.

    The script must match: Serbian in Latin letters is not found where only Cyrillic is available.

    Args:
        text: A language tag, such as ``pt-BR``, as a page or a browser names it.
        available: The locales to choose from.
    """
    return _find(text[:MAX_TAG], frozenset(available), "near")


def guess_locale(text: str, available: Collection[str]) -> str | None:
    """Return a locale that most readers of a language understand, or ``None``; see `find_locale`."""
    return _find(text[:MAX_TAG], frozenset(available), "read")


@lru_cache(maxsize=1024)
def _find(text: str, available: frozenset[str], kin: str) -> str | None:
    exact = _plain(text)
    same = next((locale for locale in available if locale.lower() == exact), None)
    tag = read_tag(text)
    if tag is None or same is not None:
        return same
    known = _index(available)
    named = _lookup(tag._replace(language=_language(text)))
    found = next((known[key] for key in (*named, *_lookup(tag)) if key in known), None)
    others = _kin(kin).get(tag._replace(region=""), ())
    return found or next((locale for name in others if (locale := find_locale(name, available))), None)


def _lookup(tag: Tag) -> Iterator[Tag]:
    """Yield keys from the best fit to the least: the region, its wider regions, any region."""
    language, script, region = tag
    while region:
        yield Tag(language, script, region)
        region = _parents().get((language, region), "")
    yield Tag(language, script, "")
    yield Tag(language, script, _ANYWHERE)


@lru_cache(maxsize=16)
def _index(available: frozenset[str]) -> Mapping[Tag, str]:
    """Return locales by tag. A locale with an unusual name of its language is found by that name first."""
    found: dict[Tag, str] = {}
    tags = [(tag, locale) for locale in sorted(available) if (tag := read_tag(locale))]
    for tag, locale in sorted(tags, key=lambda item: item[0].language != _language(item[1])):
        for language in (_language(locale), tag.language):
            found.setdefault(Tag(language, tag.script, tag.region), locale)
            found.setdefault(Tag(language, tag.script, _ANYWHERE), locale)
    return found


def _plain(text: str) -> str:
    return text.strip()[:MAX_TAG].lower().replace("_", "-")


def _language(text: str) -> str:
    """Return the language as a tag names it."""
    return re.split("[-.@]", _plain(text))[0]


@cache
def _data() -> Mapping[str, Mapping[str, str]]:
    file = Path(__file__).with_name("data") / "languages.toml"
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, dict[str, str]])


@cache
def _inverted(table: str) -> Mapping[str, str]:
    """Return a table of `languages.toml` from each listed name to its key."""
    return {name: key for key, names in _data()[table].items() for name in names.split()}


@cache
def _parents() -> Mapping[tuple[str, str], str]:
    """Return, for a language and region, the wider region whose words it shares, such as 419 for es-MX."""
    return {
        (parent.partition("-")[0], region): parent.rpartition("-")[2]
        for parent, regions in _data()["parents"].items()
        for region in regions.split()
    }


@cache
def _kin(kind: str) -> Mapping[Tag, Sequence[str]]:
    """Return the languages that readers of a language also read, by language and script.

    Args:
        kind: ``near`` for nearly the same language, ``read`` for languages that most understand.
    """
    read = ((read_tag(text), names.split()) for text, names in _data()[kind].items())
    return {tag._replace(region=""): names for tag, names in read if tag is not None}
