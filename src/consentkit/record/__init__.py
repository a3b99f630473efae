"""Records: entries and notices, their leaves, and receipts. Does no I/O.

`record.entry` is a line of the log, `record.leaf` what the tree hashes of it, `record.receipt` a visitor's
copy and its check, and `record.dpv` what a receipt states.
"""
