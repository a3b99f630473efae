"""The two hashes of RFC 6962, section 2.1: a prefix byte keeps leaves and nodes apart."""

from __future__ import annotations

from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(leaf: bytes) -> bytes:
    """Hash one leaf's bytes (RFC 6962: ``SHA-256(0x00 ‖ leaf)``)."""
    return sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash an interior node (RFC 6962: ``SHA-256(0x01 ‖ left ‖ right)``)."""
    return sha256(b"\x01" + left + right).digest()
