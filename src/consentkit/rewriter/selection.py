"""What a handler asks for, compiled: expressions that pass over everything else.

Made once for all documents whose handlers ask for the same tags. Everything here is about time: what these
expressions do not take, the exact ones of :mod:`consentkit.rewriter.grammar` do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.rewriter.grammar import (
    ATTRIBUTES,
    BOGUS_COMMENT,
    CLOSES_HEAD,
    COMMENT,
    END_OF_NAME,
    HEAD_CONTENT,
    REST,
    SPACE,
    TAIL,
    any_case,
    any_of,
    raw_text_end,
)
from consentkit.rewriter.handler import Table

RAW_TEXT: Final = {
    name: raw_text_end(name)
    for name in (b"title", b"textarea", b"style", b"xmp", b"iframe", b"noembed", b"noframes", b"noscript")
}
"""Elements whose content is raw text or RCDATA, with the search for its end."""

_MODES = frozenset(b"noscript plaintext svg math select frameset template".split())
_STRUCTURE = _MODES | RAW_TEXT.keys() | {b"script", b"col"}
_END_STRUCTURE = (b"noscript", b"select", b"template")


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
        kept += rb"(?:(?<!" + rb")(?<!".join(any_case([key]) for key in sorted(keys)) + rb")|" + value + rb")"
    value = rb"(?:\"[^\"]*+\"|'[^']*+'|[^" + SPACE + rb"\"'<>=`]++(?=[" + SPACE + rb">]))"
    attributes = rb"(?:=" + _AT_NAME + kept + value + _BETWEEN + rb")*+"
    return rb"[^<>\"'=" + SPACE + rb"/]*+(?:>|[" + SPACE + rb"/]" + _BETWEEN + attributes + rb">)"


def _behind_none(names: Sequence[bytes], mark: bytes = b"") -> bytes:
    """Match behind what ends like none of these names, of three letters or more, and a mark."""
    each = b"".join(rb"(?<!" + any_case([name]) + mark + rb")" for name in names)
    if len(names) < 3:
        return each
    # Few names end with three such letters.
    ends = [b"".join(sorted({name[at : at + 1] for name in (n[-3:] for n in names)})) for at in range(3)]
    likely = b"".join(rb"[" + re.escape(letters + letters.upper()) + rb"]" for letters in ends)
    return rb"(?:(?<!" + likely + mark + rb")|" + each + rb")"


def suspicion(condition: Condition) -> re.Pattern[bytes]:
    """Compile a search that finds nothing in a tag for which the condition does not hold."""
    signs = [rb"(?<=" + any_case([name]) + rb"=)" for name in condition.rare]
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
"""Selection of elements, the more frequent first. Any may be left out: it saves time alone."""


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


def _closed_at_once(name: bytes, content: bytes) -> bytes:
    return rb"<" + any_of([name]) + REST + content + rb"</" + any_of([name]) + REST


USED: Final = Condition(rare=(b"onload",))
"""The one condition on which ``<use>`` may matter in drawings that are passed over all the same."""
_PLAIN_ROWS = _DRAWING_ROWS - {b"use"}
_USE = rb"<" + any_of([b"use"]) + _usual_rest(USED)
_USE_END = rb"</" + any_of([b"use"]) + REST

_REMARKS = rb"[^<]++|" + COMMENT
_TITLE = _closed_at_once(b"title", rb"[^<]*+")
_TEXTS = [_closed_at_once(name, rb"(?:" + _REMARKS + rb")*+") for name in sorted(_FORMULA_TEXTS)]
_ROWS = rb"</?+" + any_of(_PLAIN_ROWS) + REST
_DRAWN = rb"(?:" + b"|".join([_REMARKS, _ROWS, _USE, _USE_END, _TITLE]) + rb")*+"
_FORMED = rb"(?:" + b"|".join([_REMARKS, rb"</?+" + any_of(_FORMULA_ROWS) + REST, *_TEXTS]) + rb")*+"


def _quiet(rows: Iterable[bytes], leaves: Iterable[bytes], other: Iterable[bytes]) -> re.Pattern[bytes]:
    """Compile what opens nothing in a drawing or formula: remarks, and elements that are closed at once."""
    rest = ATTRIBUTES + rb"[" + SPACE + rb"/]*+"
    pairs = (any_of([name]) + rest + rb"(?<!/)></" + any_of([name]) for name in leaves)
    closed = [
        # A slash that ends a value without quotes closes nothing.
        rb"<" + any_of(rows) + ATTRIBUTES + rb"(?:[" + SPACE + rb"]*+/)++>",
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
LABEL = re.compile(rb"<" + any_of({b"title"} | _FORMULA_TEXTS))
"""The beginning of what is passed over only if it is whole."""
ROW = {
    name: re.compile(rb"<(/?+)(" + rows + rb")" + ATTRIBUTES + TAIL)
    for name, rows in (
        (b"svg", any_of(_PLAIN_ROWS) + rb"|(?<=/)" + any_of([b"use"])),
        (b"math", any_of(_FORMULA_ROWS)),
    )
}
"""One such element's tag, with groups as of :data:`TAG`; not ``<use>``, which may have a handler."""


