"""Texts by locale: one TOML file each in `locales/`, formats from CLDR, and the site's own words."""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path

import msgspec
from msgspec.structs import replace

from consentkit.banner.languages import find_locale
from consentkit.exceptions import ConfigurationError
from consentkit.policy import Duration, Policy, Purpose, Regime, Vendor, read_duration
from consentkit.policy.duration import UNITS
from consentkit.policy.tables import default_purposes
from consentkit.policy.validation import nearest

_CYCLE = 100


class Formats(msgspec.Struct, frozen=True, kw_only=True):
    """How a locale writes dates, durations and countries (Unicode CLDR).

    Attributes:
        dates: A date in each month, January first, with slots for ``{day}`` and ``{year}``.
        plurals: Index of the form for each number, one digit each: for 0 to 99, then for 100 to 199, which
            stand for all greater numbers with the same last two digits.
        units: Unit of time and its forms, each with the slot ``{n}`` unless it spells the number out.
        countries: Names, in the order of `cldr/countries.json`.
    """

    dates: tuple[str, ...]
    plurals: str
    units: Mapping[str, tuple[str, ...]]
    countries: tuple[str, ...]

    def date(self, day: str) -> str:
        """Write a day: ``2026-11-18`` is ``November 18, 2026`` in English."""
        year, month, number = map(int, day.split("-"))
        return self.dates[month - 1].format(day=number, year=year)

    def duration(self, duration: Duration) -> str:
        """Write a duration with a unit: ``13 months``."""
        n = duration.amount
        form = int(self.plurals[n if n < _CYCLE else _CYCLE + n % _CYCLE])
        return self.units[duration.unit][form].format(n=n)

    def country(self, code: str) -> str:
        """Return the name of a country, or its code (ISO 3166-1) where it has no name."""
        index = _codes().get(code)
        return code if index is None else self.countries[index]


@cache
def read_formats(locale: str) -> Formats:
    """Read a shipped locale's formats."""
    return msgspec.json.decode((_ROOM / "cldr" / f"{locale}.json").read_bytes(), type=Formats)


@cache
def _codes() -> Mapping[str, int]:
    codes = msgspec.json.decode((_ROOM / "cldr" / "countries.json").read_bytes(), type=list[str])
    return {code: index for index, code in enumerate(codes)}


Texts = Mapping[str, Mapping[str, str]]

FALLBACK = "en"

_ROOM = Path(__file__).parent
_SLOT = re.compile(r"\{([a-z_-]+)\}")
_DESCRIPTION = "_description"
_UNITS = dict.fromkeys(UNITS, "{n}")
_BANNERS = frozenset(regime.value for regime in Regime)


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """All texts in one locale.

    Attributes:
        locale: The locale.
        texts: Section → key → text.
        purposes: The policy's purposes, with titles and descriptions of the locale.
        vendors: The declared vendors, with names and descriptions of the locale.
        english: Ids of vendors whose description is the catalog's, in English.
        formats: How dates, durations and countries are written.
    """

    locale: str
    texts: Texts
    purposes: Mapping[str, Purpose]
    vendors: Mapping[str, Vendor]
    english: frozenset[str]
    formats: Formats

    def name(self, ident: str, default: str) -> str:
        """Return the title of a purpose or the name of a declared vendor, or the default."""
        if ident in self.purposes:
            return self.purposes[ident].title
        return self.vendors[ident].name if ident in self.vendors else default

    def join(self, titles: Iterable[str]) -> str:
        """Join titles with the locale's separator."""
        return self.texts["common"]["separator"].join(titles)

    def duration(self, text: str) -> str:
        """Write a duration of the policy (``14 months``, ``session``): in words of `texts` before CLDR's."""
        duration = read_duration(text)
        if duration.unit == "session":
            return self.texts["settings"]["session"]
        own = self.texts["duration"].get(duration.unit)
        return fill(own, n=str(duration.amount)) if own else self.formats.duration(duration)


@cache
def shipped_locales() -> frozenset[str]:
    """Return the locales that come with the package."""
    return frozenset(file.stem for file in (_ROOM / "locales").glob("*.toml"))


