"""Secret keys: whether one is there, and whether it was made by a machine.

Who knows the key can forge every decision. So keys are refused that others can guess: those that
documentation prints, that repeat themselves, count up, or read as text. No key is ever repeated in a message.

The measure is an estimate from above, in bits. A character counts as the logarithm of how many different
ones the key has. Four and more that repeat an earlier part, or run up, down or along a keyboard, count as
one. Where most of a key is words, a letter of them counts one bit (Shannon, "Prediction and Entropy of
Printed English", 1951, finds 0.6 to 1.3). Of a million of ``secrets.token_urlsafe(32)`` three are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import log2
from typing import Final

from consentkit.exceptions import ConfigurationError

MIN_SECRET: Final = 32
"""Characters."""

MIN_BITS: Final = 72
"""By the estimate. 32 random hexadecimal digits have 128 and are estimated at 83 or more."""

HOW_TO_MAKE_ONE: Final = 'make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"`'

_KEEP_IT: Final = "keep it out of the source, such as in an environment variable"
_LOOKED_AT = 1_000  # characters
_PREDICTED = 4  # characters
_VOWELS = frozenset("aeiouy")

# What says of itself that it is no key, such as the prefix of those that Django writes into a new project.
_NOT_MEANT = re.compile(
    r"insecure|(?:change|replace|override)[^a-z]?(?:me|this|it|in)|do[^a-z]?not[^a-z]?use", re.I
)
_WORD = re.compile(r"([A-Z]?[a-z]+)[^0-9A-Za-z]*")
_CAPITALS = re.compile(r"([A-Z]+)[^0-9A-Za-z]*")
_UNSPEAKABLE = re.compile(r"[^aeiouy]{4}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def check_secrets(secret_key: str, fallbacks: Sequence[str] = ()) -> tuple[str, ...]:
    """Check the keys and put them in itsdangerous' order.

    Args:
        secret_key: The key that signs.
        fallbacks: Older keys, still accepted.

    Returns:
        The keys, oldest first: the last one signs.

    Raises:
        ConfigurationError: A key is too short, can be guessed, or is no string.
    """
    if isinstance(fallbacks, (str, bytes)):
        raise ConfigurationError("expected a list of keys", path="secret_key_fallbacks")
    keys: dict[str, object] = {"secret_key": secret_key}
    keys.update({f"secret_key_fallbacks[{index}]": key for index, key in enumerate(fallbacks)})
    return tuple(check_secret(key, path) for path, key in reversed(keys.items()))


def check_secret(key: object, path: str) -> str:
    """Return a key that may sign; `path` names what was configured.

    Raises:
        ConfigurationError: It is too short, can be guessed, or is no string.
    """
    if not isinstance(key, str) or len(key) < MIN_SECRET:
        problem = f"expected a string of at least {MIN_SECRET} characters: {HOW_TO_MAKE_ONE}"
        raise ConfigurationError(problem, path=path)
    if _NOT_MEANT.search(key) or estimate_bits(key) < MIN_BITS:
        why = "it can be guessed: it is an example, reads as text, or repeats itself"
        problem = f"{why}; {HOW_TO_MAKE_ONE}, and {_KEEP_IT}"
        raise ConfigurationError(problem, path=path)
    return key


def estimate_bits(key: str) -> float:
    """Estimate from above how many bits a key has; see the module."""
    key = key[:_LOOKED_AT]
    lower = key.lower()
    character = log2(len(set(key)) or 1)
    words = {found.start(): found for found in _words(key)} if _is_text(key) else {}
    bits, at = 0.0, 0
    while at < len(key):
        predicted = max(_repeated(lower, at), _running(lower, at))
        word = words.get(at)
        if predicted >= _PREDICTED:
            bits, at = bits + character, at + predicted
        elif word is not None:
            bits, at = bits + len(word[1]), word.end()
        else:
            bits, at = bits + character, at + 1
    return bits


def _is_text(key: str) -> bool:
    """Say whether three fifths are words that chance hardly makes: long ones, and three letters alone."""
    letters = sum(
        len(found[1])
        for found in _words(key)
        if len(found[1]) > 3 or (len(found[1]) == 3 and _stands_alone(key, found))
    )
    return letters * 5 >= len(key) * 3


def _words(key: str) -> Iterator[re.Match[str]]:
    """Find what can be spoken, each with what separates it from the next."""
    for found in (_CAPITALS if key.isupper() else _WORD).finditer(key):
        word = found[1].lower()
        vowels = sum(letter in _VOWELS for letter in word)
        if len(word) < 4 or (vowels * 3 >= len(word) - 1 and not _UNSPEAKABLE.search(word)):
            yield found


def _stands_alone(key: str, found: re.Match[str]) -> bool:
    start, end = found.span(1)
    return not (key[start - 1 : start].isalnum() or key[end : end + 1].isalnum())


def _repeated(key: str, at: int) -> int:
    """Return how many characters from a place on stand in the key before it."""
    length = 0
    while at + length < len(key) and key.find(key[at : at + length + 1], 0, at + length) >= 0:
        length += 1
    return length


def _running(key: str, at: int) -> int:
    """Return how many characters from a place on run up, down or on the spot, or along a keyboard."""
    return max(
        *(_steps(key, at, step) for step in (-1, 0, 1)),
        *(_common(row[row.index(key[at]) :], key[at:]) for row in _ROWS if key[at] in row),
    )


def _steps(key: str, at: int, step: int) -> int:
    end = at + 1
    while end < len(key) and ord(key[end]) - ord(key[end - 1]) == step:
        end += 1
    return end - at


def _common(row: str, rest: str) -> int:
    return next(
        (n for n, (a, b) in enumerate(zip(row, rest, strict=False)) if a != b), min(len(row), len(rest))
    )
