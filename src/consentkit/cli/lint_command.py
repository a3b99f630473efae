"""``consentkit lint``: hold a policy, and a site, against the rules of law."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import click

from consentkit.banner.texts import available_locales, read_words
from consentkit.cli.answers import lint_answers
from consentkit.cli.terminal import printable
from consentkit.exceptions import ConfigurationError, ConsentkitError
from consentkit.lint import (
    RULES,
    Finding,
    Located,
    locate,
    to_json,
    to_sarif,
    write_text,
)
from consentkit.lint import lint as lint_policy
from consentkit.policy import Policy, Regime
from consentkit.scanner.origin_headers import split_credentials

DEFAULT_FILE: Final = "consent.toml"
"""What is looked at where neither a file nor a URL is named."""

# What shows whether a rule is kept, and which of those for a browser are seen in part without one.
_VISIT: Final = "--url with --browser"
_SEEN: Final = frozenset(number for number, rule in RULES.items() if rule.kind == "B")
_SHOWN: Final[Mapping[str, Collection[int]]] = {
    "FILE": RULES.keys() - _SEEN - {22, 36},
    "--against": {22},
    "--url": {30, 35, 36},
    _VISIT: _SEEN,
}
_SHOWN_IN_PART: Final[Mapping[str, Collection[int]]] = {"FILE": {3, 27}, "--url": {13, 25}}


class Unreadable(click.ClickException):
    """What was to be looked at cannot be read."""

    exit_code = 2


def _json(found: Sequence[Located]) -> str:
    return json.dumps(to_json(found), indent=2, ensure_ascii=False)


def _sarif(found: Sequence[Located]) -> str:
    return json.dumps(to_sarif(found, version=version("consentkit")), indent=2, ensure_ascii=False)


_WRITERS: Final[dict[str, Callable[[Sequence[Located]], str]]] = {
    "text": write_text,
    "json": _json,
    "sarif": _sarif,
}


@click.command()
@click.argument("file", required=False)
@click.option("--against", metavar="OLD", help="The policy that FILE is to replace: what does it change?")
@click.option("--url", metavar="URL", help="A page to fetch and look at as well.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="Sent to the origin of URL; may be repeated.",
)
@click.option("--browser", is_flag=True, help="Visit the site in a browser, too: the rules of kind B.")
@click.option(
    "--regime",
    type=click.Choice([regime.value for regime in Regime]),
    help="What holds for the browser, if it is not opt-in.",
)
@click.option("--autoconsent", metavar="SCRIPT", help="The script that rule 34 needs.")
@click.option(
    "--rule", "rules", type=click.IntRange(1, 36), multiple=True, help="Only this rule; may be repeated."
)
@click.option("--format", "form", type=click.Choice(sorted(_WRITERS)), default="text", show_default=True)
@click.option("--output", type=click.Path(dir_okay=False), help="Write to this file; - is standard output.")
def lint(
    file: str | None,
    against: str | None,
    url: str | None,
    headers: tuple[str, ...],
    browser: bool,
    regime: str | None,
    autoconsent: str | None,
    rules: tuple[int, ...],
    form: str,
    output: str | None,
) -> None:
    """Hold the policy in FILE against the law's rules, and the site at URL.

    FILE is consent.toml if neither it nor a URL is named. The exit code is 1 if there are errors, 2 if
    something cannot be read or a rule not be checked, 0 otherwise.
    """
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.UsageError("--url needs a URL that begins with http:// or https://")
    if browser and not url:
        raise click.UsageError("--browser needs --url")
    if against and not file:
        raise click.UsageError("--against needs the FILE that replaces it")
    given = {"FILE": file or not url, "--against": against, "--url": url, _VISIT: browser}
    _check_rules(rules, [way for way, is_given in given.items() if is_given])
    name = file or DEFAULT_FILE
    text = read_text(name) if file or not url else ""
    policy = load_policy(name, text) if file or not url else None
    found = [] if policy is None else findings_in(policy, against)
    if url:
        url, sent = split_credentials(url)
        sent |= map(_header, headers)
        with _readable():
            found += lint_answers(url, policy=policy, headers=sent, tell=_tell)
        if browser:
            found += _visit(url, policy, sent, regime, autoconsent, rules)
    found = [finding for finding in found if not rules or finding.rule in rules]
    _write(_WRITERS[form](locate(found, file=name, text=text)), output)
    if any(finding.level == "error" for finding in found):
        raise click.exceptions.Exit(1)


def _check_rules(rules: Collection[int], given: Collection[str]) -> None:
    """Refuse rules that nothing of what is given shows, lest they seem kept; name those seen in part."""
    for number in dict.fromkeys(rules):
        if any(number in _SHOWN[way] for way in given):
            continue
        needed = " or ".join(way for way, numbers in _SHOWN.items() if number in numbers)
        if not any(number in _SHOWN_IN_PART.get(way, ()) for way in given):
            raise click.UsageError(f"rule {number} needs {needed}")
        click.echo(f"rule {number} is looked at in part: all of it needs {needed}", err=True)


def read_text(name: str) -> str:
    try:
        return Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"cannot read {name!r}: {error}") from error


def load_policy(name: str, text: str) -> Policy:
    try:
        return Policy.loads(text, folder=Path(name).parent)
    except ConfigurationError as error:
        raise Unreadable(f"{name}: {error}") from error


def findings_in(policy: Policy, against: str | None) -> list[Finding]:
    before = load_policy(against, read_text(against)) if against else None
    try:
        texts = {locale: read_words(policy, locale).texts for locale in sorted(available_locales(policy))}
    except ConfigurationError as error:
        raise Unreadable(str(error)) from error
    return lint_policy(policy, texts=texts, today=date.today().isoformat(), before=before)


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip()):
        raise click.UsageError('--header needs "Name: value"')  # not repeated: it may be a secret
    return name.strip(), value.strip()


def _visit(
    url: str,
    policy: Policy | None,
    headers: Mapping[str, str],
    regime: str | None,
    autoconsent: str | None,
    rules: Collection[int],
) -> list[Finding]:
    """Visit the site in a browser."""
    from consentkit.scanner import lint_site

    wanted = [number for number in rules if RULES[number].kind == "B"]
    if rules and not wanted:
        return []
    with _readable():
        return lint_site(
            url,
            policy=policy,
            headers=headers,
            rules=wanted or None,
            regime=regime,
            autoconsent=autoconsent,
            progress=_tell,
        )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ConsentkitError as error:
        raise Unreadable(str(error)) from error


def _tell(line: str) -> None:
    click.echo(line, err=True)


def _write(report: str, output: str | None) -> None:
    if output is None or output == "-":
        click.echo(report)
        return
    try:
        Path(output).write_text(printable(report) + "\n", "utf-8")
    except OSError as error:
        raise Unreadable(f"cannot write {output!r}: {error.strerror}") from error
