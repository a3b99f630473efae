"""Charsets in which ``<`` may be another byte."""

from __future__ import annotations

import pytest

from consentkit.asgi.charset import Charset


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
    assert inner.seen.decode("euc_jp" if charset == "iso2022_jp" else "utf-8") == text
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
