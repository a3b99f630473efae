"""The evidence pack: foreign programs verify it, find whatever was changed, and it is about nobody else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from cli.runner import failed, said
from consentkit.log import ConsentLog
from consentkit.record.entry import Entry, uuid7
from consentkit.tlog.note import sign_checkpoint
from log.samples import BUNDLE, make_entry, make_refusal

ME, OTHER = "-the-visitor-in-question", "visitor-whom-it-is-not-about"
AT = "2026-11-23T10:00:00Z"
HOW_TO_GET_GO = "no Go: apt-get install golang-go (Debian)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Name a log's file."""
    return tmp_path / "log" / "consent.sqlite3"


@pytest.fixture
def log(path: Path) -> Iterator[ConsentLog]:
    """Make a log with two visitors, one of whom has twenty entries."""
    path.parent.mkdir()
    with ConsentLog(path) as made:
        made.commit([BUNDLE])
        for number in range(20):
            made.commit([make_entry(subject=ME), make_entry(subject=OTHER, country="FR"), make_refusal()])
            made.commit([make_entry(subject=ME, at=AT, country="")] if number == 19 else [])
        yield made


@pytest.fixture
def pack(log: ConsentLog, path: Path, tmp_path: Path) -> Path:
    """Make a visitor's pack, and unpack it."""
    return unpack(tmp_path / "evidence", "--log", path, "--subject", ME)


