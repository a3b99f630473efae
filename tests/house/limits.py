"""What the package may weigh, in one table; ``python -m house`` counts it."""

from __future__ import annotations

from typing import Final, NamedTuple


class Limit(NamedTuple):
    """What one number may be.

    Attributes:
        most: The largest number allowed.
        before: What was counted before there was a room `web`, to compare with.
    """

    most: int
    before: int


LIMITS: Final = {
    "lines of code": Limit(20_894, before=20_895),
    "lines of asgi": Limit(900, before=3_435),
    "lines of the longest module": Limit(450, before=428),
    "files of a GET": Limit(26, before=43),
    "functions of a GET": Limit(120, before=173),
    "files of a decision": Limit(30, before=42),
    "functions of a decision": Limit(140, before=203),
    "import circles": Limit(0, before=2),
    "exported names": Limit(20, before=33),
}
"""Limits by the name of what is counted, a key of `house.counts.COUNTS`."""
