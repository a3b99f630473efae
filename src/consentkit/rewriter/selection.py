"""Compiles the tags that a handler selects into regular expressions that skip everything else.

Compiled once for all handlers with the same selection. These expressions only save time: they match the usual
forms of tags, drawings (SVG) and formulas (MathML), and stop before anything else, which is left to the exact
expressions of :mod:`consentkit.rewriter.grammar`.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from consentkit.rewriter import grammar
from consentkit.rewriter.grammar import ATTRIBUTES, COMMENT, END_OF_NAME, REST, SPACE, TAIL, any_case, any_of
from consentkit.rewriter.handler import Table

Scan = Callable[..., "re.Match[bytes] | None"]

SHOWN, RAW, SCRIPT, MODE = range(4)
"""Effect of a start tag on the bytes after it: none; raw text; a script; another insertion mode."""

_MODES = frozenset(b"noscript plaintext svg math select frameset template".split())
_STRUCTURE = _MODES | grammar.RAW_TEXT.keys() | {b"script", b"col"}
_END_STRUCTURE = (b"noscript", b"select", b"template")


class Condition(NamedTuple):
    """The attributes by which an element is selected; one of them is enough.

    Attributes:
        rare: Ends of attribute names.
        addressed: Attributes whose value may be a ``javascript:`` URL.
        begun: Attributes with the beginning of their value, as ``name=beginning``.
    """

    rare: tuple[bytes, ...] = ()
    addressed: tuple[bytes, ...] = ()
    begun: tuple[bytes, ...] = ()

    @property
    def values(self) -> bytes:
        """A pattern of the beginnings in `begun`, of whatever attribute."""
        return _in_order(sorted({item.partition(b"=")[2] for item in self.begun}))


Conditions = Mapping[bytes, Condition]
"""Elements that are selected by attributes → their condition."""

NEVER: Final = Condition()
USED: Final = Condition(rare=(b"onload",))
"""The only condition of ``<use>`` with which drawings are still skipped whole."""


class Selection(NamedTuple):
    """A handler's selection of tags, compiled.

    Attributes:
        matters: Start tags that must be parsed, and ``/name`` for end tags.
        beginnings: All beginnings of their names.
        sometimes: Elements selected by attributes: the condition, and a quick search that fails in most tags.
        plain: Scans to the next selected start tag, if no open element affects parsing; see :func:`_scanner`.
        head: The same in the head of a document.
        kinds: Lower-case names of the start tags at which these stop, with their kind.
        skip: Skips everything that is not selected in HTML content.
        skip_one: The same up to the end of the first tag or comment.
        drawings: Whether plain drawings and formulas contain nothing selected and are skipped whole.
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
    """Compile a handler's selection; see `consentkit.rewriter.Handler`."""
    elements = frozenset[bytes]().union(*(some for _, some in rare | addressed)) - names
    sometimes = {element: _condition(element, rare, addressed) for element in elements}
    apart = {b"svg", b"math", *((b"use",) if sometimes.get(b"use") == USED else ())}
    drawings = (DRAWING | FORMULA).isdisjoint(names | (elements - apart))
    stops = names | (_STRUCTURE - {b"col"})
    skip, skip_one = _skippers(names | _STRUCTURE, sometimes, drawings)
    matters = names.union(_STRUCTURE, elements, (b"/" + name for name in _END_STRUCTURE))
    return Selection(
        matters=matters,
        beginnings=frozenset(name[:end] for name in matters for end in range(1, len(name) + 1)),
        sometimes={name: (condition, _condition_search(condition)) for name, condition in sometimes.items()},
        plain=_scanner(stops, sometimes, drawings).match,
        head=_head_scanner(stops, sometimes).match,
        kinds={name: (name, _kind(name)) for name in stops},
        skip=skip,
        skip_one=skip_one,
        drawings=drawings,
    )


def _condition(element: bytes, rare: Table, addressed: Table) -> Condition:
    items = sorted(item for item, elements in rare if element in elements)
    return Condition(
        rare=tuple(item for item in items if b"=" not in item),
        addressed=tuple(sorted(name for name, elements in addressed if element in elements)),
        begun=tuple(item for item in items if b"=" in item),
    )


def _kind(name: bytes) -> int:
    if name in _MODES:
        return MODE
    if name == b"script":
        return SCRIPT
    return RAW if name in grammar.RAW_TEXT else SHOWN


# --- the usual tag

# A subset of the grammar that is matched in half the time: the name, then text without quotes and "=", and
# values directly after a name and "=", with or without quotes. "<" and quotes elsewhere are left to the exact
# expressions.
_BETWEEN = rb"[^<>\"'=]*+"
_AT_NAME = rb"(?<![%b/\"']=)" % SPACE

