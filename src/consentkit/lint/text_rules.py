"""Rules for the banner's texts (2, 3)."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec

from consentkit.lint.facts import Configuration
from consentkit.lint.finding import Finding, error, warning
from consentkit.policy import Regime

# A typographic apostrophe, a non-breaking hyphen, and the braces of placeholders.
_PLAIN = str.maketrans({"\u2019": "'", "\u2010": "-", "{": None, "}": None})
_SENTENCE = "[^.!?]*"
# Patterns by language.
_DATA = (Path(__file__).with_name("data") / "assumed_consent.toml").read_bytes()
_ASSUMED = msgspec.toml.decode(_DATA, type=dict[str, list[str]])

# Labels that are no refusal, in English and in languages with English words.
_ELSEWHERE = re.compile(
    r"(?:(?:cookie|privacy|more|manage|show|view|change|my|your) )*"
    r"(?:settings|preferences|options|choices|details|info|information)"
    r"|(?:manage|manage cookies|customi[sz]e|(?:learn|read) more|more|later|maybe later|close)"
    r"|(?:i )?(?:accept|agree|allow)(?: all)?(?: cookies)?|ok|okay|got it|continue|yes"
)


def check_assumed_consent(configuration: Configuration) -> Iterator[Finding]:
    """Rule 2: the text of an `opt-in` banner does not assume consent."""
    for locale, sections in configuration.texts.items():
        for key, text in sections.get(Regime.OPT_IN, {}).items():
            if said := assumed_consent(text, locale):
                yield error(2, f"banner.text.{locale}.opt-in.{key}", f'it assumes consent: "{said}"')


def check_reject_label(configuration: Configuration) -> Iterator[Finding]:
    """Rule 3: the reject button's label is a refusal, not "settings" or "more"."""
    for locale, sections in configuration.texts.items():
        label = sections.get(Regime.OPT_IN, {}).get("reject", "")
        if _ELSEWHERE.fullmatch(_plain(label).rstrip(" .!…>»→")):
            message = f'the button that rejects says "{label}", which is no refusal'
            fix = "Label it with the word that says it, such as Reject all."
            yield warning(3, f"banner.text.{locale}.opt-in.reject", message, fix)


def assumed_consent(text: str, locale: str) -> str:
    """Return the words of a text that assume consent; empty if there are none.

    Args:
        text: The text.
        locale: Its language; English phrases are searched as well.
    """
    plain = _plain(text)
    for language in dict.fromkeys((locale.partition("-")[0].lower(), "en")):
        for phrase in _phrases(language):
            if found := phrase.search(plain):
                return found[0]
    return ""


def _plain(text: str) -> str:
    """Normalise a text: in lower case, without invisible characters such as soft hyphens."""
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return " ".join("".join(seen).translate(_PLAIN).lower().split())


@cache
def _phrases(language: str) -> list[re.Pattern[str]]:
    return [re.compile(text.replace("<s>", _SENTENCE)) for text in _ASSUMED.get(language, ())]
