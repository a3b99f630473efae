"""Where HTML's tokens begin and end, as regular expressions over bytes.

Everything follows the tokenizer of the WHATWG HTML standard (section 13.2.5). Quantifiers are possessive, so
that no expression ever backtracks: each byte is looked at a bounded number of times. All expressions are for
ASCII-compatible encodings, in which no byte of a multi-byte character equals one of ``< > " ' = /``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

Buffer = bytes | bytearray

# Carriage returns count as white space: input preprocessing turns them into line feeds (13.2.3.5).
SPACE = rb"\t\n\f\r "
SPACES: Final = b"\t\n\f\r "
_END_OF_NAME = rb"(?=[" + SPACE + rb"/>])"

# 13.2.5.33-39. An attribute name may begin with "="; a name followed by "=" must have a value, which the
# look-ahead enforces: without it an unclosed quote would be read as the end of the attribute.
_NAME = rb"[^" + SPACE + rb"/>][^" + SPACE + rb"/>=]*+"
_EQUALS = rb"[" + SPACE + rb"]*+="
_VALUE = rb"%b[%b]*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'>])[^%b>]++|(?=>))" % (_EQUALS, SPACE, SPACE)
# All but a few; the rest of the grammar is slower.
_USUAL = rb"[" + SPACE + rb"]++" + _NAME + rb"=\"[^\"]*+\""
_ATTRIBUTES = rb"(?:%b|[%b/]*+%b(?:%b|(?!%b)))*+" % (_USUAL, SPACE, _NAME, _VALUE, _EQUALS)
_TAIL = rb"([" + SPACE + rb"/]*+)>"
_REST = _ATTRIBUTES + rb"[" + SPACE + rb"/]*+>"

TAG = re.compile(rb"<(/?)([a-zA-Z][^" + SPACE + rb"/>]*+)" + _ATTRIBUTES + _TAIL)
"""A whole tag. Groups: slash of an end tag, name, what precedes the closing ``>``."""

_VALUE_GROUPS = rb"(?:\"([^\"]*+)\"|'([^']*+)'|((?![\"'>])[^" + SPACE + rb">]++)|()(?=>))"
ATTRIBUTE = re.compile(rb"[%b/]*+(%b)(?:%b[%b]*+%b)?+" % (SPACE, _NAME, _EQUALS, SPACE, _VALUE_GROUPS))
"""One attribute of a whole tag. Groups: name; the value in double quotes, single quotes, none, or missing."""

_COMMENT = rb"<!--(?!-?>)(?:[^-]++|-(?!-!?>))*+--!?>|<!---?>"
_BOGUS_COMMENT = rb"<!(?!--)[^>]*+>|<\?[^>]*+>|</[^a-zA-Z>][^>]*+>|</>"


def _any_case(names: Iterable[bytes]) -> bytes:
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
            parts.append(letter + _any_case(tails))
    return parts[0] if len(parts) == 1 else b"(?:" + b"|".join(reversed(parts)) + b")"


def _in_order(names: Iterable[bytes]) -> bytes:
    """Compile lower-case names to a prefix tree that is tried in their order."""
    branches: dict[bytes, list[bytes]] = {}
    for name in names:
        branches.setdefault(name[:1], []).append(name[1:])
    ends = branches.pop(b"", None) is not None
    parts = [head + _in_order(tails) for head, tails in branches.items()] + [b""] * ends
    return parts[0] if len(parts) == 1 else b"(?:" + b"|".join(parts) + b")"


class Condition(NamedTuple):
    """When a start tag matters whose name alone does not say so.

    Attributes:
        rare: If the name of an attribute ends like one of these.
        addressed: If one of these holds what may be a ``javascript:`` address.
        begun: If an attribute's value begins so, written ``name=beginning``.
    """

    rare: tuple[bytes, ...] = ()
    addressed: tuple[bytes, ...] = ()
    begun: tuple[bytes, ...] = ()

    @property
    def values(self) -> bytes:
        """Match what a value begins with that may be one of those, whatever the attribute."""
        return _in_order(sorted({item.partition(b"=")[2] for item in self.begun}))


NEVER: Final = Condition()

# The usual tag, a part of the grammar above that is read in half the time: the name, then characters in
# which nothing opens a value, and values whose "=" stands directly behind a name, in quotes or plain. "<" and
# quotes elsewhere are left to the exact expressions.
_BETWEEN = rb"[^<>\"'=]*+"
_AT_NAME = rb"(?<![" + SPACE + rb"/\"']=)"

# What a javascript: address may begin with (WHATWG URL 4.4): controls and spaces are taken off, tabs and
# line breaks out, and a reference may stand for any character.
_SUSPECT = rb"(?:[\x00-\x20&]|[jJ][aA\t\n\r&])"


def _usual_rest(condition: Condition = NEVER) -> bytes:
    """Write the usual tag from behind its first letter; none for which the condition holds."""
    kept = _behind_none(condition.rare, b"=")
    if condition.addressed:
        kept += rb"(?:(?![\"']?+" + _SUSPECT + rb")|" + _behind_none(condition.addressed, b"=") + rb")"
    if condition.begun:
        value = rb"(?![\"']?+[" + SPACE + rb"]*+" + condition.values + rb")"
        keys = {item.partition(b"=")[0] + b"=" for item in condition.begun}
        kept += (
            rb"(?:(?<!" + rb")(?<!".join(_any_case([key]) for key in sorted(keys)) + rb")|" + value + rb")"
        )
    value = rb"(?:\"[^\"]*+\"|'[^']*+'|[^" + SPACE + rb"\"'<>=`]++(?=[" + SPACE + rb">]))"
    attributes = rb"(?:=" + _AT_NAME + kept + value + _BETWEEN + rb")*+"
    return rb"[^<>\"'=" + SPACE + rb"/]*+(?:>|[" + SPACE + rb"/]" + _BETWEEN + attributes + rb">)"


def _behind_none(names: Sequence[bytes], mark: bytes = b"") -> bytes:
    """Match behind what ends like none of these names, of three letters or more, and a mark."""
    each = b"".join(rb"(?<!" + _any_case([name]) + mark + rb")" for name in names)
    if len(names) < 3:
        return each
    # Few names end with three such letters.
    ends = [b"".join(sorted({name[at : at + 1] for name in (n[-3:] for n in names)})) for at in range(3)]
    likely = b"".join(rb"[" + re.escape(letters + letters.upper()) + rb"]" for letters in ends)
    return rb"(?:(?<!" + likely + mark + rb")|" + each + rb")"


def suspicion(condition: Condition) -> re.Pattern[bytes]:
    """Compile a search that finds nothing in a tag for which the condition does not hold."""
    signs = [rb"(?<=" + _any_case([name]) + rb"=)" for name in condition.rare]
    if condition.rare:
        signs.append(rb"(?<=[" + SPACE + rb"]=)")
    behind = rb"[" + SPACE + rb"]*+[\"']?+"
    if condition.addressed:
        signs.append(behind + _SUSPECT)
    if condition.begun:
        signs.append(behind + rb"[" + SPACE + rb"]*+" + condition.values)
    # What every match begins with is one character, which is searched for fast.
    return re.compile(rb"=(?:" + b"|".join(signs) + rb")")


_FREQUENT: Final = (
    b"a div span li p ul h2 h3 h1 h4 h5 h6 i b strong em section article figure figcaption footer time "
    b"button label nav header picture dl dt dd"
).split()
"""Names of elements, the more frequent first. Any may be left out: it saves time alone."""


def _frequent(stops: Iterable[bytes], sometimes: Mapping[bytes, Condition]) -> bytes:
    """Write start tags of frequent elements for which no condition holds, from behind their ``<``.

    As most pages have them: in lower case, each attribute behind one space, its value in double quotes.
    """
    groups: dict[Condition, list[bytes]] = {}
    for name in _FREQUENT:
        if name not in frozenset(stops):
            groups.setdefault(sometimes.get(name, NEVER), []).append(name)
    return b"|".join(_in_order(names) + _quoted(condition) for condition, names in groups.items())


def _quoted(condition: Condition) -> bytes:
    """Write such a tag's attributes. Whatever ends like a rare one is left to the other expressions."""
    name = rb"[a-z0-9_:-]++"
    if condition.rare:
        name = rb"(?:class|id|href|style|" + name + _behind_none(condition.rare) + rb")"
    address = rb"(?!" + _SUSPECT + rb")" if condition.addressed else b""
    value = rb"(?![" + SPACE + rb"]|" + condition.values + rb")" if condition.begun else b""
    return rb"(?: " + name + rb"=\"" + address + value + rb"[^\"]*+\")*+>"