def _other_letters(names: Iterable[bytes]) -> bytes:
    """Return the letters, in both cases, with which none of the names begins."""
    taken = {name[:1] for name in names}
    free = [bytes([code]) for code in range(ord("a"), ord("z") + 1) if bytes([code]) not in taken]
    return b"".join(free) + b"".join(free).upper()


def _boring(start: Iterable[bytes], end: Iterable[bytes]) -> list[bytes]:
    boring_start = rb"<(?!" + any_case(start) + END_OF_NAME + rb")[a-zA-Z][^" + SPACE + rb"/>]*+" + REST
    unless = rb"(?!" + any_case(end) + END_OF_NAME + rb")" if end else b""
    return [rb"</" + unless + rb"[a-zA-Z][^" + SPACE + rb"/>]*+" + REST, boring_start]


def scanner(
    stops: Iterable[bytes], sometimes: Mapping[bytes, Condition], *, drawings: bool
) -> re.Pattern[bytes]:
    """Compile what passes over everything as far as the next start tag that matters, and takes that tag.

    For the data state (13.2.5.1) where no end tag matters.

    Args:
        stops: Lower-case names of the start tags that matter.
        sometimes: Selection of start tags that matter on a condition.
        drawings: As for :func:`skipper`.

    Returns:
        An expression whose match ends behind a start tag that matters, with the tag and its name as groups;
        or, without groups, at what is not complete yet or takes the exact
    """
    watched = {*stops, *sometimes}
    unless = any_case(watched) + END_OF_NAME
    other = _other_letters(watched)
    parts = [
        rb"<(?:/[a-z][a-z0-9]*+>|" + _frequent(stops, sometimes) + rb")",
        rb"<(?:[" + other + rb"]|/[a-zA-Z]|(?!" + unless + rb")[a-zA-Z])" + _usual_rest(),
        *_unmet(stops, sometimes),
        COMMENT,
        *_drawings(drawings, sometimes),
        *_boring(watched, ()),
        BOGUS_COMMENT,
        rb"<(?=[^a-zA-Z/!?])",
    ]
    skip = rb"(?:[^<]*+(?:" + rb"|".join(parts) + rb"))*+[^<]*+"
    return re.compile(skip + rb"(<(" + any_case(stops) + rb")" + END_OF_NAME + _usual_rest() + rb")?+")


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
            rb"<" + any_case([name]) + END_OF_NAME + _usual_rest(sometimes.get(name, NEVER))
            for name in sorted(HEAD_CONTENT - set(stops))
        ),
        rb"</(?!" + any_case(CLOSES_HEAD) + END_OF_NAME + rb")[a-zA-Z]" + rest,
        COMMENT,
        BOGUS_COMMENT,
    ]
    stop = rb"(<(" + any_case(sorted(HEAD_CONTENT & set(stops))) + rb")" + END_OF_NAME + rest + rb")?+"
    return re.compile(rb"(?:" + rb"|".join(parts) + rb")*+" + stop)


def _unmet(stops: Iterable[bytes], sometimes: Mapping[bytes, Condition]) -> list[bytes]:
    """Write start tags for which their condition does not hold."""
    names: dict[Condition, list[bytes]] = {}
    for name in sometimes.keys() - set(stops):
        names.setdefault(sometimes[name], []).append(name)
    return [
        rb"<" + any_case(same) + END_OF_NAME + _usual_rest(condition)
        for condition, same in sorted(names.items(), key=lambda group: len(group[1]), reverse=True)
    ]


def _drawings(wanted: bool, sometimes: Mapping[bytes, Condition]) -> list[bytes]:
    """Write whole plain drawings and formulas whose own tags have nothing that matters."""
    parts = []
    for name, content in ((b"svg", _DRAWN), (b"math", _FORMED)) if wanted else ():
        start = rb"<" + any_of([name]) + _usual_rest(sometimes.get(name, NEVER)) + rb"(?<!/>)"
        parts.append(start + content + rb"</" + any_of([name]) + REST)
    return parts


