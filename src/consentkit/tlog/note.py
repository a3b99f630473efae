"""Signed notes and their Ed25519 keys (C2SP signed-note), and checkpoints (C2SP tlog-checkpoint).

A note is a text, a blank line, and signatures, one per line. A checkpoint is a note with a tree's head in
three lines: origin, size, and the root in base64. Keys have the text form of Go's ``sumdb/note``: public
``name+<key id, 8 hex digits>+<base64 of 0x01 and the public key>``, private
``PRIVATE+KEY+name+<key id>+<base64 of 0x01 and the seed>``. Numbers and base64 must be in canonical form, so
that a proof has only one text.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from types import ModuleType
from typing import TypeAlias

import msgspec

from consentkit.exceptions import MissingExtra, ProofInvalid
from consentkit.tlog.tree import HASH_BYTES, MAX_NUMBER

# The standard requires limits, and support for at least 16 signatures.
MAX_LENGTH = 1_000_000
MAX_SIGNATURES = 100

_ED25519 = b"\x01"  # signature type of C2SP signed-note
_KEY_BYTES = 32  # of public key and seed (RFC 8032)
_ID_BYTES = 4
PRIVATE = "PRIVATE+KEY+"
_DASH = "\N{EM DASH} "
_BREAK = "break "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_KEY_NAME = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")  # surrogates alone are no UTF-8
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class VerifierKey(msgspec.Struct, frozen=True):
    """A public key that verifies signatures.

    Attributes:
        name: The signer's name; for a log its origin. Without white space and ``+``.
        public: The Ed25519 public key, 32 bytes.

    Raises:
        ProofInvalid: The name or the key's length is invalid.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise ProofInvalid("a key's name has no white space and no +, and is not empty")
        _check_length(self.public)

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Read ``name+id+base64``.

        Raises:
            ProofInvalid: It is not of that form, not of Ed25519, or has the id of another key.
        """
        key = cls(*_parse_key(text))
        if str(key) != text:
            raise ProofInvalid("the id of this key is not that of its name and bytes")
        return key

    @property
    def key_id(self) -> bytes:
        """Return the 4 bytes that distinguish keys of the same name."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:_ID_BYTES]

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """Say whether a signature by this key over the text is valid.

        Raises:
            MissingExtra: `cryptography` is not installed.
        """
        ed25519 = _cryptography()
        from cryptography.exceptions import InvalidSignature

        try:
            ed25519.Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except (InvalidSignature, ValueError):
            return False
        return True

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.public).decode()}"


class SigningKey:
    """A private key that signs. `str` returns the secret, `repr` does not.

    Args:
        name: As in `VerifierKey`.
        seed: The private key of RFC 8032, 32 bytes.

    Raises:
        ProofInvalid: The name or the seed's length is invalid.
        MissingExtra: `cryptography` is not installed.

    Attributes:
        verifier: The public key.
        name: The public key's name.
        key_id: The public key's id.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        _check_length(seed)
        self._seed = seed
        self._private = _cryptography().Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier: VerifierKey = VerifierKey(name, self._private.public_key().public_bytes_raw())
        self.name: str = name
        self.key_id: bytes = self.verifier.key_id

    @classmethod
    def generate(cls, name: str) -> "SigningKey":
        """Make a new key."""
        return cls(name, _cryptography().Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> "SigningKey":
        """Read ``PRIVATE+KEY+name+id+base64``.

        Raises:
            ProofInvalid: It is not of that form, not of Ed25519, or has the id of another key.
        """
        if not text.startswith(PRIVATE):
            raise ProofInvalid(f"a private key begins with {PRIVATE}")
        key = cls(*_parse_key(text.removeprefix(PRIVATE)))
        if str(key) != text:
            raise ProofInvalid("the id of this private key is not that of its name and bytes")
        return key

    def sign(self, text: bytes) -> bytes:
        """Return the signature: 64 bytes, the same each time (RFC 8032)."""
        signature: bytes = self._private.sign(text)
        return signature

    def __str__(self) -> str:
        return f"{PRIVATE}{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self._seed).decode()}"

    def __repr__(self) -> str:
        return f"<SigningKey {self.name}+{self.key_id.hex()}>"


def is_key_name(name: str) -> bool:
    """Say whether a text is a valid name of a key: not empty, no white space, ``+`` or control characters."""
    return _KEY_NAME.fullmatch(name) is not None


def _parse_key(text: str) -> tuple[str, bytes]:
    name, _, rest = text.partition("+")
    data = from_base64(rest.partition("+")[2])
    if data[:1] != _ED25519:
        raise ProofInvalid("a signed note's Ed25519 key is written as name+id+base64")
    return name, data[1:]


def _check_length(key: bytes) -> None:
    if len(key) != _KEY_BYTES:
        raise ProofInvalid(f"an Ed25519 key has {_KEY_BYTES} bytes, this one has {len(key)}")


def _cryptography() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtra("signing and checking checkpoints", extra="log") from error
    return ed25519


Signature: TypeAlias = tuple[str, bytes, bytes]
"""One signature line: the key's name and id, and the signature."""


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
    body, note = text.encode(), f"{text}\n"
    for key in keys:
        note += f"{_DASH}{key.name} {b64encode(key.key_id + key.sign(body)).decode()}\n"
    return note


