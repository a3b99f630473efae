"""Tiles are named as C2SP tlog-tiles names them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.tree import MAX_NUMBER, TileId, parse_tile_path, tile_path

PATHS = {
    "tile/0/000": (TileId(0, 0), 256),
    "tile/0/000.p/1": (TileId(0, 0), 1),
    "tile/1/999.p/255": (TileId(1, 999), 255),
    "tile/0/x001/000": (TileId(0, 1000), 256),
    "tile/0/x001/234.p/5": (TileId(0, 1234), 5),
    "tile/63/x001/x234/067": (TileId(63, 1234067), 256),
    "tile/2/x009/x223/x372/x036/x854/x775/807": (TileId(2, MAX_NUMBER), 256),
}


@pytest.mark.parametrize(("path", "expected"), PATHS.items())
def test_a_path_is_a_tile(path: str, expected: tuple[TileId, int]) -> None:
    assert parse_tile_path(path) == expected
    assert tile_path(*expected) == path


@given(st.integers(0, 63), st.integers(0, MAX_NUMBER), st.integers(1, 256))
def test_every_tile_has_a_path_of_its_own(level: int, number: int, width: int) -> None:
    tile = TileId(level, number)
    assert parse_tile_path(tile_path(tile, width)) == (tile, width)


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/000\n", "tile//000",
        "Tile/0/000",
        "tile/00/000", "tile/01/000", "tile/64/000", "tile/-1/000", "tile/+1/000", "tile/100/000",
        "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/1000", "tile/0/x000", "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000", "tile/0/x01/000", "tile/0/X001/000", "tile/0/x001/x000", "tile/0/x000/x001/000",
        "tile/0/x001//000", "tile/0/٠٠٠", "tile/٠/000", "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x001/x001/x001/x001/x001/x001/001",
        "tile/0/000.p", "tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
        "tile/0/000.p/-1",
        "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/x001.p/1/000", "tile/0/000p/1", "tile/0/000.P/1",
        "tile/entries/000", "tile/data/000", "tile/8/0/000", "tile/0/../000",
    ],
)  # fmt: skip
def test_what_is_not_a_path(path: str) -> None:
    with pytest.raises(ProofInvalid):
        parse_tile_path(path)


@pytest.mark.parametrize(
    ("level", "number", "width"),
    [(-1, 0, 1), (64, 0, 1), (0, -1, 1), (0, MAX_NUMBER + 1, 1), (0, 0, 0), (0, 0, 257)],
)
def test_what_is_not_a_tile(level: int, number: int, width: int) -> None:
    with pytest.raises(ProofInvalid):
        tile_path(TileId(level, number), width)


@given(st.from_regex(r"tile/[0-9]{1,3}/(x?[0-9]{3}/?){0,8}(\.p/[0-9]{1,3})?", fullmatch=True) | st.text())
def test_any_text_is_read_one_way_or_refused(text: str) -> None:
    try:
        tile, width = parse_tile_path(text)
    except ProofInvalid:
        return
    assert tile_path(tile, width) == text
