"""GPP strings: the specification's vectors, and what IAB's own library makes of the same fields."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.policy import Place
from consentkit.vendorcalls.gpp import gpp_attributes, gpp_for
from consentkit.vendorcalls.gpp.bits import Reader, fibonacci, id_range, to_base64url
from consentkit.vendorcalls.gpp.sections import Section, Subsection, section_table
from consentkit.vendorcalls.gpp.strings import header_bits, read_gpp, read_header, write_gpp, write_header

HEADERS = [
    # ids, as the specification fills it, as IAB's library does
    ([2], "DBABM", "DBABMA"),
    ([2, 6], "DBACNY", "DBACNYA"),
    ([5, 6], "DBABjw", "DBABjw"),
]
LIBRARY = [
    # name, version, string: made with @iabgpp/cmpapi 3.2.0 of the fields that `pattern` makes
    ("usnat", 1, "DBABLA~BYYYYYYYYoA.YA"),
    ("usnat", 2, "DBABLA~CYYYYYYYYYaY.YA"),
    ("usca", 1, "DBABBg~BYYYYYaY.YA"),
    ("usva", 1, "DBABRg~BYYYYaY"),
    ("usco", 1, "DBABJg~BYYYYYQ.YA"),
    ("usut", 1, "DBABFg~BYYYYYoA"),
    ("usct", 1, "DBABVg~BYYYYYYQ.YA"),
    ("usfl", 1, "DBABAw~BYYYYYaY"),
    ("usmt", 1, "DBABQw~BYYYYYaY.YA"),
    ("usor", 1, "DBABIw~BYYYYYYaYA.YA"),
    ("ustx", 1, "DBABEw~BYYYYYoA.YA"),
    ("usde", 1, "DBABUw~BYYYYYYaYA.YA"),
    ("usia", 1, "DBABCw~BYYYYYoA.YA"),
    ("usne", 1, "DBABSw~BYYYYYoA.YA"),
    ("usnh", 1, "DBABKw~BYYYYYaY.YA"),
    ("usnj", 1, "DBABAYA~BYYYYYYYoA.YA"),
    ("ustn", 1, "DBABQYA~BYYYYYoA.YA"),
    ("usmn", 1, "DBABIYA~BYYYYYoA.YA"),
]


def subsections(section: Section, version: int, values: Any, gpc: bool | None) -> list[Subsection]:
    """Fill a section's fields, one after another."""
    core: Subsection = {"Version": version}
    for name, _, count in (text.partition(":") for text in section.versions[version]):
        core[name] = [next(values) for _ in range(int(count))] if count else next(values)
    return [core] if gpc is None or not section.gpc else [core, {"SubsectionType": 1, "Gpc": gpc}]


def pattern(prefix: str, version: int) -> list[Subsection]:
    """1, 2, 0, 1, 2, 0 … but no covered transaction, and Sec-GPC."""
    made = subsections(section_table()[prefix], version, itertools.cycle([1, 2, 0]), True)
    return [{**made[0], "MspaCoveredTransaction": 2}, *made[1:]]


@pytest.mark.parametrize(("ids", "specified", "library"), HEADERS)
def test_headers(ids: list[int], specified: str, library: str) -> None:
    assert to_base64url(header_bits(ids)) == specified
    assert write_header(ids) == library
    assert read_header(specified) == read_header(library) == ids


@pytest.mark.parametrize(
    ("value", "code"),
    [(1, "11"), (2, "011"), (3, "0011"), (4, "1011"), (5, "00011"), (6, "10011"), (7, "01011")],
)
def test_fibonacci_codes(value: int, code: str) -> None:
    assert fibonacci(value) == code


def test_a_range_as_specified() -> None:
    assert id_range([3, 5, 6, 7, 8]) == "0000000000100001110110011"


@pytest.mark.parametrize("ids", [[4096], [1, 2, 5000]])
def test_no_range_may_ask_for_much_memory(ids: list[int]) -> None:
    with pytest.raises(ValueError, match="too large"):
        Reader(id_range(ids)).id_range()


def test_a_value_that_does_not_fit() -> None:
    parts = section_table()["usca"].read("BVWSSSVY")
    with pytest.raises(ValueError, match="4 does not fit into 2 bits"):
        section_table()["usca"].write([{**parts[0], "SaleOptOut": 4}])


@given(st.sets(st.integers(1, 4095), max_size=200))
def test_ranges_come_back(ids: set[int]) -> None:
    assert Reader(id_range(ids)).id_range() == sorted(ids)


@pytest.mark.parametrize("string", ["BVWSSSVY.YA", "BAAAAABA.QA", "BVWSSSVY", "BAAAAABA"])
def test_california_as_specified(string: str) -> None:
    section = section_table()["usca"]
    parts = section.read(string)
    assert section.write(parts) == string
    assert [part["Gpc"] for part in parts[1:]] == [ending == "YA" for ending in string.split(".")[1:]]


