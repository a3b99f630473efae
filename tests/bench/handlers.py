"""Handlers that look, and that count."""

from __future__ import annotations

from collections.abc import Sequence

from bench.corpus import Page
from consentkit.rewriter import Handler, Memory, Rewriter, Splice, Where


def feed(handler: Handler, page: Page, memory: Memory | None = None) -> None:
    """Rewrite a page; without a memory it is one that was not seen before."""
    rewriter = Rewriter(handler, memory=memory)
    for chunk in page:
        rewriter.feed(chunk)
    rewriter.close()


class Look:
    """Looks at what the gate looks at, and edits nothing."""

    def __init__(self, handler: Handler) -> None:
        self.names, self.rare, self.addressed = handler.names, handler.rare, handler.addressed
        self.reads, self.steady = handler.reads, True

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        return ()

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        return ()


class Count(Look):
    """Asks the gate and counts what it edits."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(handler)
        self._handler = handler
        self.edited = 0

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        splices = self._handler.start_tag(raw, name, where)
        self.edited += bool(splices)
        return splices

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        splices = self._handler.script(raw, text, whole, where)
        self.edited += bool(splices)
        return splices
