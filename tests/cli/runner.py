"""Running ``consentkit log`` in this process."""

from __future__ import annotations

from click.testing import CliRunner, Result

from consentkit.cli.root import root


def run(*arguments: object, answer: str | None = None) -> Result:
    """Run the command; `answer` is typed at its question."""
    return CliRunner().invoke(root, ["log", *map(str, arguments)], input=answer)


def said(*arguments: object) -> str:
    """Run the command, which must succeed; return what it printed."""
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return str(result.stdout)


def failed(code: int, *arguments: object, answer: str | None = None) -> str:
    """Run the command, which must end with this code and print nothing; return what it said of it."""
    result = run(*arguments, answer=answer)
    assert (result.exit_code, result.stdout) == (code, ""), result.output
    return str(result.stderr)


def fields(text: str) -> dict[str, str]:
    """Read lines of a name, space, and a text."""
    return {name: rest.strip() for name, _, rest in (line.partition(" ") for line in text.splitlines())}
