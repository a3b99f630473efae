"""Waiting for what must come. Time only ends what is hopeless; no test is about how long it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 60.0
"""Seconds that what must come may take, on a machine that has other things to do."""


def comes(holds: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Wait until something holds, and say whether it does."""
    end = time.monotonic() + patience
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until something holds that must."""
    assert comes(holds), "it never holds"
