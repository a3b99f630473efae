"""Export of entries as JSON Lines or CSV."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, TextIO, TypeAlias

import msgspec

from consentkit.log.reader import LogReader, Recorded
from consentkit.record.entry import Entry

COLUMNS = ("index", *Entry.__struct_fields__)
"""Columns of each line. An erased entry has index and id only."""

PROOF_COLUMNS = ("body", "salt", "leaf", "proof")
"""Further columns with ``--proofs``: the entry's exact bytes, its salt in hex (notices have none), the leaf's
exact bytes, and the proof of inclusion (c2sp.org/tlog-proof@v1)."""

Fields: TypeAlias = Mapping[str, Any]
"""One line, by column."""

Write: TypeAlias = Callable[[Iterable[Fields], TextIO], None]

# Entries that are proved together, since their proofs share a checkpoint and most tiles.
_AT_A_TIME = 1024

# Characters that begin a formula in spreadsheets.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def plain(entries: Iterable[Recorded]) -> Iterator[Fields]:
    """Yield each entry's line: its index and fields."""
    return map(_fields, entries)


def proved(entries: Iterable[Recorded], reader: LogReader) -> Iterator[Fields]:
    """Yield each entry's line with `PROOF_COLUMNS`, so that it can be verified alone.

    Raises:
        LogError: The log's checkpoints are not signed.
    """
    remaining = iter(entries)
    while batch := list(islice(remaining, _AT_A_TIME)):
        proofs = reader.proofs([recorded.index for recorded in batch])
        for recorded, proof in zip(batch, proofs, strict=True):
            evidence = {
                "body": None if recorded.body is None else recorded.body.decode(),
                "salt": None if recorded.salt is None else recorded.salt.hex(),
                "leaf": recorded.leaf.decode(),
                "proof": proof.encode(),
            }
            yield {**_fields(recorded), **evidence}


def write_json_lines(lines: Iterable[Fields], file: TextIO) -> None:
    """Write one JSON object a line."""
    for line in lines:
        file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_csv_header(file: TextIO, *, proofs: bool = False) -> None:
    """Write the names of the columns."""
    csv.writer(file).writerow((*COLUMNS, *PROOF_COLUMNS) if proofs else COLUMNS)


def write_csv_lines(lines: Iterable[Fields], file: TextIO) -> None:
    """Write CSV (RFC 4180). Records end in CR LF; line breaks inside a cell are LF.

    Lists are joined by spaces, fingerprints are ``purpose:fingerprint``, the counts of a roll-up JSON. A cell
    that a spreadsheet would read as a formula starts with an apostrophe.
    """
    rows = csv.writer(file)
    for line in lines:
        columns = (*COLUMNS, *PROOF_COLUMNS) if "proof" in line else COLUMNS
        rows.writerow([_cell(line.get(column)) for column in columns])


def _fields(recorded: Recorded) -> dict[str, Any]:
    entry = {"id": recorded.id} if recorded.entry is None else msgspec.to_builtins(recorded.entry)
    return {"index": recorded.index, **entry}


def _cell(value: object) -> str:
    match value:
        case None:
            text = ""
        case dict():
            text = " ".join(f"{key}:{item}" for key, item in value.items())
        case [dict(), *_]:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        case tuple() | list():
            text = " ".join(map(str, value))
        case _:
            text = str(value)
    text = text.replace("\r\n", "\n")
    return f"'{text}" if text.startswith(_FORMULA) else text
