"""Regular expressions over bytes for the beginnings and ends of HTML's tokens.

They follow the tokenizer of the WHATWG HTML standard (section 13.2.5), for ASCII-compatible encodings, in
which no byte of a multi-byte character equals one of ``< > " ' = /``.

Quantifiers are possessive (``*+``), so no expression backtracks: each byte is read a bounded number of times,
and a match that fails at the end of the buffer takes linear time.
"""

import re
from collections.abc import Iterable
from typing import Final

Buffer = bytes | bytearray

SPACE: Final = b"\t\n\f\r "
"""White space. Carriage returns count: input preprocessing turns them into line feeds (13.2.3.5)."""
END_OF_NAME: Final = rb"(?=[%b/>])" % SPACE
"""Look-ahead after a tag's name, so that an incomplete name is not taken for a shorter one."""

# 13.2.5.33-39. An attribute name may begin with "="; a name followed by "=" must have a value, which the
# look-ahead enforces: without it an unclosed quote would be read as the end of the attribute.
_NAME = rb"[^%b/>][^%b/>=]*+" % (SPACE, SPACE)
_EQUALS = rb"[%b]*+=" % SPACE
_VALUE = rb"%b[%b]*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'>])[^%b>]++|(?=>))" % (_EQUALS, SPACE, SPACE)
# The usual attribute, tried first since it is matched faster.
_USUAL = rb"[%b]++%b=\"[^\"]*+\"" % (SPACE, _NAME)
ATTRIBUTES: Final = rb"(?:%b|[%b/]*+%b(?:%b|(?!%b)))*+" % (_USUAL, SPACE, _NAME, _VALUE, _EQUALS)
"""All attributes of a tag, after its name."""
TAIL: Final = rb"([%b/]*+)>" % SPACE
"""The rest of a tag after its attributes. Group: the bytes before ``>``."""
REST: Final = rb"%b[%b/]*+>" % (ATTRIBUTES, SPACE)
"""A tag after its name, without groups."""

TAG = re.compile(rb"<(/?)([a-zA-Z][^%b/>]*+)%b%b" % (SPACE, ATTRIBUTES, TAIL))
"""A whole tag. Groups: slash of an end tag, name, the bytes before ``>``."""
TAG_START = re.compile(rb"</?[a-zA-Z]")
TAG_NAME = re.compile(rb"<(/?[a-zA-Z][^%b/>]*+)" % SPACE)

_VALUE_GROUPS = rb"(?:\"([^\"]*+)\"|'([^']*+)'|((?![\"'>])[^%b>]++)|()(?=>))" % SPACE
ATTRIBUTE = re.compile(rb"[%b/]*+(%b)(?:%b[%b]*+%b)?+" % (SPACE, _NAME, _EQUALS, SPACE, _VALUE_GROUPS))
"""One attribute of a whole tag. Groups: name; the value in double quotes, single quotes, none, or missing."""

# 13.2.5.43 to 13.2.5.52: "--!>" ends a comment as "-->" does, and "<!-->" and "<!--->" are comments.
COMMENT: Final = rb"<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+--!?>|<!---?>"
COMMENT_END = re.compile(rb"--!?>")
BOGUS_COMMENT: Final = rb"<!(?!--)[^>]*+>|<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|</>"
"""Bogus comments (13.2.5.41) and DOCTYPEs (13.2.5.53): both end at the first ``>``."""


def any_case(names: Iterable[bytes]) -> bytes:
    """Write names as a case-insensitive prefix tree, which usually fails at the first letter."""
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
    """Write one of these names, in any case and whole."""
    return rb"(?i:" + b"|".join(sorted(names)) + rb")" + END_OF_NAME


HEAD_CONTENT: Final = frozenset(
    b"base basefont bgsound link meta noframes noscript script style template title".split()
)
CLOSES_HEAD: Final = (b"body", b"br", b"html")
"""Start tags that leave the head open, and end tags that do not (13.2.6.4.4)."""

PROLOGUE = re.compile(rb"(?:[%b]++|%b|%b)*+" % (SPACE, COMMENT, BOGUS_COMMENT))
"""White space and comments before the first element (13.2.6.4.1 to 13.2.6.4.6)."""

