"""A visitor's choice as a string of the IAB's Global Privacy Platform, and the script that answers ``__gpp``.

Two sections are written: California's own, ``usca``, and the national one, ``usnat``; ``gpp.toml`` lays them
out. A TC string (TCF) never is: that needs a registered provider.

https://github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform/blob/main/Core/Consent%20String%20Specification.md
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

Subsection: TypeAlias = dict[str, "int | bool | list[int]"]
"""Field → value, as scripts get it."""

_NOT_APPLICABLE, _YES, _NO = range(3)
_NOT_COVERED: Final = 2  # of MspaCoveredTransaction: not under the IAB's contract of that name
_GPC: Final = 1  # SubsectionType of the one that says what Sec-GPC said


class GPP(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor's GPP string and its fields.

    Attributes:
        string: The GPP string, such as ``DBABBg~BUUAAACA.YA``.
        sections: Ids of the sections that apply.
        parsed: Name of a section → its subsections, field by field.
    """

    string: str
    sections: tuple[int, ...]
    parsed: dict[str, list[Subsection]]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section; ``gpp.toml`` explains each key.

    Attributes:
        name: Its name in the API, such as ``usca``; the key in the table.
        id: Its number in the header.
        header: The header of a string that has this section alone.
        version: Its version.
        fields: The fields of its core subsection.
    """

    name: str
    id: int
    header: str
    version: int
    fields: tuple[str, ...]

    def core(self, values: Mapping[str, int]) -> Subsection:
        """Fill the core subsection; a field that is not among the values is 0, "not applicable"."""
        core: Subsection = {"Version": self.version}
        for field, _, count in (text.partition(":") for text in self.fields):
            core[field] = [_NOT_APPLICABLE] * int(count) if count else values.get(field, _NOT_APPLICABLE)
        return core

    def write(self, core: Subsection, *, gpc: bool) -> str:
        """Write a GPP string of this section: header, core subsection, what Sec-GPC said."""
        version, *values = core.values()
        bits = f"{version:06b}"
        for value in values:
            bits += "".join(f"{one:02b}" for one in (value if isinstance(value, list) else [value]))
        return f"{self.header}~{_base64url(bits)}.{_base64url(f'{_GPC:02b}{gpc:b}')}"


def gpp_for(place: str, *, opted_out: bool | None, gpc: bool) -> GPP:
    """Say in GPP what a visitor in the United States chose.

    Californians get California's section, everybody else the national one. The site is taken to tell what it
    does with data, and to handle no sensitive data, no data of known children, and no transaction covered by
    the IAB's contract (MSPA).

    Args:
        place: ISO 3166 code of country and state, such as ``US-CA``, or ``US`` where the state is not known.
        opted_out: Whether the visitor opted out of sale, sharing and targeted advertising; ``None`` where the
            site sells no data.
        gpc: Whether Sec-GPC was sent.
    """
    section = section_table()["usca" if place == "US-CA" else "usnat"]
    values = {"SharingNotice": _YES, "MspaCoveredTransaction": _NOT_COVERED}
    if opted_out is not None:
        for what in ("Sale", "Sharing", "TargetedAdvertising"):
            values |= {f"{what}OptOutNotice": _YES, f"{what}OptOut": _YES if opted_out else _NO}
    core = section.core(values)
    signal: Subsection = {"SubsectionType": _GPC, "Gpc": gpc}
    string = section.write(core, gpc=gpc)
    return GPP(string=string, sections=(section.id,), parsed={section.name: [core, signal]})


def gpp_attributes(gpp: GPP, *, prompting: bool) -> str:
    """Write the attribute that tells the script what to answer.

    Args:
        gpp: What holds for this visitor.
        prompting: Whether the page asks the visitor.

    Returns:
        One attribute in single quotes.
    """
    # Names, codes and numbers of the table: none holds a single quote, an ampersand or ">".
    apis = [f"{section.id}:{section.name}" for section in section_table().values()]
    says = {**msgspec.to_builtins(gpp), "apis": apis, "prompting": prompting}
    return f"data-gpp='{json.dumps(says, separators=(',', ':'))}'"


@cache
def gpp_script() -> bytes:
    """Return the script: the same bytes for every page, to be served from the site's origin.

    It must be loaded by a classic script without ``async`` or ``defer``, before the first script that asks.
    """
    return Path(__file__).with_name("gpp.min.js").read_bytes()


@cache
def section_table() -> Mapping[str, Section]:
    """Return the sections by their names in the API."""
    rows = msgspec.toml.decode(Path(__file__).with_name("gpp.toml").read_bytes()).items()
    return {name: msgspec.convert({"name": name, **row}, Section) for name, row in rows}


def _base64url(bits: str) -> str:
    """Write bits in base64url without ``=`` (RFC 4648, section 5), zeros added up to whole bytes.

    IAB's own library does so. The specification asks for whole characters only; such a string may have 5
    characters, which no base64 decoder for bytes takes.
    """
    size = -(-len(bits) // 8)
    octets = int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
