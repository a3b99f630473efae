"""Signed notes (C2SP signed-note, version 1.0.0): a text, a blank line, and signatures, one a line."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from consentkit.exceptions import ProofInvalid
from consentkit.tlog.encoding import from_base64
from consentkit.tlog.keys import SigningKey, VerifierKey, is_key_name

# The standard asks verifiers for limits, and to take at least 16 signatures.
MAX_LENGTH = 1_000_000
MAX_SIGNATURES = 100

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "
_ID_BYTES = 4


class Signature(NamedTuple):
    """One signature line."""

    name: str
    key_id: bytes
    signature: bytes


def sign_note(text: str, keys: Sequence[SigningKey]) -> str:
    """Sign a text with each of the keys.

    Args:
        text: Lines that each end in a newline.
        keys: At least one.

    Raises:
        ProofInvalid: The text cannot be that of a note, or there is no key.
    """
    _check_characters(text)
    if not text.endswith("\n"):
        raise ProofInvalid("a note's text ends in a newline")
    if not keys:
        raise ProofInvalid("a note has at least one signature")
    body = text.encode()
    note = f"{text}\n"
    for key in keys:
        note += f"{_DASH}{key.name} {b64encode(key.key_id + key.sign(body)).decode()}\n"
    return note


def open_note(note: str, keys: Iterable[VerifierKey]) -> str:
    """Return a note's text if a known key has signed it.

    Args:
        note: Text and signatures. Those of other keys are ignored.
        keys: The known keys.

    Raises:
        ProofInvalid: It is no note, none of the keys has signed it, or a signature of theirs does not hold.
        MissingExtra: `cryptography` is not installed.
    """
    return verified(note, keys)[0]


def verified(note: str, keys: Iterable[VerifierKey]) -> tuple[str, frozenset[VerifierKey]]:
    """Return a note's text and those of the known keys that have signed it, at least one; as `open_note`."""
    text, signatures = read_note(note)
    body, known, signers = text.encode(), frozenset(keys), set()
    for name, key_id, signature in signatures:
        for key in known:
            if (key.name, key.key_id) != (name, key_id):
                continue
            if not key.verifies(signature, body):
                raise ProofInvalid(f"a signature by {name}+{key_id.hex()} does not hold")
            signers.add(key)
    if not signers:
        raise ProofInvalid("no known key has signed this note")
    return text, frozenset(signers)


def read_note(note: str) -> tuple[str, list[Signature]]:
    """Take a note apart. **Nothing is verified**: anybody may have written it.

    Raises:
        ProofInvalid: It is no note.
    """
    _check_characters(note)
    split = note.rfind("\n\n")  # the last blank line; earlier ones belong to the text
    text, block = note[: split + 1], note[split + 2 :]
    if split < 0 or not block.endswith("\n"):
        raise ProofInvalid("a note is a text, a blank line, and lines of signatures")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise ProofInvalid(f"a note may have {MAX_SIGNATURES} signatures, this one has {len(lines)}")
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise ProofInvalid("a signature line is a dash, a key's name, and base64")
    data = from_base64(encoded)
    if len(data) <= _ID_BYTES:
        raise ProofInvalid("a signature is longer than the id of its key")
    return Signature(name, data[:_ID_BYTES], data[_ID_BYTES:])


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ProofInvalid(f"a note may have {MAX_LENGTH} characters, this one has {len(text)}")
    if _CONTROL.search(text):
        raise ProofInvalid("a note has no control characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProofInvalid("a note has no lone surrogates") from error
