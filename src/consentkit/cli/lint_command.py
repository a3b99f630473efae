"""``consentkit lint``: checks a policy and a site against legal rules."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click

from consentkit.banner.texts import available_locales, read_words
from consentkit.cli.terminal import printable
from consentkit.exceptions import ConsentkitError
from consentkit.lint import RULES, Finding, Located, locate, to_json, to_sarif, write_text
from consentkit.lint import lint as lint_rules
from consentkit.policy import Policy, Regime
from consentkit.scanner.http_visit import lint_responses
from consentkit.scanner.origin_headers import split_credentials

DEFAULT_FILE: Final = "consent.toml"
"""The policy to lint if neither a file nor a URL is named."""

# Which rules each option checks, and which of the browser's rules are checked in part without one.
_BROWSER: Final = "--url with --browser"
_BROWSER_RULES: Final = frozenset(number for number, rule in RULES.items() if rule.kind == "B")
_CHECKED: Final[Mapping[str, Collection[int]]] = {
    "FILE": RULES.keys() - _BROWSER_RULES - {22, 36},
    "--against": {22},
    "--url": {30, 35, 36},
    _BROWSER: _BROWSER_RULES,
}
_CHECKED_IN_PART: Final[Mapping[str, Collection[int]]] = {"FILE": {3, 27}, "--url": {13, 25}}


_tell = partial(click.echo, err=True)
_FORMATS = click.Choice(["json", "sarif", "text"])
_REGIMES = click.Choice([regime.value for regime in Regime])
_RULES = click.IntRange(1, 36)
_HEADER_HELP = "Sent to the origin of URL; may be repeated."


class Unreadable(click.ClickException):
    """The policy or site cannot be read."""

    exit_code = 2


@click.command()
@click.argument("file", required=False)
@click.option("--against", metavar="OLD", help="The policy that FILE is to replace: what does it change?")
@click.option("--url", metavar="URL", help="A page to fetch and look at as well.")
@click.option("--header", "headers", multiple=True, metavar="NAME:VALUE", help=_HEADER_HELP)
@click.option("--browser", is_flag=True, help="Visit the site in a browser, too: the rules of kind B.")
@click.option("--regime", type=_REGIMES, help="What holds for the browser, if it is not opt-in.")
@click.option("--autoconsent", metavar="SCRIPT", help="The script that rule 34 needs.")
@click.option("--rule", "rules", type=_RULES, multiple=True, help="Only this rule; may be repeated.")
@click.option("--format", "form", type=_FORMATS, default="text", show_default=True)
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
    _check_usage(file, against, url, browser, rules)
    name, text, policy = file or DEFAULT_FILE, "", None
    found: list[Finding] = []
    if file or not url:
        policy, text = load_policy(name)
        found = lint_policy(policy, against)
    if url:
        url, sent = split_credentials(url)
        sent |= map(_parse_header, headers)
        with _unreadable():
            found += lint_responses(url, policy=policy, headers=sent, tell=_tell)
            if browser:
                options = {"policy": policy, "headers": sent, "regime": regime, "autoconsent": autoconsent}
                found += _lint_in_browser(url, rules, options)
    found = [finding for finding in found if not rules or finding.rule in rules]
    _write(_format(locate(found, file=name, text=text), form), output)
    if any(finding.level == "error" for finding in found):
        raise click.exceptions.Exit(1)


def _check_usage(
    file: str | None, against: str | None, url: str | None, browser: bool, rules: Collection[int]
) -> None:
    if url is not None and not url.startswith(("http://", "https://")):
        raise click.UsageError("--url needs a URL that begins with http:// or https://")
    if browser and not url:
        raise click.UsageError("--browser needs --url")
    if against and not file:
        raise click.UsageError("--against needs the FILE that replaces it")
    given = {"FILE": file or not url, "--against": against, "--url": url, _BROWSER: browser}
    _check_rules(rules, [option for option, is_given in given.items() if is_given])


def _check_rules(rules: Collection[int], given: Collection[str]) -> None:
    """Refuse rules that no given option checks: they would seem to pass. Name those checked in part."""
    for number in dict.fromkeys(rules):
        if any(number in _CHECKED[option] for option in given):
            continue
        needed = " or ".join(option for option, numbers in _CHECKED.items() if number in numbers)
        if not any(number in _CHECKED_IN_PART.get(option, ()) for option in given):
            raise click.UsageError(f"rule {number} needs {needed}")
        click.echo(f"rule {number} is looked at in part: all of it needs {needed}", err=True)


def load_policy(name: str) -> tuple[Policy, str]:
    """Read a policy's file, with or without a byte order mark; return also its text.

    Files that the policy names are relative to it.
    """
    try:
        text = Path(name).read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"cannot read {name!r}: {error}") from error
    with _unreadable(f"{name}: "):
        return Policy.loads(text, folder=Path(name).parent), text


def lint_policy(policy: Policy, against: str | None = None) -> list[Finding]:
    """Lint a policy and its texts in every language; `against` names the policy that it replaces."""
    before = load_policy(against)[0] if against else None
    with _unreadable():
        texts = {locale: read_words(policy, locale).texts for locale in sorted(available_locales(policy))}
    return lint_rules(policy, texts=texts, today=date.today().isoformat(), before=before)


def _parse_header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and name.strip()):
        raise click.UsageError('--header needs "Name: value"')  # not repeated: it may be a secret
    return name.strip(), value.strip()


def _lint_in_browser(url: str, rules: Collection[int], options: Mapping[str, Any]) -> list[Finding]:
    """Visit a site, if a rule that needs a browser is asked for. Options as in `lint_site`."""
    from consentkit.scanner import lint_site

    wanted = [number for number in rules if number in _BROWSER_RULES]
    if rules and not wanted:
        return []
    return lint_site(url, rules=wanted or None, progress=_tell, **options)


@contextmanager
def _unreadable(prefix: str = "") -> Iterator[None]:
    """Turn this package's errors into `Unreadable`."""
    try:
        yield
    except ConsentkitError as error:
        raise Unreadable(f"{prefix}{error}") from error


def _format(found: Sequence[Located], form: str) -> str:
    if form == "text":
        return write_text(found)
    document = to_json(found) if form == "json" else to_sarif(found, version=version("consentkit"))
    return json.dumps(document, indent=2, ensure_ascii=False)


def _write(report: str, output: str | None) -> None:
    if output is None or output == "-":
        click.echo(report)
        return
    try:
        Path(output).write_text(printable(report) + "\n", "utf-8")
    except OSError as error:
        raise Unreadable(f"cannot write {output!r}: {error.strerror}") from error
