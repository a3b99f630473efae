"""The table of vendor calls, and the script that makes them."""

import json
import re
from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypeAlias

import msgspec

Call: TypeAlias = list[object]
"""The arguments of one call, as JSON values."""

_EITHER = re.compile(r"(\w+)\?(\w+):(\w*)")


class Calls(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One consent API of vendors' scripts; ``calls.toml`` explains each key.

    Attributes:
        id: The key in the table.
        queue: Name of the global that receives the calls.
        takes: How it receives them.
        vendors: Ids of the vendors that use it.
        advanced: Ids of the vendors that use it and may run before consent.
        asks: Word → vendors, or one purpose, that must be allowed for it.
        default: Calls before the vendor's first script.
        update: Calls when the choice is known or changes.
        signals: Last argument of each of these calls.
        settings: Whether it accepts region lists and the settings of Consent Mode.
    """

    id: str
    queue: str = msgspec.field(name="global")
    takes: Literal["arguments", "spread", "array", "call", "late"]
    vendors: tuple[str, ...] = ()
    advanced: tuple[str, ...] = ()
    asks: Mapping[str, tuple[str, ...]]
    default: tuple[tuple[str, ...], ...]
    update: tuple[tuple[str, ...], ...]
    signals: Mapping[str, str] = {}
    settings: bool = False

    def defaults(
        self, granted: Container[str], more: Mapping[str, object] = MappingProxyType({})
    ) -> list[Call]:
        """Make the calls before the vendor's first script.

        Args:
            granted: Words that are granted.
            more: Further fields of the last argument.
        """
        signals: Mapping[str, object] = {name: _fill(text, granted) for name, text in self.signals.items()}
        last = [{**signals, **more}] if signals else []
        calls = ([_fill(text, granted) for text in call] for call in self.default)
        return [[*call, *last] for call in calls if call[0]]

    @property
    def updates(self) -> list[Call]:
        """Return the calls when the choice is known, with placeholders that depend on it."""
        return [[*call, *([dict(self.signals)] if self.signals else [])] for call in self.update]


def _fill(text: str, granted: Container[str]) -> str:
    """Resolve ``word?one:other``: ``one`` if the word is granted."""
    either = _EITHER.fullmatch(text)
    return text if either is None else either[2] if either[1] in granted else either[3]


@cache
def calls_table() -> Mapping[str, Calls]:
    """Return all consent APIs, by id."""
    rows = msgspec.toml.decode(Path(__file__).with_name("calls.toml").read_bytes()).items()
    return MappingProxyType({ident: msgspec.convert({"id": ident, **row}, Calls) for ident, row in rows})


def calls_for(vendor: str, *, advanced: bool = False) -> Calls | None:
    """Return the calls for a vendor's scripts; ``None`` if they have no consent API.

    Args:
        vendor: Id of the vendor.
        advanced: Whether they run before consent.
    """
    rows = calls_table().values()
    return next((row for row in rows if vendor in (row.advanced if advanced else row.vendors)), None)


@cache
def calls_script() -> bytes:
    """Return the script that makes the calls: the same for every page, served from the site's origin.

    It must be loaded by a classic script without ``async`` or ``defer``, directly before the vendor's first
    script.
    """
    return Path(__file__).with_name("calls.min.js").read_bytes()


def write_attributes(
    calls: Calls,
    made: Iterable[Call],
    asks: Mapping[str, Sequence[tuple[str, str]]],
    before: Collection[str],
    now: Collection[str] | None,
) -> str:
    """Write the attributes of the script's element.

    Args:
        calls: The consent API.
        made: The calls to make at once.
        asks: Word → vendor and purpose of each that must be allowed; without a vendor, the purpose alone.
        before: Words granted before a choice.
        now: Words granted now; ``None`` if nothing was chosen.

    Returns:
        Two attributes, the second in single quotes.
    """
    says: dict[str, object] = {"global": calls.queue, "takes": calls.takes, "calls": list(made)}
    says |= {"update": calls.updates, "asks": asks, "before": sorted(before)}
    # Ids, codes, numbers and texts of the table contain no single quote, ampersand or ">".
    if now is not None:
        says["now"] = sorted(now)
    return f"data-calls=\"{calls.id}\" data-says='{json.dumps(says, separators=(',', ':'))}'"
