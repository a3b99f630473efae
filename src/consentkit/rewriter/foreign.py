"""The stack of open SVG and MathML elements, as far as it affects tokenization.

Inside foreign content (WHATWG HTML 13.2.6.5) ``<style>`` or ``<title>`` hold markup, CDATA sections exist and
``/>`` closes an element; inside an integration point (``foreignObject``, ``mi`` …) HTML's rules hold again.
Only this part of the tree is followed. Where the answer depends on elements further out, which a streaming
reader does not keep, every possible answer is returned and the rewriter follows them all.

The stack of open elements is a chain of immutable nodes: copies cost nothing, and tokenizers that pop back to
the same node are the same again.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

MAX_DEPTH = 65_536
"""Maximum open elements inside foreign content; beyond it the rest of the page becomes text."""
MAX_NAMES = 64
"""Maximum different names among the open elements of one chain; beyond it the rest becomes text."""
MAX_MIXED_DEPTH = 512
"""Elements that may be open around and with HTML inside integration points, where looking for a name may have
to be repeated (browsers nest no deeper in the document); beyond it the page is not trusted any more."""

HTML, SVG, MATH = b"html", b"svg", b"math"

# 13.2.6.5: start tags that close all foreign elements as far as an integration point, and are HTML's.
_BREAKOUT = frozenset(
    b"b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing "
    b"menu meta nobr ol p pre ruby s small span strong strike sub sup table tt u ul var".split()
)
_FONT_ATTRIBUTES = frozenset((b"color", b"face", b"size"))
DECIDED_BY_ATTRIBUTES: Final = frozenset({b"font", b"annotation-xml"})
"""Elements of which :func:`open_element` must know the attributes."""
# 13.2.4.2: HTML integration points of SVG, and MathML text integration points. There HTML's rules hold again,
# but for the two elements of _MATH_IN_TEXT.
_SVG_INTEGRATION = frozenset((b"foreignobject", b"desc", b"title"))
_MATH_TEXT_INTEGRATION = frozenset((b"mi", b"mo", b"mn", b"ms", b"mtext"))
_MATH_IN_TEXT = frozenset((b"mglyph", b"malignmark"))
_HTML_ENCODINGS = frozenset((b"text/html", b"application/xhtml+xml"))
# The insertion modes of tables close what is open as far as the table, which may be further out than all that
# is followed here; </template> does so as well.
_TABLE_PARTS = frozenset(b"caption col colgroup table tbody td tfoot th thead tr".split())
_REACHES_OUT = _TABLE_PARTS | {b"template"}
# Never on the stack while markup follows: void elements, raw text, and tags that only merge attributes. One
# of them on the stack would stand for an element that is not open, and nothing would close it.
_NOT_KEPT = frozenset(
    b"area base basefont bgsound br col embed frame hr image img input keygen link meta param source track "
    b"wbr script style title textarea iframe noembed noframes noscript xmp plaintext html head body "
    b"frameset".split()
)


class Open(msgspec.Struct, frozen=True, eq=False):
    """One open element, equal to itself alone.

    Attributes:
        parent: The next element further out that is followed, or ``None``.
        kind: ``html``, ``svg`` or ``math``.
        name: Lower-case name.
        integration: Whether HTML's rules hold for start tags directly inside.
        names: Names of this chain: the neighbours outwards that are foreign, or HTML, as this one is.
        under: The first element further out that is not of this chain.
        total: All elements that are followed.
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
    # Each node keeps the names of its chain, so that an end tag of nothing in it costs no walk through the
    # chain: the work stays linear however deep the nesting. MAX_NAMES bounds the copies of that set.
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
    """Say whether a start tag is read by HTML's rules (13.2.6, tree construction dispatcher)."""
    if top.kind == HTML:
        return True
    if top.kind == MATH and top.name == b"annotation-xml" and name == b"svg":
        return True
    return top.integration and not (top.name in _MATH_TEXT_INTEGRATION and name in _MATH_IN_TEXT)


def _outwards(top: Open) -> Iterator[Top]:
    """Yield the places that a tag reaching through integration points may fall back to."""
    level: Top = top
    while level is not None:
        level = level.under
        if level is None or level.kind == HTML:
            yield level


def _open_html(top: Top, name: bytes, self_closing: bool) -> list[tuple[Top, bool]]:
    if name in (SVG, MATH):
        return [(top if self_closing else _push(top, name, name), True)]
    # Outside of SVG and MathML nothing is followed.
    if top is None:
        return [(None, False)]
    stay = top if name in _NOT_KEPT else _push(top, HTML, name)
    # Without a table in the chain the tree builder may ignore the tag, or close all as far as a table around.
    if name not in _TABLE_PARTS or (top.kind == HTML and b"table" in top.names):
        return [(stay, False)]
    return [(stay, False), *((out, False) for out in _outwards(top))]


def open_root(name: bytes) -> Open:
    """Return what is open directly behind ``<svg>`` or ``<math>``."""
    return _push(None, name, name)


def _break_out(top: Open) -> Top:
    here: Top = top
    while here is not None and here.kind != HTML and not here.integration:
        here = here.parent
    return here


def open_element(
    top: Top, name: bytes, *, self_closing: bool, attributes: dict[bytes, bytes]
) -> list[tuple[Top, bool]]:
    """Return what is open after a start tag.

    Args:
        top: The innermost open element that is followed, or ``None`` outside foreign content.
        name: Lower-case tag name.
        self_closing: Whether the tag ends in ``/>``.
        attributes: Lower-case names and values, of elements that they decide about.

    Returns:
        Every possibility: what is innermost afterwards, and whether the new element is a foreign one.
    """
    if top is None or _html_rules(top, name):
        return _open_html(top, name, self_closing)
    if name in _BREAKOUT or (name == b"font" and not _FONT_ATTRIBUTES.isdisjoint(attributes)):
        return _open_html(_break_out(top), name, self_closing)
    # "/>" closes an element that is foreign; in HTML it means nothing.
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
    """An end tag of nothing in the chain: it may close an element further out, or nothing."""
    if top.under is None:
        # Nothing is known of what is around: the end tag closed something there, or was ignored.
        return [top, None]
    answers: list[Top] = [top]
    if name in top.under.names:
        answers.append(_pop(top.under, name))
    if name in _REACHES_OUT:
        answers.extend(_outwards(top))
    return answers


def close_element(top: Top, name: bytes) -> list[Top]:
    """Return what is open after an end tag.

    Args:
        top: The innermost open element that is followed, or ``None`` outside foreign content.
        name: Lower-case tag name.

    Returns:
        Every possibility of what is innermost afterwards.
    """
    if top is None:
        return [None]
    if top.kind != HTML and name in (b"p", b"br"):
        return [_break_out(top), top]  # the latter in parsers from before 2020
    if top.name == name:
        return [top.parent]
    if name not in top.names:
        return _unmatched(top, name)
    # 13.2.6.5 pops to the element in any case; HTML's "any other end tag" may be stopped by a special
    # element.
    popped = _pop(top, name)
    return [popped] if top.kind != HTML else [popped, top]


def in_foreign(top: Top) -> bool:
    """Say whether the current node is a foreign element, so that CDATA sections exist (13.2.5.42)."""
    return top is not None and top.kind != HTML
