"""The consent log: an append-only record of decisions in a Merkle tree, with signed checkpoints."""

from consentkit.log.counters import Observation
from consentkit.log.log import ConsentLog
from consentkit.log.reader import LogReader, Recorded, open_log
from consentkit.log.stores.values import Head, Rollup

__all__ = ["ConsentLog", "Head", "LogReader", "Observation", "Recorded", "Rollup", "open_log"]