DRAWING = frozenset(
    b"svg title path g circle rect line polyline polygon ellipse defs clippath lineargradient radialgradient "
    b"stop symbol tspan mask text use".split()
)
"""Elements that a drawing may be made of to be passed over whole."""
# Drawings made of these elements alone tokenize alike whether or not the browser is in foreign content, end
# with the first "</svg>" however they nest, and hold nothing that loads or runs (<use> loads from the same
# origin only): they are skipped whole.
_DRAWING_ROWS = DRAWING - {b"svg", b"title"}
# The same for formulas. Elements that are integration points (13.2.4.2) hold text only and are closed at
# once, so that no element of HTML stands between "</math>" and what it closes.
_FORMULA_ROWS = frozenset(
    b"mfenced mfrac mmultiscripts mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup "
    b"mtable mtd mtr munder munderover semantics annotation".split()
)
_FORMULA_TEXTS = frozenset(b"mi mn mo ms mtext".split())
FORMULA = _FORMULA_ROWS | _FORMULA_TEXTS | {b"math"}
"""Elements that a formula may be made of to be passed over whole."""


def _name(names: Iterable[bytes]) -> bytes:
    return rb"(?i:" + b"|".join(sorted(names)) + rb")" + _END_OF_NAME


def _closed_at_once(name: bytes, content: bytes) -> bytes:
    return rb"<" + _name([name]) + _REST + content + rb"</" + _name([name]) + _REST


