"""Names of tiles (C2SP tlog-tiles): where a log's hashes are found."""

from __future__ import annotations

import re

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.encoding import MAX_NUMBER
from consentkit.tlog.tree import TILE_WIDTH, TileId

MAX_LEVEL = 63

_PATH = re.compile(r"tile/(\d{1,2})/((?:x\d{3}/){0,6}\d{3})(?:\.p/(\d{1,3}))?", re.ASCII)


def tile_path(tile: TileId, width: int) -> str:
    """Return a tile's path below a log's address, such as ``tile/0/x001/234.p/5``.

    Args:
        tile: Which one.
        width: Its number of hashes, 1 to 256.

    Raises:
        ProofInvalid: There can be no such tile.
    """
    if not (0 <= tile.level <= MAX_LEVEL and 0 <= tile.number <= MAX_NUMBER and 1 <= width <= TILE_WIDTH):
        raise ProofInvalid(f"there can be no tile {tile.level}/{tile.number} of {width} hashes")
    rest, last = divmod(tile.number, 1000)
    path = f"{last:03}"
    while rest:
        rest, part = divmod(rest, 1000)
        path = f"x{part:03}/{path}"
    partial = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{tile.level}/{path}{partial}"


def parse_tile_path(path: str) -> tuple[TileId, int]:
    """Read a tile's path; return the tile and its width.

    Raises:
        ProofInvalid: It is anything but what `tile_path` gives for some tile.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise ProofInvalid("this is not the path of a tile")
    level, number, width = found.groups()
    tile = TileId(int(level), int(re.sub("[x/]", "", number)))
    wide = TILE_WIDTH if width is None else int(width)
    if tile_path(tile, wide) != path:
        raise ProofInvalid("this is not the path of a tile")
    return tile, wide
