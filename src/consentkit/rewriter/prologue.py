"""Where injections go: into the head, and before anything of the body.

Follows the insertion modes before, in and after head (WHATWG HTML 13.2.6.4.1 to 13.2.6.4.6) until both
places are found: behind ``<head>`` or before the first element of the head, and behind ``<body>`` or before
the first content of the body. What comes later, unclosed or not, cannot swallow what was put there.
"""

from __future__ import annotations

from collections.abc import Callable

from consentkit.rewriter.grammar import CLOSES_HEAD, HEAD_CONTENT, Buffer
from consentkit.rewriter.handler import Splice

Injection = bytes | Callable[[], bytes]

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Prologue:
    """Waits for the places of the head's and the body's injection.

    Attributes:
        active: Whether a place is still to be found.
    """

    __slots__ = ("_body", "_head", "_started", "_templates", "active")

    def __init__(self, head: Injection, body: Injection) -> None:
        self._head: Injection | None = head or None
        self._body: Injection | None = body or None
        self._templates = 0
        self._started = False
        self.active: bool = self._head is not None or self._body is not None

    @property
    def in_head(self) -> bool:
        """Whether nothing but the beginning of the body is waited for."""
        return self._head is None and self._body is not None and self._started and not self._templates

    def awaits_mark(self, buffer: Buffer, pos: int, final: bool) -> bool:
        """Say whether the document's first bytes may yet become a byte order mark."""
        if self._started or final:
            return False
        ahead = bytes(buffer[pos : pos + 3])
        return len(ahead) < 3 and _BYTE_ORDER_MARK.startswith(ahead)

    def is_mark(self, buffer: Buffer, pos: int) -> bool:
        """Say whether the text here is only a byte order mark and white space; it opens no element."""
        if self._started:
            return False
        self._started = True
        return buffer.startswith(_BYTE_ORDER_MARK, pos)

    def content(self, pos: int, edits: list[Splice]) -> None:
        """Take note that the body's content begins at ``pos``."""
        if not self._templates:
            self._inject_head(pos, edits)
            self._inject_body(pos, edits)

    def tag(self, name: bytes, closing: bool, start: int, end: int, edits: list[Splice]) -> None:
        """Take note of a whole tag at ``start:end``."""
        self._started = True
        if name == b"template":
            self._template(closing, start, edits)
        elif self._templates:
            return
        elif closing:
            if name in CLOSES_HEAD:
                self.content(start, edits)
        elif name == b"head":
            self._inject_head(end, edits)
        elif name in HEAD_CONTENT:
            self._inject_head(start, edits)
        elif name == b"body":
            self._inject_head(start, edits)
            self._inject_body(end, edits)
        elif name == b"frameset":
            self._inject_head(start, edits)
            self._body = None
            self.active = False
        elif name != b"html":
            self.content(start, edits)

    def finish(self, pos: int, edits: list[Splice], closer: bytes) -> None:
        """Inject at the end of the document what found no place before."""
        if self.active:
            closer += b"</template>" * self._templates
            edits.append((pos, pos, closer))
            self._templates = 0
            self.content(pos, edits)

    def _template(self, closing: bool, start: int, edits: list[Splice]) -> None:
        if not closing:
            self._inject_head(start, edits)
            self._templates += 1
        elif self._templates:
            self._templates -= 1

    def _inject_head(self, pos: int, edits: list[Splice]) -> None:
        if self._head is not None and not self._templates:
            edits.append((pos, pos, _render(self._head)))
            self._head = None
            self.active = self._body is not None

    def _inject_body(self, pos: int, edits: list[Splice]) -> None:
        if self._body is not None:
            edits.append((pos, pos, _render(self._body)))
        self._body = None
        self.active = False


def _render(injection: Injection) -> bytes:
    return injection if isinstance(injection, bytes) else injection()
