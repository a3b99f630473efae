"""``consentkit catalog``: shows known vendors, and checks data files of vendors."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Any, Final

import click
import msgspec

from consentkit.catalog import HostRule, KnownVendor, default_catalog, read_url
from consentkit.catalog.model import CatalogPurpose
from consentkit.catalog.vendor_files import PURPOSES, read_vendors
from consentkit.cli.terminal import one_line
from consentkit.exceptions import ConfigurationError

NEAR: Final = 5
"""Maximum ids suggested instead of an unknown one."""

_HOST: Final = re.compile(r"(?:[\w-]+\.)+[\w-]+(?::[0-9]+)?(?:[/?#]|\Z)")

# Fields that come first, and fields that are left out of the list.
_FIRST: Final = ("id", "name", "purpose", "description", "hosts", "linked")
_LABELS: Final = {
    "privacy_policy": "privacy policy",
    "embed": "shows content",
    "processor": "processor only",
    "linked": "linked hosts",
}

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def catalog() -> None:
    """Look into the catalog of known vendors."""


@catalog.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_json
def show(ids: tuple[str, ...], as_json: bool) -> None:
    """Show the vendors with these IDs, or count all by purpose; for an unknown one suggest similar IDs."""
    known = default_catalog().vendors
    if missing := [ident for ident in ids if ident not in known]:
        near = _hint(_similar_ids(missing[0]))
        raise click.ClickException(f"the catalog has no vendor with the id {missing[0]!r}{near}")
    found = [known[ident] for ident in ids]
    if as_json:
        click.echo(json.dumps([_fields(v) for v in found or known.values()], indent=2, ensure_ascii=False))
    elif found:
        click.echo("\n\n".join("\n".join(_lines(_fields(vendor))) for vendor in found))
    else:
        counts = Counter(vendor.purpose for vendor in known.values())
        for purpose, count in [*((p, counts[p]) for p in PURPOSES), ("all", len(known))]:
            click.echo(f"{purpose:10} {count:5}")


@catalog.command()
@click.argument("urls", nargs=-1, required=True, metavar="URL...")
@_json
@click.pass_context
def match(context: click.Context, urls: tuple[str, ...], as_json: bool) -> None:
    """Name the vendors that these URLs belong to; fail if none of them is known."""
    found = [_find_vendor(url) for url in urls]
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
    else:
        for line in found:
            known = f"{line['vendor']} ({line['purpose']}), by {line['rule']}"
            click.echo(one_line(f"{line['url']}: {known if line['vendor'] else line['rule']}"))
    context.exit(0 if any(line["vendor"] for line in found) else 1)


@catalog.command()
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
def check(files: tuple[Path, ...]) -> None:
    """Check data files, the package's own if none is given; they are named after the purpose."""
    own = resources.files("consentkit.catalog") / "data"
    failed = False
    for file in files or [own / f"{name}.toml" for name in PURPOSES]:
        purpose: CatalogPurpose = next((p for p in PURPOSES if f"{p}.toml" == file.name), "marketing")
        try:
            count = sum(1 for _ in read_vendors(file.read_text("utf-8"), purpose=purpose))
            click.echo(f"{one_line(file.name)}: {count} vendors")
        except (ConfigurationError, UnicodeDecodeError) as error:
            click.echo(f"{one_line(file.name)}: {error}", err=True)
            failed = True
    if failed:
        raise click.exceptions.Exit(1)


def _similar_ids(word: str) -> list[str]:
    """Return the ids of vendors whose id or name is like a word or contains it, the most similar first."""
    vendors = default_catalog().vendors
    sought = word.casefold()
    ids = {name: ident for ident, vendor in vendors.items() for name in (ident, vendor.name.casefold())}
    close = get_close_matches(sought, ids, n=NEAR, cutoff=0.75)
    within = sorted((name for name in ids if len(sought) > 2 and sought in name), key=len)
    return list(dict.fromkeys(ids[name] for name in (*close, *within)))[:NEAR]


def _similar_hosts(host: str) -> list[str]:
    """Return the known host that is most like a host or its end; empty if none is."""
    labels = host.split(".")
    ends = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    known = {rule.host for vendor in default_catalog().vendors.values() for rule in vendor.hosts}
    return next((near for end in ends if (near := get_close_matches(end, known, n=1, cutoff=0.85))), [])


def _hint(names: Sequence[str]) -> str:
    return f". Did you mean {' or '.join(names)}?" if names else ""


def _find_vendor(text: str) -> dict[str, str]:
    """Return the vendor that a URL belongs to, if any, and the rule that says so."""
    # People paste hosts; in a page the same text would be a path.
    url = read_url(f"https://{text}" if _HOST.match(text) else text)
    match = {"url": text, "vendor": "", "purpose": ""}
    if url is None or url.own:
        near = _hint(_similar_ids(text)) and f"; `consentkit catalog show {text}` looks for vendors"
        return {**match, "rule": f"asks no other host{near}"}
    if not url.readable:
        return {**match, "rule": "cannot be read"}
    known = default_catalog()
    asked = url.host, url.path, url.query
    found = known.find(*asked) or known.find_word(*asked)
    if found is None:
        return {**match, "rule": f"nobody known: {url.host}{_hint(_similar_hosts(url.host))}"}
    rule, vendor = found
    told = str(rule) if isinstance(rule, HostRule) else f'the word "{rule}"'
    return {"url": text, "vendor": vendor.id, "purpose": vendor.purpose, "rule": told}


def _fields(vendor: KnownVendor) -> dict[str, Any]:
    """Return a vendor's fields that are not empty; rules as text."""
    fields = msgspec.to_builtins(vendor)
    fields["hosts"] = [str(rule) for rule in vendor.hosts if not rule.linked]
    fields["linked"] = [str(rule) for rule in vendor.hosts if rule.linked]
    return {key: value for key, value in fields.items() if value}


def _lines(fields: dict[str, Any]) -> Iterator[str]:
    for key, value in {**dict.fromkeys(_FIRST), **fields}.items():
        if value:
            yield f"{_LABELS.get(key, key):15} {_cell(value)}"


def _cell(value: Any) -> str:
    if value is True:
        return "yes"
    if isinstance(value, dict):
        return ", ".join(f"{key} ({kind})" for key, kind in value.items())
    if not isinstance(value, list | tuple):
        return str(value)
    return ", ".join(_cookie(item) if isinstance(item, dict) else item for item in value)


def _cookie(item: Mapping[str, str]) -> str:
    retention = item.get("retention")
    return f"{item['name']} ({retention})" if retention else item["name"]
