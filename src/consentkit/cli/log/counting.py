"""``consentkit log stats``: the counts of decisions, from the roll-ups, however long the log is."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import click

from consentkit.cli.log.opening import reading, with_log
from consentkit.cli.terminal import one_line
from consentkit.log import Head, Rollup
from consentkit.record import Action

ACTIONS: tuple[str, ...] = get_args(Action)

_Table = Mapping[tuple[str, str], Counter[str]]


@click.command()
@with_log
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def stats(url: str, form: str) -> None:
    """Count decisions by day and regime."""
    with reading(url) as reader:
        head, counts = reader.head(), reader.stats()
    if form == "json":
        click.echo(json.dumps(_document(head, counts), indent=2))
        return
    click.echo(f"{head.size} entries, root {head.root.hex()}")
    table = _by_day_and_regime(counts)
    if table:
        click.echo("\n" + "\n".join(_lines(table)))


def _by_day_and_regime(counts: Mapping[Rollup, int]) -> _Table:
    table: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for key, count in counts.items():
        table[key.day, key.regime][key.action] += count
    return dict(sorted(table.items()))


def _document(head: Head, counts: Mapping[Rollup, int]) -> dict[str, Any]:
    table = _by_day_and_regime(counts)
    return {
        "size": head.size,
        "root": head.root.hex(),
        "days": [{"day": day, "regime": regime, **_sums(line)} for (day, regime), line in table.items()],
        "total": _sums(_total(table)),
    }


def _sums(line: Counter[str]) -> dict[str, int]:
    return {**{action: line[action] for action in ACTIONS}, "total": line.total()}


def _total(table: _Table) -> Counter[str]:
    return sum(table.values(), Counter[str]())


def _lines(table: _Table) -> list[str]:
    cells = [
        ("day", "regime", *_sums(Counter())),
        *((*map(one_line, key), *map(str, _sums(line).values())) for key, line in table.items()),
        ("total", "", *map(str, _sums(_total(table)).values())),
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_aligned(line, widths)).rstrip() for line in cells]


def _aligned(line: tuple[str, ...], widths: list[int]) -> Iterator[str]:
    for at, (cell, width) in enumerate(zip(line, widths, strict=True)):
        yield cell.ljust(width) if at < 2 else cell.rjust(width)