def unpack(folder: Path, *arguments: object) -> Path:
    """Have a pack made, and unpack it."""
    file = folder.with_suffix(".zip")
    said("evidence", *arguments, "--output", file)
    with zipfile.ZipFile(file) as packed:
        assert packed.testzip() is None
        packed.extractall(folder)
    return folder


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run its Python program where this package cannot be imported."""
    code = (
        "import runpy, sys; sys.modules['consentkit'] = None;"
        " sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    command = [sys.executable, "-I", "-O", "-c", code, str(folder / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder.parent)


def go(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run its Go program, built once, without any package but Go's own."""
    return subprocess.run(
        [str(build((folder / "verify.go").read_text())), *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
    )


@cache
def build(source: str) -> Path:
    """Compile the Go program."""
    compiler = shutil.which("go")
    if compiler is None:
        pytest.skip(HOW_TO_GET_GO)
    folder = Path(tempfile.mkdtemp(prefix="consentkit-evidence-"))
    (folder / "verify.go").write_text(source)
    environment = {
        "PATH": str(Path(compiler).parent) + ":/usr/bin:/bin",
        "HOME": str(folder),
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "-mod=mod",
        "GO111MODULE": "off",
        "GOPATH": str(folder / "path"),
        "CGO_ENABLED": "0",
    }
    subprocess.run([compiler, "build", "-o", "verify", "verify.go"], cwd=folder, env=environment, check=True)
    return folder / "verify"


VERIFIERS = pytest.mark.parametrize("verify", [python, go])
Verify = Callable[..., "subprocess.CompletedProcess[str]"]


@VERIFIERS
def test_foreign_programs_verify_it(pack: Path, log: ConsentLog, verify: Verify) -> None:
    keys = log.keys()
    assert keys is not None
    for arguments in ((), (str(keys.signing.verifier),)):
        result = verify(pack, *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        found = f"22 entries hold, 0 of them erased, in the log {keys.signing.name}"
        assert result.stdout == f"{found} of {log.head().size} entries\n"


@VERIFIERS
def test_another_key_does_not_verify_it(pack: Path, tmp_path: Path, verify: Verify) -> None:
    with ConsentLog(tmp_path / "other.sqlite3") as other:
        other.commit([BUNDLE])
        keys = other.keys()
    assert keys is not None
    assert verify(pack, str(keys.signing.verifier)).returncode == 1


def change_text(folder: Path) -> None:
    replace(folder / "entries.jsonl", "analytics", "analytica")


def change_salt(folder: Path) -> None:
    change_line(folder, "salt", lambda salt: ("1" if salt[0] == "0" else "0") + salt[1:])


def move_the_salts_end(folder: Path) -> None:
    """Salt and text are hashed as one string: without a fixed length, bytes could move between them."""
    change_line(folder, "salt", lambda salt: salt[:-2])


def change_leaf(folder: Path) -> None:
    change_line(folder, "leaf", lambda leaf: leaf.replace("2026-11-22", "2026-11-21"))


def change_index(folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    lines[3]["index"], lines[4]["index"] = lines[4]["index"], lines[3]["index"]
    (folder / "entries.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def change_checkpoint(folder: Path) -> None:
    text = (folder / "checkpoint").read_text()
    size = text.splitlines()[1]
    (folder / "checkpoint").write_text(text.replace(f"\n{size}\n", f"\n{int(size) + 1}\n"))


def change_proof(folder: Path) -> None:
    proof = sorted((folder / "proofs").iterdir())[5]
    header, index, first, second, *rest = proof.read_text().split("\n")
    proof.write_text("\n".join([header, index, second, first, *rest]))


def remove_proof(folder: Path) -> None:
    sorted((folder / "proofs").iterdir())[5].unlink()


def change_notice(folder: Path) -> None:
    notice = next((folder / "notices").glob("*.json"))
    notice.write_bytes(notice.read_bytes() + b" ")


def remove_all_entries(folder: Path) -> None:
    (folder / "entries.jsonl").write_text("")


def replace(file: Path, old: str, new: str) -> None:
    """Replace the first occurrence of a text."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def change_line(folder: Path, field: str, change: Callable[[str], str]) -> None:
    """Change a field of the second line."""
    lines = [json.loads(line) for line in (folder / "entries.jsonl").read_text().splitlines()]
    lines[1][field] = change(lines[1][field])
    (folder / "entries.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


@VERIFIERS
@pytest.mark.parametrize(
    "change",
    [
        change_text,
        change_salt,
        move_the_salts_end,
        change_leaf,
        change_index,
        change_checkpoint,
        change_proof,
        remove_proof,
        change_notice,
        remove_all_entries,
    ],
)
def test_whatever_was_changed_is_found(pack: Path, change: Callable[[Path], None], verify: Verify) -> None:
    change(pack)
    result = verify(pack)
    assert result.returncode == 1
    assert result.stderr


def test_it_has_all_that_it_should_and_is_about_nobody_else(pack: Path, log: ConsentLog) -> None:
    entries = [json.loads(line) for line in (pack / "entries.jsonl").read_text().splitlines()]
    theirs = [json.loads(line["entry"]) for line in entries if line["salt"]]
    assert len(theirs) == 21
    assert {entry["subject"] for entry in theirs} == {ME}
    assert [line["index"] for line in entries] == sorted(line["index"] for line in entries)
    files = "README.md checkpoint entries.jsonl law.json notices print.html proofs verify.go verify.py vkey"
    assert sorted(file.name for file in pack.iterdir()) == files.split()
    assert (pack / "notices" / f"{BUNDLE.hash}.json").read_bytes() == BUNDLE.body
    assert (pack / "checkpoint").read_text() == log.head().checkpoint
    law = json.loads((pack / "law.json").read_text())
    assert "EU" in {row["place"] for row in law["rows"]}
    assert "FR" not in {row["place"] for row in law["rows"]}
    everything = b"".join(file.read_bytes() for file in pack.rglob("*") if file.is_file())
    assert OTHER.encode() not in everything
    assert b"PRIVATE" not in everything


@VERIFIERS
def test_a_log_that_was_recovered_is_verified(
    pack: Path, log: ConsentLog, path: Path, verify: Verify
) -> None:
    """Its checkpoints have a line more."""
    note = f"{log.head().size + 1}\n"
    seen = path.with_name(f"{path.name}.seen")
    keys = log.keys()
    assert keys is not None
    seen.write_text(sign_checkpoint(int(note), bytes(32), [keys.signing]))
    log.close()
    said("recover", "--log", path, "--reason", "the disk burnt")
    recovered = unpack(pack.with_name("recovered"), "--log", path, "--subject", ME)
    assert "\nbreak 0" in (recovered / "checkpoint").read_text()
    result = verify(recovered)
    assert (result.returncode, result.stderr) == (0, "")


def test_a_visitors_pack_has_what_was_not_honoured(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    grant = log.of_subject(ME)[-1].id
    log.commit([Entry(id=uuid7(0), type="invalidated", at=AT, subject=ME, previous=grant)])
    folder = unpack(tmp_path / "all", "--log", path, "--subject", ME)
    assert (
        '"type":"invalidated"' in json.loads((folder / "entries.jsonl").read_text().splitlines()[-1])["entry"]
    )
    assert "not honoured" in (folder / "print.html").read_text()


def test_what_it_says_on_paper(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    page = (unpack(tmp_path / "one", "--log", path, "--entry", "1") / "print.html").read_text()
    for words in (
        ME,
        "Saved a choice of their own on the banner",
        "analytics",
        "Global Privacy Control",
        "EDPB",
    ):
        assert words in page
    assert "<script" not in page


def test_one_entry_a_period_and_what_was_erased(log: ConsentLog, path: Path, tmp_path: Path) -> None:
    one = unpack(tmp_path / "one", "--log", path, "--entry", log.of_subject(OTHER)[0].id)
    assert python(one).stdout.startswith("2 entries hold")
    log.erase_now(OTHER, at=AT)
    day = unpack(tmp_path / "day", "--log", path, "--from", "2026-11-22", "--to", "2026-11-22")
    result = python(day)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line) for line in (day / "entries.jsonl").read_text().splitlines()]
    assert sum(line["entry"] is line["notice"] is None for line in lines) == 20
    assert ", 20 of them erased, in the log" in result.stdout
    assert "It was erased" in (day / "print.html").read_text()


def test_what_cannot_be_packed_is_said_and_leaves_no_file(
    log: ConsentLog, path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "evidence.zip"
    for code, arguments in (
        (2, ()),
        (2, ("--subject", ME, "--entry", "1")),
        (2, ("--subject", "nobody")),
        (1, ("--subject", "nobody-of-that-name-")),
        (1, ("--entry", "999")),
        (2, ("--from", "yesterday")),
    ):
        assert failed(code, "evidence", "--log", path, *arguments, "--output", file)
    assert not file.exists()
