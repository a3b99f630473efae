"""``consentkit check``: one line for each thing, and an exit code that deployments can ask."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.runner import said
from consentkit.cli.root import root
from consentkit.log import ConsentLog


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a policy, and an environment that names nothing."""
    monkeypatch.chdir(tmp_path)
    for name in ("CONSENTKIT_LOG", "CONSENTKIT_LOG_KEY", "CONSENTKIT_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)


def run(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["check", *map(str, arguments)])


def lines(result: Result) -> list[tuple[str, str, str]]:
    return [
        (level, about, text)
        for level, about, text in (line.split(None, 2) for line in result.stdout.splitlines())
    ]


def test_nothing_named_is_a_usage_error() -> None:
    result = run()
    assert result.exit_code == 2
    assert "--log" in result.stderr
    assert "consent.toml" in result.stderr


def test_a_log_in_order_and_a_named_key(path: Path) -> None:
    said("key", "new", "--log", path, "--origin", "shop.example/consent")
    before = sorted(path.parent.iterdir())
    result = run("--log", path)
    assert result.exit_code == 0, result.output
    assert [line[:2] for line in lines(result)] == [("note", "log"), ("note", "key")]
    assert "it signs as shop.example/consent" in result.stdout
    assert sorted(path.parent.iterdir()) == before


def test_a_log_that_nobody_has_named_yet_and_the_command_that_names_it(path: Path) -> None:
    result = run("--log", path)
    assert result.exit_code == 0
    assert ("warning", "key") in [line[:2] for line in lines(result)]
    assert f"consentkit log key new --log {path} --origin" in result.stdout
    assert list(path.parent.iterdir()) == []


def test_errors_end_it_with_one(log: ConsentLog, path: Path) -> None:
    log.close()
    path.with_name(f"{path.name}.key").unlink()
    result = run("--log", path)
    assert result.exit_code == 1
    assert [line[:2] for line in lines(result)] == [("note", "log"), ("error", "key")]
    assert "the key that signed it is not there: put" in result.stdout


def test_a_missing_folder_is_named_with_the_way_to_make_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "consent"
    result = run("--log", folder / "consent.sqlite3")
    assert result.exit_code == 1
    assert f"the folder '{folder}' is missing: make it (`mkdir -p {folder}`)" in result.stdout
    assert not folder.exists()


def test_the_policy_of_the_folder_is_read_and_linted(tmp_path: Path) -> None:
    (tmp_path / "consent.toml").write_text(
        'uses = ["youtube"]\n[purposes.marketing]\ntitle = "Advertising"\n'
    )
    result = run()
    assert ("note", "policy", "consent.toml: 1 vendors are declared") in lines(result)
    assert "(rule " in result.stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[vendors.youtube]\nretention = "soon"\n', "vendors.youtube.retention: "),
        ("uses = [\n", "consent.toml"),
        ('usess = ["youtube"]\n', "usess"),
    ],
)
def test_what_is_wrong_in_a_policy_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "consent.toml").write_text(text)
    result = run("consent.toml")
    assert result.exit_code == 1
    assert [line[:2] for line in lines(result)] == [("error", "policy")]
    assert problem in result.stdout


def test_a_secret_key_of_the_environment_is_looked_at_and_not_repeated(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", "change me: at least thirty-two characters")
    result = run("--log", path)
    assert result.exit_code == 1
    assert "CONSENTKIT_SECRET_KEY: it can be guessed" in result.stdout
    assert "change me" not in result.stdout


def test_what_a_file_is_named_commands_no_terminal(tmp_path: Path) -> None:
    result = run("--log", tmp_path / "a\x1b[2J\nerror" / "consent.sqlite3")
    assert "\x1b" not in result.stdout
    assert len(result.stdout.splitlines()) == 1
