"""Charsets in which ``<`` may be another byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.response.content_encoding import PRESCAN, Charset


class Upper:
    """Stands for the rewriter: changes ASCII letters only, and shows what it was fed."""

    def __init__(self) -> None:
        self.seen = b""

    def feed(self, data: bytes) -> bytes:
        self.seen += data
        return data.upper()

    def close(self) -> bytes:
        return b"<END>"


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be", "iso2022_jp"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_wide_charsets_are_decoded_and_encoded_again(charset: str, size: int) -> None:
    label = {"utf-16-le": b"utf-16", "utf-16-be": b"utf-16be", "iso2022_jp": b"iso-2022-jp"}[charset]
    inner = Upper()
    stage = Charset(label, inner)
    text = "<p>日本 and</p>"
    out = b"".join(map(stage.feed, pieces(text.encode(charset), size))) + stage.close()
    assert inner.seen.decode() == text
    assert out.decode(charset) == text.upper() + "<END>"


def test_a_byte_order_mark_beats_the_label() -> None:
    inner = Upper()
    stage = Charset(b"utf-8", inner)
    out = stage.feed(b"\xff") + stage.feed("\ufeff<b>".encode("utf-16-le")[1:]) + stage.close()
    assert inner.seen == "\ufeff<b>".encode()
    assert out.decode("utf-16-le") == "\ufeff<B><END>"


def test_ascii_compatible_pages_pass_straight_through() -> None:
    stage = Charset(b"shift_jis", Upper())
    assert stage.feed(b"\x83\x5c<p>") + stage.close() == b"\x83\x5c<P><END>"


def test_a_page_shorter_than_a_byte_order_mark_is_not_lost() -> None:
    stage = Charset(b"", Upper())
    assert stage.feed(b"\xef") == b""
    assert stage.close() == b"\xef<END>"


JAPANESE = "<p>\u65e5\u672c and</p>"
HIDDEN = b"\x1b$B<!--\x1b(B<script>"
META = b"<meta charset=iso-2022-jp>"
NAMED = [
    META,
    b"<!DOCTYPE html>\n<html lang='ja'><head>\n<META CHARSET='ISO-2022-JP' />",
    b"<meta name=viewport content='width=device-width'>" + META,
    b'<meta http-equiv="Content-Type" content="text/html; charset=iso-2022-jp">',
    b"<meta content='text/html;charset=csISO2022JP' http-equiv=content-type>",
    b"<!-- a note --><html><head><title>\x1b$B%-%e\x1b(B</title><link rel=icon href=/x>" + META,
]
UNSURE = [
    b"",
    b"a" * 2000 + META,
    b"<!--" + b"a" * 2000 + b"-->" + META,
    b"<!--" + META + b"-->",
    b"<!-->" + META + b"-->",
    b"<title>" + META + b"</title>",
    b"<script>'" + META + b"'</script>",
    b"<link title='" + META + b"'>",
    b"<link title='>" + META + b"'>",
    b"<meta charset=utf-8>" + META,
    b"<meta charset=bogus>" + META,
    b"<meta name=description content='charset=iso-2022-jp'>",
    b"text" + META,
]


def turned(label: bytes, data: bytes, size: int) -> tuple[bytes, bytes]:
    """Return what the rewriter saw and what came out."""
    inner = Upper()
    stage = Charset(label, inner)
    out = b"".join(map(stage.feed, pieces(data, size))) + stage.close()
    return inner.seen, out


@pytest.mark.parametrize("begin", NAMED)
@pytest.mark.parametrize("size", [1, 2, 7, 5000])
def test_a_meta_that_all_browsers_find_names_the_charset(begin: bytes, size: int) -> None:
    data = begin + JAPANESE.encode("iso2022_jp")
    seen, out = turned(b"", data, size)
    assert seen.decode() == data.decode("iso2022_jp")
    assert out.decode("iso2022_jp").endswith(JAPANESE.upper() + "<END>")
    assert b"<!--" not in turned(b"", begin.replace(b"<!-- a note -->", b"") + HIDDEN, size)[0]


@pytest.mark.parametrize("begin", UNSURE)
@pytest.mark.parametrize("label", [b"", b"bogus", b"windows-1252", b"shift_jis", b"iso-2022-jp(x)"])
@pytest.mark.parametrize("size", [1, 2, 7, 5000])
def test_otherwise_nothing_is_an_escape_in_any_reading(begin: bytes, label: bytes, size: int) -> None:
    seen, out = turned(label, begin + HIDDEN, size)
    assert seen == begin + HIDDEN.replace(b"\x1b", b"")
    assert out == seen.upper() + b"<END>"


@pytest.mark.parametrize("label", [b"utf-8", b"utf8"])
@pytest.mark.parametrize("data", [META + HIDDEN, b"\x1b$B"])
def test_where_the_header_says_utf_8_nothing_is_looked_at(label: bytes, data: bytes) -> None:
    assert turned(label, data, 1) == (data, data.upper() + b"<END>")
    marked = b"\xef\xbb\xbf" + data
    assert turned(b"", marked, 1000) == (marked, marked.upper() + b"<END>")


@pytest.mark.parametrize("data", [b"\x1b[1mbold\x1b[0m", b"a\x1b", b"\x1b", b"caf\xe9 \x1b) $B", b"\x83\x5c"])
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_begins_no_escape_stays(data: bytes, size: int) -> None:
    for label in (b"", b"windows-1252", b"x-user-defined"):
        assert turned(label, data, size)[0] == data


@pytest.mark.parametrize(
    "data",
    [
        b"\x1b(I<!-\x1b(B<a>",  # half-width kana
        b"\x1b\x1b(B$B<!--\x1b\x1b(B(B<a>",  # an escape taken apart by another
        b"\x1b\x1b(J$B<!--<a>",
        b"\x1b$(D<!--\x1b(B<a>",  # a set that browsers do not know
        b"\x1b.A<!--<a>\x0e<b>\x0f",
        b"\x1b$B<!-\n\x1b(B<a>",
        b"\x1b$B<",
        b"\x1b$",
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_what_goes_out_means_what_was_read(data: bytes, size: int) -> None:
    seen, out = turned(b"iso-2022-jp", data, size)
    text = out.decode("iso2022_jp")
    assert "\x1b" not in text
    assert [char for char in text if char in "<>"] == [char for char in seen.decode() + "<>" if char in "<>"]


def test_a_page_goes_on_as_it_comes() -> None:
    stage = Charset(b"", Upper())
    assert stage.feed(b"<html>") == b"<HTML>"
    assert stage.feed(b"<p>one") == b"<P>ONE"
    assert stage.feed(b"\x1b$B<!--") == b""  # until the beginning is there
    assert stage.feed(b"x" * PRESCAN) == b"$B<!--" + b"X" * PRESCAN


@given(
    st.lists(
        st.sampled_from([b"\x1b", b"$B", b"(B", b"<!--", b"<a>", META, b"<title>", b" ", b"\xe9"]), max_size=9
    )
)
def test_pieces_make_no_difference(parts: list[bytes]) -> None:
    data = b"".join(parts)
    for label in (b"", b"bogus", b"iso-2022-jp"):
        assert turned(label, data, 1) == turned(label, data, 3) == turned(label, data, 5000)


DECLARED = '<?xml version="1.0"?><p>caf\xe9</p>'


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("size", [1, 4, 1000])
def test_a_declaration_in_utf_16_says_so_where_no_label_does(charset: str, size: int) -> None:
    data = DECLARED.encode(charset)
    seen, out = turned(b"", data, size)
    assert (seen.decode(), out.decode(charset)) == (
        DECLARED,
        DECLARED.upper().replace("\xc9", "\xe9") + "<END>",
    )
    for label in (b"bogus", b"windows-1252"):
        assert turned(label, data, size)[0] == data[1:]  # it declares nothing any more
    assert turned(b"utf-8", data, size)[0] == data


@pytest.mark.parametrize("data", [b"<", b"<?", b"\0", b"<\0?\0x", b"\xff", b"\xef\xbb"])
def test_a_page_shorter_than_a_declaration_is_not_lost(data: bytes) -> None:
    assert turned(b"", data, 1) == (data, data.upper() + b"<END>")
