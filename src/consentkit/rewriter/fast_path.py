"""The fast path through plain markup, where no open element affects the parsing of tags.

The result is the same as tag by tag (:mod:`consentkit.rewriter.tokenizer`), in larger steps.
"""

from collections.abc import Sequence
from typing import Final

from consentkit.rewriter.context import Context
from consentkit.rewriter.grammar import RAW_TEXT, SCRIPT_PLAIN, Buffer
from consentkit.rewriter.handler import PLACES, Splice, Where
from consentkit.rewriter.memory import Run
from consentkit.rewriter.selection import MODE, RAW, SHOWN, Scan

_IN_NOSCRIPT: Final = PLACES[Where.NOSCRIPT | Where.UNCERTAIN]
_PLAIN: Final = PLACES[0]

Entered = tuple[bytes, int]
"""Name and offset of the start tag whose raw text or script does not end in the buffer."""


def fast_forward(context: Context, scan: Scan, buffer: Buffer, pos: int) -> tuple[int, Entered | None]:
    """Continue from ``pos`` in the data state, and pass selected tags to the handler.

    ``scan`` is ``context.asked.plain``, or ``context.asked.head`` until the body begins.

    Returns:
        The offset where it stops: the end of the buffer, or something that needs the exact grammar; and a
        start tag, if that is raw text without an end in the buffer, or a script with a comment.
    """
    handler, asked = context.handler, context.asked
    passages = context.memory.plain if scan is asked.plain else context.memory.head
    run: Run = []
    while True:
        passage = passages.find(buffer, pos, joined=handler.steady)
        if passage is None:
            if len(run) > 1:
                passages.join(buffer, run)
            run = []
            found = scan(buffer, pos)
            if found is None or not found.lastindex:
                return (found.end() if found else pos), None
            raw, tag = found.groups()
            name, kind = asked.kinds.get(tag) or asked.kinds[tag.lower()]
            start, behind = found.start(1), found.end()
            passages.note(buffer, pos, behind, (start, raw, name, kind))
        else:
            raw, name, kind = passage.raw, passage.name, passage.kind
            start, behind = pos + passage.start, pos + passage.length
            run.append((pos, passage))
        if kind == SHOWN:
            splices, pos = handler.start_tag(raw, name, _PLAIN), behind
        else:
            splices, pos = _element(context, scan, buffer, behind, kind, raw, name)
        if splices is not None or pos < 0:
            if len(run) > 1:
                passages.join(buffer, run)
            run = []
            if splices:
                context.edit(start, splices)
            if pos < 0:
                return (start, None) if kind == MODE else (behind, (name, start))


def _element(
    context: Context, scan: Scan, buffer: Buffer, pos: int, kind: int, raw: bytes, name: bytes
) -> tuple[Sequence[Splice] | None, int]:
    """Process a script, an element with raw text, or one that may need the exact grammar.

    Returns:
        The handler's answer, and the offset of the end tag; negative if the exact grammar is needed.
    """
    if kind == MODE:
        passed = name == b"noscript" and scan is context.asked.plain
        return (), _noscript(context, buffer, pos) if passed else -1
    splices: Sequence[Splice] | None = None
    if kind == RAW:
        end = RAW_TEXT[name].search(buffer, pos)
        if context.wants(name, raw):
            splices = context.handler.start_tag(raw, name, _PLAIN)
        return splices, end.start() if end else -1
    end = SCRIPT_PLAIN.search(buffer, pos)
    if end is None or end[0] == b"<!--":
        return None, -1
    if name in context.names:
        splices = context.handler.script(raw, bytes(buffer[pos : end.start()]), True, _PLAIN)
    return splices, end.start()


def _noscript(context: Context, buffer: Buffer, pos: int) -> int:
    """Process the content of ``<noscript>`` if it ends at the same place as raw text and as markup.

    Returns:
        The offset of its end tag; negative if two tokenizers are needed.
    """
    end = RAW_TEXT[b"noscript"].search(buffer, pos)
    if end is None:
        return -1
    stop, shown = end.start(), []
    while (found := context.asked.plain(buffer, pos, stop)) and found.lastindex:
        pos = found.end()
        name, kind = context.asked.kinds.get(found[2]) or context.asked.kinds[found[2].lower()]
        if kind == RAW and (end := RAW_TEXT[name].search(buffer, pos, stop)):
            pos = end.start()
        elif kind != SHOWN:
            return -1
        if context.wants(name, found[1]):
            shown.append((found.start(1), found[1], name))
    if found is None or found.end() != stop:
        return -1
    for start, raw, name in shown:
        context.edit(start, context.handler.start_tag(raw, name, _IN_NOSCRIPT))
    return stop
