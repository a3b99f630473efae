"""The work is linear: counted in steps and in bytes that are looked at again, not in time."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from consentkit.rewriter import Rewriter, context, fast_path, grammar, selection, tokenizer
from consentkit.rewriter.foreign import MAX_DEPTH
from rewriter.recording import Disarm

UNITS = {
    "unclosed tag": (b"<p ", b"a "),
    "unclosed tag that matters": (b"<img ", b"a=b "),
    "unclosed quote": (b'<p title="', b"x> "),
    "unclosed quote that matters": (b"<img alt='", b"x> "),
    "quotes": (b"", b"<img '"),
    "comments": (b"", b"<!--"),
    "escaped scripts": (b"<script>", b"<!--<script>"),
    "cdata": (b"", b"<![CDATA["),
    "cdata in svg": (b"<svg>", b"<![CDATA["),
    "svg nesting": (b"", b"<svg>"),
    "svg end tags": (b"", b"</svg"),
    "svg elements": (b"<svg>", b"<g></g>"),
    "svg titles": (b"", b"<svg><title>"),
    "drawings": (b"", b"<svg><path></svg>"),
    "open drawing": (b"<svg>", b"<path d='M0'/>"),
    "svg scripts": (b"<svg>", b"<script>"),
    "foreign objects": (b"", b"<svg><foreignObject>"),
    "noscript that is not plain": (b"", b"<noscript><svg></noscript>"),
    "noscript without end": (b"", b"<noscript><img>"),
    "quotes that nothing opened": (b"", b"<img a\"'>"),
    "titles in a drawing": (b"<svg>", b"<title>"),
    "formula": (b"<math>", b"<mrow><mi>x</mi></mrow>"),
    "noscript nesting": (b"", b"<noscript>"),
    "noscript pairs": (b"", b"<noscript></noscript>"),
    "select and raw text": (b"", b"<select><xmp>"),
    "templates": (b"", b"<template><col><xmp>"),
    "frameset and scripts": (b"<frameset>", b"<script><img>"),
    "references": (b"", b"&"),
    "less-than signs": (b"", b"<"),
    "unmatched end tags": (b"<svg>", b"</x>"),
}


class Meter:
    """Counts the steps of all readings, and the bytes that its patterns matched or searched in vain."""

    def __init__(self) -> None:
        self.steps = 0
        self.bytes = 0

    def step(self, inner: Callable[..., bool]) -> Callable[..., bool]:
        def counted(*args: Any) -> bool:
            self.steps += 1
            return inner(*args)

        return counted


class Metered:
    """A pattern that tells the meter how far each match or search went."""

    def __init__(self, inner: re.Pattern[bytes], meter: Meter) -> None:
        self._inner, self._meter = inner, meter

    def match(self, buffer: bytes, at: int = 0, stop: int | None = None) -> re.Match[bytes] | None:
        found = self._inner.match(buffer, at, len(buffer) if stop is None else stop)
        self._meter.bytes += (found.end() if found else len(buffer)) - at
        return found

    def search(self, buffer: bytes, at: int = 0, stop: int | None = None) -> re.Match[bytes] | None:
        found = self._inner.search(buffer, at, len(buffer) if stop is None else stop)
        self._meter.bytes += (found.end() if found else len(buffer)) - at
        return found


def _measure(data: bytes, chunk: int, meter: Meter) -> tuple[int, int]:
    meter.steps = meter.bytes = 0
    rewriter = Rewriter(Disarm())
    for at in range(0, len(data), chunk):
        rewriter.feed(data[at : at + chunk])
    rewriter.close()
    return meter.steps, meter.bytes


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> Meter:
    meter = Meter()
    monkeypatch.setattr(tokenizer.Tokenizer, "step", meter.step(tokenizer.Tokenizer.step))
    for module, name in ((grammar, "COMMENT_END"), (grammar, "PROLOGUE"), (tokenizer, "TAG")):
        monkeypatch.setattr(module, name, Metered(getattr(grammar, name), meter))
    compiled = selection.compile_selection

    def metered(*asked: Any) -> selection.Selection:
        found = compiled(*asked)
        plain_, head = (
            Metered(scan.__self__, meter).match  # type: ignore[attr-defined]
            for scan in (found.plain, found.head)
        )
        skip, skip_one = (Metered(item, meter) for item in (found.skip, found.skip_one))
        return found._replace(plain=plain_, head=head, skip=skip, skip_one=skip_one)  # type: ignore[arg-type]

    monkeypatch.setattr(context, "compile_selection", metered)
    tables: tuple[dict[bytes, Any], ...] = (grammar.RAW_TEXT, selection.DRAWING_CONTENT)
    for table in tables:
        for element, pattern in table.items():
            monkeypatch.setitem(table, element, Metered(pattern, meter))
    monkeypatch.setattr(fast_path, "SCRIPT_PLAIN", Metered(grammar.SCRIPT_PLAIN, meter))
    levels = [(name, Metered(level, meter)) for name, level in grammar.SCRIPT_LEVELS]
    monkeypatch.setattr(grammar, "SCRIPT_LEVELS", levels)
    states = [(Metered(run, meter), turns, other) for run, turns, other in grammar.TAG_STATES]
    monkeypatch.setattr(grammar, "TAG_STATES", states)
    return meter


@pytest.mark.parametrize("chunk", [1, 64, 4096, 65_536])
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
def test_twice_the_input_is_at_most_twice_the_work(
    unit: tuple[bytes, bytes], chunk: int, meter: Meter
) -> None:
    prefix, body = unit
    size = max(4_096, 2 * chunk)
    work = [_measure(prefix + body * (count // len(body)), chunk, meter) for count in (size, 2 * size)]
    (steps, seen), (twice_steps, twice_seen) = work
    assert twice_steps <= 2.2 * steps + 64
    assert twice_seen <= 2.2 * seen + 64
    assert twice_seen <= 16 * 2 * size


def test_depth_is_limited_not_quadratic(meter: Meter) -> None:
    steps, _ = _measure(b"<svg>" * 2 * MAX_DEPTH, 65_536, meter)
    assert steps < 8 * MAX_DEPTH
