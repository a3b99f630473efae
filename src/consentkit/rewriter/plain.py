"""The fast way through markup in which nothing around decides how tags are read.

The result is that of going on tag by tag (:mod:`consentkit.rewriter.reading`); only the steps are larger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consentkit.rewriter.context import PLACES, RAW, RAW_TEXT, SCRIPT, SHOWN, Context, Scanner
from consentkit.rewriter.grammar import SCRIPT_PLAIN, Buffer
from consentkit.rewriter.handler import Splice, Where
from consentkit.rewriter.passages import AHEAD, BEFORE, Passage

Entered = tuple[bytes, int]
"""Name and place of the start tag behind which raw text goes on beyond the buffer."""

_IN_NOSCRIPT: Final = PLACES[Where.NOSCRIPT | Where.UNCERTAIN]


def pass_over(context: Context, scanner: Scanner, buffer: Buffer, pos: int) -> tuple[int, Entered | None]:
    """Go on from ``pos`` in the data state, and show the handler what it asked for.

    Args:
        context: What all readings share.
        scanner: ``context.plain``, or ``context.head`` where the body's beginning is waited for.
        buffer: The bytes.
        pos: Where to begin.

    Returns:
        Where it ends: at the end of the buffer, or at what takes the exact grammar; and, if that is inside of
        raw text whose end the buffer does not hold or a script with a comment, which element it is.
    """
    handler, names, known = context.handler, context.names, scanner.passages.get
    while True:
        key = bytes(buffer[pos - BEFORE if pos > BEFORE else 0 : pos + AHEAD])
        passage = known(key)
        if passage is None or not buffer.startswith(passage.text, pos):
            end_or_passage = _read(context, scanner, buffer, pos, key)
            if isinstance(end_or_passage, int):
                return end_or_passage, None
            passage = end_or_passage
        _, offset, length, raw, name, kind = passage
        start = pos + offset
        pos += length
        if kind == SHOWN:
            if splices := handler.start_tag(raw, name, PLACES[0]):
                _edit(context, start, splices)
        elif kind == SCRIPT:
            end = SCRIPT_PLAIN.search(buffer, pos)
            if end is None or end[0] == b"<!--":
                return pos, (name, start)
            if name in names and (
                splices := handler.script(raw, bytes(buffer[pos : end.start()]), True, PLACES[0])
            ):
                _edit(context, start, splices)
            pos = end.start()
        elif kind == RAW:
            if context.shows(name, raw) and (splices := handler.start_tag(raw, name, PLACES[0])):
                _edit(context, start, splices)
            end = RAW_TEXT[name].search(buffer, pos)
            if end is None:
                return pos, (name, start)
            pos = end.start()
        elif name != b"noscript" or scanner is context.head or (pos := _noscript(context, buffer, pos)) < 0:
            return start, None


def _read(context: Context, scanner: Scanner, buffer: Buffer, pos: int, key: bytes) -> Passage | int:
    """Read a passage that is not known, or as far as there is none."""
    found = scanner.scan(buffer, pos)
    if found is None or not found.lastindex:
        return found.end() if found else pos
    raw, tag = found.groups()
    name, kind = context.kinds.get(tag) or context.kinds[tag.lower()]
    end = found.end()
    passage = Passage(bytes(buffer[pos:end]), found.start(1) - pos, end - pos, raw, name, kind)
    scanner.passages.remember(key, passage)
    return passage


def _edit(context: Context, start: int, splices: Sequence[Splice]) -> None:
    context.edits += [(start + first, start + last, new) for first, last, new in splices]


def _noscript(context: Context, buffer: Buffer, pos: int) -> int:
    """Pass over the content of ``<noscript>`` where raw text and markup end at the same place.

    Returns:
        The place of its end tag; negative where it takes two readings.
    """
    end = RAW_TEXT[b"noscript"].search(buffer, pos)
    if end is None:
        return -1
    shown = []
    stop = end.start()
    while (found := context.plain.scan(buffer, pos, stop)) and found.lastindex:
        pos = found.end()
        name, kind = context.kinds.get(found[2]) or context.kinds[found[2].lower()]
        if kind == RAW:
            raw_end = RAW_TEXT[name].search(buffer, pos, stop)
            pos = raw_end.start() if raw_end else -1
        if kind not in (SHOWN, RAW) or pos < 0:
            return -1
        if context.shows(name, found[1]):
            shown.append((found.start(1), found[1], name))
    if found is None or found.end() != stop:
        return -1
    for start, raw, name in shown:
        _edit(context, start, context.handler.start_tag(raw, name, _IN_NOSCRIPT))
    return stop
