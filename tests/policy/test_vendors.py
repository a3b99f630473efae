"""Lists of hosts in a policy: read where it is made, with errors that name the key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from consentkit.exceptions import ConfigurationError
from consentkit.policy import ListFile, Policy
from consentkit.policy.vendors import MAX_LIST

ONE = '{ file = "lists/hosts.txt", purpose = "marketing" }'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "hosts.txt").write_text("0.0.0.0 tracker.example\n##.ad\n", "utf-8-sig")
    return tmp_path


def written(folder: Path, lists: str) -> Policy:
    (folder / "consent.toml").write_text(f"lists = {lists}\n")
    return Policy.from_toml(folder / "consent.toml")


def test_paths_are_relative_to_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = written(folder, f"[{ONE}]")
    assert policy.lists[0].hosts.used == 1
    assert policy.lists[0].hosts.passed_over == {"element hiding": 1}
    file = folder / "lists" / "hosts.txt"
    assert written(folder, f'[{{ file = "{file}", purpose = "marketing" }}]').lists == policy.lists
    monkeypatch.chdir(folder)
    text = '[[lists]]\nfile = "lists/hosts.txt"\npurpose = "analytics"'
    assert Policy.loads(text).lists[0].hosts.used == 1
    assert Policy.loads(text.replace("lists/", ""), folder="lists").lists[0].hosts.used == 1
    assert Policy(lists=(ListFile(file="lists/hosts.txt", purpose="marketing"),)).lists[0].hosts.used == 1


@pytest.mark.parametrize(
    ("lists", "message"),
    [
        (
            '["hosts.txt"]',
            'lists: expected tables such as [{ file = "easyprivacy.txt", purpose = "marketing" }]',
        ),
        ('"hosts.txt"', "lists: expected tables such as"),
        ('{ file = "lists/hosts.txt", purpose = "marketing" }', "lists: expected tables such as"),
        ("[1]", "lists[0]: expected a table, got int"),
        ('[{ file = "lists/hosts.txt" }]', "lists[0]: object missing required field purpose"),
        ('[{ purpose = "marketing" }]', "lists[0]: object missing required field file"),
        ('[{ file = 1, purpose = "marketing" }]', "lists[0].file: expected str, got int"),
        ('[{ file = "lists/hosts.txt", purpose = "marketing", name = "x" }]', "lists[0].name: unknown key"),
        (
            '[{ file = "lists/hosts.txt", purpose = "marketng" }]',
            'lists[0].purpose: no purpose "marketng"; did you mean "marketing"?',
        ),
        (
            '[{ file = "lists/hosts.txt", purpose = "necessary" }]',
            'lists[0].purpose: no purpose "necessary"; known are functional, analytics, marketing',
        ),
        ('[{ file = "no.txt", purpose = "marketing" }]', "lists[0].file: cannot read the list: [Errno 2]"),
        ('[{ file = "lists", purpose = "marketing" }]', "lists[0].file: cannot read the list: [Errno 21]"),
        ('[{ file = "", purpose = "marketing" }]', "lists[0].file: cannot read the list: [Errno 21]"),
        (
            '[{ file = "a\\u0000b", purpose = "marketing" }]',
            "lists[0].file: cannot read the list: embedded null",
        ),
    ],
)
def test_what_cannot_hold_is_refused_by_its_key(folder: Path, lists: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}"):
        written(folder, lists)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("0.0.0.0 tracker.example # caf\xe9".encode("latin-1"), "cannot read the list: 'utf-8' codec"),
        ("tracker.example".encode("utf-16"), "cannot read the list: 'utf-8' codec"),
        (b"#" * (MAX_LIST + 1), "cannot read the list: .*big.txt is larger than 32 MiB"),
    ],
)
def test_a_file_of_another_kind_is_refused(folder: Path, content: bytes, message: str) -> None:
    (folder / "big.txt").write_bytes(content)
    with pytest.raises(ConfigurationError, match=rf"^lists\[1\]\.file: {message}"):
        written(folder, f"[{ONE}, {{ file = 'big.txt', purpose = 'analytics' }}]")


def test_a_list_asks_nobody_again_and_changes_what_is_remembered(folder: Path) -> None:
    lists = f"[{ONE}]"
    policy = written(folder, lists)
    assert policy.fingerprints == Policy().fingerprints
    assert policy.vendors_declared == {}
    assert policy.revision == written(folder, lists).revision != Policy().revision
    (folder / "lists" / "hosts.txt").write_text("0.0.0.0 other.example")
    assert written(folder, lists).revision != policy.revision
