"""``consentkit check``: checks log, key and policy before a deployment."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeAlias

import click

from consentkit.cli.lint_command import DEFAULT_FILE, Unreadable, lint_policy, load_policy
from consentkit.cli.log_options import log_option, with_key
from consentkit.cli.terminal import one_line
from consentkit.consent.secret_key import check_secret
from consentkit.exceptions import ConfigurationError
from consentkit.lint import RULES, toml_for
from consentkit.log import ConsentLog

SECRET_KEY: Final = "CONSENTKIT_SECRET_KEY"
"""Environment variable of the secret key, as in the documentation."""


Line: TypeAlias = tuple[str, str, str]
"""One line of the report: ``error``, ``warning`` or ``note``; what it is about; what was found."""


@click.command()
@click.argument("policy", required=False, metavar="[POLICY]")
@log_option()
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
    for level, about, text in lines:
        click.echo(f"{level:7}  {about:6}  {one_line(text)}")
    if any(level == "error" for level, _, _ in lines):
        raise click.exceptions.Exit(1)


def _check_log(url: str | None, key: str | None) -> Iterator[Line]:
    if url is None:
        return
    try:
        with ConsentLog(url, key=key) as log:
            yield from ((remark.level, remark.about, remark.text) for remark in log.remarks())
    except ConfigurationError as error:
        yield "error", "log", error.problem


def _check_secret_key() -> Iterator[Line]:
    """Check the secret key, if the environment has it."""
    if SECRET_KEY in os.environ:
        try:
            check_secret(os.environ[SECRET_KEY], SECRET_KEY)
        except ConfigurationError as error:
            yield "error", "secret", str(error)


def _check_policy(file: str | None) -> Iterator[Line]:
    if file is None:
        return
    try:
        policy, _ = load_policy(file)
        found = lint_policy(policy)
    except Unreadable as error:
        yield "error", "policy", error.message
        return
    yield "note", "policy", f"{file}: {len(policy.vendors_declared)} vendors are declared"
    for finding in found:
        fix = finding.fix or RULES[finding.rule].fix
        toml = " ".join(toml_for(finding).splitlines())
        text = f"{finding.where}: {finding.message}. {fix} {toml and f'Write {toml} '}(rule {finding.rule})"
        yield finding.level, "policy", text
