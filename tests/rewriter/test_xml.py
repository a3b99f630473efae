"""XML pages: edited by XML's rules, well-formed afterwards, and cut where they stop being so."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.rewriter import Where
from consentkit.rewriter import xml as room
from consentkit.rewriter.xml import XmlRewriter
from rewriter.recording import Disarm, Recorder, byte_by_byte

H = "{http://www.w3.org/1999/xhtml}"
S = "{http://www.w3.org/2000/svg}"
BEGIN = b'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>a</title></head><body>'
END = b"</body></html>"


def page(content: bytes) -> bytes:
    return BEGIN + content + END


def run(
    data: bytes | Sequence[bytes],
    handler: Recorder | None = None,
    *,
    head: bytes = b"",
    body: bytes = b"",
    charset: bytes = b"",
) -> bytes:
    """Return what comes out."""
    rewriter = XmlRewriter(handler or Disarm(), head=head, body=body, charset=charset)
    chunks = [data] if isinstance(data, bytes) else data
    return b"".join([*map(rewriter.feed, chunks), rewriter.close()])


def elements(out: bytes, name: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(out).iter(name))


@pytest.mark.parametrize("cut", [lambda data: [data], byte_by_byte])
def test_what_is_not_edited_is_the_same_bytes(cut: object) -> None:
    data = (
        b'<?xml version="1.0"?>\n<!DOCTYPE html>\r\n'
        + page(b"<p  id = 'x' ><!-- <img src='a'/> --> &#65; <![CDATA[<script>]]> \xc3\xa9<br/></p >")
        + b"\n<!-- end -->"
    )
    assert run(cut(data), Recorder()) == data  # type: ignore[operator]


@pytest.mark.parametrize("cut", [lambda data: [data], byte_by_byte])
def test_tags_are_edited_and_the_rest_stays(cut: object) -> None:
    data = page(b"<p>1 &lt; 2</p><img alt='a\"b' src='https://x.example/?a=1&amp;b=2'/><p>2</p>")
    out = run(cut(data))  # type: ignore[operator]
    (image,) = elements(out, H + "img")
    assert image.attrib == {"alt": 'a"b', "data-moved-src": "https://x.example/?a=1&b=2"}
    assert out.startswith(BEGIN + b"<p>1 &lt; 2</p><img ")
    assert out.endswith(b"/><p>2</p>" + END)


def test_a_script_may_be_complete_where_it_begins() -> None:
    out = run(page(b"<script src='a.js'/><img src='b'/>"))
    (script,) = elements(out, H + "script")
    assert script.attrib == {"type": "text/plain", "data-moved-src": "a.js"}
    assert b"data-moved-src" in ElementTree.tostring(elements(out, H + "img")[0])


def test_the_text_of_a_script_is_shown_as_it_runs() -> None:
    handler = Recorder([b"script"])
    run(page(b"<script>if (1 &lt; 2) <![CDATA[ a('</script>') ]]> b('&#x41;')</script>"), handler)
    assert handler.shown == [(b"<script>", b"if (1 < 2)  a('</script>')  b('A')", True, Where(0))]


def test_names_have_namespaces() -> None:
    data = (
        b'<x:html xmlns:x="http://www.w3.org/1999/xhtml" xmlns="urn:other"><script src="not one"/>'
        b'<x:script src="one"/><s:svg xmlns:s="http://www.w3.org/2000/svg" xmlns:l="http://www.w3.org/1999/xlink">'
        b'<s:script l:href="two"/><s:image href="three" other="x"/></s:svg></x:html>'
    )
    handler = Disarm()
    out = run(data, handler)
    assert handler.tags == [
        b'<script src="one">',
        b'<script xlink:href="two">',
        b'<image href="three" other="x">',
    ]
    assert [where for *_, where in handler.shown] == [Where(0), Where.FOREIGN, Where.FOREIGN]
    assert elements(out, "{urn:other}script")[0].attrib == {"src": "not one"}
    assert elements(out, H + "script")[0].attrib == {"type": "text/plain", "data-moved-src": "one"}
    assert elements(out, S + "script")[0].attrib == {"type": "text/plain", "data-moved-xlink-href": "two"}


def test_names_are_case_sensitive() -> None:
    handler = Recorder()
    run(page(b"<IMG src='a'/><img SRC='b' src='c'/>"), handler)
    assert handler.tags == [b'<img src="c">']


def test_rare_elements_are_shown_by_their_attributes() -> None:
    handler = Recorder([])
    handler.rare = {b"ping": frozenset((b"a",))}
    run(page(b"<a href='x'>x</a><a ping='y'>y</a><p ping='z'/>"), handler)
    assert handler.tags == [b'<a ping="y">']


def test_injections_go_behind_head_and_body() -> None:
    out = run(page(b"<p/>"), Recorder(), head=b'<link rel="stylesheet" href="/x"/>', body=b"<div>b</div>")
    assert b'<head><link rel="stylesheet" href="/x"/><title>' in out
    assert b"<body><div>b</div><p/>" in out


@pytest.mark.parametrize("markup", [b"<div>", b"<p hidden>x</p>", b"&nbsp;", b"</x><x>"])
def test_what_is_no_xml_is_not_put_into_it(markup: bytes) -> None:
    assert run(page(b""), Recorder(), head=markup, body=markup) == page(b"")


def test_nothing_is_put_into_what_has_no_content() -> None:
    data = b'<html xmlns="http://www.w3.org/1999/xhtml"><head/><body/></html>'
    assert run(data, Recorder(), head=b"<x/>", body=b"<x/>") == data


@pytest.mark.parametrize(
    "rest", [b"<p></b>", b"<p", b"<p a=1/>", b"&undeclared;", b"<a:p/>", b"</body></html><p/>", b"\xff"]
)
def test_nothing_behind_an_error_goes_out(rest: bytes) -> None:
    rewriter = XmlRewriter(Disarm())
    out = rewriter.feed(BEGIN + b"<p>1</p>")
    out += rewriter.feed(rest + b"<img src='x'/><script>y</script>") + rewriter.feed(b"<img src='z'/>")
    out += rewriter.close()
    assert out.startswith(BEGIN + b"<p>1</p>")
    assert b"<img" not in out
    assert b"<script" not in out


REFUSED = [
    pytest.param(b"<!DOCTYPE html [<!ENTITY e \"<img src='x'/>\">]>" + page(b"&e;"), id="entities"),
    pytest.param(
        b'<!DOCTYPE html [<!ATTLIST img src CDATA "x">]>' + page(b"<img/>"), id="default attributes"
    ),
    pytest.param(b'<?xml-stylesheet type="text/xsl" href="/x"?>' + page(b""), id="transformation"),
    pytest.param(b'<?xml version="1.0" encoding="shift_jis"?>' + page(b""), id="charset of two bytes"),
    pytest.param(b'<?xml version="1.0" encoding="utf-7"?>' + page(b""), id="charset that hides tags"),
    pytest.param(page(b"<img src='x'/>").decode().encode("utf-16-le"), id="unlabelled"),
    pytest.param(b"<html><p></html>", id="not well-formed"),
    pytest.param(b"<!doctype html><html lang=en>", id="HTML"),
]


@pytest.mark.parametrize("data", REFUSED)
def test_what_browsers_may_read_differently_is_refused_as_a_whole(data: bytes) -> None:
    rewriter = XmlRewriter(Recorder())
    assert rewriter.feed(data) + rewriter.close() == b""
    assert rewriter.refused


def test_a_charset_that_came_with_it_must_be_readable() -> None:
    rewriter = XmlRewriter(Recorder(), charset=b"gb18030")
    assert rewriter.feed(page(b"")) == b""
    assert rewriter.refused


@pytest.mark.parametrize("charset", [b"iso-8859-1", b"windows-1251", b"utf-8"])
def test_charsets_of_one_byte_keep_their_bytes(charset: bytes) -> None:
    text = "é".encode(charset.decode(), "xmlcharrefreplace")
    out = run(page(b"<p>" + text + b"</p><img alt='" + text + b"' src='x'/>"), charset=charset)
    assert b"<p>" + text + b"</p>" in out
    assert b'alt="' + text + b'"' in out


def test_a_byte_order_mark_beats_the_label() -> None:
    data = b"\xef\xbb\xbf" + page("<p>é</p>".encode())
    assert run(data, Recorder(), charset=b"gb18030") == data


def test_style_sheets_of_others_are_taken_out_of_action() -> None:
    sheet = b'<?xml-stylesheet href="https://x.example/a.css" type="text/css"?>'
    assert run(sheet + page(b"")) == b"<?consentkit-" + sheet[2:] + page(b"")
    assert run(sheet + page(b""), Recorder()) == sheet + page(b"")


def test_a_script_that_is_too_long_is_decided_on_before_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MAX_SCRIPT", 10)
    handler = Recorder()
    run(page(b"<script>" + b"x" * 100 + b"<b/></script><img src='a'/>"), handler)
    assert [(tag, whole) for tag, _, whole, _ in handler.shown] == [
        (b"<script>", False),
        (b'<img src="a">', True),
    ]


def test_what_is_decided_goes_out_at_once() -> None:
    rewriter = XmlRewriter(Recorder())
    assert rewriter.feed(BEGIN + b"<p>one</p> two <scr") == BEGIN + b"<p>one</p> two "
    assert rewriter.feed(b"ipt>a") == b""
    assert rewriter.feed(b"</script><p") == b"<script>a</script>"


_NAMES = st.sampled_from(["p", "img", "script", "svg", "iframe", "a"])
_TEXTS = st.text("ab<>&\"'] é\n", max_size=6)


@st.composite
def trees(draw: st.DrawFn, depth: int = 3) -> ElementTree.Element:
    """Any small tree of XHTML."""
    element = ElementTree.Element(
        H + draw(_NAMES), draw(st.dictionaries(st.sampled_from(["src", "id", "Src"]), _TEXTS))
    )
    element.text = draw(_TEXTS)
    for _ in range(draw(st.integers(0, 2)) if depth else 0):
        child = draw(trees(depth - 1))
        child.tail = draw(_TEXTS)
        element.append(child)
    return element


@given(trees(), st.integers(1, 40), st.booleans())
def test_any_page_stays_one_with_the_same_text_and_nothing_loads(
    tree: ElementTree.Element, size: int, prefixed: bool
) -> None:
    ElementTree.register_namespace("h" if prefixed else "", H[1:-1])
    data = ElementTree.tostring(tree, encoding="utf-8")
    out = run([data[at : at + size] for at in range(0, len(data), size)])
    made = ElementTree.fromstring(out)
    assert "".join(made.itertext()) == "".join(tree.itertext())
    for before, after in zip(tree.iter(), made.iter(), strict=True):
        assert before.tag == after.tag
        loads = before.tag in (H + "img", H + "script", H + "iframe")
        inside = any(before is not one and before in one.iter() for one in tree.iter(H + "script"))
        if loads and not inside:
            assert "src" not in after.attrib
            assert after.attrib.get("data-moved-src") == before.attrib.get("src")
        if before.tag == H + "script" and not inside:
            assert after.attrib["type"] == "text/plain"


@given(st.binary(max_size=200) | st.text("<>/?!&;'\"= abp[]-xmlns:", max_size=80).map(str.encode))
def test_any_bytes_end_quietly(data: bytes) -> None:
    run([BEGIN, data, END])
    run(data)
