"""Handlers that look, and that count."""

from __future__ import annotations

from collections.abc import Sequence

from bench.corpus import Page
from consentkit.rewriter import Handler, Rewriter, Splice, Where
from consentkit.rewriter.context import scanners


def feed(handler: Handler, page: Page) -> None:
    """Rewrite a page."""
    rewriter = Rewriter(handler)
    for chunk in page:
        rewriter.feed(chunk)
    rewriter.close()


class Look:
    """Looks at what the gate looks at, and edits nothing."""

    def __init__(self, handler: Handler) -> None:
        self.names, self.rare, self.reads = handler.names, handler.rare, handler.reads

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return ()

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        return ()


class Count(Look):
    """Asks the gate and counts what it edits."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        self._handler = handler
        self.edited = 0

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        splices = self._handler.start_tag(raw, name, where)
        self.edited += bool(splices)
        return splices

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        splices = self._handler.script(raw, text, whole, where)
        self.edited += bool(splices)
        return splices


class Unseen:
    """Asks the gate, and shares what the rewriter remembers of pages with no other handler."""

    def __init__(self, handler: Handler) -> None:
        # An element that no page has makes it a handler of its own to the rewriter.
        self.names = handler.names | {b"x-unseen"}
        self.rare, self.reads = handler.rare, handler.reads
        self.start_tag, self.script = handler.start_tag, handler.script

    def forget(self) -> None:
        """Make every page one that was not seen before."""
        for scanner in scanners(self):
            scanner.passages.clear()
