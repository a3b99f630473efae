"""What the banner says, against rule 2."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources

from consentkit.policy.lint.facts import Facts
from consentkit.policy.lint.model import Finding
from consentkit.policy.regime import Regime

_SPACE = re.compile(r"\s+")
_SENTENCE = "[^.!?]*"


def assumes_nothing(facts: Facts) -> Iterator[Finding]:
    """Rule 2: a text that asks first does not assume the answer."""
    for locale, sections in facts.texts.items():
        for key, text in sections.get(Regime.OPT_IN, {}).items():
            said = assumed(text, locale)
            if said:
                yield Finding(
                    rule=2,
                    level="error",
                    where=f"banner.text.{locale}.{Regime.OPT_IN}.{key}",
                    message=f'it assumes consent: "{said}"',
                )


def assumed(text: str, locale: str) -> str:
    """Return the words of a text that assume consent, empty if none do.

    Args:
        text: What visitors read.
        locale: Its language; a text may be in English all the same.
    """
    plain = _SPACE.sub(" ", text.replace("\u2019", "'").replace("{", "").replace("}", "")).lower()
    for language in dict.fromkeys((locale.partition("-")[0].lower(), "en")):
        for phrase in _phrases(language):
            if found := phrase.search(plain):
                return found[0]
    return ""


@cache
def _phrases(language: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text.replace("<s>", _SENTENCE)) for text in _table().get(language, ()))


@cache
def _table() -> Mapping[str, list[str]]:
    text = resources.files("consentkit.policy").joinpath("data/assumed_consent.toml").read_text("utf-8")
    return tomllib.loads(text)
