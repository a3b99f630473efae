"""Languages by their tags: how each is written, and which of those that are spoken its readers read."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

Kin: TypeAlias = Literal["near", "read"]

MAX_TAG: Final = 40
"""Characters of a tag that count."""

# RFC 5646, section 2.1, as far as it says language, script and region; what follows does not matter here.
_TAG: Final = re.compile(
    r"([a-z]{2,3})((?:-[a-z]{3})*)(?:-([a-z]{4}))?(?:-([a-z]{2}|[0-9]{3}))?(?=-|\Z)", re.I
)
# Languages behind which another may stand that belongs to them, as in zh-yue (section 2.2.2).
_PREFIXES: Final = frozenset({"ar", "kok", "lv", "ms", "sgn", "sw", "uz", "zh"})
# How Unix systems say in which script: sr_RS.UTF-8@latin.
_MODIFIERS: Final = {"latin": "Latn", "cyrillic": "Cyrl"}
_ANYWHERE: Final = "*"
_UNKNOWN: Final = frozenset({"", "Zxxx", "Zyyy", "Zzzz"})


class Tag(NamedTuple):
    """A language tag.

    Attributes:
        language: The language, in lower case.
        script: What it is written in: as the tag says, else as is usual there.
        region: Where; empty for anywhere.
    """

    language: str
    script: str
    region: str


class _Table(NamedTuple):
    aliases: Mapping[str, str]
    scripts: Mapping[str, str]
    forms: Mapping[str, str]
    parents: Mapping[tuple[str, str], str]
    leftward: frozenset[str]


def read_tag(text: str) -> Tag | None:
    """Read a language tag (BCP 47), also with ``_`` for ``-``; ``None`` for what names no language.

    Withdrawn codes and those of three letters are read as the language's usual one (CLDR, language aliases).
    """
    table = _table()
    plain, _, modifier = _plain(text).partition("@")
    plain = plain.partition(".")[0]
    found = _TAG.match(table.aliases.get(plain, plain))
    if found is None:
        return None
    language = found[1].lower()
    if found[2] and language in _PREFIXES:
        language = found[2].rpartition("-")[2]
    own = _TAG.fullmatch(table.aliases.get(language, language))
    region = (found[4] or "").upper()
    script = (found[3] or _MODIFIERS.get(modifier) or (own and own[3]) or "").title()
    language = own[1] if own else language
    if script in _UNKNOWN:
        script = table.scripts.get(f"{language}-{region}") or table.scripts.get(language, "Latn")
    return Tag(language, table.forms.get(script, script), region)


def direction(locale: str) -> str:
    """Return ``rtl`` or ``ltr``, as the `dir` attribute takes it."""
    tag = read_tag(locale)
    return "rtl" if tag is not None and tag.script in _table().leftward else "ltr"


def find_locale(text: str, available: Collection[str]) -> str | None:
    """Return the locale for a language, or ``None`` where there is none that its readers read as their own.

    A language counts in its script alone: one that is spoken in another is not found.

    Args:
        text: A language tag, such as ``pt-BR``, as a page or a browser names it.
        available: The locales there are.
    """
    return _find(text[:MAX_TAG], frozenset(available), "near")


def guess_locale(text: str, available: Collection[str]) -> str | None:
    """Return a locale that most who read a language can read as well, or ``None``. Arguments as above."""
    return _find(text[:MAX_TAG], frozenset(available), "read")


@lru_cache(maxsize=1024)
def _find(text: str, available: frozenset[str], kin: Kin) -> str | None:
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
    """Yield what fits, less and less: the region, what it shares words with, the language, other regions."""
    language, script, region = tag
    while region:
        yield Tag(language, script, region)
        region = _table().parents.get((language, region), "")
    yield Tag(language, script, "")
    yield Tag(language, script, _ANYWHERE)


@lru_cache(maxsize=16)
def _index(available: frozenset[str]) -> Mapping[Tag, str]:
    """Return locales by what they are. One with another name for its language is found by that first."""
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
def _table() -> _Table:
    data = _data()
    parents = {
        (parent.partition("-")[0], region): parent.rpartition("-")[2]
        for parent, regions in data["parents"].items()
        for region in regions.split()
    }
    leftward = frozenset(data["leftward"]["scripts"].split())
    aliases, scripts, forms = (_inverted(data[name]) for name in ("aliases", "scripts", "forms"))
    return _Table(aliases, scripts, forms, parents, leftward)


def _inverted(table: Mapping[str, str]) -> Mapping[str, str]:
    return {name: key for key, names in table.items() for name in names.split()}


@cache
def _kin(kind: Kin) -> Mapping[Tag, Sequence[str]]:
    """Return what readers of a language read besides, by language and script."""
    read = ((read_tag(text), names.split()) for text, names in _data()[kind].items())
    return {tag._replace(region=""): names for tag, names in read if tag is not None}
