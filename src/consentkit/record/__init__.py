"""What is recorded: entries, the notices that they name, what the tree hashes, receipts. Does no I/O."""

from consentkit.record.entry import BOOKS, Action, Bundle, Count, Entry, EntryType, Item, rfc3339, uuid7
from consentkit.record.leaf import (
    DOMAIN,
    SALT_BYTES,
    Leaf,
    canonical,
    commitment,
    committed_leaf,
    new_salt,
    notice_leaf,
    read_leaf,
)

__all__ = [
    "BOOKS",
    "DOMAIN",
    "SALT_BYTES",
    "Action",
    "Bundle",
    "Count",
    "Entry",
    "EntryType",
    "Item",
    "Leaf",
    "canonical",
    "commitment",
    "committed_leaf",
    "new_salt",
    "notice_leaf",
    "read_leaf",
    "rfc3339",
    "uuid7",
]
