"""A visitor's choice as a string of the IAB's Global Privacy Platform, and the script with ``__gpp``.

Two sections are supported: California's, ``usca``, and the national one, ``usnat``, described in
``gpp.toml``. TC strings (TCF) are not: they need a registered provider.

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
"""Field → value, as scripts receive it."""

_NOT_APPLICABLE, _YES, _NO = range(3)
_NOT_COVERED: Final = 2  # MspaCoveredTransaction: not covered by the IAB's contract (MSPA)
_GPC: Final = 1  # SubsectionType of the subsection for Sec-GPC


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
        """Fill the core subsection; fields without a value are 0, "not applicable"."""
        core: Subsection = {"Version": self.version}
        for field, _, count in (text.partition(":") for text in self.fields):
            core[field] = [_NOT_APPLICABLE] * int(count) if count else values.get(field, _NOT_APPLICABLE)
        return core

    def write(self, core: Subsection, *, gpc: bool) -> str:
        """Write a GPP string of this section: header, core subsection, Sec-GPC."""
        version, *values = core.values()
        bits = f"{version:06b}"
        for value in values:
            bits += "".join(f"{one:02b}" for one in (value if isinstance(value, list) else [value]))
        return f"{self.header}~{_base64url(bits)}.{_base64url(f'{_GPC:02b}{gpc:b}')}"


def gpp_for(place: str, *, opted_out: bool | None, gpc: bool) -> GPP:
    """Express the choice of a visitor in the United States in GPP.

    Visitors in California get California's section, others the national one. It is assumed that the site
    gives notice of its data uses, and handles no sensitive data, no data of known children, and no
    transaction covered by the IAB's contract (MSPA).

    Args:
        place: ISO 3166 code of country and state, such as ``US-CA``, or ``US`` if the state is unknown.
        opted_out: Whether the visitor opted out of sale, sharing and targeted advertising; ``None`` if the
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
    """Write the attribute of the script's element.

    Args:
        gpp: The visitor's GPP string and fields.
        prompting: Whether the page shows a banner.

    Returns:
        One attribute in single quotes.
    """
    # Names, codes and numbers of the table contain no single quote, ampersand or ">".
    apis = [f"{section.id}:{section.name}" for section in section_table().values()]
    says = {**msgspec.to_builtins(gpp), "apis": apis, "prompting": prompting}
    return f"data-gpp='{json.dumps(says, separators=(',', ':'))}'"


@cache
def gpp_script() -> bytes:
    """Return the script: the same for every page, served from the site's origin.

    It must be loaded by a classic script without ``async`` or ``defer``, before the first script that calls
    ``__gpp``.
    """
    return Path(__file__).with_name("gpp.min.js").read_bytes()


@cache
def section_table() -> Mapping[str, Section]:
    """Return the sections by their names in the API."""
    rows = msgspec.toml.decode(Path(__file__).with_name("gpp.toml").read_bytes()).items()
    return {name: msgspec.convert({"name": name, **row}, Section) for name, row in rows}


def _base64url(bits: str) -> str:
    """Write bits in base64url without ``=`` (RFC 4648, section 5), padded with zeros to whole bytes.

    As in the IAB's own library. The specification pads to whole characters only, which base64 decoders may
    reject.
    """
    size = -(-len(bits) // 8)
    octets = int(bits.ljust(8 * size, "0"), 2).to_bytes(size, "big")
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
