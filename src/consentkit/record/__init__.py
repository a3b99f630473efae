"""Records: entries and notices, their leaves, and receipts. Does no I/O.

`record.entry` is an entry of the log, `record.leaf` the bytes that the tree hashes for it, `record.receipt` a
visitor's copy and its verification, and `record.dpv` a receipt's statements.
"""