# Possible beginnings of a javascript: URL (WHATWG URL 4.4): browsers strip controls and spaces, remove tabs
# and line breaks, and a character reference may stand for any character.
_SUSPECT = rb"(?:[\x00-\x20&]|[jJ][aA\t\n\r&])"


def _usual_rest(condition: Condition = NEVER) -> bytes:
    """Write the usual tag after its first letter, but no tag that meets the condition."""
    kept = _not_behind(condition.rare, b"=")
    if condition.addressed:
        kept += rb"(?:(?![\"']?+%b)|%b)" % (_SUSPECT, _not_behind(condition.addressed, b"="))
    if condition.begun:
        keys = sorted({item.partition(b"=")[0] + b"=" for item in condition.begun})
        unlike = b"".join(rb"(?<!%b)" % any_case([key]) for key in keys)
        kept += rb"(?:%b|(?![\"']?+[%b]*+%b))" % (unlike, SPACE, condition.values)
    value = rb"(?:\"[^\"]*+\"|'[^']*+'|[^%b\"'<>=`]++(?=[%b>]))" % (SPACE, SPACE)
    attributes = rb"(?:=%b%b%b%b)*+" % (_AT_NAME, kept, value, _BETWEEN)
    return rb"[^<>\"'=%b/]*+(?:>|[%b/]%b%b>)" % (SPACE, SPACE, _BETWEEN, attributes)


def _not_behind(names: Sequence[bytes], mark: bytes = b"") -> bytes:
    """Write a look-behind that fails after any of these names (three letters or more) and a mark."""
    each = b"".join(rb"(?<!%b%b)" % (any_case([name]), mark) for name in names)
    if len(names) < 3:
        return each
    # A quick test first: few names end with three such letters.
    ends = (b"".join(sorted({name[at : at + 1] for name in (n[-3:] for n in names)})) for at in range(3))
    likely = b"".join(rb"[%b]" % re.escape(letters + letters.upper()) for letters in ends)
    return rb"(?:(?<!%b%b)|%b)" % (likely, mark, each)


def _condition_search(condition: Condition) -> re.Pattern[bytes]:
    """Compile a quick search that matches every tag that meets the condition, and few others."""
    signs = [rb"(?<=%b=)" % any_case([name]) for name in condition.rare]
    if condition.rare:
        signs.append(rb"(?<=[%b]=)" % SPACE)
    behind = rb"[%b]*+[\"']?+" % SPACE
    if condition.addressed:
        signs.append(behind + _SUSPECT)
    if condition.begun:
        signs.append(rb"%b[%b]*+%b" % (behind, SPACE, condition.values))
    # Every match begins with the same character, which the engine finds fast.
    return re.compile(rb"=(?:%b)" % b"|".join(signs))


_FREQUENT: Final = (
    b"a div span li p ul h2 h3 h1 h4 h5 h6 i b strong em section article figure figcaption footer time "
    b"button label nav header picture dl dt dd"
).split()
"""Names of frequent elements, the most frequent first; the list only saves time."""


def _frequent_tags(stops: Iterable[bytes], sometimes: Conditions) -> bytes:
    """Write start tags of frequent elements that do not meet their condition, after the ``<``.

    In the most common form: lower case, one space before each attribute, values in double quotes.
    """
    groups: dict[Condition, list[bytes]] = {}
    for name in _FREQUENT:
        if name not in frozenset(stops):
            groups.setdefault(sometimes.get(name, NEVER), []).append(name)
    return b"|".join(_in_order(names) + _quoted_attributes(condition) for condition, names in groups.items())


def _quoted_attributes(condition: Condition) -> bytes:
    """Write the attributes of such a tag, but none that may meet the condition."""
    name = rb"[a-z0-9_:-]++"
    if condition.rare:
        name = rb"(?:class|id|href|style|%b%b)" % (name, _not_behind(condition.rare))
    address = rb"(?!%b)" % _SUSPECT if condition.addressed else b""
    value = rb"(?![%b]|%b)" % (SPACE, condition.values) if condition.begun else b""
    return rb"(?: %b=\"%b%b[^\"]*+\")*+>" % (name, address, value)


def _in_order(names: Iterable[bytes]) -> bytes:
    """Write lower-case names as a prefix tree, tried in their order."""
    branches: dict[bytes, list[bytes]] = {}
    for name in names:
        branches.setdefault(name[:1], []).append(name[1:])
    ends = branches.pop(b"", None) is not None
    parts = [head + _in_order(tails) for head, tails in branches.items()] + [b""] * ends
    return parts[0] if len(parts) == 1 else b"(?:" + b"|".join(parts) + b")"


