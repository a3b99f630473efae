"""Twice the input must take at most 2.2 times as long, for inputs that invite quadratic work.

Each ratio is the least of several interleaved runs, in processor time; `tests/rewriter/test_linear.py` counts
the same without a clock.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from bench.goals import GOALS
from consentkit.gating import Gate
from consentkit.policy import Policy
from consentkit.rewriter import Rewriter, Splice, Table, Where

MOST = GOALS["doubling: time of twice the input"].limit
RUNS = 5
CHUNKS = (1, 64, 4_096, 65_536)
SIZES = {1: 10_000, 64: 50_000, 4_096: 100_000, 65_536: 200_000}

INPUTS = {
    "unclosed tag": (b"<img ", b"a=b "),
    "unclosed quote": (b"<img alt='", b"x> "),
    "unclosed quote, other tag": (b"<p title='", b"x> "),
    "<!--": (b"", b"<!--"),
    "<script><!--": (b"", b"<script><!--"),
    "<svg> nesting": (b"", b"<svg>"),
    "<svg><title>": (b"", b"<svg><title>"),
    "<svg><a></x>": (b"<svg>", b"<a></x>"),
    "foreignObject nesting": (b"", b"<svg><foreignObject>"),
    "</svg": (b"", b"</svg"),
    "<![CDATA[": (b"", b"<![CDATA["),
    "<svg><![CDATA[": (b"<svg>", b"<![CDATA["),
    "<noscript> nesting": (b"", b"<noscript>"),
    "<select><xmp>": (b"", b"<select><xmp>"),
    "<template><col><xmp>": (b"", b"<template><col><xmp>"),
    "&": (b"", b"&"),
    "<": (b"", b"<"),
}

SCRIPTS = (
    *(b"(", b"{", b"[", b"`${", b'"a', b"a<", b"/a ", b"a=>", b"async (", b"a b ", b"f(", b"a.b=", b"'a'+"),
    *(b"a=b;", b"b(a=>", b"<!--", b"<!--a", b"\n<!--", b"\n-->", b"/*", b"/*a", b"a/*\n", b"`a", b"'<!--',"),
)
SCRIPT_SIZES = (4_000, 16_000, 32_000, 128_000)


class Look:
    """Looks at what loads and edits nothing."""

    names = frozenset((b"script", b"img", b"iframe", b"image"))
    rare = addressed = Table()
    steady = True

    def start_tag(self, raw: bytes, name: bytes, where: Where) -> Sequence[Splice]:
        return ()

    def reads(self, raw: bytes) -> bool:
        return True

    def script(self, raw: bytes, text: bytes, whole: bool, where: Where) -> Sequence[Splice]:
        return ()


def _pieces(data: bytes, chunk: int) -> list[bytes]:
    return [data[at : at + chunk] for at in range(0, len(data), chunk)]


def _seconds(pieces: list[bytes]) -> float:
    rewriter = Rewriter(Look())
    begin = time.process_time()
    for piece in pieces:
        rewriter.feed(piece)
    rewriter.close()
    return time.process_time() - begin


def ratio(prefix: bytes, unit: bytes, chunk: int) -> float:
    """Return how many times as long twice the input takes."""
    count = SIZES[chunk] // len(unit)
    once, twice = (_pieces(prefix + unit * times, chunk) for times in (count, 2 * count))
    least = [min(_seconds(pieces) for _ in range(RUNS)) for pieces in (once, twice)]
    # Below the resolution of the clock there is nothing to compare.
    return least[1] / max(least[0], 1e-4)


def script_ratio(unit: bytes, size: int) -> float:
    """Return how many times as long twice a script takes that is none, but names a vendor."""
    least = []
    for times in (1, 2):
        text = b"fetch('//www.google-analytics.com/a.js');" + unit * (times * size // len(unit))
        runs = []
        for _ in range(RUNS):
            gate = Gate(Policy())
            begin = time.process_time()
            gate.classifier.analyze(text)
            runs.append(time.process_time() - begin)
        least.append(min(runs))
    return least[1] / max(least[0], 1e-4)


def main() -> bool:
    """Print a table of the ratios and say whether all are within the limit."""
    print(f"doubling: time of twice the input, at most {MOST} ×, least of {RUNS} runs")
    print(f"  {'chunks of':28}" + "".join(f"{chunk:>9,}" for chunk in CHUNKS))
    fine = True
    for label, (prefix, unit) in INPUTS.items():
        ratios = []
        for chunk in CHUNKS:
            value = ratio(prefix, unit, chunk)
            # One more look, so that another process' noise is not taken for a result.
            ratios.append(min(value, ratio(prefix, unit, chunk)) if value > MOST else value)
        fine = fine and max(ratios) <= MOST
        print(f"  {label:28}" + "".join(f"{value:9.2f}" for value in ratios))
    print(f"  {'scripts that are none, bytes':28}" + "".join(f"{size:>9,}" for size in SCRIPT_SIZES))
    for unit in SCRIPTS:
        ratios = [script_ratio(unit, size) for size in SCRIPT_SIZES]
        ratios = [
            min(value, script_ratio(unit, size)) if value > MOST else value
            for value, size in zip(ratios, SCRIPT_SIZES, strict=True)
        ]
        fine = fine and max(ratios) <= MOST
        print(f"  {json.dumps(unit.decode()):28}" + "".join(f"{value:9.2f}" for value in ratios))
    return fine


if __name__ == "__main__":
    raise SystemExit(not main())
