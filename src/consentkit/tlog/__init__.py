"""A transparency log's tree: RFC 6962 hashing kept in the tiles of C2SP tlog-tiles. Does no I/O."""

from consentkit.tlog.hashing import EMPTY_ROOT, HASH_BYTES, leaf_hash, node_hash
from consentkit.tlog.tree import TILE_WIDTH, Grown, TileId, append, frontier, root

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "TILE_WIDTH",
    "Grown",
    "TileId",
    "append",
    "frontier",
    "leaf_hash",
    "node_hash",
    "root",
]
