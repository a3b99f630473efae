"""Changes to an input that keep it made of meaningful pieces, where blind changes of bytes would not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

Change = Callable[[bytes, Random, Sequence[bytes]], bytes]


def mutate(data: bytes, longest: int, choice: Random, tokens: Sequence[bytes]) -> bytes:
    """Make one to four changes.

    Args:
        data: The input.
        longest: How long the result may be.
        choice: Where all randomness comes from.
        tokens: The words of the target's language.
    """
    for _ in range(choice.randint(1, 4)):
        data = choice.choice(_CHANGES)(data, choice, tokens)
    return data[:longest] or choice.choice(tokens)[:longest]


def _insert(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    at = choice.randint(0, len(data))
    return data[:at] + choice.choice(tokens) + data[at:]


def _append(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    return data + choice.choice(tokens)


def _insert_at_mark(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    marks = [at for at, byte in enumerate(data) if byte in b"<>,; \n/"]
    at = choice.choice(marks) if marks else 0
    return data[:at] + choice.choice(tokens) + data[at:]


def _remove(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    start, end = sorted(choice.choices(range(len(data) + 1), k=2))
    return data[:start] + data[end:]


def _repeat(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    start, end = sorted(choice.choices(range(len(data) + 1), k=2))
    return data[:end] + data[start:end] * choice.randint(1, 3) + data[end:]


def _move(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    start, end, to = sorted(choice.choices(range(len(data) + 1), k=3))
    return data[:start] + data[end:to] + data[start:end] + data[to:]


def _change_case(data: bytes, choice: Random, tokens: Sequence[bytes]) -> bytes:
    start, end = sorted(choice.choices(range(len(data) + 1), k=2))
    return data[:start] + data[start:end].swapcase() + data[end:]


_CHANGES: Final[tuple[Change, ...]] = (
    _insert,
    _append,
    _insert_at_mark,
    _insert_at_mark,
    _remove,
    _repeat,
    _move,
    _change_case,
)
