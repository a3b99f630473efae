"""Ids of entries."""

from __future__ import annotations

import secrets
from uuid import UUID

_VERSION_7 = 7 << 76
_VARIANT = 2 << 62


def uuid7(milliseconds: int) -> str:
    """Make a UUIDv7 (RFC 9562, section 5.7).

    Args:
        milliseconds: Since the epoch, 48 bits. Ids of one millisecond are in no order.
    """
    random_a = secrets.randbits(12) << 64
    return str(UUID(int=(milliseconds << 80) | _VERSION_7 | random_a | _VARIANT | secrets.randbits(62)))