USED: Final = Condition(rare=(b"onload",))
"""The one condition on which ``<use>`` may matter in drawings that are passed over all the same."""
_PLAIN_ROWS = _DRAWING_ROWS - {b"use"}
_USE = rb"<" + _name([b"use"]) + _usual_rest(USED)
_USE_END = rb"</" + _name([b"use"]) + _REST

_REMARKS = rb"[^<]++|" + _COMMENT
_TITLE = _closed_at_once(b"title", rb"[^<]*+")
_TEXTS = [_closed_at_once(name, rb"(?:" + _REMARKS + rb")*+") for name in sorted(_FORMULA_TEXTS)]
_ROWS = rb"</?+" + _name(_PLAIN_ROWS) + _REST
_DRAWN = rb"(?:" + b"|".join([_REMARKS, _ROWS, _USE, _USE_END, _TITLE]) + rb")*+"
_FORMED = rb"(?:" + b"|".join([_REMARKS, rb"</?+" + _name(_FORMULA_ROWS) + _REST, *_TEXTS]) + rb")*+"


def _quiet(rows: Iterable[bytes], leaves: Iterable[bytes], other: Iterable[bytes]) -> re.Pattern[bytes]:
    """Compile what opens nothing in a drawing or formula: remarks, and elements that are closed at once."""
    rest = _ATTRIBUTES + rb"[" + SPACE + rb"/]*+"
    pairs = (_name([name]) + rest + rb"(?<!/)></" + _name([name]) for name in leaves)
    closed = [
        # A slash that ends a value without quotes closes nothing.
        rb"<" + _name(rows) + _ATTRIBUTES + rb"(?:[" + SPACE + rb"]*+/)++>",
        rb"<(?:" + b"|".join(pairs) + rb")[" + SPACE + rb"]*+>",
    ]
    return re.compile(rb"(?:" + b"|".join([_REMARKS, *closed, *other]) + rb")*+")


