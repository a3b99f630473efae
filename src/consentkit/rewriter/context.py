"""`Context`, the state shared by all tokenizers of a document, and `Prologue`, which finds head and body."""

import re
from collections.abc import Callable, Iterable
from typing import Final

from consentkit.rewriter.grammar import CLOSES_HEAD, HEAD_CONTENT, SPACE, Buffer
from consentkit.rewriter.handler import Handler, Splice
from consentkit.rewriter.memory import Memory
from consentkit.rewriter.selection import Selection, compile_selection
from consentkit.rewriter.tags import attributes, runs_script

Injection = bytes | Callable[[], bytes]
"""Bytes to insert, or a function that returns them, called when the place is reached."""

MAX_BEGUN: Final = 2048
"""Maximum bytes of a tag for which the beginnings of attribute values are compared."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Prologue:
    """Finds the places of the head's and the body's injection.

    Follows the insertion modes before, in and after head (WHATWG HTML 13.2.6.4.1 to 13.2.6.4.6) until both
    are found: after ``<head>`` or before the first element of the head, and after ``<body>`` or before the
    first content of the body. Unclosed elements later in the page cannot swallow these insertions.

    Attributes:
        active: Whether a place has not been found yet.
    """

    def __init__(self, head: Injection, body: Injection) -> None:
        self._head: Injection | None = head or None
        self._body: Injection | None = body or None
        self._templates = 0
        self._started = False
        self.active: bool = self._head is not None or self._body is not None

    @property
    def in_head(self) -> bool:
        """Whether only the beginning of the body has not been found yet."""
        return self._head is None and self._body is not None and self._started and not self._templates

    def skip_mark(self, buffer: Buffer, pos: int, final: bool) -> int:
        """Skip a byte order mark at the beginning of the document.

        Returns:
            The position after it, or -1 if more bytes are needed to recognise one.
        """
        if self._started:
            return pos
        ahead = bytes(buffer[pos : pos + 3])
        if len(ahead) < 3 and not final and _BYTE_ORDER_MARK.startswith(ahead):
            return -1
        self._started = True
        return pos + 3 if ahead == _BYTE_ORDER_MARK else pos

    def content(self, pos: int, edits: list[Splice]) -> None:
        """Record that the body's content begins at ``pos``."""
        if not self._templates:
            self._inject(edits, pos, pos)

    def tag(self, name: bytes, closing: bool, start: int, end: int, edits: list[Splice]) -> None:
        """Process a complete tag at ``start:end``."""
        self._started = True
        if name == b"template":
            self._template(closing, start, edits)
        elif self._templates or (name == b"html" and not closing):
            return
        elif closing:
            if name in CLOSES_HEAD:
                self._inject(edits, start, start)
        elif name in HEAD_CONTENT:
            self._inject(edits, start)
        elif name == b"frameset":
            self._body = None
            self._inject(edits, start)
        elif name == b"head":
            self._inject(edits, end)
        else:
            self._inject(edits, start, end if name == b"body" else start)

    def finish(self, pos: int, edits: list[Splice], closer: bytes) -> None:
        """At the end of the document, insert what is left, after closing open content."""
        if self.active:
            closer += b"</template>" * self._templates
            edits.append((pos, pos, closer))
            self._inject(edits, pos, pos)

    def _template(self, closing: bool, start: int, edits: list[Splice]) -> None:
        if closing:
            self._templates -= self._templates > 0
            return
        if not self._templates:
            self._inject(edits, start)
        self._templates += 1

    def _inject(self, edits: list[Splice], head: int, body: int | None = None) -> None:
        """Insert the head's injection at ``head``, and the body's at ``body`` unless that is `None`."""
        if self._head is not None:
            edits.append((head, head, self._head if isinstance(self._head, bytes) else self._head()))
            self._head = None
        if body is not None and self._body is not None:
            edits.append((body, body, self._body if isinstance(self._body, bytes) else self._body()))
            self._body = None
        self.active = self._body is not None


class Context:
    """State shared by all tokenizers of one document.

    Args:
        handler: Decides on tags.
        prologue: Finds the places for injections.
        memory: The cache of passages; `None` for a new one.

    Attributes:
        names: Start tags that the handler always gets.
        asked: The handler's selection of tags, compiled.
        edits: Splices with offsets in the buffer.
        uncertain: Whether there is more than one tokenizer at present.
        gone: Number of bytes that were removed from the buffer's beginning.
    """

    def __init__(self, handler: Handler, prologue: Prologue, memory: Memory | None = None) -> None:
        self.handler = handler
        self.memory: Memory = memory or Memory()
        self.names: frozenset[bytes] = handler.names
        self.asked: Selection = compile_selection(handler.names, handler.rare, handler.addressed)
        self.memory.serve(self.names)
        self.prologue = prologue
        self.edits: list[Splice] = []
        self.uncertain = False
        self.gone = 0
        # Start of an SVG script (offset in the document, not in the buffer) → length when last decided on.
        self._judged: dict[int, int] = {}
        # Kind of raw text → range of the document that contains no end of it.
        self._barren: dict[bytes, tuple[int, int]] = {}

    def wants(self, name: bytes, raw: bytes) -> bool:
        """Say whether the handler gets a tag, by its name or by its attributes."""
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
            or (begun and (item.name + b"=" + item.value.lstrip(SPACE)).startswith(begun))
            for item in attributes(raw)
            if item.value is not None
        )

    def has_doubled(self, start: int, end: int) -> bool:
        """Say whether a script from ``start`` on is twice as long as when this was last true."""
        place = start + self.gone
        if end - start < 2 * self._judged.get(place, 0):
            return False
        # Scripts before the buffer are finished.
        self._judged = {at: length for at, length in self._judged.items() if at >= self.gone}
        self._judged[place] = end - start
        return True

    def search(
        self, kind: bytes, pattern: re.Pattern[bytes], buffer: Buffer, pos: int, overlap: int
    ) -> re.Match[bytes] | None:
        """Search for the end of raw text. Tokenizers share the range that was searched in vain.

        Args:
            kind: Key of the pattern.
            pattern: The pattern of the end.
            buffer: The bytes.
            pos: Offset to begin at.
            overlap: Bytes at the end of the buffer in which an incomplete match may begin.
        """
        first, last = self._barren.get(kind, (0, 0))
        if first <= pos + self.gone < last:
            pos = last - self.gone
        else:
            first = pos + self.gone
        found = pattern.search(buffer, pos)
        self._barren[kind] = first, (found.start() if found else len(buffer) - overlap) + self.gone
        return found

    def edit(self, start: int, splices: Iterable[Splice] | None) -> None:
        """Add splices whose offsets are relative to ``start``."""
        for first, last, new in splices or ():
            self.edits.append((start + first, start + last, new))
