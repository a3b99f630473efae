"""Keys of signed notes: Ed25519, in the text form that Go's ``sumdb/note`` reads and writes.

Public is ``name+<key id, 8 hex digits>+<base64 of 0x01 and the public key>``, secret is
``PRIVATE+KEY+name+<key id>+<base64 of 0x01 and the seed>``.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from types import ModuleType

import msgspec

from consentkit.exceptions import MissingExtra, ProofInvalid
from consentkit.tlog.encoding import from_base64

_ED25519 = b"\x01"  # C2SP signed-note: signature type
_KEY_BYTES = 32  # RFC 8032: both the public key and the seed
_PRIVATE = "PRIVATE+KEY+"


class VerifierKey(msgspec.Struct, frozen=True):
    """What a signature is checked with. Everybody may know it.

    Attributes:
        name: Who signs; of a log its origin. Neither white space nor ``+`` are in it.
        public: The Ed25519 public key, 32 bytes.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        """Check name and length.

        Raises:
            ProofInvalid: The name cannot be one, or the key has another length.
        """
        if not is_key_name(self.name):
            raise ProofInvalid("a key's name has no white space and no +, and is not empty")
        _check_length(self.public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read ``name+id+base64``.

        Raises:
            ProofInvalid: It is not of that form, not of Ed25519, or has the id of another key.
        """
        name, _, rest = text.partition("+")
        key = cls(name, _key_bytes(rest.partition("+")[2]))
        if str(key) != text:
            raise ProofInvalid("the id of this key is not that of its name and bytes")
        return key

    @property
    def key_id(self) -> bytes:
        """Identify the key among those of its name: 4 bytes."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """Say whether the signature is this key's over the text.

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
    """What signs. `str` gives the secret, `repr` does not.

    Args:
        name: As of `VerifierKey`.
        seed: The private key of RFC 8032, 32 bytes.

    Raises:
        ProofInvalid: The name cannot be one, or the seed has another length.
        MissingExtra: `cryptography` is not installed.

    Attributes:
        verifier: The public key, …
        name: … its name, …
        key_id: … and its id.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        _check_length(seed)
        self._seed = seed
        self._private = _cryptography().Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier: VerifierKey = VerifierKey(name, self._private.public_key().public_bytes_raw())
        self.name: str = name
        self.key_id: bytes = self.verifier.key_id

    @classmethod
    def generate(cls, name: str) -> SigningKey:
        """Make a new key."""
        return cls(name, _cryptography().Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """Read ``PRIVATE+KEY+name+id+base64``.

        Raises:
            ProofInvalid: It is not of that form, not of Ed25519, or has the id of another key.
        """
        if not text.startswith(_PRIVATE):
            raise ProofInvalid(f"a private key begins with {_PRIVATE}")
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        key = cls(name, _key_bytes(rest.partition("+")[2]))
        if str(key) != text:
            raise ProofInvalid("the id of this private key is not that of its name and bytes")
        return key

    def sign(self, text: bytes) -> bytes:
        """Sign: 64 bytes, the same each time."""
        signature: bytes = self._private.sign(text)
        return signature

    def __str__(self) -> str:
        return f"{_PRIVATE}{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self._seed).decode()}"

    def __repr__(self) -> str:
        return f"<SigningKey {self.name}+{self.key_id.hex()}>"


def is_key_name(name: str) -> bool:
    """Say whether a text can be a key's name: not empty, in it no white space, no ``+``, no control."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return name != "" and not any(char == "+" or char < " " or char.isspace() for char in name)


def _key_bytes(text: str) -> bytes:
    data = from_base64(text)
    if data[:1] != _ED25519:
        raise ProofInvalid("a signed note's Ed25519 key is written as name+id+base64")
    return data[1:]


def _check_length(key: bytes) -> None:
    if len(key) != _KEY_BYTES:
        raise ProofInvalid(f"an Ed25519 key has {_KEY_BYTES} bytes, this one has {len(key)}")


def _cryptography() -> ModuleType:
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingExtra("signing and checking checkpoints", extra="log") from error
    return ed25519
