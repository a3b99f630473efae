"""A visitor's own history, as the settings page tells it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from consentkit.banner.texts import Words
from consentkit.catalog import default_catalog

SHOWN: Final = 50
"""Choices that the page shows; the receipt has all."""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One choice that the site has a record of.

    Attributes:
        at: When it was made, RFC 3339 in UTC.
        granted: Ids of purposes and vendors.
        denied: The same.
        in_settings: Whether it was made in the settings; else on a page of the site.
    """

    at: str
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    in_settings: bool = False


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What the site's log has under a visitor's id.

    Attributes:
        choices: Newest first. Without an id there are none.
        readable: False where the log cannot be read now.
    """

    choices: tuple[Choice, ...] = ()
    readable: bool = True


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A choice in the words of a locale.

    Attributes:
        at: When it was made, RFC 3339 in UTC.
        where: Where it was made.
        answers: What was allowed and what was refused: label and titles.
    """

    at: str
    where: str
    answers: tuple[tuple[str, str], ...]

    @property
    def day(self) -> str:
        """The day, ``YYYY-MM-DD`` in UTC."""
        return self.at[:10]

    @property
    def time(self) -> str:
        """The time of day, ``HH:MM`` in UTC."""
        return self.at[11:16]


def tell(history: History, words: Words) -> list[Told]:
    """Say the newest choices of a history in the words of a locale."""
    return [_tell(choice, words) for choice in history.choices[:SHOWN]]


def _tell(choice: Choice, words: Words) -> Told:
    text = words.texts["settings"]
    answers = (text["allowed"], choice.granted), (text["refused"], choice.denied)
    return Told(
        at=choice.at,
        where=words.texts["common"]["settings"] if choice.in_settings else text["on_page"],
        answers=tuple((label, _titles(names, words)) for label, names in answers if names),
    )


def _titles(names: Iterable[str], words: Words) -> str:
    """Join titles: purposes first, in the page's order. What the policy has no more goes by its id."""
    purposes: Mapping[str, int] = {name: index for index, name in enumerate(words.purposes)}
    ordered = sorted(names, key=lambda name: (purposes.get(name, len(purposes)), name))
    return words.texts["common"]["separator"].join(_title(name, words) for name in ordered)


def _title(name: str, words: Words) -> str:
    if name in words.purposes:
        return words.purposes[name].title
    known = words.vendors.get(name) or default_catalog().vendors.get(name)
    return known.name if known else name
