"""Bits as the GPP specification writes them, held as strings of 0 and 1.

https://github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform/blob/main/Core/Consent%20String%20Specification.md
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"  # RFC 4648, section 5
_ITEMS: Final = 12  # bits of a range's number of items
_MOST: Final = 4095
"""Ids in one range, so that a few characters cannot ask for much memory."""


def to_base64url(bits: str) -> str:
    """Write bits in base64url without ``=``, zeros added up to whole characters."""
    padded = bits + "0" * (-len(bits) % 6)
    return "".join(_ALPHABET[int(padded[at : at + 6], 2)] for at in range(0, len(padded), 6))


def from_base64url(text: str) -> str:
    """Read base64url, of any number of characters.

    Raises:
        ValueError: A character that it does not have.
    """
    return "".join(f"{_ALPHABET.index(character):06b}" for character in text)


def octets(bits: str) -> str:
    """Add zeros up to whole bytes."""
    return bits + "0" * (-len(bits) % 8)


def integer(value: int, width: int) -> str:
    """Write an integer of fixed length.

    Raises:
        ValueError: It does not fit.
    """
    if not 0 <= value < 1 << width:
        raise ValueError(f"{value} does not fit into {width} bits")
    return f"{value:0{width}b}"


def fibonacci(value: int) -> str:
    """Write a positive integer as its Fibonacci code: which numbers add up to it, and a last 1."""
    bits = ""
    for number in reversed([*_fibonacci_numbers(value)]):
        bits = f"{int(number <= value)}{bits}"
        value -= number if number <= value else 0
    return bits + "1"


def id_range(ids: Iterable[int]) -> str:
    """Write ids as a Fibonacci range: items of one id, or of a first and a last, each by its distance."""
    groups: list[list[int]] = []
    for ident in sorted(set(ids)):
        if groups and ident == groups[-1][-1] + 1:
            groups[-1].append(ident)
        else:
            groups.append([ident])
    bits, last = integer(len(groups), _ITEMS), 0
    for group in groups:
        bits += f"{int(len(group) > 1)}{fibonacci(group[0] - last)}"
        bits += fibonacci(group[-1] - group[0]) if len(group) > 1 else ""
        last = group[-1]
    return bits


class Reader:
    """Reads what the functions of this module have written. Every method raises ValueError where it ends."""

    def __init__(self, bits: str) -> None:
        self._bits = bits
        self._at = 0

    def integer(self, width: int) -> int:
        """Read an integer of fixed length."""
        bits = self._bits[self._at : self._at + width]
        if len(bits) < width:
            raise ValueError("the string ends too early")
        self._at += width
        return int(bits, 2)

    def fibonacci(self) -> int:
        """Read a Fibonacci code."""
        end = self._bits.index("11", self._at)
        bits = self._bits[self._at : end + 1]
        self._at = end + 2
        return sum(number for number, bit in zip(_fibonacci_numbers(), bits, strict=False) if bit == "1")

    def id_range(self) -> list[int]:
        """Read the ids of a Fibonacci range."""
        ids: list[int] = []
        last = 0
        for _ in range(self.integer(_ITEMS)):
            group = self.integer(1)
            first = last + self.fibonacci()
            last = first + (self.fibonacci() if group else 0)
            if last > _MOST:
                raise ValueError("an id is too large")
            ids += range(first, last + 1)
        return ids


def _fibonacci_numbers(most: int | None = None) -> Iterator[int]:
    """Yield 1, 2, 3, 5, 8 … up to `most`."""
    number, after = 1, 2
    while most is None or number <= most:
        yield number
        number, after = after, number + after
