"""No tag is missed that html5lib or lexbor puts into its tree, and none is live after rewriting.

html5lib follows the standard of 2020: it ignores most tags in ``<select>`` and does not know ``<template>``.
lexbor is current. Both are asked with every document; html5lib with scripting on and off.
"""

from __future__ import annotations

from collections.abc import Iterator

import html5lib  # type: ignore[import-untyped]
from hypothesis import example, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from rewriter.recording import CUTS, LOADING, URLS, Disarm, at_random, rewrite

LIVE = (
    "<img src=live>", "<script src=live></script>", "<iframe src=live></iframe>", "<link href=live>",
    "<image href=live />", "<script href=live />", "<frame src=live>", "<img src='live'/>",
)  # fmt: skip
ELEMENTS = (
    "svg", "math", "title", "desc", "foreignObject", "style", "script", "xmp", "textarea", "iframe", "p",
    "noembed", "noframes", "noscript", "plaintext", "select", "option", "template", "table", "tr", "td",
    "caption", "col", "colgroup", "frameset", "div", "b", "a", "font", "mi", "mtext", "mglyph", "input",
    "annotation-xml", "g", "body", "head", "html", "ul", "li", "form", "button",
)  # fmt: skip
ATTRIBUTES = ("", " a=b", " a='", ' a="', "/", " /", " encoding=text/html", " color=x", ' x="<!--"')
MARKS = (
    "<!--", "-->", "--!>", "<!-->", "<![CDATA[", "]]>", ">", '"', "'", "x", " ", "<", "</", "<!", "<?", "</>",
    "<!doctype html>", "&lt;", "-",
)  # fmt: skip

names = st.sampled_from(ELEMENTS)
pieces = st.one_of(
    st.sampled_from(LIVE),
    st.builds("<{}{}>".format, names, st.sampled_from(ATTRIBUTES)),
    st.builds("<{}>".format, names),
    st.builds("</{}>".format, names),
    st.sampled_from(MARKS),
)
documents = st.lists(pieces, max_size=16).map("".join)


def _html5lib(text: str, scripting: bool) -> Iterator[str]:
    for element in html5lib.parse(text, scripting=scripting, namespaceHTMLElements=False).iter():
        if isinstance(element.tag, str) and element.tag.rpartition("}")[2].encode() in LOADING:
            yield from (value for name, value in element.items() if name.rpartition("}")[2].encode() in URLS)


def _lexbor(text: str) -> Iterator[str]:
    for name in LOADING:
        for node in LexborHTMLParser(text).css(name.decode()):
            yield from (value or "" for key, value in node.attributes.items() if key.encode() in URLS)


def _live(text: str) -> list[str]:
    return [*_html5lib(text, True), *_html5lib(text, False), *_lexbor(text)]


def _numbered(text: str) -> str:
    """Give every live URL a number, so that each tag can be told from the others."""
    first, *rest = text.split("live")
    return first + "".join(f"live{number}.{part}" for number, part in enumerate(rest))


@settings(max_examples=400, deadline=None)
@given(documents, st.integers(0, 10_000))
@example("<template><svg><![CDATA[> <!-- ]]></svg></template><img src=live>-->", 0)
@example("<table><svg><desc><table></desc><style><!--</style><img src=live>-->", 0)
def test_no_tag_is_missed(document: str, seed: int) -> None:
    text = _numbered(document)
    for cut in (CUTS[0], at_random(seed)):
        handler = Disarm()
        out, sealed = rewrite(handler, cut(text.encode()), head=b"<meta name=h>", body=b"<p id=b></p>")
        shown = b"\n".join(handler.tags).decode()
        if not sealed:
            assert [url for url in _live(text) if url not in shown] == []
        assert _live(out.decode()) == []


@settings(max_examples=300, deadline=None)
@given(documents, st.integers(0, 10_000))
def test_the_chunks_change_nothing(document: str, seed: int) -> None:
    results = []
    for cut in (*CUTS[:2], at_random(seed)):
        handler = Disarm()
        out = rewrite(handler, cut(document.encode()), head=b"<meta name=h>", body=b"<p id=b></p>")
        results.append((out, sorted(handler.shown, key=repr)))
    assert results[1:] == results[:-1]
