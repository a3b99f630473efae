"""Attributes and their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.rewriter import attributes, decode


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"<a>", []),
        (b"<a/>", []),
        (b"<a b>", [(b"b", None)]),
        (b"<a B=c d='e' f=\"g\">", [(b"b", b"c"), (b"d", b"e"), (b"f", b"g")]),
        (b"<a b=c/>", [(b"b", b"c/")]),
        (b"<a b= >", [(b"b", b"")]),
        (b"<a b=''c>", [(b"b", b""), (b"c", None)]),
        (b"<a/b/c=d>", [(b"b", None), (b"c", b"d")]),
        (b"<a =b =c=d>", [(b"=b", b"c=d")]),
        (b"<a b\n=\r\n'c>d'>", [(b"b", b"c>d")]),
        (b"<a \"b'>", [(b"\"b'", None)]),
        (b"<a src=1 SRC=2>", [(b"src", b"1"), (b"src", b"2")]),
        (b"<a<b c>", [(b"c", None)]),
        (b"<svg\x0cb=`c`>", [(b"b", b"`c`")]),
    ],
)
def test_reads_as_browsers_do(raw: bytes, expected: list[tuple[bytes, bytes | None]]) -> None:
    assert [(item.name, item.value) for item in attributes(raw)] == expected


@given(st.lists(st.sampled_from([b" ", b"a", b"=", b"'", b'"', b"/", b"\n", b"B", b"&amp;"]), max_size=20))
def test_places_are_those_of_the_parts(parts: list[bytes]) -> None:
    raw = b"<x " + b"".join(parts) + b">"
    for item in attributes(raw):
        assert raw[item.name_start : item.name_end].lower() == item.name
        assert raw[item.value_start : item.value_end] == (item.value or b"")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"a&amp;b", "a&b"),
        (b"a&ampb", "a&ampb"),
        (b"a&amp=b", "a&amp=b"),
        (b"a&amp", "a&"),
        (b"&#x2f;&#47&#x2F", "///"),
        (b"&#x80;&#0;&#xD800;&#x110000;&#99999999999999999999;", "\u20ac\ufffd\ufffd\ufffd\ufffd"),
        (b"&#x000000002f;&#" + b"0" * 5_000 + b"47;", "//"),
        (b"&#x" + b"0" * 5_000 + b"2f;&#" + b"9" * 5_000 + b";", "/\ufffd"),
        (b"&notit;&notin;", "&notit;\u2209"),
        (b"&sol;&Tab;&colon;", "/\t:"),
        (b"&;&#;&#x;&unknown;", "&;&#;&#x;&unknown;"),
        (b"\xff", "\ufffd"),
    ],
)
def test_references_are_decoded_as_in_attributes(value: bytes, expected: str) -> None:
    assert decode(value) == expected
