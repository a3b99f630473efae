"""What all readings of one document share, and what of it follows from the handler's names alone."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from consentkit.rewriter import grammar
from consentkit.rewriter.grammar import Condition
from consentkit.rewriter.handler import Handler, Splice, Table, Where
from consentkit.rewriter.memory import Memory, Passages
from consentkit.rewriter.prologue import Prologue
from consentkit.rewriter.tag import attributes, runs_script

if TYPE_CHECKING:
    from consentkit.rewriter.reading import Reading

RAW_TEXT: Final = {
    name: grammar.raw_text_end(name)
    for name in (b"title", b"textarea", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript")
}
"""Elements whose content is raw text or RCDATA, with the search for its end."""

MAX_BEGUN: Final = 2048
"""Bytes of a tag up to which it is shown for the beginning of a value."""

PLACES: Final = tuple(Where(value) for value in range(16))
"""All surroundings, by their number: making one takes longer than reading a tag."""

_MODES = frozenset(b"noscript plaintext svg math select frameset template".split())
_STRUCTURE = _MODES | RAW_TEXT.keys() | {b"script", b"col"}
_END_STRUCTURE = (b"noscript", b"select", b"template")

Scan = Callable[..., "re.Match[bytes] | None"]


SHOWN, RAW, SCRIPT, MODE = range(4)
"""What a start tag does to what follows it: nothing; makes it no markup; a script; or anything else."""


class State(enum.IntEnum):
    """What a reading is inside of."""

    DATA = 0
    TAG = 1
    COMMENT = 2
    BOGUS = 3
    CDATA = 4
    RAW = 5
    SCRIPT = 6
    PLAIN = 7


class Names(NamedTuple):
    """What follows from the names that a handler asks for; made once for all documents.

    Attributes:
        matters: Start tags that must be seen whole, and ``/name`` for end tags.
        beginnings: What their names begin with.
        sometimes: Start tags that are shown on a condition, with a search that finds nothing in most others.
        plain: Goes on to the next start tag that matters, where nothing around does; see
            :func:`consentkit.rewriter.grammar.scanner`.
        head: The same in the head of a document.
        kinds: Names of start tags at which these stop, in lower case, with what they do.
        skip: Passes over everything that does not matter in HTML content.
        skip_one: The same as far as the end of the first tag or comment.
        drawings: Whether nothing in plain drawings and formulas is asked for.
    """

    matters: frozenset[bytes]
    beginnings: frozenset[bytes]
    sometimes: Mapping[bytes, tuple[Condition, re.Pattern[bytes]]]
    plain: Scan
    head: Scan
    kinds: dict[bytes, tuple[bytes, int]]
    skip: re.Pattern[bytes]
    skip_one: re.Pattern[bytes]
    drawings: bool


@lru_cache(maxsize=64)
def _names(names: frozenset[bytes], rare: Table, addressed: Table) -> Names:
    by_rare, by_address = _by_element(rare), _by_element(addressed)
    sometimes = {
        element: _condition(by_rare.get(element, frozenset()), by_address.get(element, frozenset()))
        for element in (by_rare.keys() | by_address.keys()) - names
    }
    apart = {b"svg", b"math", *((b"use",) if sometimes.get(b"use") == grammar.USED else ())}
    drawings = (grammar.DRAWING | grammar.FORMULA).isdisjoint(names | (sometimes.keys() - apart))
    stops = names | (_STRUCTURE - {b"col"})
    skip, skip_one = grammar.skipper(names | _STRUCTURE, sometimes, _END_STRUCTURE, drawings=drawings)
    matters = names.union(_STRUCTURE, sometimes, (b"/" + name for name in _END_STRUCTURE))
    return Names(
        matters=matters,
        beginnings=frozenset(name[:end] for name in matters for end in range(1, len(name) + 1)),
        sometimes={name: (condition, grammar.suspicion(condition)) for name, condition in sometimes.items()},
        plain=grammar.scanner(stops, sometimes, drawings=drawings).match,
        head=grammar.head_scanner(stops, sometimes).match,
        kinds={name: (name, _kind(name)) for name in stops},
        skip=skip,
        skip_one=skip_one,
        drawings=drawings,
    )


def _condition(rare: frozenset[bytes], addressed: frozenset[bytes]) -> Condition:
    begun = frozenset(item for item in rare if b"=" in item)
    return Condition(*(tuple(sorted(part)) for part in (rare - begun, addressed, begun)))


def _by_element(table: Table) -> dict[bytes, frozenset[bytes]]:
    found: dict[bytes, frozenset[bytes]] = {}
    for attribute, elements in table:
        for element in elements:
            found[element] = found.get(element, frozenset()) | {attribute}
    return found


def _kind(name: bytes) -> int:
    if name in _MODES:
        return MODE
    if name == b"script":
        return SCRIPT
    return RAW if name in RAW_TEXT else SHOWN


class Context:
    """What all readings of one document share.

    Attributes:
        handler: Decides on tags.
        memory: What was read before.
        names: Start tags that the handler asked for.
        asked: What follows from its names.
        plain: See :class:`Names`.
        head: See there.
        kinds: See there.
        prologue: Finds the places for injections.
        edits: Splices with offsets in the buffer.
        uncertain: Whether there is more than one reading at present.
        readings: All readings at present.
    """

    asked: Names
    plain: Scan
    head: Scan
    kinds: dict[bytes, tuple[bytes, int]]

    __slots__ = (
        "_gone", "_judged", "_no_end", "asked", "edits", "handler", "head", "kinds", "memory", "names",
        "plain", "prologue", "readings", "uncertain",
    )  # fmt: skip

    def __init__(self, handler: Handler, prologue: Prologue, memory: Memory | None = None) -> None:
        self.handler: Handler = handler
        self.memory: Memory = memory or Memory()
        self.names: frozenset[bytes] = handler.names
        self.asked = asked = _names(handler.names, handler.rare, handler.addressed)
        self.plain, self.head, self.kinds = asked.plain, asked.head, asked.kinds
        self.memory.serve(self.names)
        self.prologue: Prologue = prologue
        self.edits: list[Splice] = []
        self.uncertain: bool = False
        self.readings: Sequence[Reading] = ()
        self._judged: dict[int, int] = {}
        self._gone = 0  # bytes that left the buffer at its beginning
        self._no_end: dict[bytes, tuple[int, int]] = {}

    def passages(self, scan: Scan) -> Passages:
        """Return what is remembered of what ``plain`` or ``head`` found."""
        return self.memory.plain if scan is self.plain else self.memory.head

    def shows(self, name: bytes, raw: bytes) -> bool:
        """Say whether the handler asked for such a tag, by its name or on a condition that holds for it."""
        if name in self.names:
            return True
        if name not in self.asked.sometimes:
            return False
        wanted, suspicious = self.asked.sometimes[name]
        if suspicious.search(raw) is None:
            return False
        begun = wanted.begun if len(raw) <= MAX_BEGUN else ()
        return any(
            item.name.endswith(wanted.rare)
            or (item.name in wanted.addressed and runs_script(item.value))
            or (begun and (item.name + b"=" + item.value.lstrip(grammar.SPACES)).startswith(begun))
            for item in attributes(raw)
            if item.value is not None
        )

    def may_matter(self, name: bytes, *, whole: bool) -> bool:
        """Say whether a tag of this name, with a slash in front for an end tag, must be seen whole.

        Args:
            name: The name, or its beginning.
            whole: Whether it is all of the name.
        """
        return name in (self.asked.matters if whole else self.asked.beginnings)

    def has_grown(self, start: int, end: int) -> bool:
        """Say whether a script from ``start`` on is twice as long as it was when this was last so."""
        place = start + self._gone
        if end - start < 2 * self._judged.get(place, 0):
            return False
        # What waits for its end is still in the buffer; the rest needs no account any more.
        self._judged = {at: length for at, length in self._judged.items() if at >= self._gone}
        self._judged[place] = end - start
        return True

    def shift(self, count: int) -> None:
        """Follow the buffer after its first ``count`` bytes were removed."""
        self._gone += count

    def no_end(self, name: bytes) -> tuple[int, int]:
        """Return a range in which nothing begins that ends such raw text; readings share the search."""
        first, last = self._no_end.get(name, (0, 0))
        return first - self._gone, last - self._gone

    def set_no_end(self, name: bytes, first: int, last: int) -> None:
        """Remember what :meth:`no_end` returns."""
        self._no_end[name] = first + self._gone, last + self._gone
