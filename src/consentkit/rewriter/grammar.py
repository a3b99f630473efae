"""Where HTML's tokens begin and end, as regular expressions over bytes.

Everything follows the tokenizer of the WHATWG HTML standard (section 13.2.5). Quantifiers are possessive, so
that no expression ever backtracks: each byte is looked at a bounded number of times. All expressions are for
ASCII-compatible encodings, in which no byte of a multi-byte character equals one of ``< > " ' = /``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

Buffer = bytes | bytearray

# Carriage returns count as white space: input preprocessing turns them into line feeds (13.2.3.5).
SPACE = rb"\t\n\f\r "
SPACES: Final = b"\t\n\f\r "
END_OF_NAME = rb"(?=[" + SPACE + rb"/>])"

# 13.2.5.33-39. An attribute name may begin with "="; a name followed by "=" must have a value, which the
# look-ahead enforces: without it an unclosed quote would be read as the end of the attribute.
_NAME = rb"[^" + SPACE + rb"/>][^" + SPACE + rb"/>=]*+"
_EQUALS = rb"[" + SPACE + rb"]*+="
_VALUE = rb"%b[%b]*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'>])[^%b>]++|(?=>))" % (_EQUALS, SPACE, SPACE)
# All but a few; the rest of the grammar is slower.
_USUAL = rb"[" + SPACE + rb"]++" + _NAME + rb"=\"[^\"]*+\""
ATTRIBUTES = rb"(?:%b|[%b/]*+%b(?:%b|(?!%b)))*+" % (_USUAL, SPACE, _NAME, _VALUE, _EQUALS)
TAIL = rb"([" + SPACE + rb"/]*+)>"
REST = ATTRIBUTES + rb"[" + SPACE + rb"/]*+>"

TAG = re.compile(rb"<(/?)([a-zA-Z][^" + SPACE + rb"/>]*+)" + ATTRIBUTES + TAIL)
"""A whole tag. Groups: slash of an end tag, name, what precedes the closing ``>``."""

_VALUE_GROUPS = rb"(?:\"([^\"]*+)\"|'([^']*+)'|((?![\"'>])[^" + SPACE + rb">]++)|()(?=>))"
ATTRIBUTE = re.compile(rb"[%b/]*+(%b)(?:%b[%b]*+%b)?+" % (SPACE, _NAME, _EQUALS, SPACE, _VALUE_GROUPS))
"""One attribute of a whole tag. Groups: name; the value in double quotes, single quotes, none, or missing."""

COMMENT = rb"<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+--!?>|<!---?>"
BOGUS_COMMENT = rb"<!(?!--)[^>]*+>|<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|</>"


def any_case(names: Iterable[bytes]) -> bytes:
    """Compile names to a case-insensitive prefix tree, which the regex engine rejects at the first letter."""
    branches: dict[bytes, set[bytes]] = {}
    for name in names:
        branches.setdefault(name[:1], set()).add(name[1:])
    parts = []
    for head, tails in sorted(branches.items()):
        if not head:
            parts.append(b"")
            continue
        letter = b"[" + head.lower() + head.upper() + b"]" if head.isalpha() else re.escape(head)
        if len(tails) == 1:
            tail = re.escape(next(iter(tails)))  # the shortest code
            parts.append(letter + (rb"(?i:" + tail + rb")" if tail else b""))
        else:
            parts.append(letter + any_case(tails))
    return parts[0] if len(parts) == 1 else b"(?:" + b"|".join(reversed(parts)) + b")"


def any_of(names: Iterable[bytes]) -> bytes:
    """Match one of these names, in any case and whole."""
    return rb"(?i:" + b"|".join(sorted(names)) + rb")" + END_OF_NAME


HEAD_CONTENT: Final = frozenset(
    b"base basefont bgsound link meta noframes noscript script style template title".split()
)
CLOSES_HEAD: Final = (b"body", b"br", b"html")
"""Start tags that leave the head open, and end tags that do not (13.2.6.4.4)."""

PROLOGUE = re.compile(rb"(?:[" + SPACE + rb"]++|" + COMMENT + rb"|" + BOGUS_COMMENT + rb")*+")
"""What may stand before the first element without opening one (13.2.6.4.1 to 13.2.6.4.6)."""

COMMENT_END = re.compile(rb"--!?>")
TAG_START = re.compile(rb"</?[a-zA-Z]")
TAG_NAME = re.compile(rb"<(/?[a-zA-Z][^" + SPACE + rb"/>]*+)")


def raw_text_end(name: bytes) -> re.Pattern[bytes]:
    """Compile the search for the appropriate end tag of a raw text or RCDATA element (13.2.5.2, 13.2.5.3)."""
    return re.compile(rb"</" + any_case([name]) + END_OF_NAME)


# Script data (13.2.5.4, 13.2.5.15 to 13.2.5.31), by how deep it is escaped: what ends or changes the level.
_SCRIPT = any_case([b"script"]) + END_OF_NAME
SCRIPT_PLAIN = re.compile(rb"<!--|</" + _SCRIPT)
SCRIPT_ESCAPED = re.compile(rb"-->|</?+" + _SCRIPT)
SCRIPT_DOUBLE = re.compile(rb"-->|</" + _SCRIPT)
LONGEST_MARK = len(b"</script") + 1
"""No mark in script data, look-ahead included, is longer than this."""

# The states inside a tag (13.2.5.8 and 13.2.5.32 to 13.2.5.40): (what a run of the state consumes, the state
# that the byte after the run leads to, the state for all other bytes).
NAME, BEFORE, ATTRIBUTE_NAME, AFTER, VALUE, DOUBLE, SINGLE, UNQUOTED, SLASH = range(9)
CLOSED, SELF_CLOSED = -1, -2
"""Where the tag has ended, in the latter case by ``/>``."""
_spaces = dict.fromkeys(b"\t\n\f\r ", BEFORE)
_after = dict.fromkeys(b"\t\n\f\r ", AFTER)
_slash, _equals, _close = ord("/"), ord("="), ord(">")
_RUNS: tuple[tuple[re.Pattern[bytes], dict[int, int], int], ...] = (
    (re.compile(rb"[^" + SPACE + rb"/>]*+"), {**_spaces, _slash: SLASH, _close: CLOSED}, NAME),
    (re.compile(rb"[" + SPACE + rb"]*+"), {_slash: SLASH, _close: CLOSED}, ATTRIBUTE_NAME),
    (
        re.compile(rb"[^" + SPACE + rb"/>=]*+"),
        {**_after, _slash: SLASH, _equals: VALUE, _close: CLOSED},
        ATTRIBUTE_NAME,
    ),
    (re.compile(rb"[" + SPACE + rb"]*+"), {_slash: SLASH, _equals: VALUE, _close: CLOSED}, ATTRIBUTE_NAME),
    (re.compile(rb"[" + SPACE + rb"]*+"), {ord('"'): DOUBLE, ord("'"): SINGLE, _close: CLOSED}, UNQUOTED),
    (re.compile(rb'[^"]*+'), {ord('"'): BEFORE}, DOUBLE),
    (re.compile(rb"[^']*+"), {ord("'"): BEFORE}, SINGLE),
    (re.compile(rb"[^" + SPACE + rb">]*+"), {**_spaces, _close: CLOSED}, UNQUOTED),
    (re.compile(rb"/*+"), {**_spaces, _close: SELF_CLOSED}, ATTRIBUTE_NAME),
)


def scan_tag(buffer: Buffer, at: int, state: int) -> tuple[int, int]:
    """Go on inside a tag from where the last chunk ended.

    Args:
        buffer: The bytes.
        at: Where to go on.
        state: The state at that place, one of this module's tag states.

    Returns:
        Where the scan stopped and its state; one of the negative ones once the ``>`` of the tag is behind it.
    """
    length = len(buffer)
    while state >= 0:
        run, turns, other = _RUNS[state]
        found = run.match(buffer, at)
        at = found.end() if found else at
        if at == length:
            return at, state
        state = turns.get(buffer[at], other)
        at += 1
    return at, state
