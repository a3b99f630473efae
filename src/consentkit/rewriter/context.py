"""Where the readings of a document stand, and what they share."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Set
from typing import Final, Self

from consentkit.rewriter import grammar
from consentkit.rewriter.foreign import Top
from consentkit.rewriter.grammar import Buffer
from consentkit.rewriter.handler import Handler, Splice, Where
from consentkit.rewriter.memory import Memory
from consentkit.rewriter.names import Names, Scan, compile_names
from consentkit.rewriter.prologue import Prologue
from consentkit.rewriter.tag import attributes, runs_script

MAX_BEGUN: Final = 2048
"""Bytes of a tag up to which it is shown for the beginning of a value."""

PLACES: Final = tuple(Where(value) for value in range(16))
"""All surroundings, by their number: making one takes longer than reading a tag."""

OVERSIZED: Final = b"x-oversized-"
"""What the name of an oversized tag is prefixed with: an unknown element, which loads and runs nothing."""

BORING: Final = b"."
"""Stands for the name of a tag that nobody asked for, which need not be kept until it is complete; what
follows is the name of an element of a drawing or formula."""


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
        elsewhere: Where the SVG scripts begin whose ends other readings wait for.
        gone: Bytes that left the buffer at its beginning.
    """

    asked: Names
    plain: Scan
    head: Scan
    kinds: dict[bytes, tuple[bytes, int]]

    __slots__ = (
        "_barren", "_judged", "asked", "edits", "elsewhere", "gone", "handler", "head", "kinds",
        "memory", "names", "plain", "prologue", "uncertain",
    )  # fmt: skip

    def __init__(self, handler: Handler, prologue: Prologue, memory: Memory | None = None) -> None:
        self.handler: Handler = handler
        self.memory: Memory = memory or Memory()
        self.names: frozenset[bytes] = handler.names
        self.asked = asked = compile_names(handler.names, handler.rare, handler.addressed)
        self.plain, self.head, self.kinds = asked.plain, asked.head, asked.kinds
        self.memory.serve(self.names)
        self.prologue: Prologue = prologue
        self.edits: list[Splice] = []
        self.uncertain: bool = False
        self.elsewhere: Set[int] = frozenset()
        self._judged: dict[int, int] = {}
        self.gone: int = 0
        self._barren: dict[bytes, tuple[int, int]] = {}

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

    def has_grown(self, start: int, end: int) -> bool:
        """Say whether a script from ``start`` on is twice as long as it was when this was last so."""
        place = start + self.gone
        if end - start < 2 * self._judged.get(place, 0):
            return False
        # What waits for its end is still in the buffer; the rest needs no account any more.
        self._judged = {at: length for at, length in self._judged.items() if at >= self.gone}
        self._judged[place] = end - start
        return True

    def search(
        self, kind: bytes, pattern: re.Pattern[bytes], buffer: Buffer, pos: int, overlap: int
    ) -> re.Match[bytes] | None:
        """Search for what ends some kind of raw text; readings share what is known to hold nothing.

        Args:
            kind: Stands for the pattern.
            pattern: What to search for.
            buffer: The bytes.
            pos: Where to begin.
            overlap: Bytes at the end of the buffer in which it may begin.
        """
        first, last = self._barren.get(kind, (0, 0))
        if first <= pos + self.gone < last:
            pos = last - self.gone
        else:
            first = pos + self.gone
        found = pattern.search(buffer, pos)
        self._barren[kind] = first, (found.start() if found else len(buffer) - overlap) + self.gone
        return found

    def edit(self, start: int, splices: Iterable[Splice]) -> None:
        """Take splices whose offsets count from ``start``."""
        for first, last, new in splices:
            self.edits.append((start + first, start + last, new))


class Position:
    """A position in the document and all that decides how it goes on from there."""

    __slots__ = (
        "asked", "born", "columns", "context", "drawing", "flat", "frameset", "level", "name", "noscript",
        "pos", "scan", "select", "start", "state", "svg_depth", "svg_script", "templates", "top",
    )  # fmt: skip

    def __init__(self, context: Context) -> None:
        self.context: Context = context
        self.state: State = State.DATA
        self.pos: int = 0
        self.scan: int = 0  # resume here; everything before is known to hold nothing
        self.start: int = 0  # TAG: of the tag; SCRIPT: of the start tag, -1 once it is decided
        self.level: int = 0  # TAG: the state inside the tag; SCRIPT: of the escapes
        self.name: bytes = b""  # RAW: of the element; TAG: once known, or `OVERSIZED` or `BORING`
        self.top: Top = None
        self.asked: bool = False  # SCRIPT: whether the handler said that it needs the text
        self.svg_script: int = -1  # start of the SVG <script> that waits for its end, -1 if none does
        self.svg_depth: int = 0  # how many elements were followed with it
        self.templates: int = 0  # <template> elements that are open
        self.columns: int = 0  # 1 + templates around the first <col> directly in a <template>
        self.select: int = 0  # 1 + templates around the open <select>
        self.frameset: bool = False
        self.noscript: bool = False
        self.flat: bool = False  # knows no foreign content, as look-ahead scanners
        self.drawing: bytes = b""  # of the element in which only a plain drawing or formula was seen
        self.born: list[Self] = []

    def place(self) -> tuple[State, int]:
        """Return where this reading stands; only readings in the same place can be the same."""
        return self.state, self.pos if self.state is State.DATA else self.scan

    def key(self) -> tuple[object, ...]:
        """Return what makes two readings the same from here on; `flat` ones give way to others."""
        around = (
            self.state, self.top, self.select, self.frameset, self.noscript, self.templates, self.columns,
            self.svg_script, self.svg_depth, self.drawing,
        )  # fmt: skip
        if self.state is State.DATA:
            return (self.pos, *around)
        if self.state in (State.TAG, State.SCRIPT):
            return (self.scan, self.start, self.level, self.name, *around)
        return (self.scan, self.name, *around)

    def clone(self) -> Self:
        """Return another in the same place."""
        twin = type(self)(self.context)
        for slot in Position.__slots__:
            if slot != "born":
                setattr(twin, slot, getattr(self, slot))
        return twin

    def shift(self, count: int) -> None:
        """Follow the buffer after its first ``count`` bytes were removed."""
        self.pos -= count
        self.scan -= count
        if self.start >= 0:
            self.start -= count
        if self.svg_script >= 0:
            self.svg_script -= count

    def held(self) -> int:
        """Return the offset up to which this reading will edit nothing any more."""
        if self.svg_script >= 0:
            return self.svg_script
        if self.state is State.DATA:
            return self.pos
        if self.state is State.TAG:
            return self.start if self.keeps() else self.scan
        if self.state is State.SCRIPT and self.start >= 0:
            return self.start
        return self.scan

    def keeps(self) -> bool:
        """Say whether the incomplete tag must be kept."""
        return self.name != OVERSIZED and self.name[:1] != BORING
