"""A transparency log's tree: RFC 6962 hashing in the tiles of C2SP tlog-tiles, checkpoints, proofs.

Does no I/O. Ed25519 comes from `cryptography`, which is imported when something is signed or verified.
"""

from consentkit.tlog.note import (
    Checkpoint,
    SigningKey,
    VerifierKey,
    open_checkpoint,
    read_checkpoint,
    sign_checkpoint,
)
from consentkit.tlog.proofs import (
    InclusionProof,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
)
from consentkit.tlog.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_WIDTH,
    Grown,
    ReadTile,
    TileId,
    append,
    frontier,
    leaf_hash,
    node_hash,
    parse_tile_path,
    root,
)

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "TILE_WIDTH",
    "Checkpoint",
    "Grown",
    "InclusionProof",
    "ReadTile",
    "SigningKey",
    "TileId",
    "VerifierKey",
    "append",
    "check_consistency",
    "check_inclusion",
    "consistency_proof",
    "frontier",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "open_checkpoint",
    "parse_tile_path",
    "read_checkpoint",
    "root",
    "sign_checkpoint",
]
