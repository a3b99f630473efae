"""Tags inside ``<template>`` are shown as such, and attributes are found by the ends of their names."""

from __future__ import annotations

import pytest

from consentkit.rewriter import Where
from rewriter.recording import CUTS, Cut, Recorder, rewrite


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    ("page", "inside"),
    [
        (b"<template><img></template><img>", [True, False]),
        (b"<template><template><img></template><img></template><img>", [True, True, False]),
        (b"<div><template shadowrootmode=open><p><img></p></template></div><img>", [True, False]),
        (b"<template><img>", [True]),
        (b"</template><img>", [False]),
        (b"<template><script>x</script></template><script>y</script>", [True, False]),
        (b"<!-- <template> --><img>", [False]),
    ],
)
def test_where_templates_begin_and_end(page: bytes, inside: list[bool], cut: Cut) -> None:
    recorder = Recorder()
    rewrite(recorder, cut(page))
    assert [bool(where & Where.TEMPLATE) for *_, where in recorder.shown] == inside


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize(
    "tag",
    [
        b'<div data-bg="x">',
        b"<DIV class=y DATA-LAZY-BG=x>",
        b"<div -bg=x>",
        b'<div class="y" data-bg="">',
        b"<div\ndata-bg='x'>",
        b"<div title=\"a>b\" data-bg='x'/>",
    ],
)
def test_rare_attributes_are_found_by_how_their_names_end(tag: bytes, cut: Cut) -> None:
    recorder = Recorder()
    recorder.rare = frozenset({(b"-bg", frozenset({b"div"}))})
    other = b'<div class="a-bg" data-bgx="1" id="bg" bg="2" data-bg>x</div><p data-bg="x">'
    for around in (b"<body>", b"<template>", b"<select>"):
        recorder.shown.clear()
        rewrite(recorder, cut(around + other + tag + other))
        assert recorder.tags == [tag]
