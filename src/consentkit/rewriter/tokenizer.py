"""One way to read the bytes: a resumable tokenizer that reports the tags a handler asked for.

A reading stands at ``pos`` in one of the states below. Whatever is incomplete at the end of the buffer is
resumed at ``scan``, so that no byte is scanned twice however the input is cut.

    DATA      between tags; passes over everything that does not matter in one regular expression
    TAG       inside a tag that the buffer does not hold whole
    COMMENT   inside a comment, BOGUS inside a bogus comment, CDATA inside a CDATA section
    RAW       inside a raw text or RCDATA element
    SCRIPT    inside ``<script>``, with the level of its escapes
    PLAIN     behind ``<plaintext>``: to the end of the document

Where the bytes alone do not say what a browser will do, the reading leaves a clone of itself in ``born`` for
each other possibility: scripting on or off (``<noscript>``); raw text or not where the tree builder may
ignore the start tag (``<select>``, whose parsing changed in 2025, framesets, ``<col>`` in ``<template>``);
end tags that may reach out of foreign content; and HTML's rules inside foreign content, because Chromium's
preload scanner knows no others, and fetches what it takes for a tag.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from typing import Final, Self

from consentkit.rewriter import foreign
from consentkit.rewriter.context import Context
from consentkit.rewriter.fast_path import pass_over
from consentkit.rewriter.foreign import Top
from consentkit.rewriter.grammar import (
    COMMENT_END,
    LONGEST_MARK,
    NAME,
    PROLOGUE,
    SCRIPT_DOUBLE,
    SCRIPT_ESCAPED,
    SCRIPT_PLAIN,
    SELF_CLOSED,
    TAG,
    TAG_NAME,
    TAG_START,
    Buffer,
    scan_tag,
)
from consentkit.rewriter.handler import PLACES, Where
from consentkit.rewriter.selection import LABEL, QUIET, RAW_TEXT, ROW, ROWS
from consentkit.rewriter.tags import attributes

OVERSIZED: Final = b"x-oversized-"
"""What the name of an oversized tag is prefixed with: an unknown element, which loads and runs nothing."""

BORING: Final = b"."
"""Stands for the name of a tag that nobody asked for, which need not be kept until it is complete; what
follows is the name of an element of a drawing or formula."""


MAX_TAG: Final = 1 << 20
"""Bytes of a tag that is kept until it is complete; a longer one is renamed, which makes it inert."""
MAX_SCRIPT: Final = 4 << 20
"""Bytes of an inline script that are kept until it can be judged; of a longer one the beginning is judged."""
SHORT: Final = 64
"""Bytes of a label in a drawing or formula that are kept back to see it whole, and of an incomplete name that
are looked at."""

# 13.2.6.4.17 (in select) before 2025 dropped all tags but a few, and their content was markup.
_KEPT_IN_SELECT = frozenset((b"script", b"template", b"textarea"))
_FOREIGN, _NOSCRIPT, _UNCERTAIN, _TEMPLATE = map(int, Where)
_MODES = frozenset((b"select", b"frameset", b"template", b"col"))
_SCRIPT_LEVELS = (
    (b"script", SCRIPT_PLAIN),
    (b"script escaped", SCRIPT_ESCAPED),
    (b"script double escaped", SCRIPT_DOUBLE),
)


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


class Tokenizer:
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
        for slot in Tokenizer.__slots__:
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

    def step(self, buffer: Buffer, final: bool) -> bool:
        """Go on to the next thing that matters.

        Args:
            buffer: All bytes that are still kept.
            final: Whether no more will come.

        Returns:
            False if more bytes are needed.

        Raises:
            foreign.TooDeep: The page is nested beyond the limits.
        """
        moved = _STEPS[self.state](self, buffer, final)
        if self.svg_script >= 0 and ((final and not moved) or len(buffer) - self.svg_script > MAX_SCRIPT):
            self._svg_script_ends(buffer, len(buffer), False)
        return moved

    # --- between tags

    def _data(self, buffer: Buffer, final: bool) -> bool:
        before, context, prologue = self.pos, self.context, self.context.prologue
        if self.drawing:
            self._draw(buffer)
            if not final and len(buffer) - self.pos < SHORT and LABEL.match(buffer, self.pos):
                return False
        elif self.top is not None:
            self.pos = _find(buffer, b"<", self.pos)
        else:
            plain = not (context.uncertain or self._guarded())
            if plain and (prologue.in_head or not prologue.active):
                scan = context.head if prologue.active else context.plain
                self.pos, raw_text = pass_over(context, scan, buffer, self.pos)
                if raw_text:
                    self._enter(*raw_text)
                    return True
            if prologue.active:
                self.pos = _end(PROLOGUE, buffer, self.pos)
                if self.pos < len(buffer) and buffer[self.pos] != 0x3C and not self._text(buffer, final):
                    return False
            elif not plain:
                # Several readings go on tag by tag, so that they become one where they meet.
                skip = context.asked.skip_one if context.uncertain else context.asked.skip
                self.pos = _end(skip, buffer, self.pos)
        if self.pos == len(buffer):
            return False
        # Tokenizers that meet in front of a tag become one before it is shown, however the input is cut.
        return (context.uncertain and self.pos > before) or self._markup(buffer, final)

    def _guarded(self) -> bool:
        """Say whether something around decides how tags are read, or which end tags matter."""
        return bool(
            self.noscript or self.select or self.templates or self.frameset or self.columns or self.flat
        )

    def _text(self, buffer: Buffer, final: bool) -> bool:
        """Pass over text in the prologue. False if it takes more bytes to say that it is none."""
        if self.context.prologue.awaits_mark(buffer, self.pos, final):
            return False
        if self.context.prologue.is_mark(buffer, self.pos):
            self.pos = _end(PROLOGUE, buffer, self.pos + 3)
        if self.pos < len(buffer) and buffer[self.pos] != 0x3C and not self.context.uncertain:
            self.context.prologue.content(self.pos, self.context.edits)
        self.pos = _find(buffer, b"<", self.pos)
        return self.pos < len(buffer)

    def _markup(self, buffer: Buffer, final: bool) -> bool:
        whole = TAG.match(buffer, self.pos)
        if whole:
            start, self.pos = whole.span()
            self._tag(buffer, whole, start)
            return True
        if TAG_START.match(buffer, self.pos):
            self.state, self.start, self.scan = State.TAG, self.pos, self.pos
            self.scan += 2 if buffer[self.pos + 1] == 0x2F else 1
            self.level, self.name = NAME, b""
            return True
        return self._declaration(buffer, final)

    def _declaration(self, buffer: Buffer, final: bool) -> bool:
        """Tag open state with anything but a letter (13.2.5.6, 13.2.5.7, 13.2.5.42)."""
        ahead = bytes(buffer[self.pos : self.pos + 9])
        undecided = ahead in (b"<", b"</", b"<!-") or (len(ahead) < 9 and b"<![CDATA[".startswith(ahead))
        if undecided and not final:
            return False
        if ahead.startswith(b"<!--"):
            return self._comment_start(buffer, final)
        if ahead == b"<![CDATA[" and self.drawing:
            self._leave(self.pos)
        elif ahead == b"<![CDATA[" and self.top is not None:
            if not foreign.in_foreign(self.top):
                self._fork(State.BOGUS, self.pos + 2)
            self.state, self.scan = State.CDATA, self.pos + 9
        elif ahead[1:2] in (b"!", b"?") or (ahead[1:2] == b"/" and len(ahead) > 2):
            self.state, self.scan = State.BOGUS, self.pos + 2
        else:
            self.pos += 1
        return True

    def _comment_start(self, buffer: Buffer, final: bool) -> bool:
        ahead = bytes(buffer[self.pos + 4 : self.pos + 6])
        if not final and ahead in (b"", b"-"):
            return False
        if ahead.startswith(b">") or ahead == b"->":
            self.pos += 5 if ahead.startswith(b">") else 6
        else:
            self.state, self.scan = State.COMMENT, self.pos + 4
        return True

    def _fork(self, state: State, scan: int) -> Self:
        twin = self.clone()
        twin.state, twin.scan = state, scan
        self.born.append(twin)
        self.context.uncertain = True
        return twin

    # --- inside something that ends at a known mark

    def _comment(self, buffer: Buffer, final: bool) -> bool:
        found = COMMENT_END.search(buffer, self.scan)
        return self._until(buffer, found.end() if found else -1, 3, b"-")

    def _bogus(self, buffer: Buffer, final: bool) -> bool:
        return self._until(buffer, buffer.find(b">", self.scan) + 1 or -1, 0)

    def _cdata(self, buffer: Buffer, final: bool) -> bool:
        found = buffer.find(b"]]>", self.scan)
        if found > 0 and buffer[found - 1] >= 0x80:
            # In GBK, Big5 and Shift_JIS the first "]" may be half of a character.
            self._fork(State.CDATA, found + 1)
        # The byte before the mark is kept for that.
        return self._until(buffer, found + 3 if found >= 0 else -1, 3)

    def _until(self, buffer: Buffer, end: int, overlap: int, first: bytes = b"") -> bool:
        """Leave for DATA at ``end``.

        Where it is negative, only ``overlap`` bytes need another look, from the ``first`` one of a mark on.
        """
        if end < 0:
            self.scan = max(self.scan, len(buffer) - overlap)
            if first:
                self.scan = _find(buffer, first, self.scan)
            return False
        self.pos, self.state = end, State.DATA
        return True

    def _raw(self, buffer: Buffer, final: bool) -> bool:
        overlap = len(self.name) + 2
        found = self.context.search(self.name, RAW_TEXT[self.name], buffer, self.scan, overlap)
        return self._until(buffer, found.start() if found else -1, overlap, b"<")

    def _plain(self, buffer: Buffer, final: bool) -> bool:
        self.scan = len(buffer)
        return False

    # --- inside a tag

    def _in_tag(self, buffer: Buffer, final: bool) -> bool:
        self.scan, self.level = scan_tag(buffer, self.scan, self.level)
        if self.level >= 0:
            # The beginning of a name is looked at as long as it is short, so that the work stays linear.
            if not self.name and (self.level != NAME or self.scan - self.start < SHORT):
                self._name(buffer)
            if len(buffer) - self.start > MAX_TAG and self.keeps():
                self._oversized(buffer)
            return False
        self.pos, self.state = self.scan, State.DATA
        if self.keeps():
            if whole := TAG.match(buffer, self.start):
                self._tag(buffer, whole, self.start)
        elif self.name not in (OVERSIZED, BORING):
            self._row(self.name[1:], False, self.level == SELF_CLOSED, self.pos)
        return True

    def _name(self, buffer: Buffer) -> None:
        """Find out whether an incomplete tag must be kept, which the beginning of its name may tell."""
        found = TAG_NAME.match(buffer, self.start)
        name = found[1].lower() if found else b""
        whole, context = self.level != NAME, self.context
        matters = context.asked.matters if whole else context.asked.beginnings
        if self.drawing and whole and name in ROWS[self.drawing] and name != b"use":
            self.name = BORING + name
        elif self.top is None and not (context.prologue.active or name in matters):
            self.name = BORING
        elif whole:
            self.name = name

    def _oversized(self, buffer: Buffer) -> None:
        """Make a start tag inert that cannot be kept until it is complete."""
        if self.top is not None or buffer[self.start + 1] == 0x2F:
            raise foreign.TooDeep
        self.name = OVERSIZED
        self.context.edits.append((self.start + 1, self.start + 1, OVERSIZED))
        if self.context.prologue.active and not self.context.uncertain:
            self.context.prologue.content(self.start, self.context.edits)

    # --- a whole tag

    def _tag(self, buffer: Buffer, whole: re.Match[bytes], start: int) -> None:
        name = whole[2].lower()
        closing = bool(whole[1])
        if self.drawing:
            if not closing and name in ROWS[self.drawing]:
                self._show(whole[0], start, name, _FOREIGN | _UNCERTAIN)
            self._row(name, closing, whole[3].endswith(b"/"), start)
            return
        if self.context.prologue.active and not self.context.uncertain:
            self.context.prologue.tag(name, closing, start, self.pos, self.context.edits)
        try:
            if closing:
                self._end_tag(name)
            elif self.top is not None or (name in (b"svg", b"math") and not self.flat):
                self._start_around_foreign(whole, start, name)
            else:
                self._start_html(whole[0], start, name)
        except foreign.TooDeep:
            self.pos = start  # a tag that was not examined must not go out
            raise
        if self.svg_script >= 0:
            self._pop_svg_scripts(buffer, start)

    # --- inside a plain drawing or formula, which look-ahead scanners read alike

    def _draw(self, buffer: Buffer) -> None:
        """Follow what nests as far as it is plain."""
        quiet, tag = QUIET[self.drawing], ROW[self.drawing]
        while self.drawing:
            self.pos = _end(quiet, buffer, self.pos)
            row = tag.match(buffer, self.pos)
            if row is None:
                return
            self.pos = row.end()
            self._row(row[2].lower(), bool(row[1]), row[3].endswith(b"/"), row.start())

    def _row(self, name: bytes, closing: bool, self_closing: bool, start: int) -> None:
        """Follow one tag, or leave the drawing: at its end, or in front of what is not plain."""
        if closing and (name == self.drawing or name in ROWS[self.drawing]):
            answers = foreign.close_element(self.top, name)
        elif not closing and name in ROWS[self.drawing]:
            opened = foreign.open_element(self.top, name, self_closing=self_closing, attributes={})
            answers = [top for top, _ in opened]
        else:
            answers = []
        if len(answers) == 1:
            self.top = answers[0]
            self.drawing = self.drawing if self.top is not None else b""
        else:
            self._leave(start)

    def _leave(self, pos: int) -> None:
        self.drawing, self.pos = b"", pos
        twin = self._fork(State.DATA, pos)
        twin.top, twin.flat = None, True

    def _end_tag(self, name: bytes) -> None:
        if name == b"noscript":
            self.noscript = False
        elif name == b"select" and self.select > self.templates:
            self.select = 0
        elif name == b"template" and self.templates and (self.top is None or self.top.kind == foreign.HTML):
            self.templates -= 1
            if self.columns > self.templates:
                self.columns = 0
        if self.top is not None:
            first, *others = foreign.close_element(self.top, name)
            for top in others:
                self._fork(State.DATA, self.pos).top = top
            self.top = first

    def _start_around_foreign(self, whole: re.Match[bytes], start: int, name: bytes) -> None:
        raw = whole[0]
        read = attributes(raw) if name in foreign.DECIDED_BY_ATTRIBUTES else ()
        values = {item.name: item.value or b"" for item in reversed(read)}
        self_closing = whole[3].endswith(b"/")
        if self.top is None:
            if self._draws(self_closing):
                self.top, self.drawing = foreign.open_root(name), name
                self._show(raw, start, name, _FOREIGN | _UNCERTAIN)
                return
            self._fork(State.DATA, self.pos).flat = not self._ambiguous(name)
        answers = foreign.open_element(self.top, name, self_closing=self_closing, attributes=values)
        twins = [self, *(self._fork(State.DATA, self.pos) for _ in answers[1:])]
        for twin, (top, is_foreign) in zip(twins, answers, strict=True):
            twin.top = top
            if is_foreign:
                twin._start_foreign(raw, start, name, self_closing)
            else:
                twin._start_html(raw, start, name)

    def _draws(self, self_closing: bool) -> bool:
        context = self.context
        busy = context.uncertain or context.prologue.active or self._guarded()
        return context.asked.drawings and not (busy or self_closing)

    def _start_foreign(self, raw: bytes, start: int, name: bytes, self_closing: bool) -> None:
        if name != b"script":
            self._show(raw, start, name, _FOREIGN)
        elif b"script" in self.context.names:
            if self_closing or self.svg_script >= 0 or self.top is None:
                self._decide(raw, start, b"", self_closing, _FOREIGN)
            else:
                self.svg_script, self.svg_depth = start, self.top.total

    def _start_html(self, raw: bytes, start: int, name: bytes) -> None:
        if name != b"script":
            self._show(raw, start, name, 0)
        if name in _MODES:
            self._mode(name)
        elif name == b"noscript":
            if not self.noscript:
                self._fork(State.RAW, self.pos).name = name
                self.noscript = True
        elif name in RAW_TEXT or name in (b"script", b"plaintext"):
            if self._ambiguous(name):
                self._fork(State.DATA, self.pos)
            self._enter(name, start)

    def _mode(self, name: bytes) -> None:
        """Take note of what makes the tree builder ignore tags later."""
        if self.flat:
            return
        if name == b"template":
            self.templates += 1
        elif name == b"frameset":
            self.frameset = True
        elif name == b"select":
            self.select = self.select or self.templates + 1
        elif self.templates:
            self.columns = self.columns or self.templates

    def _ambiguous(self, name: bytes) -> bool:
        """Say whether the tree builder may ignore a start tag, and what follows is not raw text.

        In framesets (13.2.6.4.20), in select before 2025, and behind ``<col>`` in a template (13.2.6.4.12).
        """
        if self.flat:
            return False
        return self.frameset or self.columns > 0 or (self.select > 0 and name not in _KEPT_IN_SELECT)

    def _enter(self, name: bytes, start: int) -> None:
        self.scan, self.name = self.pos, name
        if name == b"script":
            wanted = b"script" in self.context.names
            self.state, self.start, self.level = State.SCRIPT, start if wanted else -1, 0
            self.asked = False
        else:
            self.state = State.PLAIN if name == b"plaintext" else State.RAW

    # --- scripts

    def _script(self, buffer: Buffer, final: bool) -> bool:
        search = self.context.search
        while found := search(*_SCRIPT_LEVELS[self.level], buffer, self.scan, LONGEST_MARK):
            mark = found[0]
            if mark == b"<!--":
                self.level, self.scan = 1, found.end() - 2
            elif mark == b"-->":
                self.level, self.scan = 0, found.end()
            elif mark[1:2] != b"/":
                self.level, self.scan = 2, found.end()
            elif self.level == 2:
                self.level, self.scan = 1, found.end()
            else:
                self._script_ends(buffer, found.start(), True)
                self.pos, self.state = found.start(), State.DATA
                return True
        self.scan = max(self.scan, len(buffer) - LONGEST_MARK)
        if final or len(buffer) - self.start > MAX_SCRIPT:
            self._script_ends(buffer, len(buffer), False)
        elif self.start >= 0 and not self.asked:
            self._release(buffer)
        return False

    def _release(self, buffer: Buffer) -> None:
        """Decide at once where the text does not matter, so that data blocks are not kept back."""
        self.asked = True
        tag = TAG.match(buffer, self.start)
        if tag and not self.context.handler.reads(tag[0]):
            self._decide(tag[0], self.start, b"", True, 0)
            self.start = -1

    def _script_ends(self, buffer: Buffer, end: int, whole: bool) -> None:
        if self.start < 0:
            return
        tag = TAG.match(buffer, self.start)
        if tag:
            self._decide(tag[0], self.start, bytes(buffer[tag.end() : end]), whole, 0)
        self.start = -1

    def _pop_svg_scripts(self, buffer: Buffer, end: int) -> None:
        """Decide on the SVG script that waits if it is not open any more, here and in the twins just born.

        Where it is in another reading, more of it will be decided on. A beginning of it is decided on only if
        it is twice as long as the last one, so that the work stays linear.
        """
        twins: list[Tokenizer] = [self, *self.born]
        for twin in twins:
            start = twin.svg_script
            if start < 0 or (twin.top is not None and twin.top.total >= twin.svg_depth):
                continue
            waits = any(other is not twin and other.svg_script == start for other in twins)
            if (waits or start in self.context.elsewhere) and not self.context.has_grown(start, end):
                twin.svg_script = -1
            else:
                twin._svg_script_ends(buffer, end, True)

    def _svg_script_ends(self, buffer: Buffer, end: int, whole: bool) -> None:
        tag = TAG.match(buffer, self.svg_script)
        if tag:
            text = bytes(buffer[tag.end() : end])
            self._decide(tag[0], self.svg_script, text, whole, _FOREIGN)
        self.svg_script = -1

    # --- the handler

    def _where(self, base: int) -> Where:
        around = self.noscript * _NOSCRIPT | bool(self.templates) * _TEMPLATE
        return PLACES[base | around | self.context.uncertain * _UNCERTAIN]

    def _show(self, raw: bytes, start: int, name: bytes, base: int) -> None:
        if self.context.shows(name, raw):
            splices = self.context.handler.start_tag(raw, name, self._where(base))
            if splices:
                self.context.edit(start, splices)

    def _decide(self, raw: bytes, start: int, text: bytes, whole: bool, base: int) -> None:
        splices = self.context.handler.script(raw, text, whole, self._where(base))
        if splices:
            self.context.edit(start, splices)


def _end(pattern: re.Pattern[bytes], buffer: Buffer, pos: int) -> int:
    found = pattern.match(buffer, pos)
    return found.end() if found else pos


def _find(buffer: Buffer, what: bytes, pos: int) -> int:
    found = buffer.find(what, pos)
    return found if found >= 0 else len(buffer)


_STEPS: dict[State, Callable[[Tokenizer, Buffer, bool], bool]] = {
    State.DATA: Tokenizer._data,
    State.TAG: Tokenizer._in_tag,
    State.COMMENT: Tokenizer._comment,
    State.BOGUS: Tokenizer._bogus,
    State.CDATA: Tokenizer._cdata,
    State.RAW: Tokenizer._raw,
    State.SCRIPT: Tokenizer._script,
    State.PLAIN: Tokenizer._plain,
}
