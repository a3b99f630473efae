"""`EntryFilter`: which entries are meant, alike for lists, exports and counts."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cached_property
from typing import Final, get_args

import msgspec

from consentkit.exceptions import LogError
from consentkit.log.stores.values import Rollup
from consentkit.policy import Regime
from consentkit.record.entry import Action, Entry

_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
_ACTION = "|".join(get_args(Action))
FIELDS: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    "regime": (re.compile("|".join(Regime)), f"one of {', '.join(Regime)}"),
    "country": (re.compile("[A-Z]{2}"), "two capital letters, such as DE"),
    "locale": (re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}"), "a language tag, such as de or de-AT"),
    "notice": (re.compile("[0-9a-f]{64}"), "a notice's whole hash, 64 hexadecimal digits"),
    "action": (re.compile(f"({_ACTION})(,({_ACTION}))*"), f"one or more of {_ACTION.replace('|', ', ')}"),
    "purpose": (re.compile(_NAME), "the id of a purpose or vendor, such as analytics"),
    "subject": (re.compile(r"[A-Za-z0-9_-]{16,64}"), "a visitor's id, as it stands in entries"),
}
"""Fields of decisions: pattern, and what is expected."""


class EntryFilter(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Which entries are meant; an empty field excludes none. Most fields select decisions only.

    Of an erased entry only the day is known, by its leaf: exports have it, lists by day do not.

    Attributes:
        since: The first day, ``YYYY-MM-DD``.
        until: The last day.
        regime: The regime before the choice.
        country: ISO 3166-1 alpha-2.
        locale: The notice's language.
        notice: The notice's hash.
        action: What the visitor did; several with commas between them.
        purpose: A purpose or vendor that the decision grants.
        subject: The visitor's id.

    Raises:
        LogError: A field cannot be one; the message says what is expected.
    """

    since: str = ""
    until: str = ""
    regime: str = ""
    country: str = ""
    locale: str = ""
    notice: str = ""
    action: str = ""
    purpose: str = ""
    subject: str = ""

    def __post_init__(self) -> None:
        for field, (pattern, expected) in FIELDS.items():
            value = getattr(self, field)
            if value and not pattern.fullmatch(value):
                raise LogError(f"expected as {field} {expected}")
        for day in filter(None, (self.since, self.until)):
            try:
                written = date.fromisoformat(day).isoformat()
            except ValueError:
                written = ""
            if day != written:
                raise LogError("expected days as in 2026-11-22: year, month, day")

    @property
    def decisions(self) -> bool:
        """Whether only decisions are meant; a visitor has other entries as well."""
        return any(getattr(self, field) for field in FIELDS if field != "subject")

    @property
    def narrowed(self) -> bool:
        """Whether more is asked for than days."""
        return bool(self.values or self.purpose)

    @property
    def by_entry(self) -> bool:
        """Whether roll-ups do not tell: each entry has to be looked at."""
        return bool(self.country or self.purpose or self.subject)

    def takes(self, day: str, entry: Entry | None) -> bool:
        """Say whether an entry is meant; one that is erased only by its day."""
        if not (self.since <= day and (not self.until or day <= self.until)):
            return False
        if not self.narrowed:
            return True
        return (
            entry is not None
            and (entry.type == "decision" or not self.decisions)
            and all(getattr(entry, field) in values for field, values in self.values.items())
            and (not self.purpose or self.purpose in entry.granted)
        )

    def takes_count(self, key: Rollup) -> bool:
        """Say whether the decisions under a roll-up's key are meant."""
        return all(getattr(key, field, values[0]) in values for field, values in self.values.items())

    @cached_property
    def values(self) -> dict[str, list[str]]:
        """The fields of which an entry must have one of the values."""
        named = {field: getattr(self, field) for field in FIELDS if field != "purpose"}
        return {field: value.split(",") for field, value in named.items() if value}