def available_locales(policy: Policy) -> frozenset[str]:
    """Return the package's and the site's locales."""
    return shipped_locales() | policy.banner.text.keys()


@cache
def nearest_shipped(locale: str) -> str:
    """Return the shipped locale for another: ``de`` for ``de-AT``, ``en`` for ``eo``."""
    return find_locale(locale, shipped_locales()) or FALLBACK


@cache
def shipped_texts(locale: str) -> Texts:
    """Return the package's texts of a locale, or of the nearest one."""
    file = _ROOM / "locales" / f"{nearest_shipped(locale)}.toml"
    return {"duration": {}, **msgspec.toml.decode(file.read_bytes(), type=dict[str, dict[str, str]])}


@lru_cache(maxsize=512)
def read_words(policy: Policy, locale: str) -> Words:
    """Return all texts of a locale; the site's own texts come first.

    Args:
        policy: Its `banner.text` overrides.
        locale: One of `available_locales`.

    Raises:
        ConfigurationError: The policy overrides a text that does not exist.
    """
    base, own = shipped_texts(locale), policy.banner.text.get(locale, {})
    for section, texts in own.items():
        for key, text in texts.items():
            _check(policy, section, key, text, path=f"banner.text.{locale}.{section}.{key}")
    told = own.get("vendors", {})
    described = {ident for ident, vendor in policy.vendors.items() if vendor.description}
    catalogs = policy.vendors_declared.keys() - described
    return Words(
        locale=locale,
        texts={section: {**texts, **own.get(section, {})} for section, texts in base.items()},
        purposes={ident: _purpose(purpose, base, own) for ident, purpose in policy.purposes.items()},
        vendors={ident: _vendor(vendor, told) for ident, vendor in policy.vendors_declared.items()},
        english=frozenset(ident for ident in catalogs if f"{ident}{_DESCRIPTION}" not in told),
        formats=read_formats(nearest_shipped(locale)),
    )


def page_words(policy: Policy, locale: str, section: str = "settings") -> Words:
    """Return the texts of one of our pages; a locale of the site counts only if it has that section."""
    speaks = find_locale(locale, shipped_locales()) or section in policy.banner.text.get(locale, {})
    return read_words(policy, locale if speaks else FALLBACK)


def _purpose(purpose: Purpose, base: Texts, own: Texts) -> Purpose:
    """Translate a purpose: the site's own words first, then the package's where the policy kept its title."""
    default, title, description = default_purposes().get(purpose.id), purpose.title, purpose.description
    if default and title == default.title:
        title = base["purposes"][purpose.id]
    if default and description == default.description:
        description = base["purposes"][purpose.id + _DESCRIPTION]
    told = own.get("purposes", {})
    description = told.get(purpose.id + _DESCRIPTION, description)
    return replace(purpose, title=told.get(purpose.id, title), description=description)


def _vendor(vendor: Vendor, told: Mapping[str, str]) -> Vendor:
    description = told.get(vendor.id + _DESCRIPTION, vendor.description)
    return replace(vendor, name=told.get(vendor.id, vendor.name), description=description)


def _check(policy: Policy, section: str, key: str, text: str, *, path: str) -> None:
    """Refuse a text that does not exist, and unknown slots in braces."""
    named_by = {"purposes": [*policy.purposes], "vendors": [*policy.vendors_declared]}
    ids = named_by.get(section, [])
    units = dict.fromkeys(UNITS, "{n}")
    english = units if section == "duration" else shipped_texts(FALLBACK).get(section, {})
    named = key.removesuffix(_DESCRIPTION) in ids
    if not named and key not in english:
        raise ConfigurationError(f"there is no such text{nearest(key, [*english, *ids])}", path=path)
    if section in _BANNERS:
        return  # The policy checks the slots of these.
    slots = frozenset(() if named else _SLOT.findall(english[key]))
    for word in _SLOT.findall(text):
        if word not in slots:
            problem = f'nothing is filled in for "{{{word}}}"{nearest(word, slots)}'
            raise ConfigurationError(problem, path=path)


def fill(text: str, **values: str) -> str:
    """Fill in the slots of a text; a slot without a value stays as it is written."""
    return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)
