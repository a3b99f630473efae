"""How numbers and bytes are spelt in C2SP's texts: one way only, so that one proof has one text."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode

from consentkit.exceptions import ProofInvalid

MAX_NUMBER = 2**63 - 1
"""Sizes and indexes go up to what other programs hold in a signed 64-bit integer."""

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


def from_base64(text: str) -> bytes:
    """Decode standard base64 (RFC 4648, section 4).

    Raises:
        ProofInvalid: It is anything but what `b64encode` gives for some bytes.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ProofInvalid("this is not base64") from error
    if b64encode(data).decode() != text:
        raise ProofInvalid("this is not canonical base64")
    return data


def from_decimal(text: str) -> int:
    """Read an ASCII decimal number: no sign, no leading zeros, at most `MAX_NUMBER`.

    Raises:
        ProofInvalid: It is anything else.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise ProofInvalid("this is not a decimal number, or too large")
    return int(text)