QUIET = {
    b"svg": _quiet(
        _PLAIN_ROWS,
        [b"path", b"circle", b"rect", b"polygon", b"stop"],
        [_TITLE, _USE + rb"(?<=[\"'" + SPACE + rb"]/>)", _USE + rb"(?<!/>)" + _USE_END],
    ),
    b"math": _quiet(_FORMULA_ROWS, [b"mspace"], _TEXTS),
}
"""What may be passed over inside a drawing or formula, by the name of its first element."""
ROWS = {b"svg": _DRAWING_ROWS, b"math": _FORMULA_ROWS}
"""The elements that nest in there."""
LABEL = re.compile(rb"<" + _name({b"title"} | _FORMULA_TEXTS))
"""The beginning of what is passed over only if it is whole."""
ROW = {
    name: re.compile(rb"<(/?+)(" + rows + rb")" + _ATTRIBUTES + _TAIL)
    for name, rows in (
        (b"svg", _name(_PLAIN_ROWS) + rb"|(?<=/)" + _name([b"use"])),
        (b"math", _name(_FORMULA_ROWS)),
    )
}
"""One such element's tag, with groups as of :data:`TAG`; not ``<use>``, which may have a handler."""


def _other_letters(names: Iterable[bytes]) -> bytes:
    """Return the letters, in both cases, with which none of the names begins."""
    taken = {name[:1] for name in names}
    free = [bytes([code]) for code in range(ord("a"), ord("z") + 1) if bytes([code]) not in taken]
    return b"".join(free) + b"".join(free).upper()


def _boring(start: Iterable[bytes], end: Iterable[bytes]) -> list[bytes]:
    boring_start = rb"<(?!" + _any_case(start) + _END_OF_NAME + rb")[a-zA-Z][^" + SPACE + rb"/>]*+" + _REST
    unless = rb"(?!" + _any_case(end) + _END_OF_NAME + rb")" if end else b""
    return [rb"</" + unless + rb"[a-zA-Z][^" + SPACE + rb"/>]*+" + _REST, boring_start]


def scanner(
    stops: Iterable[bytes], sometimes: Mapping[bytes, Condition], *, drawings: bool
) -> re.Pattern[bytes]:
    """Compile what passes over everything as far as the next start tag that matters, and takes that tag.

    For the data state (13.2.5.1) where no end tag matters.

    Args:
        stops: Lower-case names of the start tags that matter.
        sometimes: Names of start tags that matter on a condition.
        drawings: As for :func:`skipper`.

    Returns:
        An expression whose match ends behind a start tag that matters, with the tag and its name as groups;
        or, without groups, at what is not complete yet or takes the exact grammar.
    """
    watched = {*stops, *sometimes}
    unless = _any_case(watched) + _END_OF_NAME
    other = _other_letters(watched)
    parts = [
        rb"<(?:/[a-z][a-z0-9]*+>|" + _frequent(stops, sometimes) + rb")",
        rb"<(?:[" + other + rb"]|/[a-zA-Z]|(?!" + unless + rb")[a-zA-Z])" + _usual_rest(),
        *_unmet(stops, sometimes),
        _COMMENT,
        *_drawings(drawings, sometimes),
        *_boring(watched, ()),
        _BOGUS_COMMENT,
        rb"<(?=[^a-zA-Z/!?])",
    ]
    skip = rb"(?:[^<]*+(?:" + rb"|".join(parts) + rb"))*+[^<]*+"
    return re.compile(skip + rb"(<(" + _any_case(stops) + rb")" + _END_OF_NAME + _usual_rest() + rb")?+")


def head_scanner(stops: Iterable[bytes], sometimes: Mapping[bytes, Condition]) -> re.Pattern[bytes]:
    """Compile the same for a document's head, behind which any other tag, or text, may begin the body.

    Args:
        stops: As for :func:`scanner`.
        sometimes: As for :func:`scanner`.

    Returns:
        An expression as :func:`scanner` gives it. It stops at everything that could begin the body.
    """
    rest = _usual_rest()
    parts = [
        rb"[" + SPACE + rb"]++",
        *(
            rb"<" + _any_case([name]) + _END_OF_NAME + _usual_rest(sometimes.get(name, NEVER))
            for name in sorted(HEAD_CONTENT - set(stops))
        ),
        rb"</(?!" + _any_case(CLOSES_HEAD) + _END_OF_NAME + rb")[a-zA-Z]" + rest,
        _COMMENT,
        _BOGUS_COMMENT,
    ]
    stop = rb"(<(" + _any_case(sorted(HEAD_CONTENT & set(stops))) + rb")" + _END_OF_NAME + rest + rb")?+"
    return re.compile(rb"(?:" + rb"|".join(parts) + rb")*+" + stop)


