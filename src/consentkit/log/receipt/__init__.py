"""Receipts: a visitor's own copy of what the log holds of them, which proves itself without the log."""

from consentkit.log.receipt.document import make_receipt
from consentkit.log.receipt.evidence import Evidence, ProvedEntry, ProvedNotice, Source, collect
from consentkit.log.receipt.verifying import Verified, verify_receipt

__all__ = [
    "Evidence",
    "ProvedEntry",
    "ProvedNotice",
    "Source",
    "Verified",
    "collect",
    "make_receipt",
    "verify_receipt",
]
