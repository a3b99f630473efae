"""``consentkit csp``: lists undeclared hosts that browsers reported, and how to declare them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

import click
import msgspec

from consentkit.catalog import HostRule, HostTable, default_catalog
from consentkit.cli.log_options import log_reader, with_log
from consentkit.cli.terminal import align_columns, one_line
from consentkit.exceptions import ConfigurationError
from consentkit.log import Observation
from consentkit.policy import Policy

_NOTHING = (
    "No undeclared host was reported. Reports come from browsers while ConsentMiddleware has "
    'csp="report-only" or csp="enforce"; they are written to the log within half a minute.'
)
_WARNING = "Anybody can send a report. Declare only what you know your pages load."


class ReportedHost(msgspec.Struct, kw_only=True):
    """A reported host.

    Attributes:
        host: Its name.
        directives: Number of requests by directive of the Content-Security-Policy.
        first: First day, ``YYYY-MM-DD``.
        last: Last day.
        vendors: Ids of the catalog's vendors that the host may belong to.
    """

    host: str
    directives: dict[str, int]
    first: str
    last: str
    vendors: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of requests."""
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
    try:
        loaded = Policy() if policy is None else Policy.from_toml(policy)
    except ConfigurationError as error:
        raise click.UsageError(str(error)) from error
    with log_reader(url) as reader:
        hosts = _by_host(reader.observations("csp", since))
    declared = loaded.vendors_declared
    table = HostTable((HostRule.parse(text), v.id) for v in declared.values() for text in v.hosts)
    hosts = [one for one in hosts if not (table.find(one.host) or declared.keys() & set(one.vendors))]
    if as_json:
        click.echo(json.dumps([{**msgspec.to_builtins(one), "count": one.count} for one in hosts], indent=2))
    elif not hosts:
        click.echo(_NOTHING)
    else:
        click.echo("\n".join([*_table(hosts), "", *_advice(hosts, loaded), "", _WARNING]))


def _by_host(counts: Mapping[Observation, int]) -> list[ReportedHost]:
    """Sum the log's counts by host, the most frequent first."""
    found: dict[str, ReportedHost] = {}
    for observed, count in sorted(counts.items()):
        directive, _, name = observed.key.partition(" ")
        if name not in found:
            vendors, day = _vendors_of(name), observed.day
            found[name] = ReportedHost(host=name, directives={}, first=day, last=day, vendors=vendors)
        host = found[name]
        host.directives[directive] = host.directives.get(directive, 0) + count
        host.last = observed.day
    return sorted(found.values(), key=lambda host: (-host.count, host.host))


def _vendors_of(host: str) -> tuple[str, ...]:
    """Return the vendors that a host may belong to: the path, which would tell them apart, is not kept."""
    rules = [(rule, vendor.id) for vendor in default_catalog().vendors.values() for rule in vendor.hosts]
    near = [(rule, ident) for rule, ident in rules if host == rule.host or host.endswith(f".{rule.host}")]
    longest = max((len(rule.host) for rule, _ in near), default=0)
    return tuple(dict.fromkeys(ident for rule, ident in near if len(rule.host) == longest))


def _table(hosts: Sequence[ReportedHost]) -> list[str]:
    rows = [
        (one.host, one.count, one.first, one.last, " ".join(sorted(one.directives)), " or ".join(one.vendors))
        for one in hosts
    ]
    return align_columns([("host", "count", "first", "last", "directives", "catalog"), *rows])


def _advice(hosts: Sequence[ReportedHost], policy: Policy) -> Iterator[str]:
    """Write the TOML that declares the hosts."""
    known = [one.vendors[0] for one in hosts if len(one.vendors) == 1]
    if known:
        uses = json.dumps(list(dict.fromkeys([*policy.uses, *known])))
        yield f"# The catalog knows these; in consent.toml:\nuses = {uses}"
    for one in hosts:
        if len(one.vendors) > 1:
            yield f"# {one_line(one.host)}: add to `uses` which of {', '.join(one.vendors)} your pages load"
    for one in hosts:
        if not one.vendors:
            quoted = json.dumps(one.host, ensure_ascii=False)
            yield f"\n[vendors.{_ident(one.host)}]"
            yield f"name = {quoted}  # as visitors know it"
            yield 'purpose = "marketing"  # or another'
            yield f"hosts = [{quoted}]"


def _ident(host: str) -> str:
    """Return an id for a vendor that is named after its host."""
    ident = re.sub("[^a-z0-9]", "-", host).strip("-")[:40].rstrip("-")
    return ident if ident[:1].isalpha() else f"host-{ident}"[:40].rstrip("-")
