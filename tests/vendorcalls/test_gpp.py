"""GPP strings: the specification's vectors, and what IAB's own library makes of the same fields."""

from __future__ import annotations

import base64
import itertools

import pytest

from consentkit.vendorcalls.gpp import Section, Subsection, gpp_attributes, gpp_for, section_table

LIBRARY = {
    # Name → string: made with @iabgpp/cmpapi 3.2.0 of the fields that `pattern` makes.
    "usnat": "DBABLA~CYYYYYYYYYaY.YA",
    "usca": "DBABBg~BYYYYYaY.YA",
}
CALIFORNIA: Subsection = {
    "Version": 1,
    "SaleOptOutNotice": 1,
    "SharingOptOutNotice": 1,
    "SensitiveDataLimitUseNotice": 1,
    "SaleOptOut": 1,
    "SharingOptOut": 1,
    "SensitiveDataProcessing": [2, 1, 0, 2, 1, 0, 2, 1, 0],
    "KnownChildSensitiveDataConsents": [2, 1],
    "PersonalDataConsents": 1,
    "MspaCoveredTransaction": 1,
    "MspaOptOutOptionMode": 1,
    "MspaServiceProviderMode": 2,
}
"""The fields of the specification's example."""


def filled(section: Section, values: itertools.cycle[int]) -> Subsection:
    """Fill a section's fields, one after another."""
    core: Subsection = {"Version": section.version}
    for name, value in section.core({}).items():
        if name != "Version":
            core[name] = [next(values) for _ in value] if isinstance(value, list) else next(values)
    return core


def pattern(section: Section) -> Subsection:
    """1, 2, 0, 1, 2, 0 … but no covered transaction."""
    return {**filled(section, itertools.cycle([1, 2, 0])), "MspaCoveredTransaction": 2}


def bits_of(text: str) -> str:
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    return "".join(f"{octet:08b}" for octet in data)


def read(string: str, section: Section) -> list[Subsection]:
    """Read a string of one section, by its fields alone."""
    core, gpc = map(bits_of, string.partition("~")[2].split("."))
    pairs = iter([int(core[at : at + 2], 2) for at in range(6, len(core), 2)])
    fields: Subsection = {"Version": int(core[:6], 2)}
    for name, _, count in (text.partition(":") for text in section.fields):
        fields[name] = [next(pairs) for _ in range(int(count))] if count else next(pairs)
    return [fields, {"SubsectionType": int(gpc[:2], 2), "Gpc": gpc[2] == "1"}]


# The specification's examples of Fibonacci codes.
FIBONACCI = {7: "01011", 8: "000011"}


def test_a_header_says_which_section_follows() -> None:
    for section in section_table().values():
        header = f"{3:06b}{1:06b}{1:012b}0{FIBONACCI[section.id]}"
        assert bits_of(section.header) == header.ljust(-(-len(header) // 8) * 8, "0")


@pytest.mark.parametrize("gpc", [True, False])
def test_california_as_specified(gpc: bool) -> None:
    string = section_table()["usca"].write(CALIFORNIA, gpc=gpc)
    assert string == f"DBABBg~BVWSSSVY.{'YA' if gpc else 'QA'}"


@pytest.mark.parametrize("name", LIBRARY)
def test_every_section_as_iabs_library_writes_it(name: str) -> None:
    section = section_table()[name]
    assert section.write(pattern(section), gpc=True) == LIBRARY[name]


def test_no_section_is_without_a_vector() -> None:
    assert [*section_table()] == [*LIBRARY]


def test_a_californian_who_opted_out() -> None:
    told = gpp_for("US-CA", opted_out=True, gpc=False)
    assert told.sections == (8,)
    core, gpc = told.parsed["usca"]
    assert (core["SaleOptOutNotice"], core["SaleOptOut"], core["SharingOptOut"]) == (1, 1, 1)
    assert gpc["Gpc"] is False
    assert told.parsed == {"usca": read(told.string, section_table()["usca"])}


@pytest.mark.parametrize("place", ["US", "US-TX", "US-NY"])
def test_elsewhere_in_the_united_states_the_national_section_holds(place: str) -> None:
    told = gpp_for(place, opted_out=False, gpc=True)
    assert told.sections == (7,)
    core, gpc = told.parsed["usnat"]
    fields = ("SharingNotice", "SaleOptOut", "SharingOptOut", "TargetedAdvertisingOptOut")
    assert [core[name] for name in fields] == [1, 2, 2, 2]
    assert gpc["Gpc"] is True
    assert told.parsed == {"usnat": read(told.string, section_table()["usnat"])}


@pytest.mark.parametrize(
    ("opted_out", "notice", "choice"),
    [(True, 1, 1), (False, 1, 2), (None, 0, 0)],
    ids=["out", "in", "sells-nothing"],
)
def test_notice_and_choice(opted_out: bool | None, notice: int, choice: int) -> None:
    core = gpp_for("US", opted_out=opted_out, gpc=False).parsed["usnat"][0]
    for what in ("Sale", "Sharing", "TargetedAdvertising"):
        assert (core[f"{what}OptOutNotice"], core[f"{what}OptOut"]) == (notice, choice)


def test_no_transaction_is_said_to_be_covered() -> None:
    core = gpp_for("US", opted_out=True, gpc=True).parsed["usnat"][0]
    assert [core[name] for name in core if name.startswith("Mspa")] == [2, 0, 0]


def test_the_attribute_holds_nothing_that_html_would_read() -> None:
    told = gpp_for("US-CA", opted_out=True, gpc=True)
    text = gpp_attributes(told, prompting=True)
    assert text.startswith("data-gpp='{") and text.endswith("}'")
    assert not set("'&<>") & set(text[len("data-gpp='") : -1])