def test_californias_fields() -> None:
    core, gpc = section_table()["usca"].read("BVWSSSVY.YA")
    assert core == {
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
    assert gpc == {"SubsectionType": 1, "Gpc": True}


@pytest.mark.parametrize(("prefix", "version", "string"), LIBRARY)
def test_every_section_as_iabs_library_writes_it(prefix: str, version: int, string: str) -> None:
    parsed = {prefix: pattern(prefix, version)}
    assert write_gpp(parsed) == string
    assert read_gpp(string) == parsed


def test_no_section_is_without_a_vector() -> None:
    assert [(row.prefix, version) for row in section_table().values() for version in row.versions] == [
        (prefix, version) for prefix, version, _ in LIBRARY
    ]


@given(st.data())
def test_strings_come_back(data: st.DataObject) -> None:
    table = section_table()
    parsed = {}
    for prefix in data.draw(st.sets(st.sampled_from(sorted(table)), max_size=5)):
        version = data.draw(st.sampled_from(sorted(table[prefix].versions)))
        values = iter(data.draw(st.lists(st.integers(0, 3), min_size=60, max_size=60)))
        parsed[prefix] = subsections(table[prefix], version, values, data.draw(st.none() | st.booleans()))
    assert read_gpp(write_gpp(parsed)) == parsed


@given(st.text("DBACLNYjw~.=", max_size=30))
def test_whatever_is_read_is_a_string_or_an_error(text: str) -> None:
    try:
        read_gpp(text)
    except ValueError:
        return


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CPXxRfAPXxRf",
        "DBABMA~CPXxRfAP",
        "DBABBg",
        "DBABBg~",
        "DBABBg~CVWSSSVY",
        "DBABBg~BVWSSSVY.gA",
        "DBB",
    ],
    ids=["empty", "tc-string", "tcf", "no-section", "empty-section", "version", "subsection", "cut"],
)
def test_what_cannot_be_read(text: str) -> None:
    with pytest.raises(ValueError):
        read_gpp(text)


def test_a_californian_who_opted_out() -> None:
    told = gpp_for("US-CA", sale_opt_out=True, targeted_opt_out=True, gpc=False)
    assert told.sections == (8,)
    core, gpc = read_gpp(told.string)["usca"]
    assert (core["SaleOptOutNotice"], core["SaleOptOut"], core["SharingOptOut"]) == (1, 1, 1)
    assert gpc["Gpc"] is False
    assert told.parsed == read_gpp(told.string)


@pytest.mark.parametrize("place", ["US", "US-TX", "US-NY"])
def test_elsewhere_in_the_united_states_the_national_section_holds(place: str) -> None:
    told = gpp_for(place, sale_opt_out=False, targeted_opt_out=True, gpc=True)
    assert told.sections == (7,)
    core, gpc = read_gpp(told.string)["usnat"]
    fields = ("SharingNotice", "SaleOptOut", "SharingOptOut", "TargetedAdvertisingOptOut")
    assert [core[name] for name in fields] == [1, 2, 1, 1]
    assert gpc["Gpc"] is True


def test_a_states_own_section_is_written_where_it_is_asked_for() -> None:
    told = gpp_for("US-TX", sale_opt_out=True, targeted_opt_out=True, gpc=False, written=("usnat", "ustx"))
    assert told.sections == (16,)
    assert told.parsed["ustx"][0]["ProcessingNotice"] == 1


@pytest.mark.parametrize("place", ["DE", "", "CA-QC", "USA"])
def test_nothing_holds_elsewhere(place: str) -> None:
    told = gpp_for(place, sale_opt_out=True, targeted_opt_out=True, gpc=True)
    assert (told.string, told.sections, told.parsed) == ("DBAA", (), {})


@pytest.mark.parametrize(
    ("opted_out", "told", "notice", "choice"),
    [(True, True, 1, 1), (False, True, 1, 2), (None, True, 0, 0), (False, False, 2, 0), (True, False, 2, 1)],
    ids=["out", "in", "sells-nothing", "not-told", "signal-only"],
)
def test_notice_and_choice(opted_out: bool | None, told: bool, notice: int, choice: int) -> None:
    made = gpp_for("US", sale_opt_out=opted_out, targeted_opt_out=opted_out, gpc=False, opt_out_notice=told)
    core = made.parsed["usnat"][0]
    for what in ("Sale", "Sharing", "TargetedAdvertising"):
        assert (core[f"{what}OptOutNotice"], core[f"{what}OptOut"]) == (notice, choice)


def test_no_transaction_is_said_to_be_covered() -> None:
    core = gpp_for("US", sale_opt_out=True, targeted_opt_out=True, gpc=True).parsed["usnat"][0]
    assert [core[name] for name in core if name.startswith("Mspa")] == [2, 0, 0]


def test_sections_are_at_places_that_there_are() -> None:
    for row in section_table().values():
        country, _, region = row.place.partition("-")
        assert Place(country=country, region=region).region == region
        assert row.prefix == f"us{region.lower() or 'nat'}"


def test_the_attribute_holds_nothing_that_html_would_read() -> None:
    told = gpp_for("US-CA", sale_opt_out=True, targeted_opt_out=True, gpc=True)
    text = gpp_attributes(told, prompting=True)
    assert text.startswith("data-gpp='{") and text.endswith("}'")
    assert not set("'&<>") & set(text[len("data-gpp='") : -1])
