"""Documents that browsers read in ways a simple tokenizer does not. Each was live in Chromium 156."""

from __future__ import annotations

import pytest

from consentkit.rewriter import Where
from rewriter.recording import CUTS, Disarm, Recorder, rewrite

LIVE = b"<script src=live></script>"

MISSED = {
    # The preload scanner knows no foreign content: it fetches what HTML's rules alone make a tag.
    "preload scanner, style in svg": b"<svg><style><!--</style><img src=live>-->",
    "preload scanner, title in svg": b"<svg><title><!--</title><img src=live>-->",
    "preload scanner, cdata": b"<svg><![CDATA[><img src=live>]]></svg>",
    "preload scanner, script in svg": b"<svg><script>0<!--</script><img src=live>--></script></svg>",
    "preload scanner, noscript in svg": b"<svg><noscript><!--</noscript><img src=live>-->",
    "preload scanner, iframe in svg": b"<svg><iframe><!--</iframe><img src=live>-->",
    # Behind <col>, a template ignores every start tag but <col> and <template>, raw text included.
    "xmp behind col": b"<template><col><xmp></template>" + LIVE + b"</xmp>",
    "style behind col": b"<template><col><style></template>" + LIVE + b"</style>",
    "script behind col": b"<template><col><script></template>" + LIVE,
    "title behind col": b"<template><col><title></template>" + LIVE + b"</title>",
    "plaintext behind col": b"<template><col><plaintext></template>" + LIVE,
    "svg behind col": b"<template><col><svg></template><style><!--</style>" + LIVE + b"-->",
    "end of a paragraph in svg, before 2020": b"<svg></p><script><img src=live></script>",
    "col in an inner template": b"<template><col><template></template><xmp></template>" + LIVE + b"</xmp>",
    "cdata while the head is open": b"<template><svg><![CDATA[> <!-- ]]></svg></template><img src=live>-->",
    "table out of svg in a table": b"<table><svg><desc><table></desc><style><!--</style>" + LIVE + b"-->",
    "frameset ignores scripts": b"<frameset><script><frame src=live></script>",
    "select used to ignore raw text": b"<select><xmp>" + LIVE + b"</xmp>",
    "template in select": b"<select><template></select></template><xmp>" + LIVE + b"</xmp>",
    "noscript without scripting": b"<noscript><!--</noscript><img src=live>--><img src=live></noscript>",
    "quote in noscript": b"<noscript><p title='</noscript><img src=live>'>",
    "escaped script": b"<script><!--<script></script>--></script>" + LIVE,
    "comment end by bang": b"<!-- --!>" + LIVE,
    "short comment": b"<!-->" + LIVE + b"-->",
    "doctype with quote": b"<!doctype html public '>" + LIVE + b"'>",
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("injected", [b"", b"<p>"])
@pytest.mark.parametrize("document", MISSED.values(), ids=MISSED)
def test_every_reading_is_disarmed(document: bytes, injected: bytes, cut: object) -> None:
    assert callable(cut)
    handler = Disarm()
    out, sealed = rewrite(handler, cut(document), head=injected, body=injected)
    assert not sealed
    assert b" src=live" not in out.replace(b" data-moved-src=live", b"")


SVG_SCRIPTS = {
    b"<script>code</script>": b"code",
    b"<script><!-- </script> -->code</script>": b"<!-- </script> -->code",
    b"<script>/*<![CDATA[</script>]]>*/code</script>": b"/*<![CDATA[</script>]]>*/code",
    b"<script><g a='</script>'/>code</script>": b"<g a='</script>'/>code",
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("script", SVG_SCRIPTS)
def test_all_text_of_an_svg_script_is_judged(script: bytes, cut: object) -> None:
    assert callable(cut)
    handler = Recorder()
    rewrite(handler, cut(b"<svg>" + script + b"</svg>"))
    foreign = [text for _, text, whole, where in handler.shown if whole and where & Where.FOREIGN]
    assert foreign == [SVG_SCRIPTS[script]]


def test_nested_svg_scripts_are_never_called_whole() -> None:
    handler = Recorder()
    rewrite(handler, [b"<svg><script><script>inner</script>outer</script></svg>"])
    foreign = [shown[1:3] for shown in handler.shown if shown[3] & Where.FOREIGN]
    assert foreign == [(b"", False), (b"<script>inner</script>outer", True)]


def test_one_reading_again_behind_foreign_content() -> None:
    handler = Recorder({b"img"})
    rewrite(handler, [b"<svg><use><image/></svg><img id=1><noscript><img id=2></noscript><img id=3>"])
    places = {raw[8:9]: where for raw, _, _, where in handler.shown}
    assert places == {b"1": Where(0), b"2": Where.NOSCRIPT | Where.UNCERTAIN, b"3": Where(0)}


def test_half_a_character_may_look_like_the_end_of_a_cdata_section() -> None:
    handler = Recorder({b"img"})
    rewrite(handler, [b"<svg><![CDATA[\x81]]><!-- ]]><img id=1></svg>-->"])
    assert [raw for raw, *_ in handler.shown] == [b"<img id=1>"]


PASSED_OVER = [
    b"<svg viewBox='0 0 1 1'><!-- > --><title>a</title><g><path d=M0 /></g><use href='#a'/></svg>",
    b"<math><semantics><mrow><mi>x<!-- <img> --></mi><MO>=</MO></mrow></semantics></math>",
    b"<MATH display=block><mtext></mtext><mspace/></MATH>",
]


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("plain", PASSED_OVER)
def test_plain_drawings_and_formulas_leave_one_reading(plain: bytes, cut: object) -> None:
    assert callable(cut)
    handler = Recorder()
    page = plain + b"<img><style><!--</style><img>-->"
    assert rewrite(handler, cut(page)) == (page, False)
    assert handler.shown == 2 * [(b"<img>", None, True, Where(0))]


def test_tags_of_drawings_are_shown_if_asked_for() -> None:
    handler = Recorder({b"svg", b"path"})
    rewrite(handler, [b"<svg onload=x><path d=1><title>t</title></svg>"])
    assert set(handler.tags) == {b"<svg onload=x>", b"<path d=1>"}


class Loading(Disarm):
    """Asks for drawings and what they use if a handler runs when they are there."""

    def __init__(self) -> None:
        super().__init__()
        self.rare = frozenset({(b"onload", frozenset({b"svg", b"use"}))})


DRAWN = {
    b'<svg a=">" onload="x"></svg>': [b'<svg a=">" onload="x">'],
    b"<svg a='>' onload=x><path d='m'/></svg>": [b"<svg a='>' onload=x>"],
    b"<svg><use href=#a /></svg>": [],
    b'<svg><g><use href="#a" onload="x"/></g></svg>': [b'<use href="#a" onload="x"/>'],
    b'<svg><use a=">" ONLOAD=x></use><path /></svg>': [b'<use a=">" ONLOAD=x>'],
    b"<svg><use href=#a onload=x/>": [b"<use href=#a onload=x/>"],
    # A slash at the end of a value closes nothing: the end tag closes what stands in the "g", too.
    b"<svg><g d=x/><foreignObject><svg></g><style></svg></foreignObject><![CDATA[><script src=a></script>": [
        b"<script src=a>"
    ],
}


@pytest.mark.parametrize("before", [b"<p>", b"<template>", b"<select>", b""])
@pytest.mark.parametrize("document", DRAWN)
def test_what_runs_in_a_drawing_is_shown_however_it_is_cut(document: bytes, before: bytes) -> None:
    for cut in CUTS:
        handler = Loading()
        rewrite(handler, cut(before + document + b"<p>text"))
        assert set(DRAWN[document]) <= set(handler.tags)
        if not DRAWN[document]:
            assert handler.tags == []
