"""What the tree hashes. A decision's leaf commits to the entry without revealing it; a notice's is public.

All of it is canonical JSON: one value, one spelling. On the subset admitted here that is RFC 8785 (JSON
Canonicalization Scheme): ASCII keys sort the same by code point and by UTF-16 unit, and only numbers that
every JSON reader holds exactly are allowed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TypeAlias

import msgspec

from consentkit.exceptions import LogCorrupt, LogError
from consentkit.record.entry import EntryType

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json]"

# RFC 7493, section 2.2: the integers that an IEEE 754 double holds exactly.
_EXACT_INTEGER = 2**53 - 1


def canonical(value: Mapping[str, Json]) -> bytes:
    """Encode an object as canonical JSON.

    Args:
        value: ASCII keys; strings, integers up to 2**53 - 1, booleans, and lists and objects of these.

    Raises:
        LogError: Anything else is in it: a float, null, a lone surrogate.
    """
    _admit(value)
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise LogError("canonical JSON cannot hold a lone surrogate") from error


def _admit(value: object) -> None:
    match value:
        case str() | bool():
            return
        case int() if abs(value) <= _EXACT_INTEGER:
            return
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise LogError("canonical JSON cannot hold a key that is not ASCII text")
                _admit(item)
        case list() | tuple():
            for item in value:
                _admit(item)
        case _:
            raise LogError(f"canonical JSON cannot hold this {type(value).__name__}")


SALT_BYTES = 32
DOMAIN = b"consentkit/entry/v1\n"
"""What every commitment begins with, so that it is not the hash of anything else."""
_VERSION = 1


def new_salt() -> bytes:
    """Return 32 random bytes. Whoever destroys them makes the commitment say nothing any more."""
    return secrets.token_bytes(SALT_BYTES)


def commitment(salt: bytes, body: bytes) -> str:
    """Commit to an entry: SHA-256 over domain, salt and the entry's canonical JSON, in hex."""
    return sha256(DOMAIN + salt + body).hexdigest()


def committed_leaf(kind: EntryType, day: str, committed: str) -> bytes:
    """Return the leaf of an entry that only its commitment stands for; `day` is ``YYYY-MM-DD``."""
    # Nothing in it needs an escape: this is its canonical JSON.
    return f'{{"commitment":"{committed}","day":"{day}","type":"{kind}","v":{_VERSION}}}'.encode()


def notice_leaf(day: str, notice: str) -> bytes:
    """Return the leaf that publishes a notice's hash (hex); `day` is ``YYYY-MM-DD``."""
    return canonical({"day": day, "notice": notice, "type": "notice", "v": _VERSION})


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """What a leaf says: of which type of entry it is the leaf, and of which day (``YYYY-MM-DD``)."""

    type: EntryType
    day: str


def read_leaf(leaf: bytes) -> Leaf:
    """Read a leaf's public part.

    Raises:
        LogCorrupt: It is not a leaf of a consent log.
    """
    try:
        return _decode(leaf)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, TypeError) as error:
        raise LogCorrupt("not a leaf of a consent log") from error


_decode = msgspec.json.Decoder(Leaf).decode
