"""The table of sections, read once, and how a section is written and read."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from consentkit.vendorcalls.gpp.bits import Reader, from_base64url, integer, octets, to_base64url

Subsection: TypeAlias = dict[str, "int | bool | list[int]"]
"""Field → value, as scripts get it."""

_VERSION: Final = 6  # bits
_GPC: Final = 1  # SubsectionType


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One section; the table's file explains each key.

    Attributes:
        prefix: Its name in the API, such as ``usca``; the key in the table.
        id: Its number in the header.
        place: ISO 3166-2 code of where it holds.
        gpc: Whether it may have a subsection for Sec-GPC.
        versions: Version → fields of the core subsection.
    """

    prefix: str
    id: int
    place: str
    gpc: bool = False
    versions: Mapping[int, tuple[str, ...]]

    @property
    def version(self) -> int:
        """Return the version that is written."""
        return max(self.versions)

    def parsed(self, values: Mapping[str, int], *, gpc: bool) -> list[Subsection]:
        """Make the subsections, in the version that is written.

        Args:
            values: Field → value. A field that is not named is 0, "not applicable".
            gpc: What Sec-GPC said.
        """
        core: Subsection = {"Version": self.version}
        for name, count in _fields(self.versions[self.version]):
            core[name] = [0] * count if count else values.get(name, 0)
        return [core, {"SubsectionType": _GPC, "Gpc": gpc}] if self.gpc else [core]

    def write(self, subsections: list[Subsection]) -> str:
        """Write the section.

        Every subsection is filled up to whole bytes, as IAB's own library does it. The specification asks for
        whole characters only; such a string may have 5 characters, which no base64 decoder for bytes takes.
        """
        core, *more = subsections
        bits = integer(_version(core), _VERSION)
        for name, _ in _fields(self.versions[_version(core)]):
            value = core[name]
            bits += "".join(integer(one, 2) for one in (value if isinstance(value, list) else [value]))
        parts = [bits, *(f"{integer(_GPC, 2)}{int(bool(part['Gpc']))}" for part in more)]
        return ".".join(to_base64url(octets(part)) for part in parts)

    def read(self, text: str) -> list[Subsection]:
        """Read the section.

        Raises:
            ValueError: It is not one, or of a version or with a subsection that the table does not have.
        """
        first, *more = (Reader(from_base64url(part)) for part in text.split("."))
        core: Subsection = {"Version": first.integer(_VERSION)}
        if _version(core) not in self.versions:
            raise ValueError(f"{self.prefix} has no version {core['Version']}")
        for name, count in _fields(self.versions[_version(core)]):
            core[name] = [first.integer(2) for _ in range(count)] if count else first.integer(2)
        return [core, *(self._read_gpc(part) for part in more)]

    def _read_gpc(self, bits: Reader) -> Subsection:
        kind = bits.integer(2)
        if kind != _GPC or not self.gpc:
            raise ValueError(f"{self.prefix} has no subsection {kind}")
        return {"SubsectionType": kind, "Gpc": bits.integer(1) == 1}


def _version(core: Subsection) -> int:
    version = core["Version"]
    assert isinstance(version, int)
    return version


def _fields(described: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return name and number of values of each field; 0 is one that is no list."""
    return [(name, int(count or 0)) for name, _, count in (text.partition(":") for text in described)]


@cache
def section_table() -> Mapping[str, Section]:
    """Return all sections, by their names in the API."""
    rows = msgspec.toml.decode(Path(__file__).with_name("sections.toml").read_bytes()).items()
    return MappingProxyType(
        {prefix: msgspec.convert({"prefix": prefix, **row}, Section, strict=False) for prefix, row in rows}
    )
