"""The fast way through markup in which nothing around decides how tags are read.

The result is that of going on tag by tag (:mod:`consentkit.rewriter.tokenizer`); only the steps are larger.
"""

from __future__ import annotations

from typing import Final

from consentkit.rewriter.context import Context
from consentkit.rewriter.grammar import SCRIPT_PLAIN, Buffer
from consentkit.rewriter.handler import PLACES, Where
from consentkit.rewriter.memory import Run
from consentkit.rewriter.selection import RAW, RAW_TEXT, SCRIPT, SHOWN, Scan

Entered = tuple[bytes, int]
"""Name and place of the start tag behind which raw text goes on beyond the buffer."""

_IN_NOSCRIPT: Final = PLACES[Where.NOSCRIPT | Where.UNCERTAIN]
_PLAIN: Final = PLACES[0]


def pass_over(context: Context, scan: Scan, buffer: Buffer, pos: int) -> tuple[int, Entered | None]:
    """Go on from ``pos`` in the data state, and show the handler what it asked for.

    Args:
        context: What all readings share.
        scan: ``context.plain``, or ``context.head`` where the body's beginning is waited for.
        buffer: The bytes.
        pos: Where to begin.

    Returns:
        Where it ends: at the end of the buffer, or at what takes the exact grammar; and, if that is inside of
        raw text whose end the buffer does not hold or a script with a comment, which element it is.
    """
    handler, names, kinds = context.handler, context.names, context.kinds
    passages = context.memory.plain if scan is context.plain else context.memory.head
    run = Run(passages, buffer)
    while True:
        begin, splices = pos, None
        passage = passages.find(buffer, pos, joined=handler.steady)
        if passage is None:
            run.end()
            found = scan(buffer, pos)
            if found is None or not found.lastindex:
                return (found.end() if found else pos), None
            raw, tag = found.groups()
            name, kind = kinds.get(tag) or kinds[tag.lower()]
            start, pos = found.start(1), found.end()
            passages.note(buffer, begin, pos, (start, raw, name, kind))
        else:
            raw, name, kind = passage.raw, passage.name, passage.kind
            start, pos = begin + passage.start, begin + passage.length
        if kind == SHOWN:
            splices = handler.start_tag(raw, name, _PLAIN)
        elif kind == SCRIPT:
            end = SCRIPT_PLAIN.search(buffer, pos)
            if end is None or end[0] == b"<!--":
                run.end(passage, begin)
                return pos, (name, start)
            if name in names:
                splices = handler.script(raw, bytes(buffer[pos : end.start()]), True, _PLAIN)
            pos = end.start()
        elif kind == RAW:
            if context.shows(name, raw):
                splices = handler.start_tag(raw, name, _PLAIN)
            content, end = pos, RAW_TEXT[name].search(buffer, pos)
            pos = end.start() if end else -1
        else:
            pos = _noscript(context, buffer, pos) if name == b"noscript" and scan is context.plain else -1
            splices = ()
        if splices is None and passage is not None and pos >= 0:
            run.go_on(passage, begin)
            continue
        run.end(passage, begin)
        if splices:
            context.edit(start, splices)
        if pos < 0:
            return (content, (name, start)) if kind == RAW else (start, None)


def _noscript(context: Context, buffer: Buffer, pos: int) -> int:
    """Pass over the content of ``<noscript>`` where raw text and markup end at the same place.

    Returns:
        The place of its end tag; negative where it takes two readings.
    """
    end = RAW_TEXT[b"noscript"].search(buffer, pos)
    if end is None:
        return -1
    stop, shown = end.start(), []
    while (found := context.plain(buffer, pos, stop)) and found.lastindex:
        pos = found.end()
        name, kind = context.kinds.get(found[2]) or context.kinds[found[2].lower()]
        if kind == RAW and (end := RAW_TEXT[name].search(buffer, pos, stop)):
            pos = end.start()
        elif kind != SHOWN:
            return -1
        if context.shows(name, found[1]):
            shown.append((found.start(1), found[1], name))
    if found is None or found.end() != stop:
        return -1
    for start, raw, name in shown:
        context.edit(start, context.handler.start_tag(raw, name, _IN_NOSCRIPT) or ())
    return stop
