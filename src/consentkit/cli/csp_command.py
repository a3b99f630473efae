"""``consentkit csp``: what browsers reported of hosts that nobody declared, and how to declare them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

import click
import msgspec

from consentkit.catalog import HostRule, HostTable, default_catalog
from consentkit.cli.log.log_options import reading, with_log
from consentkit.cli.terminal import aligned, one_line
from consentkit.exceptions import ConfigurationError
from consentkit.log import Observation
from consentkit.policy import Policy

_NOTHING = (
    "No undeclared host was reported. Reports come from browsers while ConsentMiddleware has "
    'csp="report-only" or csp="enforce"; they are written to the log within half a minute.'
)
_WARNING = "Anybody can send a report. Declare only what you know your pages load."


class Seen(msgspec.Struct, kw_only=True):
    """An undeclared host.

    Attributes:
        host: Its name.
        directives: How often pages asked for it, by directive of the policy.
        first: First day, ``YYYY-MM-DD``.
        last: Last day.
        vendors: Ids of the catalog's vendors to which requests to the host may belong.
    """

    host: str
    directives: dict[str, int]
    first: str
    last: str
    vendors: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How often pages asked for it."""
        return sum(self.directives.values())


@click.group()
def csp() -> None:
    """Look into what browsers report of the Content-Security-Policy."""


@csp.command()
@with_log
@click.option("--policy", metavar="FILE", help="Leave out what this consent.toml declares by now.")
@click.option("--since", metavar="DAY", default="", help="Count from this day on, such as 2026-11-01.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def report(url: str, policy: str | None, since: str, as_json: bool) -> None:
    """Say which undeclared hosts pages asked for, by the reports in the log, and how to declare them."""
    declared = _read_policy(policy)
    with reading(url) as reader:
        seen = _undeclared(gather(reader.observations("csp", since)), declared)
    if as_json:
        click.echo(json.dumps([{**msgspec.to_builtins(one), "count": one.count} for one in seen], indent=2))
    elif not seen:
        click.echo(_NOTHING)
    else:
        click.echo("\n".join([*_table(seen), "", *_advice(seen, declared), "", _WARNING]))


def gather(counts: Mapping[Observation, int]) -> list[Seen]:
    """Put together what was counted of each host, the most frequent first."""
    found: dict[str, Seen] = {}
    for observed, count in sorted(counts.items()):
        directive, _, host = observed.key.partition(" ")
        seen = found.setdefault(host, Seen(host=host, directives={}, first=observed.day, last=observed.day))
        seen.directives[directive] = seen.directives.get(directive, 0) + count
        seen.last = observed.day
    for seen in found.values():
        seen.vendors = _vendors_of(seen.host)
    return sorted(found.values(), key=lambda seen: (-seen.count, seen.host))


def _vendors_of(host: str) -> tuple[str, ...]:
    """Return whom a request to a host may belong to: its path, which decides, is not kept."""
    rules = [(rule, vendor.id) for vendor in default_catalog().vendors.values() for rule in vendor.hosts]
    near = [(rule, ident) for rule, ident in rules if host == rule.host or host.endswith(f".{rule.host}")]
    longest = max((len(rule.host) for rule, _ in near), default=0)
    return tuple(dict.fromkeys(ident for rule, ident in near if len(rule.host) == longest))


def _read_policy(path: str | None) -> Policy:
    try:
        return Policy() if path is None else Policy.from_toml(path)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error


def _undeclared(seen: Iterable[Seen], policy: Policy) -> list[Seen]:
    declared = policy.vendors_declared
    table = HostTable((HostRule.parse(text), v.id) for v in declared.values() for text in v.hosts)
    return [one for one in seen if not (table.find(one.host) or declared.keys() & set(one.vendors))]


def _table(seen: Iterable[Seen]) -> list[str]:
    rows: list[tuple[object, ...]] = [("host", "count", "first", "last", "directives", "catalog")]
    for one in seen:
        directives = " ".join(sorted(one.directives))
        rows.append((one.host, one.count, one.first, one.last, directives, " or ".join(one.vendors)))
    return aligned(rows)


def _advice(seen: Iterable[Seen], policy: Policy) -> Iterator[str]:
    """Write the TOML that declares them."""
    seen = list(seen)
    known = list(dict.fromkeys(one.vendors[0] for one in seen if len(one.vendors) == 1))
    if known:
        yield "# The catalog knows these; in consent.toml:"
        yield f"uses = {json.dumps(list(dict.fromkeys([*policy.uses, *known])))}"
    for one in seen:
        if len(one.vendors) > 1:
            yield f"# {one_line(one.host)}: add to `uses` which of {', '.join(one.vendors)} your pages load"
    for one in seen:
        if not one.vendors:
            yield ""
            yield f"[vendors.{_ident(one.host)}]"
            yield f"name = {_quoted(one.host)}  # as visitors know it"
            yield 'purpose = "marketing"  # or another'
            yield f"hosts = [{_quoted(one.host)}]"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _ident(host: str) -> str:
    ident = re.sub("[^a-z0-9]", "-", host).strip("-")[:40].rstrip("-")
    return ident if ident[:1].isalpha() else f"host-{ident}"[:40].rstrip("-")
