"""``consentkit log export``: every entry once, safe for spreadsheets, verifiable line by line."""

from __future__ import annotations

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import consentkit.cli.terminal
from cli.running import failed, run, said
from consentkit.log import ConsentLog, LogReader, Recorded
from consentkit.log.export import (
    COLUMNS,
    PROOF_COLUMNS,
    plain,
    write_csv_header,
    write_csv_lines,
    write_json_lines,
)
from consentkit.record.entry import Entry
from consentkit.record.leaf import commitment, committed_leaf, notice_leaf
from consentkit.tlog.proofs import InclusionProof
from docs.documents import find_page
from log.samples import BUNDLE, make_entry, make_refusal


@pytest.fixture
def days(log: ConsentLog) -> ConsentLog:
    """Go on for two days, with a roll-up of each, an entry that comes late, and an erasure."""
    for day in ("2026-11-23", "2026-11-24"):
        log.commit([make_entry(at=f"{day}T10:00:00Z", subject=f"{day}-subject") for _ in range(2)])
    log.commit([make_refusal()])
    log.erase_now("2026-11-23-subject", at="2026-11-24T11:00:00Z")
    return log


def lines_of(text: str) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


def test_jsonl_holds_every_entry(log: ConsentLog, path: Path) -> None:
    lines = lines_of(said("export", "--log", path))
    assert [line["index"] for line in lines] == [0, 1, 2]
    assert [line["type"] for line in lines] == ["notice", "decision", "decision"]
    assert lines[2]["denied"] == ["analytics", "functional", "marketing"]
    assert lines[2]["subject"] is None


def test_csv_holds_every_entry(log: ConsentLog, path: Path, tmp_path: Path, grant: Entry) -> None:
    output = tmp_path / "out.csv"
    assert said("export", "--log", path, "--format", "csv", "--output", output) == ""
    assert stat.S_IMODE(output.stat().st_mode) == 0o600
    with output.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert lines[2]["denied"] == "analytics functional marketing"
    assert lines[1]["fingerprints"] == "analytics:0a1b2c"
    assert [line["id"] for line in lines][:2] == [BUNDLE.hash, grant.id]


def test_the_books_are_exported_too(days: ConsentLog, path: Path) -> None:
    rollup, erasure = (next(one for one in lines_of(said("export", "--log", path)) if one.get("type") == kind)
                       for kind in ("rollup", "erasure"))  # fmt: skip
    assert (rollup["closes"], rollup["counts"][0]["count"]) == ("2026-11-22", 1)
    text = said("export", "--log", path, "--format", "csv")
    cells = {line["index"]: line for line in csv.DictReader(io.StringIO(text, newline=""))}
    assert json.loads(cells[str(rollup["index"])]["counts"]) == rollup["counts"]
    assert cells[str(erasure["index"])]["erased"] == " ".join(map(str, erasure["erased"]))


def test_an_erased_entry_has_index_and_id_only() -> None:
    erased = [Recorded(index=7, id="x", entry=None, leaf=b"", body=None, salt=None)]
    lines, cells = io.StringIO(), io.StringIO()
    write_json_lines(plain(erased), lines)
    write_csv_header(cells)
    write_csv_lines(plain(erased), cells)
    assert json.loads(lines.getvalue()) == {"index": 7, "id": "x"}
    assert cells.getvalue().splitlines()[1] == "7,x" + "," * (len(COLUMNS) - 2)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_with_proofs_each_line_verifies_alone(days: ConsentLog, path: Path, form: str) -> None:
    text = said("export", "--log", path, "--proofs", "--format", form)
    lines = lines_of(text) if form == "jsonl" else list(csv.DictReader(io.StringIO(text, newline="")))
    keys = days.keys()
    assert keys is not None and len(lines) == days.head().size
    for line in lines:
        proof = InclusionProof.decode(line["proof"])
        assert proof.check(line["leaf"].encode(), keys.accepted).size == days.head().size
        assert proof.index == int(line["index"])
        if line.get("type") == "notice":
            assert line["leaf"].encode() == notice_leaf(line["at"][:10], line["notice"])
        elif line["body"]:
            body, salt = line["body"].encode(), bytes.fromhex(line["salt"])
            entry = Entry.decode(body)
            assert (entry.id, entry.at) == (line["id"], line["at"])
            assert line["leaf"].encode() == committed_leaf(entry.type, entry.day, commitment(salt, body))
    assert sum(not line["body"] for line in lines) == 2


