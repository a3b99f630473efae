"""A resumable HTML tokenizer that passes selected tags to a handler (WHATWG HTML 13.2.5).

A tokenizer is at ``pos`` in one of the states of :class:`State`. An incomplete token at the end of the buffer
is resumed at ``scan``, so that no byte is scanned twice with any chunking.

If browsers may parse the bytes in several ways, a tokenizer puts a twin of itself into ``twins`` for each
other way, and all of them continue:

- scripting on or off: ``<noscript>`` contains raw text or markup;
- start tags that the tree builder may ignore, so that no raw text follows: in ``<select>``, whose parsing
  changed in 2025, in framesets, after ``<col>`` in a ``<template>``;
- end tags that may close elements outside SVG and MathML, see :mod:`consentkit.rewriter.foreign`;
- HTML's rules inside SVG and MathML: Chromium's preload scanner applies them there, so one twin
  (``html_only``) does the same.
"""

import copy
import enum
import re
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from consentkit.rewriter import foreign, grammar
from consentkit.rewriter.context import Context
from consentkit.rewriter.fast_path import fast_forward
from consentkit.rewriter.foreign import Top
from consentkit.rewriter.grammar import RAW_TEXT, TAG, Buffer
from consentkit.rewriter.handler import PLACES, Where
from consentkit.rewriter.selection import DRAWING_CONTENT, LABEL_START, NESTED, NESTED_TAG
from consentkit.rewriter.tags import attributes

MAX_TAG: Final = 1 << 20
"""Maximum bytes of a tag that is buffered until it is complete; a longer one is renamed and so made inert."""
MAX_SCRIPT: Final = 4 << 20
"""Maximum bytes of an inline script that are buffered; of a longer one the handler gets the beginning."""
SHORT: Final = 64
"""Maximum bytes of a label in a drawing that are kept back until it is complete, and of an incomplete tag
name that are compared."""
OVERSIZED: Final = b"x-oversized-"
"""Prefix for the name of an oversized tag: makes it an unknown element, which loads and runs nothing."""
UNWANTED: Final = b"."
"""`Tokenizer.name` of an incomplete tag that is not selected and need not be buffered; in a drawing or
formula followed by the element's name."""

# The insertion mode "in select", removed from the standard in 2025, dropped most start tags, so that their
# raw text became markup. Browsers of both kinds are in use.
_KEPT_IN_SELECT = frozenset((b"script", b"template", b"textarea"))
_MODES = frozenset((b"select", b"frameset", b"template", b"col"))
_FOREIGN, _NOSCRIPT, _UNCERTAIN, _TEMPLATE = map(int, Where)


class State(enum.IntEnum):
    """The state of a tokenizer; each stands for several states of the standard."""

    DATA = 0
    """Between tags: data (13.2.5.1), tag open (13.2.5.6), markup declaration open (13.2.5.42). Before a tag,
    or before something too incomplete to be recognised."""
    TAG = 1
    """Inside an incomplete tag (13.2.5.8, 13.2.5.32 to 13.2.5.40); ``level`` is the state there."""
    COMMENT = 2
    """A comment (13.2.5.43 to 13.2.5.52)."""
    BOGUS = 3
    """A bogus comment (13.2.5.41) or a DOCTYPE (13.2.5.53): both end at the first ``>``."""
    CDATA = 4
    """A CDATA section (13.2.5.69), which exists in SVG and MathML only."""
    RAW = 5
    """RCDATA or RAWTEXT (13.2.5.2, 13.2.5.3) up to the end tag of the element ``name``."""
    SCRIPT = 6
    """Script data (13.2.5.4). ``level`` is 0, 1 if escaped (13.2.5.20), 2 if double escaped (13.2.5.27)."""
    PLAIN = 7
    """PLAINTEXT (13.2.5.5): to the end of the document."""