# --- plain drawings and formulas

# Drawings of these elements alone are tokenized the same with and without the rules for foreign content, end
# with the first "</svg>" at any nesting, and load and run nothing (<use> loads from the same origin only).
# They are skipped whole.
DRAWING: Final = frozenset(
    b"svg title path g circle rect line polyline polygon ellipse defs clippath lineargradient radialgradient "
    b"stop symbol tspan mask text use".split()
)
"""The elements of drawings that are skipped whole."""
_DRAWING_NESTED = DRAWING - {b"svg", b"title"}
_PLAIN_NESTED = _DRAWING_NESTED - {b"use"}
# The same for formulas. Integration points (13.2.4.2) may contain text only and must be closed at once, so
# that there is no HTML element that "</math>" would have to close.
_FORMULA_NESTED = frozenset(
    b"mfenced mfrac mmultiscripts mover mpadded mphantom mroot mrow mspace msqrt mstyle msub msubsup msup "
    b"mtable mtd mtr munder munderover semantics annotation".split()
)
_FORMULA_TEXTS = frozenset(b"mi mn mo ms mtext".split())
FORMULA: Final = _FORMULA_NESTED | _FORMULA_TEXTS | {b"math"}
"""The elements of formulas that are skipped whole."""


def _closed_at_once(name: bytes, content: bytes) -> bytes:
    return rb"<%b%b%b</%b%b" % (any_of([name]), REST, content, any_of([name]), REST)


_REMARKS = rb"[^<]++|" + COMMENT
_TITLE = _closed_at_once(b"title", rb"[^<]*+")
_TEXTS = [_closed_at_once(name, rb"(?:%b)*+" % _REMARKS) for name in sorted(_FORMULA_TEXTS)]
_USE = rb"<" + any_of([b"use"]) + _usual_rest(USED)
_USE_END = rb"</" + any_of([b"use"]) + REST
_DRAWN = b"|".join([_REMARKS, rb"</?+" + any_of(_PLAIN_NESTED) + REST, _USE, _USE_END, _TITLE])
_FORMED = b"|".join([_REMARKS, rb"</?+" + any_of(_FORMULA_NESTED) + REST, *_TEXTS])


def _drawings(wanted: bool, sometimes: Conditions) -> list[bytes]:
    """Write whole plain drawings and formulas whose root element does not meet its condition."""
    return [
        rb"<%b%b(?<!/>)(?:%b)*+</%b%b"
        % (any_of([name]), _usual_rest(sometimes.get(name, NEVER)), content, any_of([name]), REST)
        for name, content in ((b"svg", _DRAWN), (b"math", _FORMED))
        if wanted
    ]


def _drawing_content(
    rows: Iterable[bytes], leaves: Iterable[bytes], other: Iterable[bytes]
) -> re.Pattern[bytes]:
    """Compile content of a drawing or formula that leaves nothing open: text, and elements closed at once."""
    names = [any_of([leaf]) for leaf in leaves]
    pairs = (rb"%b%b[%b/]*+(?<!/)></%b" % (name, ATTRIBUTES, SPACE, name) for name in names)
    closed = [
        # A slash at the end of an unquoted value does not close the element.
        rb"<%b%b(?:[%b]*+/)++>" % (any_of(rows), ATTRIBUTES, SPACE),
        rb"<(?:%b)[%b]*+>" % (b"|".join(pairs), SPACE),
    ]
    return re.compile(rb"(?:%b)*+" % b"|".join([_REMARKS, *closed, *other]))


DRAWING_CONTENT: Final = {
    b"svg": _drawing_content(
        _PLAIN_NESTED,
        [b"path", b"circle", b"rect", b"polygon", b"stop"],
        [_TITLE, _USE + rb"(?<=[\"'%b]/>)" % SPACE, _USE + rb"(?<!/>)" + _USE_END],
    ),
    b"math": _drawing_content(_FORMULA_NESTED, [b"mspace"], _TEXTS),
}
"""Content that is skipped inside a drawing or formula, by the name of its root element."""
NESTED: Final = {b"svg": _DRAWING_NESTED, b"math": _FORMULA_NESTED}
"""The elements that nest there."""
LABEL_START: Final = re.compile(rb"<" + any_of({b"title"} | _FORMULA_TEXTS))
"""The beginning of an element that is skipped only if it is complete."""
NESTED_TAG: Final = {
    name: re.compile(rb"<(/?+)(%b)%b%b" % (rows, ATTRIBUTES, TAIL))
    for name, rows in (
        (b"svg", any_of(_PLAIN_NESTED) + rb"|(?<=/)" + any_of([b"use"])),
        (b"math", any_of(_FORMULA_NESTED)),
    )
}
"""The tag of such an element, with the groups of :data:`grammar.TAG`; not ``<use>``: it may be selected."""


