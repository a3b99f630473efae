"""The `Handler` interface: what the rewriter calls for tags and scripts, and the edits it gets back."""

import enum
from collections.abc import Sequence
from typing import Final, Protocol

Splice = tuple[int, int, bytes]
"""``(start, end, new)``: replace the tag's bytes ``start:end``; an insertion if both are the same."""
Table = frozenset[tuple[bytes, frozenset[bytes]]]
"""Attributes, each with names of elements."""


class Where(enum.IntFlag):
    """The context of a tag."""

    FOREIGN = 1
    """The element is one of SVG or MathML."""
    NOSCRIPT = 2
    """Inside ``<noscript>``: markup only for browsers without scripting."""
    UNCERTAIN = 4
    """Browsers may parse the bytes differently. Only insertions without a quote or ``>`` may be returned."""
    TEMPLATE = 8
    """Inside ``<template>``, which is not rendered (WHATWG HTML 4.12.3)."""


PLACES: Final = tuple(Where(value) for value in range(16))
"""All contexts by their number: creating one takes longer than parsing a tag."""


class Handler(Protocol):
    """Receives the tags that it selects, and returns edits."""

    @property
    def names(self) -> frozenset[bytes]:
        """Lower-case names of the start tags that it always receives."""

    @property
    def rare(self) -> Table:
        """Ends of attribute names (three or more characters): other elements are received if such an
        attribute has a value.

        ``name=beginning`` is an attribute whose value has that beginning, without leading white space. It is
        compared only in short tags, so security must not depend on it.
        """

    @property
    def addressed(self) -> Table:
        """Attributes: elements are received if its value is a ``javascript:`` URL."""

    @property
    def steady(self) -> bool:
        """Whether an earlier answer `None` to the same tag or script still applies in this document.

        Used only if handlers share a :class:`consentkit.rewriter.Memory`.
        """

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        """Decide on a start tag other than ``<script>``.

        Args:
            raw: The tag from ``<`` to ``>``, exactly as written.
            name: Its lower-case name.
            where: Its context.

        Returns:
            Splices relative to the tag, in order; empty if it is not changed. `None` if it is not changed in
            any document and need not be received again.
        """

    def reads(self, raw: bytes) -> bool:
        """Say whether a script's text is needed, so that it must be buffered.

        Args:
            raw: Its start tag, exactly as written.

        Returns:
            False if the answer of :meth:`script` does not depend on the text; it is then called without it.
        """

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        """Decide on a ``<script>`` element; called only if ``names`` contains ``script``.

        Args:
            raw: Its start tag, exactly as written.
            text: Its content, exactly as written (in SVG: with character references and CDATA marks).
            whole: Whether ``text`` is complete; if not, a limit or the end of the document cut it.
            where: Its context.

        Returns:
            Splices relative to the start tag, in order; empty or `None` as for :meth:`start_tag`.
        """
