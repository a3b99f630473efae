"""Secret keys: checks that a key is present, long enough and not guessable.

Whoever knows the key can forge every decision. Therefore guessable keys are refused: examples from
documentation, repetitions, counting, text. No message repeats a key.

The strength is an upper estimate, in bits. A character counts log2 of the number of different characters in
the key. Four or more characters that repeat an earlier part, or run up, down or along a keyboard, count as
one. If most of the key is words, each letter counts one bit (Shannon, "Prediction and Entropy of Printed
English", 1951, finds 0.6 to 1.3). Of 250 000 keys of ``secrets.token_urlsafe(32)`` none was refused, of
random Base32 keys one in two thousand.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import log2
from typing import Final

from consentkit.exceptions import ConfigurationError

MIN_SECRET: Final = 32
"""Characters."""

MIN_BITS: Final = 72
"""Minimum of the estimate. 32 random hexadecimal digits have 128 bits and are estimated at 83 or more."""

HOW_TO_MAKE_ONE: Final = 'make one with `python -c "import secrets; print(secrets.token_urlsafe(32))"`'

_KEEP_IT: Final = "keep it out of the source, such as in an environment variable"
_LOOKED_AT = 1_000  # characters of a key that are read
_PREDICTED = 4  # characters from which on a repetition or run counts as one
_OF_TEXT = 0.6  # share of frequent pairs from which on it is text

# The 150 most frequent pairs of letters in this package's own texts, in English and twelve other languages:
# a letter, and those after it. They make up 85 % of the pairs of a text, and 22 % of random ones.
_AFTER = (
    "acdgiklmnrstvy bel cacehioty daeio eabcdfgilmnprst fou gaeins haeio icdeglmnopstv je kaei ladeilo "
    "maeimo nacdegiost obfiklmnoprstuw paeortu qu raeikmopsy saceiost taehiorstu uenrst vaeio waehio yo ze"
)
_FREQUENT = frozenset(letters[0] + letter for letters in _AFTER.split() for letter in letters[1:])

# Marks of keys that are not meant to be used: Django's prefix in new projects, unfilled templates and so on.
_NOT_MEANT = (
    r"(?i)insecure|(?:change|replace|override)[^a-z]?(?:me|this|it|in)|do[^a-z]?not[^a-z]?use"
    r"|https?://|\$\{\w{8,}[:}]|\{\{.*\}\}"
)
_WORD = r"([A-Z]?(?:[a-z]|[^\W\d_A-Za-z])+)[\W_]*"
_CAPITALS = r"([A-Z]+)[^0-9A-Za-z]*"
# Ways along a keyboard: its rows, its columns, and zigzag.
_WAYS = (
    *("qwertyuiop", "asdfghjkl", "zxcvbnm"),
    *("1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p", "qazwsxedcrfvtgbyhnujmikolp", "1q2w3e4r5t6y7u8i9o0p"),
)


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
    # Examples are refused however long they are: everybody who copied one has the same key.
    if re.search(_NOT_MEANT, key) or estimate_bits(key) < MIN_BITS:
        why = "it can be guessed: it is an example, reads as text, or repeats itself"
        problem = f"{why}; {HOW_TO_MAKE_ONE}, and {_KEEP_IT}"
        raise ConfigurationError(problem, path=path)
    return key


def estimate_bits(key: str) -> float:
    """Estimate from above how many bits a key has; see the module."""
    key = key[:_LOOKED_AT]  # the work grows with the square of the length
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
    """Say whether a key is text: three fifths are words (longer than 3, or alone) with frequent pairs."""
    words = [*_words(key)]
    letters = sum(len(found[1]) for found in words if len(found[1]) > 3 or _stands_alone(key, found))
    pairs = [a + b for found in words if found[1].isascii() for a, b in pairwise(found[1].lower())]
    frequent = sum(pair in _FREQUENT for pair in pairs)
    return letters * 5 >= len(key) * 3 and frequent >= len(pairs) * _OF_TEXT


def _words(key: str) -> Iterator[re.Match[str]]:
    """Find possible words, each with the separator after it."""
    return re.finditer(_CAPITALS if key.isupper() else _WORD, key)


def _stands_alone(key: str, found: re.Match[str]) -> bool:
    start, end = found.span(1)
    return found[1].isascii() and not (key[start - 1 : start].isalnum() or key[end : end + 1].isalnum())


def _repeated(key: str, at: int) -> int:
    """Return how many characters from `at` on also occur before it; `key` is in lower case."""
    length = 0
    while at + length < len(key) and key.find(key[at : at + length + 1], 0, at + length) >= 0:
        length += 1
    return length


def _running(key: str, at: int) -> int:
    """Return how many characters from `at` on count up, down or repeat, or follow a keyboard."""
    rows = [row[row.index(key[at]) :] for row in _WAYS if key[at] in row]
    keys = (n for row in rows for n in range(1, len(row) + 1) if key.startswith(row[:n], at))
    return max(*(_steps(key, at, step) for step in (-1, 0, 1)), *keys)


def _steps(key: str, at: int, step: int) -> int:
    end = at + 1
    while end < len(key) and ord(key[end]) - ord(key[end - 1]) == step:
        end += 1
    return end - at
