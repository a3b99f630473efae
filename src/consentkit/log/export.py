"""The log as files that other programs read: JSON Lines and CSV."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from typing import Any, TextIO

import msgspec

from consentkit.log.entry import Entry
from consentkit.log.reader import Recorded

COLUMNS = ("index", *Entry.__struct_fields__)

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_jsonl(entries: Iterable[Recorded], file: TextIO) -> None:
    """Write one JSON object a line: the entry's index and its fields; an erased one has its index only."""
    for recorded in entries:
        file.write(json.dumps(_fields(recorded), ensure_ascii=False, separators=(",", ":")) + "\n")


def write_csv(entries: Iterable[Recorded], file: TextIO) -> None:
    """Write CSV (RFC 4180) with a header line.

    Lists are joined by spaces, fingerprints are ``purpose:fingerprint``. A cell that a spreadsheet would
    read as a formula starts with an apostrophe.
    """
    rows = csv.writer(file)
    rows.writerow(COLUMNS)
    for recorded in entries:
        fields = _fields(recorded)
        rows.writerow([_cell(fields.get(column)) for column in COLUMNS])


def _fields(recorded: Recorded) -> dict[str, Any]:
    entry = {} if recorded.entry is None else msgspec.to_builtins(recorded.entry)
    return {"index": recorded.index, **entry}


def _cell(value: object) -> str:
    match value:
        case None:
            text = ""
        case dict():
            text = " ".join(f"{key}:{item}" for key, item in value.items())
        case tuple() | list():
            text = " ".join(value)
        case _:
            text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
