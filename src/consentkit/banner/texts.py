"""What the banner says: one flat TOML file per locale, and the site's own words over it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from consentkit.exceptions import ConfigurationError
from consentkit.policy import Policy

Texts = Mapping[str, Mapping[str, str]]

FALLBACK = "en"

# Languages written from right to left, by the primary subtag of BCP 47.
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
_SLOT = re.compile(r"\{([a-z_-]+)\}")


def direction(locale: str) -> str:
    """Return ``rtl`` or ``ltr``, as the `dir` attribute takes it."""
    return "rtl" if locale.partition("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"


@cache
def shipped_locales() -> frozenset[str]:
    """Return the locales that the package speaks."""
    files = resources.files("consentkit.banner").joinpath("locales").iterdir()
    return frozenset(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))


def available_locales(policy: Policy) -> frozenset[str]:
    """Return the locales that the package or the site speaks."""
    return shipped_locales() | policy.banner.text.keys()


@cache
def _shipped(locale: str) -> Texts:
    file = resources.files("consentkit.banner").joinpath("locales", f"{locale}.toml")
    texts: dict[str, dict[str, str]] = tomllib.loads(file.read_text("utf-8"))
    return texts


def read_texts(policy: Policy, locale: str) -> Texts:
    """Return all texts of a locale by section and key; the site's own words win.

    Args:
        policy: Its `banner.text` overrides.
        locale: One of `available_locales`; what it does not say is said in English.

    Raises:
        ConfigurationError: The policy overrides a text that does not exist.
    """
    base = _shipped(locale if locale in shipped_locales() else FALLBACK)
    own = policy.banner.text.get(locale, {})
    for section, key in _pairs(own):
        if key not in base.get(section, {}):
            raise ConfigurationError("there is no such text", path=f"banner.text.{locale}.{section}.{key}")
    return {section: {**texts, **own.get(section, {})} for section, texts in base.items()}


def _pairs(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((section, key) for section, keys in texts.items() for key in keys)


def fill(text: str, **values: str) -> str:
    """Fill in the slots of a text; a slot without a value stays as it is written."""
    return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), text)
