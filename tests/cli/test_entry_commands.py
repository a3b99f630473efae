"""``consentkit log show|stats|export``: an entry with its proof, the counts, and every entry once."""

from __future__ import annotations

import csv
import io
import json
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import consentkit.cli.terminal
from cli.runner import failed, run, said
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


def test_show_gives_entry_and_notice(log: ConsentLog, path: Path, grant: Entry) -> None:
    shown = json.loads(said("show", grant.id, "--log", f"sqlite:///{path}"))
    assert shown["index"] == 1
    assert shown["entry"]["granted"] == ["analytics"]
    assert shown["notice"] == json.loads(BUNDLE.body)
    assert json.loads(shown["leaf"])["type"] == "decision"
    assert shown["destroyed"] is None
    assert json.loads(said("show", BUNDLE.hash, "--log", path))["notice"] == json.loads(BUNDLE.body)


def test_show_proves_the_entry(log: ConsentLog, path: Path, grant: Entry) -> None:
    shown = json.loads(said("show", grant.id, "--log", path))
    keys = log.keys()
    assert keys is not None
    assert InclusionProof.decode(shown["proof"]).check(shown["leaf"].encode(), keys.accepted).size == 3
    salted = b"consentkit/entry/v1\n" + bytes.fromhex(shown["salt"]) + grant.encode()
    assert json.loads(shown["leaf"])["commitment"] == sha256(salted).hexdigest()


def test_show_takes_an_index(log: ConsentLog, path: Path, grant: Entry) -> None:
    assert json.loads(said("show", "1", "--log", path))["id"] == grant.id


def test_show_says_when_and_by_which_entry_one_was_erased(log: ConsentLog, path: Path, grant: Entry) -> None:
    log.erase_now(grant.subject or "", at="2026-11-23T09:00:00Z")
    shown = json.loads(said("show", grant.id, "--log", path))
    assert (shown["entry"], shown["salt"], shown["notice"]) == (None, None, None)
    assert shown["destroyed"] == {
        "at": "2026-11-23T09:00:00Z", "type": "erasure", "index": 4, "id": (log.at(4) or pytest.fail()).id
    }  # fmt: skip
    assert InclusionProof.decode(shown["proof"]).index == 1


def test_a_notice_that_is_no_json_is_shown_as_text(log: ConsentLog, path: Path) -> None:
    body = b"We use cookies."
    log.publish(sha256(body).hexdigest(), body, {}, at="2026-11-22T10:00:00Z")
    assert json.loads(said("show", sha256(body).hexdigest(), "--log", path))["notice"] == body.decode()


@pytest.mark.parametrize("id", ["unknown", "3", "9" * 30])
def test_show_of_an_unknown_id_fails(log: ConsentLog, path: Path, id: str) -> None:
    assert f"no entry with the id or index '{id}'" in failed(1, "show", id, "--log", path)


def test_stats_add_up_by_day_and_regime(log: ConsentLog, path: Path) -> None:
    log.commit([make_entry(), make_entry(at="2026-11-23T00:00:00Z", regime="opt-out", action="accept_all")])
    first, _, *lines = said("stats", "--log", path).splitlines()
    assert first == f"6 entries, root {log.head().root.hex()}"
    assert [line.split() for line in lines] == [
        ["day", "regime", "accept_all", "reject_all", "save", "withdraw", "allow_vendor", "total"],
        ["2026-11-22", "opt-in", "0", "1", "2", "0", "0", "3"],
        ["2026-11-23", "opt-out", "1", "0", "0", "0", "0", "1"],
        ["total", "1", "1", "2", "0", "0", "4"],
    ]


def test_stats_as_json(log: ConsentLog, path: Path) -> None:
    counted = json.loads(said("stats", "--format", "json", "--log", path))
    nothing = {"accept_all": 0, "withdraw": 0, "allow_vendor": 0}
    total = {"reject_all": 1, "save": 1, "total": 2, **nothing}
    assert counted == {
        "size": 3,
        "root": log.head().root.hex(),
        "days": [{"day": "2026-11-22", "regime": "opt-in", **total}],
        "total": total,
    }


def test_stats_of_an_empty_log(path: Path) -> None:
    with ConsentLog(path) as log:
        log.head()
    assert said("stats", "--log", path).startswith("0 entries, root e3b0c442")
    assert json.loads(said("stats", "--log", path, "--format", "json"))["total"]["total"] == 0


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
    monkeypatch.setattr("consentkit.log.signer.Signer.sign", lambda *_, **__: None)
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
