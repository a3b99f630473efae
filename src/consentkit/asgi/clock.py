"""The clock. Other rooms, except the command line, do not read it: they take `now` as an argument."""

import time
from typing import Final

seconds: Final = time.time
"""Return seconds since the epoch, as a float."""
nanoseconds: Final = time.time_ns
"""Return nanoseconds since the epoch."""


def epoch() -> int:
    """Return whole seconds since the epoch."""
    return int(seconds())
