"""Whole GPP strings: a header that says which sections follow, and the sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from consentkit.vendorcalls.gpp.bits import Reader, from_base64url, id_range, integer, octets, to_base64url
from consentkit.vendorcalls.gpp.sections import Section, Subsection, section_table

_TYPE: Final = 3  # what a header begins with, so that nobody takes it for a TC string
_VERSION: Final = 1


def header_bits(ids: Iterable[int]) -> str:
    """Return the bits of the header for sections with these ids."""
    return integer(_TYPE, 6) + integer(_VERSION, 6) + id_range(ids)


def write_header(ids: Iterable[int]) -> str:
    """Write the header for sections with these ids, filled up as sections are."""
    return to_base64url(octets(header_bits(ids)))


def read_header(text: str) -> list[int]:
    """Return the ids of the sections that follow a header, in either filling.

    Raises:
        ValueError: It is no header of this version.
    """
    bits = Reader(from_base64url(text))
    if (bits.integer(6), bits.integer(6)) != (_TYPE, _VERSION):
        raise ValueError("not a GPP header of version 1")
    return bits.id_range()


def write_gpp(sections: Mapping[str, list[Subsection]]) -> str:
    """Write a GPP string.

    Args:
        sections: Name of a section → its subsections.
    """
    table = section_table()
    rows = sorted((table[prefix] for prefix in sections), key=lambda row: row.id)
    parts = (row.write(sections[row.prefix]) for row in rows)
    return "~".join((write_header(row.id for row in rows), *parts))


def read_gpp(text: str) -> dict[str, list[Subsection]]:
    """Read a GPP string of sections that the table has.

    Returns:
        Name of a section → its subsections.

    Raises:
        ValueError: It is not one, or it has another section.
    """
    header, *parts = text.split("~")
    ids = read_header(header)
    rows = {row.id: row for row in section_table().values()}
    if len(ids) != len(parts) or not rows.keys() >= set(ids):
        raise ValueError(f"sections {ids} of which some are missing or not known")
    read: list[tuple[Section, str]] = [(rows[ident], part) for ident, part in zip(ids, parts, strict=True)]
    return {row.prefix: row.read(part) for row, part in read}