# --- expressions that skip what is not selected


def _scanner(stops: Iterable[bytes], sometimes: Conditions, drawings: bool) -> re.Pattern[bytes]:
    """Compile an expression that skips to the next of the start tags ``stops`` and matches it.

    For the data state (13.2.5.1) if no end tag matters. A match has the tag and its name as groups; without
    groups it ends before something incomplete, or something that needs the exact grammar.
    """
    watched = {*stops, *sometimes}
    other = bytes({*range(ord("a"), ord("z") + 1)} - {name[0] for name in watched})
    unlike = rb"[%b%b]|/[a-zA-Z]|(?!%b%b)[a-zA-Z]" % (other, other.upper(), any_case(watched), END_OF_NAME)
    parts = [
        rb"<(?:/[a-z][a-z0-9]*+>|%b)" % _frequent_tags(stops, sometimes),
        rb"<(?:%b)%b" % (unlike, _usual_rest()),
        *_tags_without_condition(stops, sometimes),
        COMMENT,
        *_drawings(drawings, sometimes),
        *_other_tags(watched, ()),
        grammar.BOGUS_COMMENT,
        rb"<(?=[^a-zA-Z/!?])",
    ]
    skip = rb"(?:[^<]*+(?:%b))*+[^<]*+" % b"|".join(parts)
    return re.compile(skip + rb"(<(%b)%b%b)?+" % (any_case(stops), END_OF_NAME, _usual_rest()))


def _head_scanner(stops: Iterable[bytes], sometimes: Conditions) -> re.Pattern[bytes]:
    """Compile the same for a document's head: it also stops at any tag or text that may begin the body."""
    rest = _usual_rest()
    content = grammar.HEAD_CONTENT
    parts = [
        rb"[%b]++" % SPACE,
        *(
            rb"<%b%b%b" % (any_case([name]), END_OF_NAME, _usual_rest(sometimes.get(name, NEVER)))
            for name in sorted(content.difference(stops))
        ),
        rb"</(?!%b%b)[a-zA-Z]%b" % (any_case(grammar.CLOSES_HEAD), END_OF_NAME, rest),
        COMMENT,
        grammar.BOGUS_COMMENT,
    ]
    stop = rb"(<(%b)%b%b)?+" % (any_case(sorted(content.intersection(stops))), END_OF_NAME, rest)
    return re.compile(rb"(?:%b)*+%b" % (b"|".join(parts), stop))


def _skippers(
    stops: Iterable[bytes], sometimes: Conditions, drawings: bool
) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Compile expressions that skip in the data state (13.2.5.1) if some end tags matter.

    Returns:
        One that ends before the first tag in ``stops``, or before something incomplete; and one that ends
        after the first tag or comment at the latest.
    """
    text = rb"[^<]++|<(?=[^a-zA-Z/!?])"
    tags = [
        rb"<(?:%b)" % _frequent_tags(stops, sometimes),
        *_other_tags({*stops, *sometimes}, _END_STRUCTURE),
    ]
    tags += _tags_without_condition(stops, sometimes)
    comments = [COMMENT, grammar.BOGUS_COMMENT]
    all_ = b"|".join([text, *tags, *_drawings(drawings, sometimes), *comments])
    one = rb"(?:%b)*+(?:%b)?+" % (text, b"|".join([*tags, *comments]))
    return re.compile(rb"(?:%b)*+" % all_), re.compile(one)


def _tags_without_condition(stops: Iterable[bytes], sometimes: Conditions) -> list[bytes]:
    """Write start tags that do not meet their condition."""
    names: dict[Condition, list[bytes]] = {}
    for name in sometimes.keys() - set(stops):
        names.setdefault(sometimes[name], []).append(name)
    return [
        rb"<%b%b%b" % (any_case(same), END_OF_NAME, _usual_rest(condition))
        for condition, same in sorted(names.items(), key=lambda group: len(group[1]), reverse=True)
    ]


def _other_tags(start: Iterable[bytes], end: Iterable[bytes]) -> list[bytes]:
    """Write whole tags by the exact grammar, except these start and end tags."""
    unless = rb"(?!%b%b)" % (any_case(end), END_OF_NAME) if end else b""
    name = rb"[a-zA-Z][^%b/>]*+" % SPACE
    return [
        rb"</%b%b%b" % (unless, name, REST),
        rb"<(?!%b%b)%b%b" % (any_case(start), END_OF_NAME, name, REST),
    ]
