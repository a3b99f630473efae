"""The consent log: who decided what, when, shown which words, in a tree that shows whether it was changed."""

from consentkit.log.consentlog import ConsentLog
from consentkit.log.observations import Observation
from consentkit.log.reader import LogReader, Recorded, open_log
from consentkit.log.store import Head, Rollup

__all__ = [
    "ConsentLog",
    "Head",
    "LogReader",
    "Observation",
    "Recorded",
    "Rollup",
    "open_log",
]
