"""Canonical JSON: one value, one spelling, so that it can be hashed.

On the subset admitted here the result equals RFC 8785 (JSON Canonicalization Scheme): ASCII keys sort the
same by code point and by UTF-16 unit, and only numbers that every JSON reader holds exactly are allowed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from consentkit.exceptions import LogError

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