class Tokenizer(msgspec.Struct, eq=False):
    """One way of parsing a document: position, state, open elements.

    All offsets count from the beginning of the buffer, which moves; see :meth:`shift`.

    Attributes:
        context: State shared by all tokenizers of the document.
        state: The parser state.
        pos: Its position; in state ``DATA`` after everything that was processed.
        scan: Offset to resume at in other states; the bytes before it were searched in vain.
        start: In ``TAG``, start of the tag; in ``SCRIPT``, start of its tag, -1 once that is decided.
        level: In ``TAG`` and ``SCRIPT``, the inner state.
        name: In ``RAW`` and ``SCRIPT`` of the element; in ``TAG``, once known, or `OVERSIZED`, `UNWANTED`.
        top: The innermost open element of SVG or MathML.
        asked: In ``SCRIPT``, whether the handler was asked if it needs the text.
        svg_script: Start of the ``<script>`` in SVG whose end was not found yet; -1 if there is none.
        svg_depth: Number of elements that were open at that script.
        last_tag: Start of the last complete tag.
        templates: Number of open ``<template>`` elements.
        columns: 1 + templates around the first ``<col>`` directly in a ``<template>``; 0 without one.
        select: 1 + templates around the open ``<select>``; 0 without one.
        frameset: Whether a ``<frameset>`` is open.
        noscript: Whether a ``<noscript>`` is open and parsed as markup.
        html_only: Whether it ignores SVG and MathML, as preload scanners do.
        drawing: ``svg`` or ``math`` inside a plain drawing or formula. It needs no twins so far, since all
            ways of parsing agree there.
        twins: The twins that its last step created.
    """

    context: Context
    state: State = State.DATA
    pos: int = 0
    scan: int = 0
    start: int = 0
    level: int = 0
    name: bytes = b""
    top: Top = None
    asked: bool = False
    svg_script: int = -1
    svg_depth: int = 0
    last_tag: int = 0
    templates: int = 0
    columns: int = 0
    select: int = 0
    frameset: bool = False
    noscript: bool = False
    html_only: bool = False
    drawing: bytes = b""
    twins: "list[Tokenizer]" = []

    def place(self) -> tuple[State, int]:
        """Return state and position; only tokenizers with the same ones can be merged."""
        return self.state, self.pos if self.state is State.DATA else self.scan

    def key(self) -> tuple[object, ...]:
        """Return the key by which tokenizers are merged; of two with the same key, `html_only` is dropped."""
        # Without fields that the state does not use: they may differ by history.
        inside: tuple[object, ...] = self.place()
        if self.state in (State.TAG, State.SCRIPT):
            inside = (*inside, self.start, self.level)
        if self.state is not State.DATA:
            inside = (*inside, self.name)
        modes = self.select, self.frameset, self.noscript, self.templates, self.columns
        return (*inside, *modes, self.top, self.svg_script, self.svg_depth, self.drawing)

    def fork(self, state: State, scan: int) -> "Tokenizer":
        """Add a twin at the same position in another state. Open elements are shared, not copied."""
        # A copy, not a flag for each alternative: so equal tokenizers are found by comparing `key`.
        twin = copy.copy(self)
        twin.state, twin.scan, twin.twins = state, scan, []
        self.twins.append(twin)
        self.context.uncertain = True
        return twin

    # The buffer starts at the first byte that a tokenizer still needs. Limits of that: MAX_TAG, MAX_SCRIPT,
    # SHORT, or the longest mark that ends the state.

    def shift(self, count: int) -> None:
        """Adjust offsets after the buffer's first ``count`` bytes were removed."""
        self.pos -= count
        self.scan -= count
        if self.start >= 0:
            self.start -= count
        if self.svg_script >= 0:
            self.svg_script -= count

    def held(self) -> int:
        """Return the offset up to which this tokenizer makes no more edits."""
        if self.svg_script >= 0:
            return self.svg_script
        if self.state is State.DATA:
            return self.pos
        in_script = self.state is State.SCRIPT and self.start >= 0
        return self.start if in_script or (self.state is State.TAG and self.keeps_tag()) else self.scan

    def keeps_tag(self) -> bool:
        """Say whether the incomplete tag must be buffered."""
        return self.name != OVERSIZED and self.name[:1] != UNWANTED

    def step(self, buffer: Buffer, final: bool, siblings: "Sequence[Tokenizer]") -> bool:
        """Continue to the next relevant token.

        Args:
            buffer: All bytes that are still needed.
            final: Whether these are the last bytes.
            siblings: All tokenizers of the document, this one among them.

        Returns:
            False if more bytes are needed.

        Raises:
            foreign.TooDeep: The page is nested beyond the limits.
        """
        moved = _STEPS[self.state](self, buffer, final)
        # The content of a script in SVG is parsed as markup. It ends at its end tag, at a tag that closes an
        # element around it, at the end of the document, or at the limit.
        if self.svg_script >= 0:
            self._settle_svg_scripts(buffer, siblings)
            if (final and not moved) or len(buffer) - self.svg_script > MAX_SCRIPT:
                self._decide_at(buffer, self.svg_script, len(buffer), False, _FOREIGN)
                self.svg_script = -1
        return moved

    # --- between tags

    def _data(self, buffer: Buffer, final: bool) -> bool:
        before, context, prologue = self.pos, self.context, self.context.prologue
        if self.drawing:
            self._follow_drawing(buffer)
            # Labels are skipped only if they are complete, so the beginning of one waits for the rest.
            if not final and len(buffer) - self.pos < SHORT and LABEL_START.match(buffer, self.pos):
                return False
        elif self.top is not None:
            # In SVG and MathML every tag may close elements or break out (13.2.6.5).
            self.pos = _find(buffer, b"<", self.pos)
        elif context.uncertain or self._is_guarded():
            # Several tokenizers proceed tag by tag, so that they can be merged where they meet. In the
            # prologue every tag is parsed, selected or not.
            if not prologue.active:
                skip = context.asked.skip_one if context.uncertain else context.asked.skip
                self.pos = _end(skip, buffer, self.pos)
        elif prologue.in_head or not prologue.active:
            # A single tokenizer and no open element that affects parsing: the fast path.
            scan = context.asked.head if prologue.active else context.asked.plain
            self.pos, raw_text = fast_forward(context, scan, buffer, self.pos)
            if raw_text:
                self._enter(*raw_text)
                return True
        if prologue.active and not self.drawing and self.top is None and not self._prologue(buffer, final):
            return False
        if self.pos == len(buffer):
            return False
        # Tokenizers that meet before a tag are merged before the handler gets it, with any chunking.
        return (context.uncertain and self.pos > before) or self._markup(buffer, final)

    def _is_guarded(self) -> bool:
        """Say whether an open element affects how tags are parsed, or which end tags matter."""
        return bool(
            self.noscript or self.select or self.templates or self.frameset or self.columns or self.html_only
        )

    def _prologue(self, buffer: Buffer, final: bool) -> bool:
        """Skip white space and comments, and note text; False if more bytes are needed."""
        self.pos = _end(grammar.PROLOGUE, buffer, self.pos)
        if self.pos == len(buffer) or buffer[self.pos] == 0x3C:
            return True
        # Text. It opens the body, unless it is a byte order mark (13.2.6.4.1, and 13.2.3.2).
        pos = self.context.prologue.skip_mark(buffer, self.pos, final)
        if pos < 0:
            return False
        if pos > self.pos:
            self.pos = _end(grammar.PROLOGUE, buffer, pos)
        if self.pos < len(buffer) and buffer[self.pos] != 0x3C and not self.context.uncertain:
            self.context.prologue.content(self.pos, self.context.edits)
        self.pos = _find(buffer, b"<", self.pos)
        return True

    def _markup(self, buffer: Buffer, final: bool) -> bool:
        """Tag open and end tag open state (13.2.5.6, 13.2.5.7)."""
        # Nearly all tags are complete. An incomplete one is not matched again with every chunk, but scanned
        # further from the end of the last one.
        whole = TAG.match(buffer, self.pos)
        if whole:
            start, self.pos = whole.span()
            self._tag(buffer, whole, start)
            return True
        if grammar.TAG_START.match(buffer, self.pos):
            self.state, self.start, self.scan = State.TAG, self.pos, self.pos
            self.scan += 2 if buffer[self.pos + 1] == 0x2F else 1
            self.level, self.name = grammar.NAME, b""
            return True
        return self._declaration(buffer, final)

    def _declaration(self, buffer: Buffer, final: bool) -> bool:
        """The same states if no letter follows, and markup declaration open state (13.2.5.42)."""
        # Nine bytes distinguish all cases. With fewer bytes it waits if they may become another case.
        ahead = bytes(buffer[self.pos : self.pos + 9])
        undecided = ahead in (b"<", b"</", b"<!-") or (len(ahead) < 9 and b"<![CDATA[".startswith(ahead))
        if undecided and not final:
            return False
        if ahead.startswith(b"<!--"):
            return self._comment_start(ahead[4:6], final)
        if ahead == b"<![CDATA[" and self.drawing:
            self._leave_drawing(self.pos)  # for preload scanners it is a bogus comment
        elif ahead == b"<![CDATA[" and self.top is not None:
            # Inside an integration point the current node is HTML and this is a bogus comment, unless an
            # untracked element was closed there. Both are followed.
            if not foreign.in_foreign(self.top):
                self.fork(State.BOGUS, self.pos + 2)
            self.state, self.scan = State.CDATA, self.pos + 9
        elif ahead[1:2] in (b"!", b"?") or (ahead[1:2] == b"/" and len(ahead) > 2):
            self.state, self.scan = State.BOGUS, self.pos + 2
        else:
            self.pos += 1  # the "<" is text
        return True

    def _comment_start(self, ahead: bytes, final: bool) -> bool:
        """Comment start state (13.2.5.43): ``<!-->`` and ``<!--->`` are whole comments."""
        if not final and ahead in (b"", b"-"):
            return False
        if ahead.startswith(b">") or ahead == b"->":
            self.pos += 5 if ahead.startswith(b">") else 6
        else:
            self.state, self.scan = State.COMMENT, self.pos + 4
        return True

    # --- inside something that ends at a known mark

    def _comment(self, buffer: Buffer, final: bool) -> bool:
        found = grammar.COMMENT_END.search(buffer, self.scan)
        return self._end_at(buffer, found.end() if found else -1, 3, b"-")

    def _bogus(self, buffer: Buffer, final: bool) -> bool:
        return self._end_at(buffer, buffer.find(b">", self.scan) + 1 or -1, 0)

    def _cdata(self, buffer: Buffer, final: bool) -> bool:
        found = buffer.find(b"]]>", self.scan)
        if found > 0 and buffer[found - 1] >= 0x80:
            # In GBK, Big5 and Shift_JIS the first "]" may be the second byte of a character.
            self.fork(State.CDATA, found + 1)
        # An overlap of 3 keeps the byte before the mark.
        return self._end_at(buffer, found + 3 if found >= 0 else -1, 3)

    def _end_at(self, buffer: Buffer, end: int, overlap: int, first: bytes = b"") -> bool:
        """Enter DATA at ``end``, the end of the mark; negative if it was not found.

        Then the last ``overlap`` bytes must be searched again, from the mark's ``first`` byte on.
        """
        if end < 0:
            # The last bytes may be the beginning of the mark.
            self.scan = max(self.scan, len(buffer) - overlap)
            if first:
                self.scan = _find(buffer, first, self.scan)
            return False
        self.pos, self.state = end, State.DATA
        return True

    def _raw(self, buffer: Buffer, final: bool) -> bool:
        overlap = len(self.name) + 2
        found = self.context.search(self.name, RAW_TEXT[self.name], buffer, self.scan, overlap)
        return self._end_at(buffer, found.start() if found else -1, overlap, b"<")

    def _plain(self, buffer: Buffer, final: bool) -> bool:
        self.scan = len(buffer)
        return False

    # --- inside a tag

    # A selected tag is buffered until it is complete, at most MAX_TAG bytes, and then matched as a whole. Of
    # other tags only the inner state is kept, and their bytes are sent at once.

    def _in_tag(self, buffer: Buffer, final: bool) -> bool:
        self.scan, self.level = grammar.scan_tag(buffer, self.scan, self.level)
        if self.level >= 0:
            # Incomplete names are compared only while they are short, so that the work stays linear.
            if not self.name and (self.level != grammar.NAME or self.scan - self.start < SHORT):
                self._partial_name(buffer)
            if len(buffer) - self.start > MAX_TAG and self.keeps_tag():
                self._oversized(buffer)
            return False
        self.pos, self.state = self.scan, State.DATA
        if self.keeps_tag():
            if whole := TAG.match(buffer, self.start):
                self._tag(buffer, whole, self.start)
        elif self.name not in (OVERSIZED, UNWANTED):
            self._drawing_tag(self.name[1:], False, self.level == grammar.SELF_CLOSED, self.pos)
        return True

    def _partial_name(self, buffer: Buffer) -> None:
        """Decide by the beginning of its name whether an incomplete tag must be buffered."""
        found = grammar.TAG_NAME.match(buffer, self.start)
        name = found[1].lower() if found else b""
        whole, context = self.level != grammar.NAME, self.context
        matters = context.asked.matters if whole else context.asked.beginnings
        if self.drawing and whole and name in NESTED[self.drawing] and name != b"use":
            self.name = UNWANTED + name
        elif self.top is None and not (context.prologue.active or name in matters):
            self.name = UNWANTED
        elif whole:
            self.name = name

    def _oversized(self, buffer: Buffer) -> None:
        """Make a start tag inert that is too long to be buffered."""
        # In SVG and MathML, and for an end tag, another name would close other elements: the tokenizer would
        # then disagree with the browser.
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
        self.last_tag = start
        if self.drawing:
            if not closing and name in NESTED[self.drawing]:
                self._show(whole[0], start, name, _FOREIGN | _UNCERTAIN)
            self._drawing_tag(name, closing, whole[3].endswith(b"/"), start)
            return
        # Not while there are twins: an injection must be at a place on which all of them agree.
        if self.context.prologue.active and not self.context.uncertain:
            self.context.prologue.tag(name, closing, start, self.pos, self.context.edits)
        try:
            if closing:
                self._end_tag(name)
            elif self.top is not None or (name in (b"svg", b"math") and not self.html_only):
                self._start_around_foreign(whole, start, name)
            else:
                self._start_html(whole[0], start, name)
        except foreign.TooDeep:
            self.pos = start  # the tag was not examined and must not be sent
            raise

    def _end_tag(self, name: bytes) -> None:
        # `select` and `columns` contain the number of templates around them, so that an end tag in an inner
        # template does not close them.
        if name == b"noscript":
            self.noscript = False
        elif name == b"select" and self.select > self.templates:
            self.select = 0
        elif name == b"template" and self.templates and (self.top is None or self.top.kind == foreign.HTML):
            self.templates -= 1
            if self.columns > self.templates:
                self.columns = 0
        if self.top is not None:
            # The twins differ only in the open elements. They are merged after the outermost one is closed.
            first, *others = foreign.close_element(self.top, name)
            for top in others:
                self.fork(State.DATA, self.pos).top = top
            self.top = first

    def _start_around_foreign(self, whole: re.Match[bytes], start: int, name: bytes) -> None:
        raw = whole[0]
        read = attributes(raw) if name in foreign.DECIDED_BY_ATTRIBUTES else ()
        # Reversed, so that the first of several attributes of one name counts.
        values = {item.name: item.value or b"" for item in reversed(read)}
        self_closing = whole[3].endswith(b"/")
        if self.top is None:
            busy = self.context.uncertain or self.context.prologue.active or self._is_guarded()
            if self.context.asked.drawings and not (busy or self_closing):
                self.top, self.drawing = foreign.open_root(name), name
                self._show(raw, start, name, _FOREIGN | _UNCERTAIN)
                return
            # The twin continues without SVG and MathML: as a preload scanner, or, if the tree builder ignores
            # this start tag, as the browser itself.
            self.fork(State.DATA, self.pos).html_only = not self._ambiguous(name)
        answers = foreign.open_element(self.top, name, self_closing=self_closing, attributes=values)
        twins = [self, *(self.fork(State.DATA, self.pos) for _ in answers[1:])]
        for twin, (top, is_foreign) in zip(twins, answers, strict=True):
            twin.top = top
            if is_foreign:
                twin._start_foreign(raw, start, name, self_closing)
            else:
                twin._start_html(raw, start, name)

    def _start_foreign(self, raw: bytes, start: int, name: bytes, self_closing: bool) -> None:
        if name != b"script":
            self._show(raw, start, name, _FOREIGN)
        elif b"script" in self.context.names:
            # Inside another script in SVG, this one is part of the outer one's content.
            if self_closing or self.svg_script >= 0 or self.top is None:
                self._decide(raw, start, b"", self_closing, _FOREIGN)
            else:
                self.svg_script, self.svg_depth = start, self.top.total

    def _start_html(self, raw: bytes, start: int, name: bytes) -> None:
        if name != b"script":
            self._show(raw, start, name, 0)
        if name in _MODES:
            self._note_mode(name)
        elif name == b"noscript":
            # Its content is raw text with scripting, markup without (13.2.6.4.4, 13.2.6.4.7).
            if not self.noscript:
                self.fork(State.RAW, self.pos).name = name
                self.noscript = True
        elif name in RAW_TEXT or name in (b"script", b"plaintext"):
            if self._ambiguous(name):
                self.fork(State.DATA, self.pos)
            self._enter(name, start)

    def _note_mode(self, name: bytes) -> None:
        """Record elements that make the tree builder ignore tags later."""
        if self.html_only:
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
        """Say whether the tree builder may ignore a start tag, so that no raw text follows.

        In framesets (13.2.6.4.20), in select before 2025, and after ``<col>`` in a template (13.2.6.4.12).
        """
        if self.html_only:
            return False
        return self.frameset or self.columns > 0 or (self.select > 0 and name not in _KEPT_IN_SELECT)

    def _enter(self, name: bytes, start: int) -> None:
        """Enter raw text, a script or plaintext after its start tag."""
        self.scan, self.name = self.pos, name
        if name == b"script":
            # A script is buffered only if it is selected.
            wanted = b"script" in self.context.names
            self.state, self.start, self.level = State.SCRIPT, start if wanted else -1, 0
            self.asked = False
        else:
            self.state = State.PLAIN if name == b"plaintext" else State.RAW

    # --- inside a plain drawing or formula, which preload scanners parse the same way

    def _follow_drawing(self, buffer: Buffer) -> None:
        """Skip plain content, and follow nested elements."""
        quiet, tag = DRAWING_CONTENT[self.drawing], NESTED_TAG[self.drawing]
        while self.drawing:
            self.pos = _end(quiet, buffer, self.pos)
            row = tag.match(buffer, self.pos)
            if row is None:
                return
            self.pos = row.end()
            self._drawing_tag(row[2].lower(), bool(row[1]), row[3].endswith(b"/"), row.start())

    def _drawing_tag(self, name: bytes, closing: bool, self_closing: bool, start: int) -> None:
        """Follow one tag, or leave the drawing: at its end, or before a tag that is not plain."""
        # No or several possible stacks: not plain, preload scanners may parse differently from here on.
        answers: Sequence[Top] = ()
        if closing and (name == self.drawing or name in NESTED[self.drawing]):
            answers = foreign.close_element(self.top, name)
        elif not closing and name in NESTED[self.drawing]:
            opened = foreign.open_element(self.top, name, self_closing=self_closing, attributes={})
            answers = [top for top, _ in opened]
        if len(answers) != 1:
            self._leave_drawing(start)
            return
        self.top = answers[0]
        if self.top is None:
            self.drawing = b""

    def _leave_drawing(self, pos: int) -> None:
        """Continue from ``pos`` in two ways: as SVG or MathML, and by HTML's rules alone."""
        self.drawing, self.pos = b"", pos
        twin = self.fork(State.DATA, pos)
        twin.top, twin.html_only = None, True

    # --- scripts

    def _script(self, buffer: Buffer, final: bool) -> bool:
        """Script data (13.2.5.4, 13.2.5.15 to 13.2.5.31)."""
        search, overlap = self.context.search, grammar.LONGEST_MARK
        while found := search(*grammar.SCRIPT_LEVELS[self.level], buffer, self.scan, overlap):
            mark = found[0]
            # An end tag ends the script; if double escaped, it ends the double escape (13.2.5.31).
            if mark.startswith(b"</") and self.level < 2:
                self._decide_at(buffer, self.start, found.start(), True)
                self.pos, self.state = found.start(), State.DATA
                return True
            self.scan = found.end()
            if mark == b"<!--":
                self.level = 1
                self.scan -= 2  # in "<!-->" the dashes also end the escape
            elif mark == b"-->":
                self.level = 0
            else:
                self.level = 1 if mark.startswith(b"</") else 2
        self.scan = max(self.scan, len(buffer) - overlap)
        if final or len(buffer) - self.start > MAX_SCRIPT:
            self._decide_at(buffer, self.start, len(buffer), False)
            self.start = -1
        elif not self.asked:
            # Data blocks are not buffered: the handler does not need their text.
            self.asked = True
            tag = TAG.match(buffer, self.start) if self.start >= 0 else None
            if tag and not self.context.handler.reads(tag[0]):
                self._decide_at(buffer, self.start, tag.end(), True)
                self.start = -1
        return False

    def _settle_svg_scripts(self, buffer: Buffer, siblings: "Sequence[Tokenizer]") -> None:
        """Decide on the SVG script that the last tag closed, in this tokenizer and its new twins.

        If another tokenizer still waits for the end of that script, it will decide on a longer text. Then the
        text is decided on only if it is twice as long as the last time, so that the work stays linear.
        """
        for one in (self, *self.twins):
            start = one.svg_script
            if start < 0 or (one.top is not None and one.top.total >= one.svg_depth):
                continue
            others = (other for other in (*siblings, *self.twins) if other is not one)
            waits = any(other.svg_script == start for other in others)
            if not waits or self.context.has_doubled(start, self.last_tag):
                one._decide_at(buffer, start, self.last_tag, True, _FOREIGN)
            one.svg_script = -1

    # --- the handler

    def _where(self, base: int) -> Where:
        around = self.noscript * _NOSCRIPT | bool(self.templates) * _TEMPLATE
        return PLACES[base | around | self.context.uncertain * _UNCERTAIN]

    def _show(self, raw: bytes, start: int, name: bytes, base: int) -> None:
        if self.context.wants(name, raw):
            self.context.edit(start, self.context.handler.start_tag(raw, name, self._where(base)))

    def _decide(self, raw: bytes, start: int, text: bytes, whole: bool, base: int) -> None:
        self.context.edit(start, self.context.handler.script(raw, text, whole, self._where(base)))

    def _decide_at(self, buffer: Buffer, start: int, end: int, whole: bool, base: int = 0) -> None:
        """Decide on the script with its start tag at ``start`` and text up to ``end``, if it is buffered."""
        if start >= 0 and (tag := TAG.match(buffer, start)):
            self._decide(tag[0], start, bytes(buffer[tag.end() : end]), whole, base)


def _end(pattern: re.Pattern[bytes], buffer: Buffer, pos: int) -> int:
    found = pattern.match(buffer, pos)
    return found.end() if found else pos


def _find(buffer: Buffer, what: bytes, pos: int) -> int:
    found = buffer.find(what, pos)
    return found if found >= 0 else len(buffer)


_STEPS: tuple[Callable[[Tokenizer, Buffer, bool], bool], ...] = (
    Tokenizer._data,
    Tokenizer._in_tag,
    Tokenizer._comment,
    Tokenizer._bogus,
    Tokenizer._cdata,
    Tokenizer._raw,
    Tokenizer._script,
    Tokenizer._plain,
)
"""The method of each state, by its number."""
