"""Verifying a log: leaves against tree, entries against leaves, counts against entries, head against key."""

from consentkit.log.verify.walk import Progress, verify

__all__ = ["Progress", "verify"]