RAW_TEXT: Final = {
    name: re.compile(rb"</" + any_case([name]) + END_OF_NAME)
    for name in (b"title", b"textarea", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript")
}
"""Elements whose content is RCDATA or RAWTEXT (13.2.5.2, 13.2.5.3), with the pattern of their end tag."""

_SCRIPT = any_case([b"script"]) + END_OF_NAME
SCRIPT_PLAIN = re.compile(rb"<!--|</" + _SCRIPT)
SCRIPT_LEVELS = (
    (b"script", SCRIPT_PLAIN),
    (b"script escaped", re.compile(rb"-->|</?+" + _SCRIPT)),
    (b"script double escaped", re.compile(rb"-->|</" + _SCRIPT)),
)
"""Patterns of the marks that end script data or change its level: none (13.2.5.4), escaped (13.2.5.20),
double escaped (13.2.5.27). Each with its key for `Context.search`."""
LONGEST_MARK: Final = len(b"</script") + 1
"""Length of the longest mark in script data, look-ahead included."""

NAME, BEFORE, ATTRIBUTE_NAME, AFTER, VALUE, DOUBLE, SINGLE, UNQUOTED, SLASH = range(9)
"""The states inside a tag, in the order of `TAG_STATES`."""
CLOSED, SELF_CLOSED = -1, -2
"""The tag has ended; in the second case by ``/>``."""
TAG_STATES: tuple[tuple[re.Pattern[bytes], dict[int, int], int], ...] = tuple(
    (re.compile(run), {code: state for codes, state in turns.items() for code in codes}, other)
    for run, turns, other in (
        # 13.2.5.8 tag name
        (rb"[^%b/>]*+" % SPACE, {SPACE: BEFORE, b"/": SLASH, b">": CLOSED}, NAME),
        # 13.2.5.32 before attribute name, 13.2.5.39 after quoted value: a name may follow directly
        (rb"[%b]*+" % SPACE, {b"/": SLASH, b">": CLOSED}, ATTRIBUTE_NAME),
        # 13.2.5.33 attribute name
        (rb"[^%b/>=]*+" % SPACE, {SPACE: AFTER, b"/": SLASH, b"=": VALUE, b">": CLOSED}, ATTRIBUTE_NAME),
        # 13.2.5.34 after attribute name
        (rb"[%b]*+" % SPACE, {b"/": SLASH, b"=": VALUE, b">": CLOSED}, ATTRIBUTE_NAME),
        # 13.2.5.35 before attribute value
        (rb"[%b]*+" % SPACE, {b'"': DOUBLE, b"'": SINGLE, b">": CLOSED}, UNQUOTED),
        # 13.2.5.36 double-quoted, 13.2.5.37 single-quoted, 13.2.5.38 unquoted attribute value
        (rb"[^\"]*+", {b'"': BEFORE}, DOUBLE),
        (rb"[^']*+", {b"'": BEFORE}, SINGLE),
        (rb"[^%b>]*+" % SPACE, {SPACE: BEFORE, b">": CLOSED}, UNQUOTED),
        # 13.2.5.40 self-closing start tag; slashes elsewhere are ignored
        (rb"/*+", {SPACE: BEFORE, b">": SELF_CLOSED}, ATTRIBUTE_NAME),
    )
)
"""For each state: the pattern that it consumes, next states by the byte after that, and the default one."""


def scan_tag(buffer: Buffer, at: int, state: int) -> tuple[int, int]:
    """Continue scanning a tag from the end of the last chunk.

    Args:
        buffer: The bytes.
        at: Offset to continue at.
        state: The state there, one of this module's tag states.

    Returns:
        The offset where it stopped, and the state: `CLOSED` or `SELF_CLOSED` after the tag's ``>``.
    """
    while state >= 0:
        run, turns, other = TAG_STATES[state]
        found = run.match(buffer, at)
        at = found.end() if found else at
        if at == len(buffer):
            return at, state
        state = turns.get(buffer[at], other)
        at += 1
    return at, state
