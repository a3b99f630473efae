from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.asgi.coding import Charset, Deflate, Inflate, acceptable, charset_of


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


@given(st.binary(max_size=400), st.integers(1, 50), st.sampled_from(["gzip", "zlib", "raw"]))
def test_inflate_reads_every_form_in_any_chunks(data: bytes, size: int, form: str) -> None:
    bits = {"gzip": 31, "zlib": 15, "raw": -15}[form]
    engine = zlib.compressobj(6, zlib.DEFLATED, bits)
    encoded = engine.compress(data) + engine.flush()
    stage = Inflate(b"gzip" if form == "gzip" else b"deflate")
    assert b"".join(map(stage.feed, pieces(encoded, size))) + stage.close() == data


def test_inflate_reads_gzip_members_that_follow_each_other() -> None:
    stage = Inflate(b"gzip")
    assert stage.feed(gzip.compress(b"one ") + gzip.compress(b"two")) + stage.close() == b"one two"


def test_inflate_refuses_what_is_not_compressed() -> None:
    with pytest.raises(zlib.error):
        Inflate(b"gzip").feed(b"<html>")


@pytest.mark.parametrize("coding", [b"gzip", b"deflate"])
def test_each_message_can_be_read_as_soon_as_it_is_sent(coding: bytes) -> None:
    out, back = Deflate(coding), Inflate(coding)
    for message in (b"first", b"", b"second"):
        assert back.feed(out.feed(message)) == message
    assert back.feed(out.close()) == b""


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


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        (b"text/html", b""),
        (b"text/html; charset=UTF-8", b"utf-8"),
        (b'text/html;Charset="utf-16"; x=y', b"utf-16"),
    ],
)
def test_the_charset_is_read_from_the_media_type(content_type: bytes, charset: bytes) -> None:
    assert charset_of(content_type) == charset


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br", b"identity"),
        (b"", b"identity"),
        (b"gzip;q=0.5, *;q=0.1", b"gzip;q=0.5"),
    ],
)
def test_the_app_is_asked_only_for_what_can_be_undone(asked: bytes, passed_on: bytes) -> None:
    assert acceptable(asked) == passed_on
