"""The injections stand in head and body, whatever the page leaves open."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]
import pytest

from consentkit.rewriter import Rewriter
from rewriter.recording import Recorder, byte_by_byte, rewrite, whole

HEAD = b"<link rel=x-head>"
BODY = b"<section id=banner><form action=/x><button>ok</button></form></section>"

PAGES = {
    "ordinary": b"<!doctype html><html lang=en><head><title>t</title></head><body a=b><p>x</body></html>",
    "nothing": b"",
    "white space": b" \n ",
    "only text": b"text",
    "only a comment": b"<!-- x -->",
    "byte order mark": b"\xef\xbb\xbf<!doctype html><title>t</title><p>x",
    "byte order mark alone": b"\xef\xbb\xbf",
    "doctype alone": b"<!doctype html>",
    "without body": b"<!doctype html><title>t</title><meta charset=utf-8><p>text",
    "without head": b"<body><p>text",
    "without anything": b"<p>text<p>more",
    "foreign base": b"<head><base href=//evil.example/></head><body>x",
    "unclosed form": b"<body><form action=/evil><p>x",
    "unclosed form before body": b"<title>t</title><form action=/evil><body>x",
    "unclosed link": b"<a href=/evil><body><p>x",
    "comment before body": b"<head></head><!-- x --><body>x<!-- open",
    "comment after body": b"<head></head><body><!-- open <p>x",
    "unclosed comment in head": b"<head><!-- open <body>x",
    "select": b"<select><option>x",
    "unclosed title": b"<title>x<body>y",
    "unclosed script": b"<script>x<body>y",
    "unclosed style": b"<head><style>x<body>y",
    "body in a comment": b"<!-- <body> --><title>t</title><p>x",
    "body in a script": b"<head><script>'<body>'</script></head><body>x",
    "body in a title": b"<title><body></title><p>x",
    "noscript in head": b"<head><noscript><style>x</style></noscript><title>t</title></head><body>x",
    "noscript with an image in head": b"<head><noscript><img src=x></noscript><title>t</title></head><body>x",
    "end tags first": b"</p></div></head><p>x",
    "table": b"<table><tr><td>x",
    "plaintext": b"<plaintext><body>x",
    "unclosed tag": b"<body",
    "unclosed quote": b"<title>t</title><meta content='",
    "svg": b"<svg><title>x</title><p>y",
    "text before body": b"x<body>y",
}


def _ancestors(root: Element, path: tuple[Element, ...] = ()) -> dict[Element, tuple[Element, ...]]:
    found = {root: path}
    for child in root:
        found |= _ancestors(child, (*path, root))
    return found


def _names(elements: tuple[Element, ...]) -> list[str]:
    return [str(element.tag) for element in elements]


@pytest.mark.parametrize("scripting", [True, False])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_in_head_and_directly_in_body(page: bytes, scripting: bool) -> None:
    out, _ = rewrite(Recorder(), whole(page), head=HEAD, body=BODY)
    assert out == rewrite(Recorder(), byte_by_byte(page), head=HEAD, body=BODY)[0]
    tree = html5lib.parse(out, scripting=scripting, namespaceHTMLElements=False)
    banner = tree.find(".//section[@id='banner']")
    link = tree.find(".//link[@rel='x-head']")
    assert banner is not None and link is not None
    ancestors = _ancestors(tree)
    assert _names(ancestors[banner]) == ["html", "body"]
    assert banner.find("form/button") is not None
    if scripting:
        assert _names(ancestors[link]) == ["html", "head"]


TEMPLATES = {
    "template in head": b"<head><template><body><p>x</template><title>t</title></head><body>y",
    "unclosed template": b"<head><template><p>x<body>y",
    "nested templates": b"<template><template></template></template><p>x",
}


@pytest.mark.parametrize("page", TEMPLATES.values(), ids=TEMPLATES)
def test_not_in_a_template(page: bytes) -> None:
    out, _ = rewrite(Recorder(), whole(page), head=HEAD, body=BODY)
    before = out[: out.index(BODY)]
    assert before.count(b"<template>") == before.count(b"</template>")
    assert b"<p>" not in before.rpartition(b"</template>")[2]


def test_framesets_have_no_body() -> None:
    page = b"<html><head><title>t</title></head><frameset><frame src=x></frameset></html>"
    out, _ = rewrite(Recorder(), whole(page), head=HEAD, body=BODY)
    assert out == page.replace(b"<title>", HEAD + b"<title>")


def test_asked_for_when_the_place_is_found() -> None:
    asked: list[str] = []

    def part(name: str) -> bytes:
        asked.append(name)
        return name.encode()

    rewriter = Rewriter(Recorder(), head=lambda: part("[head]"), body=lambda: part("[body]"))
    assert rewriter.feed(b"<!doctype html>") == b"<!doctype html>"
    assert asked == []
    assert rewriter.feed(b"<head><title>t</title>") == b"<head>[head]<title>t</title>"
    assert rewriter.feed(b"<body>x") == b"<body>[body]x"
    assert (rewriter.close(), asked) == (b"", ["[head]", "[body]"])