def test_proofs_of_a_log_that_is_not_signed_fail(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consentkit.log.signer.Signer.sign", lambda *_: None)
    with ConsentLog(path) as log:
        log.commit([BUNDLE])
    output = path.with_name("out")
    assert "not signed" in failed(1, "export", "--proofs", "--log", path, "--output", output)
    assert not output.exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--from", "2", "--to", "4"], [2, 3, 4]),
        (["--from", "2026-11-24"], [6, 7, 8, 10]),
        (["--to", "2026-11-22"], [0, 1, 2, 9]),
        (["--from", "3", "--to", "2026-11-23"], [3, 4, 5, 9]),
        (["--from", "2026-11-23", "--to", "2026-11-23"], [3, 4, 5]),
        (["--from", "99"], []),
    ],
)
def test_a_part_by_day_or_index(
    days: ConsentLog, path: Path, options: list[str], expected: list[int]
) -> None:
    """By day it has what was late for it, too."""
    lines = lines_of(said("export", "--log", path, *options))
    assert [line["index"] for line in lines] == expected


def test_a_place_that_is_neither_is_a_usage_error(log: ConsentLog, path: Path) -> None:
    assert "expected a day" in failed(2, "export", "--log", path, "--from", "yesterday")


def test_an_output_that_cannot_be_written_is_an_error(log: ConsentLog, path: Path) -> None:
    assert "cannot write" in failed(1, "export", "--log", path, "--output", path.parent / "gone" / "out")


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_is_interrupted_leaves_nothing_half_written(
    log: ConsentLog, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    output = tmp_path / "out"
    output.write_text("before")
    entries = LogReader.entries

    def interrupted(reader: LogReader, *arguments: int) -> Any:
        yield next(entries(reader, *arguments))
        raise error

    monkeypatch.setattr(LogReader, "entries", interrupted)
    before = sorted(tmp_path.iterdir())
    result = run("export", "--log", path, "--output", output)
    assert result.exit_code == (130 if error is KeyboardInterrupt else 1)
    assert output.read_text() == "before"
    assert sorted(tmp_path.iterdir()) == before


def test_a_pipe_is_written_to_directly(log: ConsentLog, path: Path) -> None:
    assert said("export", "--log", path, "--output", "/dev/null") == ""
    assert not Path("/dev/null").is_file()


def test_a_long_export_shows_its_progress_on_standard_error(
    log: ConsentLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("export", "--log", path).stderr == ""
    monkeypatch.setattr(consentkit.cli.terminal, "PROGRESS_FROM", 3)
    result = run("export", "--log", path)
    assert "Exporting" in result.stderr
    assert len(result.stdout.splitlines()) == 3


@given(st.text(max_size=20))
def test_no_cell_is_a_formula(text: str) -> None:
    file = io.StringIO(newline="")
    recorded = Recorded(index=0, id="", entry=hostile(text), leaf=b"", body=None, salt=None)
    write_csv_header(file)
    write_csv_lines(plain([recorded]), file)
    header, line = csv.reader(io.StringIO(file.getvalue(), newline=""))
    cell = dict(zip(header, line, strict=True))["locale"]
    assert text.replace("\r\n", "\n") in (cell, cell.removeprefix("'"))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert tuple(header) == COLUMNS
    assert file.getvalue().count("\r\n") == 2


def hostile(locale: str) -> Entry:
    """Make an entry with a locale that entries do not take: a foreign log may hold it all the same."""
    entry = make_entry()
    msgspec.structs.force_setattr(entry, "locale", locale)
    return entry


def test_every_column_is_documented() -> None:
    text = find_page("log").read_text("utf-8")
    section = text.partition("### `consentkit log export`")[2].partition("\n### ")[0]
    assert [column for column in PROOF_COLUMNS if f"`{column}`" not in section] == []