def _unmet(stops: Iterable[bytes], sometimes: Mapping[bytes, Condition]) -> list[bytes]:
    """Write start tags for which their condition does not hold."""
    names: dict[Condition, list[bytes]] = {}
    for name in sometimes.keys() - set(stops):
        names.setdefault(sometimes[name], []).append(name)
    return [
        rb"<" + _any_case(same) + _END_OF_NAME + _usual_rest(condition)
        for condition, same in sorted(names.items(), key=lambda group: len(group[1]), reverse=True)
    ]


def _drawings(wanted: bool, sometimes: Mapping[bytes, Condition]) -> list[bytes]:
    """Write whole plain drawings and formulas whose own tags have nothing that matters."""
    parts = []
    for name, content in ((b"svg", _DRAWN), (b"math", _FORMED)) if wanted else ():
        start = rb"<" + _name([name]) + _usual_rest(sometimes.get(name, NEVER)) + rb"(?<!/>)"
        parts.append(start + content + rb"</" + _name([name]) + _REST)
    return parts


def skipper(
    stops: Iterable[bytes], sometimes: Mapping[bytes, Condition], end: Iterable[bytes], *, drawings: bool
) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Compile what may be passed over in the data state (13.2.5.1) when these tags must be stopped at.

    Args:
        stops: Lower-case names of the start tags that matter.
        sometimes: Names of start tags that matter on a condition.
        end: Lower-case names of the end tags that matter.
        drawings: Whether nothing of ``DRAWING`` or ``FORMULA`` but their own tags matters, so that plain ones
            may be passed over whole.

    Returns:
        An expression whose match ends at the first tag that matters, or at what is not complete yet; and one
        that ends behind the first tag or comment at the latest.
    """
    text = rb"[^<]++|<(?=[^a-zA-Z/!?])"
    usual = rb"<(?:" + _frequent(stops, sometimes) + rb")"
    parts = [usual, *_boring({*stops, *sometimes}, end), *_unmet(stops, sometimes), _COMMENT, _BOGUS_COMMENT]
    one = re.compile(rb"(?:" + text + rb")*+(?:" + rb"|".join(parts) + rb")?+")
    parts[4:4] = _drawings(drawings, sometimes)
    return re.compile(rb"(?:" + rb"|".join([text, *parts]) + rb")*+"), one


HEAD_CONTENT: Final = frozenset(
    b"base basefont bgsound link meta noframes noscript script style template title".split()
)
CLOSES_HEAD: Final = (b"body", b"br", b"html")
"""Start tags that leave the head open, and end tags that do not (13.2.6.4.4)."""

PROLOGUE = re.compile(rb"(?:[" + SPACE + rb"]++|" + _COMMENT + rb"|" + _BOGUS_COMMENT + rb")*+")
"""What may stand before the first element without opening one (13.2.6.4.1 to 13.2.6.4.6)."""

COMMENT_END = re.compile(rb"--!?>")
TAG_START = re.compile(rb"</?[a-zA-Z]")
TAG_NAME = re.compile(rb"<(/?[a-zA-Z][^" + SPACE + rb"/>]*+)")


def raw_text_end(name: bytes) -> re.Pattern[bytes]:
    """Compile the search for the appropriate end tag of a raw text or RCDATA element (13.2.5.2, 13.2.5.3)."""
    return re.compile(rb"</" + _any_case([name]) + _END_OF_NAME)


# Script data (13.2.5.4, 13.2.5.15 to 13.2.5.31), by how deep it is escaped: what ends or changes the level.
_SCRIPT = _any_case([b"script"]) + _END_OF_NAME
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
