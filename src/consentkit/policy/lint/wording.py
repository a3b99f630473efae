"""What the banner says, against rules 2 and 3."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import msgspec

from consentkit.policy.lint.model import Facts, Finding
from consentkit.policy.regime import Regime

_SPACE = re.compile(r"\s+")
# A typographic apostrophe, a hyphen that does not break, and the braces of slots.
_PLAIN = str.maketrans({"\u2019": "'", "\u2010": "-", "{": None, "}": None})
_SENTENCE = "[^.!?]*"

# Labels that are no refusal in English, and in languages that have the words from it.
_ELSEWHERE = re.compile(
    r"(?:(?:cookie|privacy|more|manage|show|view|change|my|your) )*"
    r"(?:settings|preferences|options|choices|details|info|information)"
    r"|(?:manage|manage cookies|customi[sz]e|(?:learn|read) more|more|later|maybe later|close)"
    r"|(?:i )?(?:accept|agree|allow)(?: all)?(?: cookies)?|ok|okay|got it|continue|yes"
)
_LABEL = "Label it with the word that says it, such as Reject all."


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


def refuses_by_name(facts: Facts) -> Iterator[Finding]:
    """Rule 3: rejecting is a button on the first layer, not one that leads elsewhere."""
    for locale, sections in facts.texts.items():
        label = sections.get(Regime.OPT_IN, {}).get("reject", "")
        if _ELSEWHERE.fullmatch(_plain(label).rstrip(" .!…>»→")):
            where = f"banner.text.{locale}.{Regime.OPT_IN}.reject"
            message = f'the button that rejects says "{label}", which is no refusal'
            yield Finding(rule=3, level="warning", where=where, message=message, fix=_LABEL)


def assumed(text: str, locale: str) -> str:
    """Return the words of a text that assume consent, empty if none do.

    Args:
        text: What visitors read.
        locale: Its language; a text may be in English all the same.
    """
    plain = _plain(text)
    for language in dict.fromkeys((locale.partition("-")[0].lower(), "en")):
        for phrase in _phrases(language):
            if found := phrase.search(plain):
                return found[0]
    return ""


def _plain(text: str) -> str:
    """Return a text as it is read: in lower case, without what nobody sees, such as soft hyphens."""
    seen = (sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf")
    return _SPACE.sub(" ", "".join(seen).translate(_PLAIN)).lower().strip()


@cache
def _phrases(language: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(text.replace("<s>", _SENTENCE)) for text in _table().get(language, ()))


@cache
def _table() -> Mapping[str, list[str]]:
    file = Path(__file__).parents[1] / "data/assumed_consent.toml"
    return msgspec.toml.decode(file.read_bytes(), type=dict[str, list[str]])
