"""The `Handler` interface: what the rewriter calls for tags and scripts, and the edits it gets back."""

import enum
from collections.abc import Sequence
from typing import Final, Protocol

Splice = tuple[int, int, bytes]
"""``(start, end, new)``: replace the tag's bytes ``start:end``; an insertion where both are the same."""
Table = frozenset[tuple[bytes, frozenset[bytes]]]
"""Attributes, each with names of elements."""


class Where(enum.IntFlag):
    """The surroundings of a tag."""

    FOREIGN = 1
    """The element is one of SVG or MathML."""
    NOSCRIPT = 2
    """Inside ``<noscript>``: markup only for browsers without scripting."""
    UNCERTAIN = 4
    """There are other ways to read the bytes. Only insertions without a quote or ``>`` may be returned."""
    TEMPLATE = 8
    """Inside ``<template>``, which is no part of the document (WHATWG HTML 4.12.3)."""


PLACES: Final = tuple(Where(value) for value in range(16))
"""All surroundings, by their number: making one takes longer than reading a tag."""


class Handler(Protocol):
    """Receives the tags that it asks for, and returns edits."""

    @property
    def names(self) -> frozenset[bytes]:
        """Lower-case names of the start tags to be shown."""

    @property
    def rare(self) -> Table:
        """Attributes by which other start tags are shown if they have a value, each by the end of its name,
        of three characters or more.

        ``name=beginning`` stands for such an attribute whose value begins so, white space left out. For that
        an element is shown only while its tag is short: no safety may depend on it.
        """

    @property
    def addressed(self) -> Table:
        """Attributes by which start tags are shown if the value is a ``javascript:`` address."""

    @property
    def steady(self) -> bool:
        """Whether `None` is answered here to all tags and scripts that it was ever answered to.

        Asked only where handlers share a :class:`consentkit.rewriter.Memory`.
        """

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice] | None:
        """Decide on a start tag other than ``<script>``.

        Args:
            raw: The tag from ``<`` to ``>``, exactly as written.
            name: Its lower-case name.
            where: Its surroundings.

        Returns:
            Splices relative to the tag, in order; empty where it stays as it is. `None` where it does in
            every document and is of no account: it need not be shown again.
        """

    def reads(self, raw: bytes) -> bool:
        """Say whether a script's text is needed, so that it must be buffered.

        Args:
            raw: Its start tag, exactly as written.

        Returns:
            False if :meth:`script` answers the same whatever the text; it is then called with an empty one.
        """

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice] | None:
        """Decide on a ``<script>`` element, shown only if ``names`` holds ``script``.

        Args:
            raw: Its start tag, exactly as written.
            text: Its content, exactly as written (in SVG: with character references and CDATA marks).
            whole: Whether ``text`` is all of it; if not, a limit or the end of the document cut it.
            where: Its surroundings.

        Returns:
            Splices relative to the start tag, in order; empty or `None` as for :meth:`start_tag`.
        """
