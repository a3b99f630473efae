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
            self._inject(edits, pos, pos)

    def tag(self, name: bytes, closing: bool, start: int, end: int, edits: list[Splice]) -> None:
        """Take note of a whole tag at ``start:end``."""
        self._started = True
        if name == b"template":
            self._template(closing, start, edits)
        elif self._templates:
            return
        elif closing:
            if name in CLOSES_HEAD:
                self._inject(edits, start, start)
        elif name == b"head":
            self._inject(edits, end)
        elif name in HEAD_CONTENT:
            self._inject(edits, start)
        elif name == b"body":
            self._inject(edits, start, end)
        elif name == b"frameset":
            self._body = None
            self._inject(edits, start)
        elif name != b"html":
            self._inject(edits, start, start)

    def finish(self, pos: int, edits: list[Splice], closer: bytes) -> None:
        """Inject at the end of the document what found no place before."""
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
        """Put the injections into their places, that of the body once it has begun."""
        if self._head is not None:
            edits.append((head, head, self._head if isinstance(self._head, bytes) else self._head()))
            self._head = None
        if body is not None and self._body is not None:
            edits.append((body, body, self._body if isinstance(self._body, bytes) else self._body()))
            self._body = None
        self.active = self._body is not None
