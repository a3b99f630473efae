"""Processor time, of this process and of others."""

from __future__ import annotations

import os
import sys
import time


def of_process(pid: int) -> float:
    """Return the processor time in seconds that another process has used.

    Linux only: the clock of a process has a number made of its id (``CPUCLOCK_SCHED``,
    ``include/linux/posix-timers_types.h``), and counts nanoseconds where ``/proc`` counts hundredths.
    """
    return time.clock_gettime((~pid << 3) | 2)


def reads_others() -> bool:
    """Tell whether the clocks of other processes can be read here."""
    return sys.platform == "linux" and os.path.exists("/proc/self/stat")
