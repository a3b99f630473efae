"""Where a reading stands in the document."""

from __future__ import annotations

from typing import Final, Self

from consentkit.rewriter.context import Context, State
from consentkit.rewriter.foreign import Top

OVERSIZED: Final = b"x-oversized-"
"""What the name of an oversized tag is prefixed with: an unknown element, which loads and runs nothing."""

BORING: Final = b"."
"""Stands for the name of a tag that nobody asked for, which need not be kept until it is complete; what
follows is the name of an element of a drawing or formula."""


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
        self.columns: int = (
            0  # 1 + templates around the first <col> directly in a <template>: see `_ambiguous`
        )
        self.select: int = 0  # 1 + templates around the open <select>
        self.frameset: bool = False
        self.noscript: bool = False
        self.flat: bool = False  # knows no foreign content, as look-ahead scanners
        self.drawing: bytes = (
            b""  # name of the element if nothing but a plain drawing or formula was seen in it
        )
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
