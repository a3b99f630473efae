"""Limits: what is kept is bounded, and what passes a limit goes out inert."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from consentkit.exceptions import RewriteError
from consentkit.rewriter import MAX_READINGS, Rewriter
from consentkit.rewriter.foreign import MAX_MIXED_DEPTH, MAX_NAMES
from consentkit.rewriter.tokenizer import MAX_SCRIPT, MAX_TAG
from rewriter.recording import Disarm, Recorder, rewrite

CHUNK = 65_536


def _chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


@pytest.mark.parametrize("name", [b"img", b"script", b"iframe"])
def test_an_oversized_tag_is_renamed(name: bytes) -> None:
    tag = b" src=live alt='" + b"x" * 2 * MAX_TAG + b"'>"
    out, sealed = rewrite(Recorder(), _chunks(b"<p><" + name + tag + b"<b>"))
    assert out == b"<p><x-oversized-" + name + tag + b"<b>"
    assert not sealed


def test_an_oversized_tag_nobody_asked_for_is_untouched() -> None:
    page = b"<p title='" + b"x" * 2 * MAX_TAG + b"'>"
    assert rewrite(Recorder(), _chunks(page)) == (page, False)


def test_the_beginning_of_an_oversized_script_is_judged() -> None:
    handler = Recorder()
    page = b"<script>" + b"x" * 2 * MAX_SCRIPT + b"</script><img>"
    assert rewrite(handler, _chunks(page)) == (page, False)
    (raw, text, whole, _), image = handler.shown
    assert (raw, whole, image[0]) == (b"<script>", False, b"<img>")
    assert text is not None and len(text) <= MAX_SCRIPT + CHUNK


def test_a_script_that_the_document_cuts_off_is_not_whole() -> None:
    for page in (b"<script>code", b"<script>code</scrip", b"<svg><script>code"):
        handler = Recorder()
        assert rewrite(handler, [page]) == (page, False)
        assert not any(whole for _, _, whole, _ in handler.shown)


DEEP = {
    "readings": b"".join(b"<svg><desc><p></x%d></svg>" % number for number in range(40 * MAX_READINGS)),
    "mixed": b"<svg><desc><div>" * MAX_MIXED_DEPTH,
    "names": b"<svg>" + b"".join(b"<n%d>" % number for number in range(MAX_NAMES - 1)),
}


@pytest.mark.parametrize("page", DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("last", [b"<image href=live>", b"<script href=live></script>"])
def test_beyond_a_limit_the_page_is_text(page: bytes, last: bytes) -> None:
    out, sealed = rewrite(Disarm(), [page, last, b"<img src=live>"])
    assert sealed
    assert out.endswith(b"&lt;img src=live>")
    assert b"<image href" not in out
    assert b"<script href" not in out


@pytest.mark.parametrize(
    "unit",
    [
        b"text ", b"<p>", b"<p a='x' b=\"y\">", b"<!-- -->", b"<!--", b"<![CDATA[", b"<svg><path/></svg>",
        b"<svg><a></a></svg>", b"<script>0</script>", b"<noscript><img src=x></noscript>", b"&", b"<",
        b"<select><xmp></xmp></select>", b"<img src=x>", b"<template><col></template>", b"</svg>",
    ],
)  # fmt: skip
def test_memory_is_bounded(unit: bytes) -> None:
    rewriter = Rewriter(Disarm())
    chunk = unit * (4096 // len(unit))
    taken = given = 0
    for _ in range(200):
        given += len(chunk)
        taken += len(rewriter.feed(chunk))
        assert given - taken < 2 * len(chunk)
    rewriter.close()


def test_nothing_after_close() -> None:
    rewriter = Rewriter(Recorder())
    assert rewriter.feed(b"<p") + rewriter.close() == b"<p"
    with pytest.raises(RewriteError):
        rewriter.feed(b"")
    with pytest.raises(RewriteError):
        rewriter.close()
