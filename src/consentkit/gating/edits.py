"""How tags are written so that they load and run nothing, or so that they do again.

Only insertions make something inert: they hold no quote and no ``>``, so they are safe however the bytes
around the tag are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from consentkit.gating.elements import FRAMES, loads
from consentkit.rewriter import Attribute, Splice

PREFIX: Final = b"data-consentkit-"
"""Put before the name of every moved attribute: no loader, and no browser, looks for such names."""

# Attributes of a frame that would show, run or confine something in place of the placeholder, and its name.
_FRAME_MOVED: Final = frozenset({b"srcdoc", b"sandbox", b"onload", b"name"})


def rename(attributes: Iterable[Attribute], names: Collection[bytes]) -> list[Splice]:
    """Give attributes their private names, duplicates included."""
    return [(a.name_start, a.name_start, PREFIX) for a in attributes if a.name in names]


def move(name: bytes, attributes: Sequence[Attribute]) -> list[Splice]:
    """Give every attribute that loads, shows or runs something its private name."""
    moved = {a.name for a in attributes if loads(name, a.name)}
    return rename(attributes, moved | _FRAME_MOVED if name in FRAMES else moved)


def insert(raw: bytes, name: bytes, attribute: bytes) -> Splice:
    """Put an attribute first; it holds no quote."""
    end = 1 + len(name)
    # Before a slash the space keeps the value from going on.
    gap = b" " if raw[end : end + 1] == b"/" else b""
    return end, end, b" " + attribute + gap


def stop_script(raw: bytes, attributes: Sequence[Attribute]) -> list[Splice]:
    """Make a script inert: the new type comes first, since the first of two attributes counts."""
    inserted = insert(raw, b"script", b"type=text/plain")
    return tidy([inserted], move(b"script", attributes), rename(attributes, {b"type"}))


def stop_style(raw: bytes) -> list[Splice]:
    """Make a style sheet inert; browsers pass over a type that they do not know."""
    return [insert(raw, b"style", b"type=text/plain")]


def restore(attributes: Sequence[Attribute], parked: Attribute | None, name: bytes) -> list[Splice]:
    """Put a parked attribute in the place of the one that it stands for.

    Args:
        attributes: All attributes of the tag.
        parked: The attribute that holds the value, if the tag has one.
        name: The name that it shall have.
    """
    if parked is None:
        return []
    return [*rename(attributes, {name}), (parked.name_start, parked.name_end, name)]


def tidy(*edits: Iterable[Splice]) -> list[Splice]:
    """Put edits together in order, each once."""
    return sorted(dict.fromkeys(edit for some in edits for edit in some))
