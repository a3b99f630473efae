"""The rewriter: applies the handler's edits to a document, bytes in, bytes out."""

from operator import attrgetter, itemgetter
from typing import Final

from consentkit.exceptions import RewriteError
from consentkit.rewriter.context import Context, Injection, Prologue
from consentkit.rewriter.foreign import TooDeep
from consentkit.rewriter.grammar import Buffer
from consentkit.rewriter.handler import Handler
from consentkit.rewriter.memory import Memory
from consentkit.rewriter.tokenizer import OVERSIZED, State, Tokenizer

MAX_READINGS: Final = 8
"""Maximum tokenizers of a page; beyond it the rest is sent as text."""
SMALL: Final = 4096
"""Bytes kept back that are copied with every chunk; more are kept in a buffer that grows in place."""


class Rewriter:
    """Rewrite one HTML document as it streams by.

    Every byte outside the handler's splices and the two injections comes out unchanged, with any chunking. At
    most one incomplete tag or one undecided script is kept back. If browsers may parse the bytes in several
    ways, all of them are followed and the edits of each are made. Beyond a named limit the rest of the page
    is turned into text, so that nothing is sent unexamined.

    Args:
        handler: Decides on tags.
        head: Inserted directly after ``<head>``, or before the first element that belongs there.
        body: Inserted directly after ``<body>``, or before the first content of the body. Both may be
            callables, which are called when the place is found.
        memory: The cache; shared by handlers with the same answers.

    Attributes:
        sealed: Whether a limit was exceeded and the rest of the page is turned into text.
    """

    def __init__(
        self, handler: Handler, *, head: Injection = b"", body: Injection = b"", memory: Memory | None = None
    ) -> None:
        self._context = Context(handler, Prologue(head, body), memory)
        self._tokenizers = [Tokenizer(self._context)]
        self._buffer: Buffer = b""
        self._forked = False
        self.sealed: bool = False
        self._closed = False

    def feed(self, data: bytes) -> bytes:
        """Process the next bytes of the document.

        Args:
            data: Any number of bytes, cut anywhere.

        Returns:
            The output that is final so far.

        Raises:
            RewriteError: After :meth:`close`.
        """
        if self._closed:
            raise RewriteError("fed after close")
        if self.sealed:
            return _as_text(data)
        if len(self._buffer) > SMALL and isinstance(self._buffer, bytes):
            self._buffer = bytearray(self._buffer)
        self._buffer += data
        self._advance(False)
        return self._flush()

    def close(self) -> bytes:
        """End the document and return what was kept back."""
        if self._closed:
            raise RewriteError("closed twice")
        self._closed = True
        if self.sealed:
            return b""
        self._advance(True)
        if self._context.prologue.active and not self.sealed:
            self._finish()
        return self._flush()

    def _advance(self, final: bool) -> None:
        """Advance the tokenizer that is furthest behind until all need more bytes."""
        waiting: set[Tokenizer] = set()
        try:
            while not waiting.issuperset(self._tokenizers):
                alone, one = len(self._tokenizers) == 1, self._tokenizers[0]
                if not alone:
                    one = min((one for one in self._tokenizers if one not in waiting), key=attrgetter("pos"))
                while (moved := one.step(self._buffer, final, self._tokenizers)) and alone and not one.twins:
                    pass
                if alone and not one.twins:
                    return
                if not moved:
                    waiting.add(one)
                self._settle(one)
        except TooDeep:
            self.sealed = True

    def _settle(self, parent: Tokenizer) -> None:
        """Add the twins of a tokenizer, and merge tokenizers in the same state."""
        if parent.twins:
            self._tokenizers += parent.twins
            parent.twins = []
            self._forked = True
        if len({one.place() for one in self._tokenizers}) < len(self._tokenizers):
            ordered = sorted(self._tokenizers, key=attrgetter("html_only"), reverse=True)
            self._tokenizers = list({one.key(): one for one in ordered}.values())
        self._context.uncertain = len(self._tokenizers) > 1
        if len(self._tokenizers) > MAX_READINGS:
            raise TooDeep

    def _finish(self) -> None:
        """At the end of the document, close open content, so that it does not swallow the injections."""
        end = len(self._buffer)
        tags = [one.start for one in self._tokenizers if one.state is State.TAG and one.name != OVERSIZED]
        if tags:
            # Browsers drop an incomplete tag at the end of the document (13.2.5.8: eof-in-tag). The injection
            # must not complete it.
            start = min(tags)
            self._context.edits = [edit for edit in self._context.edits if edit[1] <= start]
            self._context.edits.append((start, end, b""))
        self._context.prologue.finish(end, self._context.edits, _closer(self._tokenizers[-1]))

    def _flush(self) -> bytes:
        """Return the bytes that are decided and remove them from the buffer; at the end, all of them."""
        boundary = len(self._buffer)
        if self.sealed or not self._closed:
            boundary = min(map(Tokenizer.held, self._tokenizers))
        out, boundary = self._apply(boundary)
        if isinstance(self._buffer, bytearray) and boundary < len(self._buffer):
            del self._buffer[:boundary]
        else:
            self._buffer = bytes(self._buffer[boundary:])
        self._context.gone += boundary
        for one in self._tokenizers:
            one.shift(boundary)
        if self.sealed:
            out += _as_text(bytes(self._buffer))
            self._buffer = b""
        return out

    def _apply(self, boundary: int) -> tuple[bytes, int]:
        """Apply the edits up to ``boundary``, or up to the first edit across it; also return that offset."""
        edits = self._context.edits
        # If nothing can be sent, the edits are left as they are, so that the work stays linear.
        if not edits or (self._buffer and not boundary and not self.sealed):
            return bytes(self._buffer[:boundary]), boundary
        # Several tokenizers may have made the same edit.
        ordered = sorted(dict.fromkeys(edits) if self._forked else edits, key=itemgetter(0, 1))
        self._forked = len(self._tokenizers) > 1
        parts: list[bytes] = []
        at = done = 0
        for start, end, new in ordered:
            if end > boundary:
                boundary = min(boundary, start)
                break
            parts += (bytes(self._buffer[at:start]), new)
            at, done = end, done + 1
        self._context.edits = []
        self._context.edit(-boundary, ordered[done:])
        return b"".join((*parts, bytes(self._buffer[at:boundary]))), boundary


def _closer(one: Tokenizer) -> bytes:
    """Return the bytes that close a comment, raw text or oversized tag at the end of the document."""
    if one.state is State.COMMENT:
        return b"-->"
    if one.state is State.BOGUS or one.name == OVERSIZED:
        return b"'\">" if one.state is State.TAG else b">"
    if one.state in (State.RAW, State.SCRIPT):
        return b"--></script>" if one.name == b"script" else b"</" + one.name + b">"
    return b""


def _as_text(data: bytes) -> bytes:
    return data.replace(b"<", b"&lt;")
