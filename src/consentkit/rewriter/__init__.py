"""A streaming HTML rewriter without I/O: bytes in, bytes out, byte-exact outside its edits."""

from consentkit.rewriter.handler import Handler, Splice, Table, Where
from consentkit.rewriter.memory import Memory
from consentkit.rewriter.rewriter import MAX_READINGS, Rewriter
from consentkit.rewriter.tags import Attribute, attributes, decode

__all__ = [
    "MAX_READINGS",
    "Attribute",
    "Handler",
    "Memory",
    "Rewriter",
    "Splice",
    "Table",
    "Where",
    "attributes",
    "decode",
]
