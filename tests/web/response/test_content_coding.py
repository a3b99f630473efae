"""Content codings: undone and redone as bytes arrive, in bounded pieces, and never believed blindly."""

from __future__ import annotations

import gzip
import importlib
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.web.response import content_encoding as room
from consentkit.web.response.content_encoding import (
    PIECE,
    DecodingError,
    Inflate,
    acceptable,
    coding_of,
    decoder,
    encoder,
)

CODINGS = [b"gzip", b"deflate", b"br", b"zstd"]
LIBRARIES = {b"br": ["brotli", "brotlicffi"], b"zstd": ["zstandard", "backports.zstd"]}
BACKENDS = [(b"gzip", ""), (b"deflate", "")] + [
    (name, lib) for name, libs in LIBRARIES.items() for lib in libs
]
BOMB = 50_000_000


@pytest.fixture(params=BACKENDS, ids=lambda pair: pair[1] or pair[0].decode())
def coding(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[bytes]:
    """Each coding with each library that can do it."""
    name, library = request.param
    if library:
        module = importlib.import_module(library)
        load = "load_brotli" if name == b"br" else "load_zstd"
        monkeypatch.setattr(room, load, lambda: module)
    yield name


def pack(name: bytes, data: bytes) -> bytes:
    stage = encoder(name)
    return stage.feed(data) + stage.close()


def read(name: bytes, chunks: list[bytes]) -> bytes:
    stage = decoder(name)
    return b"".join(piece for chunk in chunks for piece in stage.pieces(chunk))


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)] or [b""]


@given(st.binary(max_size=400), st.integers(1, 50), st.sampled_from(["gzip", "zlib", "raw"]))
def test_inflate_reads_every_form_in_any_chunks(data: bytes, size: int, form: str) -> None:
    bits = {"gzip": 31, "zlib": 15, "raw": -15}[form]
    engine = zlib.compressobj(6, zlib.DEFLATED, bits)
    encoded = engine.compress(data) + engine.flush()
    stage = Inflate(b"gzip" if form == "gzip" else b"deflate")
    assert b"".join(piece for chunk in pieces(encoded, size) for piece in stage.pieces(chunk)) == data


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_what_was_packed_is_read_in_any_chunks(coding: bytes, size: int) -> None:
    data = b"<p>one</p>" * 2_000 + bytes(range(256)) * 40
    assert read(coding, pieces(pack(coding, data), size)) == data


def test_each_message_can_be_read_as_soon_as_it_is_sent(coding: bytes) -> None:
    out, back = encoder(coding), decoder(coding)
    for message in (b"first", b"second"):
        assert b"".join(back.pieces(out.feed(message) + out.flush())) == message
    assert b"".join(back.pieces(out.close())) == b""


@pytest.mark.parametrize("begin", [b"<html><head></head><body>" * 100, b"\xff" * 400])
def test_what_is_in_no_coding_is_refused(coding: bytes, begin: bytes) -> None:
    with pytest.raises(DecodingError):
        read(coding, [begin])


def test_what_is_cut_short_gives_what_is_there(coding: bytes) -> None:
    data = b"<p>one</p>" * 100_000
    packed = pack(coding, data)
    assert data.startswith(read(coding, [packed[:-5]]))


def test_a_few_bytes_that_stand_for_many_are_read_in_pieces(coding: bytes) -> None:
    packing = encoder(coding)
    packed = b"".join(packing.feed(bytes(1_000_000)) for _ in range(BOMB // 1_000_000)) + packing.close()
    total = 0
    for piece in decoder(coding).pieces(packed):
        assert len(piece) <= (33 * PIECE if coding == b"zstd" else 2 * PIECE)
        total += len(piece)
    assert total == BOMB
    assert len(packed) < BOMB // 500


@pytest.mark.parametrize("name", [b"gzip", b"zstd"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_members_and_frames_follow_each_other(name: bytes, size: int) -> None:
    assert read(name, pieces(pack(name, b"one ") + pack(name, b"two"), size)) == b"one two"


def test_what_follows_a_gzip_member_must_be_another() -> None:
    with pytest.raises(DecodingError):
        read(b"gzip", [gzip.compress(b"one") + b"<script>"])


@pytest.mark.parametrize(
    ("values", "coding"),
    [
        ([], b""),
        ([b"identity"], b""),
        ([b"GZIP"], b"gzip"),
        ([b"x-gzip"], b"gzip"),
        ([b" br "], b"br"),
        ([b"zstd"], b"zstd"),
        ([b"gzip, br"], None),
        ([b"gzip", b"br"], None),
        ([b"compress"], None),
    ],
)
def test_only_one_known_coding_is_undone(values: list[bytes], coding: bytes | None) -> None:
    assert coding_of(b", ".join(values)) == coding


@pytest.fixture
def without_libraries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand for a machine where neither extra is installed."""
    monkeypatch.setattr(room, "import_first", lambda *names: None)
    for memo in (room.load_brotli, room.load_zstd, room.readable):
        memo.cache_clear()
    yield
    for memo in (room.load_brotli, room.load_zstd, room.readable):
        memo.cache_clear()


@pytest.mark.parametrize(
    ("asked", "passed_on"),
    [
        (b"gzip, deflate, br, zstd", b"gzip, deflate"),
        (b"br", b"identity"),
        (b"", b"identity"),
        (b"gzip;q=0.5, *;q=0.1", b"gzip;q=0.5"),
    ],
)
@pytest.mark.usefixtures("without_libraries")
def test_the_app_is_asked_only_for_what_can_be_undone(asked: bytes, passed_on: bytes) -> None:
    assert acceptable(asked) == passed_on


@pytest.mark.usefixtures("without_libraries")
@pytest.mark.parametrize("name", [b"br", b"zstd"])
def test_without_its_library_a_coding_cannot_be_undone(name: bytes) -> None:
    assert coding_of(name) is None


def test_the_app_is_asked_for_all_that_can_be_undone() -> None:
    assert acceptable(b"gzip, br;q=0.9, zstd, dcb, *") == b"gzip, br;q=0.9, zstd"


@pytest.mark.usefixtures("without_libraries")
def test_an_old_library_that_knows_no_bounds_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    class Old:
        class Decompressor:
            """Gives everything at once."""

    monkeypatch.setattr(room, "import_first", lambda *names: Old if "brotli" in names else None)
    assert coding_of(b"br") is None
