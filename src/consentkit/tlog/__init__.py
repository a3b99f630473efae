"""The Merkle tree of a transparency log, its proofs, and signed checkpoints. Does no I/O.

`tlog.tree` is the tree of RFC 6962 in tiles (C2SP tlog-tiles), `tlog.proofs` has inclusion and consistency
proofs, `tlog.note` keys, signed notes and checkpoints. Ed25519 is from `cryptography`, which is imported when
something is signed or verified.
"""