def open_note(note: str, keys: Iterable[VerifierKey]) -> tuple[str, frozenset[VerifierKey]]:
    """Return a note's text and the known keys that have signed it, at least one.

    Args:
        note: Text and signatures. Those of other keys are ignored.
        keys: The known keys.

    Raises:
        ProofInvalid: It is no note, none of the keys has signed it, or a signature by one is invalid.
        MissingExtra: `cryptography` is not installed.
    """
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
    """Split a note into text and signatures **without verifying** anything.

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
    return text, [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not is_key_name(name):
        raise ProofInvalid("a signature line is a dash, a key's name, and base64")
    data = from_base64(encoded)
    if len(data) <= _ID_BYTES:
        raise ProofInvalid("a signature is longer than the id of its key")
    return name, data[:_ID_BYTES], data[_ID_BYTES:]


def _check_characters(text: str) -> None:
    if len(text) > MAX_LENGTH:
        raise ProofInvalid(f"a note may have {MAX_LENGTH} characters, this one has {len(text)}")
    if _CONTROL.search(text):
        raise ProofInvalid("a note has no control characters")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ProofInvalid("a note has no lone surrogates") from error


class Checkpoint(msgspec.Struct, frozen=True):
    """The head of a log's tree, as it is signed.

    Attributes:
        origin: The log's identity: the name of the signing key.
        size: Number of leaves.
        root: The tree head's hash, 32 bytes.
        after: Id of the log's last break, an extension line ``break ID``; empty if it has none.

    Raises:
        ProofInvalid: Origin, size or root is invalid.
    """

    origin: str
    size: int
    root: bytes
    after: str = ""

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin + self.after:
            raise ProofInvalid("a checkpoint's origin and break are each one line of text")
        if not 0 <= self.size <= MAX_NUMBER:
            raise ProofInvalid("a checkpoint's size cannot be that of a tree")
        if len(self.root) != HASH_BYTES:
            raise ProofInvalid(f"a checkpoint's root has {HASH_BYTES} bytes, this one has {len(self.root)}")

    def encode(self) -> str:
        """Write the lines that are signed."""
        extension = f"{_BREAK}{self.after}\n" if self.after else ""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n{extension}"

    @classmethod
    def decode(cls, text: str) -> "Checkpoint":
        """Read the text of a checkpoint's note. Other extension lines are ignored.

        Raises:
            ProofInvalid: It is not a checkpoint's text.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() or "" in lines:
            raise ProofInvalid("a checkpoint has an origin, a size and a root, one a line, and no empty line")
        after = next((line.removeprefix(_BREAK) for line in lines[3:] if line.startswith(_BREAK)), "")
        return cls(lines[0], from_decimal(lines[1]), from_base64(lines[2]), after)


def sign_checkpoint(size: int, root: bytes, keys: Sequence[SigningKey], *, after: str = "") -> str:
    """Sign a tree's head; its origin is the first key's name, `after` the id of the log's last break.

    Raises:
        ProofInvalid: The head is invalid, or there is no key.
    """
    if not keys:
        raise ProofInvalid("a checkpoint has at least one signature")
    return sign_note(Checkpoint(keys[0].name, size, root, after).encode(), keys)


def open_checkpoint(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """Verify a checkpoint's signature by the log itself, with a known key, and return the checkpoint.

    Raises:
        ProofInvalid: It is no checkpoint, or the log's signature is missing or invalid.
        MissingExtra: `cryptography` is not installed.
    """
    text, signers = open_note(note, keys)
    checkpoint = Checkpoint.decode(text)
    # A witness's signature is not enough: it only proves that the witness saw the head.
    if checkpoint.origin not in {key.name for key in signers}:
        raise ProofInvalid(f"no known key of {checkpoint.origin} has signed this checkpoint")
    return checkpoint


def read_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint **without verifying** its signatures.

    Raises:
        ProofInvalid: It is no checkpoint.
    """
    return Checkpoint.decode(read_note(note)[0])


def from_base64(text: str) -> bytes:
    """Decode standard base64 (RFC 4648, section 4).

    Raises:
        ProofInvalid: It is not base64, or not in canonical form.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ProofInvalid("this is not base64") from error
    if b64encode(data).decode() != text:  # stray bits in the last digit
        raise ProofInvalid("this is not canonical base64")
    return data


def from_decimal(text: str) -> int:
    """Read an ASCII decimal number: no sign, no leading zeros, at most `MAX_NUMBER`.

    Raises:
        ProofInvalid: It is not in that form.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_NUMBER:
        raise ProofInvalid("this is not a decimal number, or too large")
    return int(text)
