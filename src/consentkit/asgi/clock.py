"""The one place where the package reads the clock; everything below takes `now` as an argument."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def epoch() -> int:
    """Return seconds since the epoch."""
    return int(time.time())


def rfc3339(now: int) -> str:
    """Format epoch seconds as an RFC 3339 timestamp in UTC, such as ``2026-11-22T18:00:00Z``."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
