"""What a visitor chose, as a GPP string."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from consentkit.vendorcalls.gpp.sections import Section, Subsection, section_table
from consentkit.vendorcalls.gpp.strings import write_gpp

WRITTEN: Final = ("usnat", "usca")
"""Sections that are written where nothing else is asked for: the national one, and California's own."""

_YES, _NO = 1, 2  # of a field that says whether something was done
_NOT_COVERED: Final = 2  # of MspaCoveredTransaction: not under the contract of that name


class GPP(msgspec.Struct, frozen=True, kw_only=True):
    """What scripts are told by the Global Privacy Platform.

    Attributes:
        string: The GPP string.
        sections: Ids of the sections that apply; empty where none does.
        parsed: Name of a section → its subsections, field by field.
    """

    string: str
    sections: tuple[int, ...]
    parsed: dict[str, list[Subsection]]


def gpp_for(
    place: str,
    *,
    sale_opt_out: bool | None,
    targeted_opt_out: bool | None,
    gpc: bool,
    opt_out_notice: bool = True,
    written: Collection[str] = WRITTEN,
) -> GPP:
    """Say in GPP what a visitor chose.

    There is one section: the state's own, if it is written, else the national one. California's "sharing" is
    advertising across sites, so it follows `targeted_opt_out`. The site is taken to tell what it does with
    data, and to handle no sensitive data, no data of known children, and no transaction covered by IAB's
    contract (MSPA).

    Args:
        place: ISO 3166 code of country and state, such as ``US-CA``, or ``US`` where the state is not known.
        sale_opt_out: Whether the visitor opted out of the sale of data; ``None`` where the site sells none.
        targeted_opt_out: The same for advertising by behaviour elsewhere.
        gpc: Whether Sec-GPC was sent.
        opt_out_notice: Whether they are told that they can opt out.
        written: Names of the sections that may be written.

    Returns:
        What to tell; a string without sections where none of them holds.
    """
    section = _section_at(place, written)
    if section is None:
        return GPP(string=write_gpp({}), sections=(), parsed={})
    values = {
        **_opt_out("Sale", sale_opt_out, told=opt_out_notice),
        **_opt_out("Sharing", targeted_opt_out, told=opt_out_notice),
        **_opt_out("TargetedAdvertising", targeted_opt_out, told=opt_out_notice),
        **dict.fromkeys(("SharingNotice", "ProcessingNotice"), _YES),
        "MspaCoveredTransaction": _NOT_COVERED,
    }
    parsed = {section.prefix: section.parsed(values, gpc=gpc)}
    return GPP(string=write_gpp(parsed), sections=(section.id,), parsed=parsed)


def _section_at(place: str, written: Collection[str]) -> Section | None:
    rows = {row.place: row for row in section_table().values() if row.prefix in written}
    return rows.get(place) or rows.get(place.partition("-")[0])


def _opt_out(what: str, opted_out: bool | None, *, told: bool) -> Mapping[str, int]:
    """Fill the notice and the choice. Who was not told could not choose, but may have sent Sec-GPC."""
    notice = 0 if opted_out is None else _YES if told else _NO
    choice = _YES if opted_out else _NO if notice == _YES else 0
    return {f"{what}OptOutNotice": notice, f"{what}OptOut": choice}
