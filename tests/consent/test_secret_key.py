"""A secret key is refused where others can guess it, and taken where a machine made it."""

from __future__ import annotations

import base64
import random
import string
import uuid
from collections.abc import Callable

import pytest

from consentkit.consent.secret_key import HOW_TO_MAKE_ONE, check_secret, check_secrets
from consentkit.exceptions import ConfigurationError

DJANGO = string.ascii_lowercase + string.digits + "!@#$%^&*(-_=+)"

GUESSED = [
    "change me: at least thirty-two characters",
    "a key for tests, with at least thirty-two characters",
    "this year's key, at least thirty-two characters",
    "CHANGE ME: AT LEAST THIRTY-TWO CHARACTERS",
    "changeme-" + "Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2",
    "django-insecure-" + "q8!x0k@v#z7w$5r^u2&y*1(t)_-p=+o4jn",
    "your-secret-key-here-minimum-32-characters-long",
    "ThisIsMySuperSecretKeyForTheApplication",
    "MY_SUPER_SECRET_JWT_KEY_FOR_DEVELOPMENT_2024",
    "supersecretsupersecretsupersecretsupersecret",
    "correct horse battery staple and three more words",
    "Meine Website ist die schönste im ganzen Land",
    "my-name-is-john-and-i-was-born-in-1984",
    "Это секретный ключ для подписи согласий",
    "postgresql://user:password@localhost/site",
    "https://www.example.org/consent/secret/key",
    "${CONSENTKIT_SECRET_KEY:-a key of the project}",
    "${CONSENTKIT_SECRET_KEY}${CONSENTKIT_SECRET_KEY}",
    "{{ lookup('env', 'CONSENTKIT_SECRET_KEY') }}",
    "qazwsxedcrfvtgbyhnujmikolp123456",
    "1q2w3e4r5t6y7u8i9o0pazsxdcfvgbhn",
    "x" * 32,
    "x" * 1_000_000,
    "é" * 40,
    "abc" * 20,
    "0123456789abcdef" * 4,
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "zyxwvutsrqponmlkjihgfedcba9876543210",
    "1234567890" * 4,
    "00000000-0000-0000-0000-000000000000",
    "qwertyuiopasdfghjklzxcvbnm1234567890",
    "aaaabbbbccccddddeeeeffffgggghhhhiiii",
    "password123" * 4,
    "abbabaabbaabababbaababbabaabbaabab",
    "Passw0rd!Passw0rd!Passw0rd!Passw0rd!",
    " " * 64,
]


@pytest.mark.parametrize("key", GUESSED, ids=lambda key: key[:50])
def test_what_others_can_guess_is_refused_and_never_repeated(key: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        check_secrets("Zq4v-8mWkT1xR6dY_3hLbN7cJ0pSfUe2", [key])
    assert refused.value.path == "secret_key_fallbacks[0]"
    assert "it can be guessed" in str(refused.value)
    assert HOW_TO_MAKE_ONE in str(refused.value)
    assert key not in str(refused.value)


@pytest.mark.parametrize("key", ["", "short", "x" * 31, None, 7, b"x" * 40])
def test_what_is_short_or_no_string_is_refused(key: object) -> None:
    with pytest.raises(ConfigurationError, match="secret_key: expected a string of at least 32 characters"):
        check_secret(key, "secret_key")


MADE: dict[str, Callable[[random.Random], str]] = {
    "token_urlsafe(32)": lambda chance: base64.urlsafe_b64encode(chance.randbytes(32)).decode().rstrip("="),
    "token_urlsafe(64)": lambda chance: base64.urlsafe_b64encode(chance.randbytes(64)).decode().rstrip("="),
    "token_hex(16)": lambda chance: chance.randbytes(16).hex(),
    "token_hex(32)": lambda chance: chance.randbytes(32).hex(),
    "openssl rand -base64 32": lambda chance: base64.b64encode(chance.randbytes(32)).decode(),
    "Django's": lambda chance: "".join(chance.choices(DJANGO, k=50)),
    "base32": lambda chance: base64.b32encode(chance.randbytes(20)).decode(),
    "letters": lambda chance: "".join(chance.choices(string.ascii_lowercase, k=32)),
    "bytes": lambda chance: chance.randbytes(32).decode("latin-1"),
    "a browser's": lambda chance: "-".join(
        "".join(chance.choices(string.ascii_letters, k=6)) for _ in range(6)
    ),
    "40 digits": lambda chance: "".join(chance.choices(string.digits, k=40)),
    "printable": lambda chance: "".join(chance.choices(string.printable[:94], k=32)),
    "uuid4": lambda chance: str(uuid.UUID(bytes=chance.randbytes(16), version=4)),
    "named": lambda chance: f"production-secret-{chance.randbytes(32).hex()}",
    "a password manager's": lambda chance: "-".join(
        "".join(chance.choices(string.ascii_letters + string.digits, k=6)) for _ in range(6)
    ),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_what_a_machine_made_is_taken(made: Callable[[random.Random], str]) -> None:
    chance = random.Random(12)
    keys = [made(chance) for _ in range(300)]
    assert [check_secret(key, "secret_key") for key in keys] == keys
