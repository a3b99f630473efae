"""The stack of open SVG and MathML elements, as far as it affects tokenization.

Inside foreign content (WHATWG HTML 13.2.6.5) ``<style>`` and ``<title>`` contain markup, CDATA sections exist
and ``/>`` closes an element; inside an integration point (``foreignObject``, ``mi`` …) HTML's rules apply
again. Only this part of the tree is tracked. If the result depends on elements further out, which a streaming
parser does not keep, every possible result is returned and the rewriter follows all of them.

The stack is a chain of immutable nodes: it can be copied for free, and tokenizers that pop back to the same
node are equal again.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

MAX_DEPTH = 65_536
"""Maximum open elements inside foreign content; beyond it the rest of the page becomes text."""
MAX_NAMES = 64
"""Maximum different names among the open elements of one chain; beyond it the rest becomes text."""
MAX_MIXED_DEPTH = 512
"""Maximum open elements if there is HTML inside an integration point, where searching a name may be repeated
(browsers nest no deeper); beyond it the rest of the page becomes text."""

HTML, SVG, MATH = b"html", b"svg", b"math"

# 13.2.6.5: HTML start tags that close all foreign elements up to an integration point.
_BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing "
    b"menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
_FONT_ATTRIBUTES = frozenset((b"color", b"face", b"size"))
DECIDED_BY_ATTRIBUTES: Final = frozenset({b"font", b"annotation-xml"})
"""Elements of which :func:`open_element` must know the attributes."""
# 13.2.4.2: HTML integration points of SVG, and MathML text integration points. HTML's rules apply there,
# except to the two elements of _MATH_IN_TEXT.
_SVG_INTEGRATION = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_TEXT_INTEGRATION = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_MATH_IN_TEXT = frozenset((b"mglyph", b"malignmark"))
_HTML_ENCODINGS = frozenset((b"text/html", b"application/xhtml+xml"))
# In the insertion modes of tables these close everything up to the table, which may be further out than the
# tracked elements; so does </template>.
_TABLE_PARTS = frozenset(b"caption col colgroup table tbody td tfoot th thead tr".split())
_REACHES_OUT = _TABLE_PARTS | {b"template"}
# Never on the stack: void elements, raw text, and tags that only merge attributes. Nothing would pop them.
_NOT_KEPT = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param source track "
    b"wbr script style title textarea iframe noembed noframes noscript xmp plaintext html head body "
    b"frameset".split()
)


class Open(msgspec.Struct, frozen=True, eq=False):
    """One open element; compared by identity.

    Attributes:
        parent: The next tracked element further out, or ``None``.
        kind: ``html``, ``svg`` or ``math``.
        name: Lower-case name.
        integration: Whether HTML's rules apply to start tags directly inside.
        names: Names of the elements in this chain: the adjacent ones further out that are all foreign, or all
            HTML, like this one.
        under: The first element further out that is not in this chain.
        total: Number of tracked elements.
    """

    parent: "Open | None"
    kind: bytes
    name: bytes
    integration: bool
    names: frozenset[bytes]
    under: "Open | None"
    total: int


class TooDeep(Exception):
    """A nesting limit, or the limit of readings, was exceeded."""


Top = Open | None


def _push(top: Top, kind: bytes, name: bytes, integration: bool = False) -> Open:
    # Each node keeps the names of its chain, so that an end tag without a match needs no walk along it: the
    # work stays linear at any depth. MAX_NAMES bounds the copies of that set.
    if top is not None and (top.kind == HTML) == (kind == HTML):
        names, under = top.names, top.under
    else:
        names, under = frozenset(), top
    total = top.total + 1 if top is not None else 1
    if name not in names:
        names |= {name}
    limit = MAX_MIXED_DEPTH if under is not None or kind == HTML else MAX_DEPTH
    if len(names) > MAX_NAMES or total > limit:
        raise TooDeep
    return Open(top, kind, name, integration, names, under, total)


def _integration(kind: bytes, name: bytes, encoding: bytes) -> bool:
    if kind == SVG:
        return name in _SVG_INTEGRATION
    return name in _MATH_TEXT_INTEGRATION or (name == b"annotation-xml" and encoding in _HTML_ENCODINGS)


def _html_rules(top: Open, name: bytes) -> bool:
    """Say whether HTML's rules apply to a start tag (13.2.6, tree construction dispatcher)."""
    if top.kind == HTML:
        return True
    if top.kind == MATH and top.name == b"annotation-xml" and name == b"svg":
        return True
    return top.integration and not (top.name in _MATH_TEXT_INTEGRATION and name in _MATH_IN_TEXT)


