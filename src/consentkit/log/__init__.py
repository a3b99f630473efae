"""The consent log: who decided what, when, shown which words, in a tree that shows whether it was changed."""

from consentkit.log.counters import Observation
from consentkit.log.log import ConsentLog
from consentkit.log.reader import LogReader, Recorded, open_log
from consentkit.log.stores.values import Head, Rollup

__all__ = ["ConsentLog", "Head", "LogReader", "Observation", "Recorded", "Rollup", "open_log"]
