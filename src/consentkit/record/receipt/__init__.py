"""Receipts: a visitor's own copy of what the log holds of them, which proves itself without the log."""

from consentkit.record.receipt.document import make_receipt
from consentkit.record.receipt.evidence import Evidence, ProvedEntry, ProvedNotice
from consentkit.record.receipt.verifying import Verified, verify_receipt

__all__ = [
    "Evidence",
    "ProvedEntry",
    "ProvedNotice",
    "Verified",
    "make_receipt",
    "verify_receipt",
]