def _outwards(top: Open) -> Iterator[Top]:
    """Yield the possible tops after a tag that closes elements through integration points."""
    level: Top = top
    while level is not None:
        level = level.under
        if level is None or level.kind == HTML:
            yield level


def _open_html(top: Top, name: bytes, self_closing: bool) -> list[tuple[Top, bool]]:
    if name in (SVG, MATH):
        return [(top if self_closing else _push(top, name, name), True)]
    # Outside SVG and MathML nothing is tracked.
    if top is None:
        return [(None, False)]
    stay = top if name in _NOT_KEPT else _push(top, HTML, name)
    # Without a table in the chain, the tree builder may ignore the tag, or close everything up to a table.
    if name not in _TABLE_PARTS or (top.kind == HTML and b"table" in top.names):
        return [(stay, False)]
    return [(stay, False), *((out, False) for out in _outwards(top))]


def open_root(name: bytes) -> Open:
    """Return the stack directly after ``<svg>`` or ``<math>``."""
    return _push(None, name, name)


def _break_out(top: Open) -> Top:
    here: Top = top
    while here is not None and here.kind != HTML and not here.integration:
        here = here.parent
    return here


def open_element(
    top: Top, name: bytes, *, self_closing: bool, attributes: dict[bytes, bytes]
) -> list[tuple[Top, bool]]:
    """Return the possible stacks after a start tag.

    Args:
        top: The innermost tracked element, or ``None`` outside foreign content.
        name: Lower-case tag name.
        self_closing: Whether the tag ends in ``/>``.
        attributes: Lower-case names and values, needed for `DECIDED_BY_ATTRIBUTES`.

    Returns:
        For each possibility the innermost element afterwards, and whether the new element is foreign.
    """
    if top is None or _html_rules(top, name):
        return _open_html(top, name, self_closing)
    if name in _BREAKOUT or (name == b"font" and not _FONT_ATTRIBUTES.isdisjoint(attributes)):
        return _open_html(_break_out(top), name, self_closing)
    # "/>" closes a foreign element; HTML ignores it.
    if self_closing:
        return [(top, True)]
    encoding = attributes.get(b"encoding", b"").lower()
    return [(_push(top, top.kind, name, _integration(top.kind, name, encoding)), True)]


def _pop(top: Open, name: bytes) -> Top:
    """Pop through the nearest element of that name; it must be in the chain."""
    here = top
    while here.name != name and here.parent is not None:
        here = here.parent
    return here.parent


def _unmatched(top: Open, name: bytes) -> list[Top]:
    """Return the possible stacks after an end tag without a match in the chain."""
    if top.under is None:
        # It may have closed an untracked element further out, or was ignored.
        return [top, None]
    answers: list[Top] = [top]
    if name in top.under.names:
        answers.append(_pop(top.under, name))
    if name in _REACHES_OUT:
        answers.extend(_outwards(top))
    return answers


def close_element(top: Top, name: bytes) -> list[Top]:
    """Return the innermost element after an end tag, one for each possible stack.

    Args:
        top: The innermost tracked element, or ``None`` outside foreign content.
        name: Lower-case tag name.
    """
    if top is None:
        return [None]
    if top.kind != HTML and name in (b"p", b"br"):
        return [_break_out(top), top]  # the second: parsers from before 2020
    if top.name == name:
        return [top.parent]
    if name not in top.names:
        return _unmatched(top, name)
    # 13.2.6.5 always pops up to the element; HTML's "any other end tag" stops at a special element.
    popped = _pop(top, name)
    return [popped] if top.kind != HTML else [popped, top]


def in_foreign(top: Top) -> bool:
    """Say whether the current node is a foreign element, so that CDATA sections exist (13.2.5.42)."""
    return top is not None and top.kind != HTML
