"""The one place where the package reads the clock; everything below takes `now` as an argument."""

from __future__ import annotations

import time
from typing import Final

seconds: Final = time.time
"""Return seconds since the epoch, as a float."""


def epoch() -> int:
    """Return whole seconds since the epoch."""
    return int(seconds())


def milliseconds() -> int:
    """Return milliseconds since the epoch."""
    return time.time_ns() // 1_000_000