def skipper(
    stops: Iterable[bytes], sometimes: Mapping[bytes, Condition], end: Iterable[bytes], *, drawings: bool
) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Compile what may be passed over in the data state (13.2.5.1) when these tags must be stopped at.

    Args:
        stops: Lower-case names of the start tags that matter.
        sometimes: Selection of start tags that matter on a condition.
        end: Lower-case names of the end tags that matter.
        drawings: Whether nothing of ``DRAWING`` or ``FORMULA`` but their own tags matters, so that plain ones
            may be passed over whole.

    Returns:
        An expression whose match ends at the first tag that matters, or at what is not complete yet; and one
        that ends behind the first tag or comment at the latest.
    """
    text = rb"[^<]++|<(?=[^a-zA-Z/!?])"
    usual = rb"<(?:" + _frequent(stops, sometimes) + rb")"
    parts = [usual, *_boring({*stops, *sometimes}, end), *_unmet(stops, sometimes), COMMENT, BOGUS_COMMENT]
    one = re.compile(rb"(?:" + text + rb")*+(?:" + rb"|".join(parts) + rb")?+")
    parts[4:4] = _drawings(drawings, sometimes)
    return re.compile(rb"(?:" + rb"|".join([text, *parts]) + rb")*+"), one


Scan = Callable[..., "re.Match[bytes] | None"]


SHOWN, RAW, SCRIPT, MODE = range(4)
"""What a start tag does to what follows it: nothing; makes it no markup; a script; or anything else."""


class Selection(NamedTuple):
    """What follows from the names that a handler asks for; made once for all documents.

    Attributes:
        matters: Start tags that must be seen whole, and ``/name`` for end tags.
        beginnings: What their names begin with.
        sometimes: Start tags that are shown on a condition, with a search that finds nothing in most others.
        plain: Goes on to the next start tag that matters, where nothing around does; see
            :func:`consentkit.rewriter.selection.scanner`.
        head: The same in the head of a document.
        kinds: Selection of start tags at which these stop, in lower case, with what they do.
        skip: Passes over everything that does not matter in HTML content.
        skip_one: The same as far as the end of the first tag or comment.
        drawings: Whether nothing in plain drawings and formulas is asked for.
    """

    matters: frozenset[bytes]
    beginnings: frozenset[bytes]
    sometimes: Mapping[bytes, tuple[Condition, re.Pattern[bytes]]]
    plain: Scan
    head: Scan
    kinds: dict[bytes, tuple[bytes, int]]
    skip: re.Pattern[bytes]
    skip_one: re.Pattern[bytes]
    drawings: bool


@lru_cache(maxsize=64)
def compile_selection(names: frozenset[bytes], rare: Table, addressed: Table) -> Selection:
    """Compile what a handler asks for; see `consentkit.rewriter.Handler`."""
    by_rare, by_address = _by_element(rare), _by_element(addressed)
    sometimes = {
        element: _condition(by_rare.get(element, frozenset()), by_address.get(element, frozenset()))
        for element in (by_rare.keys() | by_address.keys()) - names
    }
    apart = {b"svg", b"math", *((b"use",) if sometimes.get(b"use") == USED else ())}
    drawings = (DRAWING | FORMULA).isdisjoint(names | (sometimes.keys() - apart))
    stops = names | (_STRUCTURE - {b"col"})
    skip, skip_one = skipper(names | _STRUCTURE, sometimes, _END_STRUCTURE, drawings=drawings)
    matters = names.union(_STRUCTURE, sometimes, (b"/" + name for name in _END_STRUCTURE))
    return Selection(
        matters=matters,
        beginnings=frozenset(name[:end] for name in matters for end in range(1, len(name) + 1)),
        sometimes={name: (condition, suspicion(condition)) for name, condition in sometimes.items()},
        plain=scanner(stops, sometimes, drawings=drawings).match,
        head=head_scanner(stops, sometimes).match,
        kinds={name: (name, _kind(name)) for name in stops},
        skip=skip,
        skip_one=skip_one,
        drawings=drawings,
    )


def _condition(rare: frozenset[bytes], addressed: frozenset[bytes]) -> Condition:
    begun = frozenset(item for item in rare if b"=" in item)
    return Condition(*(tuple(sorted(part)) for part in (rare - begun, addressed, begun)))


def _by_element(table: Table) -> dict[bytes, frozenset[bytes]]:
    found: dict[bytes, frozenset[bytes]] = {}
    for attribute, elements in table:
        for element in elements:
            found[element] = found.get(element, frozenset()) | {attribute}
    return found


def _kind(name: bytes) -> int:
    if name in _MODES:
        return MODE
    if name == b"script":
        return SCRIPT
    return RAW if name in RAW_TEXT else SHOWN
