"""The Merkle tree of a transparency log, its proofs, and signed checkpoints. Does no I/O.

`tlog.tree` is RFC 6962 in the tiles of C2SP tlog-tiles, `tlog.proofs` what shows that a leaf is in it or that
it has only grown, `tlog.note` keys, signed notes and checkpoints. Ed25519 comes from `cryptography`, which is
imported when something is signed or verified.
"""
