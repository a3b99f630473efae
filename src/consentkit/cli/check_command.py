"""``consentkit check``: says what is wrong with log, key and policy before a visitor meets it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click

from consentkit.cli.lint_command import DEFAULT_FILE, Unreadable, lint_policy, load_policy, read_text
from consentkit.cli.log.log_options import with_key
from consentkit.cli.terminal import one_line
from consentkit.consent.secret_key import check_secret
from consentkit.exceptions import ConfigurationError
from consentkit.lint import RULES, toml_for
from consentkit.log import ConsentLog

SECRET_KEY: Final = "CONSENTKIT_SECRET_KEY"
"""The environment variable in which the documentation keeps the secret key."""


class Line(NamedTuple):
    """One line of the report: ``error``, ``warning`` or ``note``; what it is about; what was found."""

    level: str
    about: str
    text: str


@click.command()
@click.argument("policy", required=False, metavar="[POLICY]")
@click.option(
    "--log",
    "url",
    envvar="CONSENTKIT_LOG",
    show_envvar=True,
    metavar="URL",
    help="The log: a file's path, sqlite:///path or postgresql://…",
)
@with_key
def check(policy: str | None, url: str | None, key: str | None) -> None:
    """Open the log, its key and the policy as the application will, and say what is wrong.

    POLICY is consent.toml if there is one. Nothing is made or changed. The exit code is 1 if there are
    errors, 2 if nothing is named that could be checked, 0 otherwise.
    """
    if policy is None and Path(DEFAULT_FILE).is_file():
        policy = DEFAULT_FILE
    if policy is None and url is None:
        raise click.UsageError(f"name the log with --log, or a policy; there is no {DEFAULT_FILE} here")
    lines = [*_check_log(url, key), *_check_secret_key(), *_check_policy(policy)]
    for line in lines:
        click.echo(f"{line.level:7}  {line.about:6}  {one_line(line.text)}")
    if any(line.level == "error" for line in lines):
        raise click.exceptions.Exit(1)


def _check_log(url: str | None, key: str | None) -> Iterator[Line]:
    if url is None:
        return
    try:
        with ConsentLog(url, key=key) as log:
            yield from (Line(remark.level, remark.about, remark.text) for remark in log.remarks())
    except ConfigurationError as error:
        yield Line("error", "log", error.problem)


def _check_secret_key() -> Iterator[Line]:
    """Check the secret key where the environment has it; otherwise it is not known here."""
    if SECRET_KEY in os.environ:
        try:
            check_secret(os.environ[SECRET_KEY], SECRET_KEY)
        except ConfigurationError as error:
            yield Line("error", "secret", str(error))


def _check_policy(file: str | None) -> Iterator[Line]:
    if file is None:
        return
    try:
        policy = load_policy(file, read_text(file))
        found = lint_policy(policy)
    except Unreadable as error:
        yield Line("error", "policy", error.message)
        return
    yield Line("note", "policy", f"{file}: {len(policy.vendors_declared)} vendors are declared")
    for finding in found:
        fix = finding.fix or RULES[finding.rule].fix
        toml = " ".join(toml_for(finding).splitlines())
        text = f"{finding.where}: {finding.message}. {fix} {toml and f'Write {toml} '}(rule {finding.rule})"
        yield Line(finding.level, "policy", text)
