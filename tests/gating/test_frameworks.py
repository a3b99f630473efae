"""What today's frameworks put into their pages stays live, whatever addresses the page's data holds.

`make frameworks` builds real pages; the cases in ``frameworks.txt`` have the shape of what these builds emit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from consentkit.gating import Gate
from consentkit.rewriter import Rewriter
from gating.pages import GATE, NOTHING, POLICY, Markers
from rewriter.recording import at_random, byte_by_byte, whole

Cut = Callable[[bytes], Sequence[bytes]]

CUTS: dict[str, Cut] = {
    "whole": whole,
    "bytes": byte_by_byte,
    **{f"seed {n}": at_random(n) for n in range(4)},
}
GATES = {"report": GATE, "gate": Gate(POLICY, unclassified="gate")}
CASES = [
    (match[1], match[2], match[3].strip())
    for match in re.finditer(
        r"^=== ([\w ,]+): (live|gated)$(.*?)(?=^===|\Z)",
        (Path(__file__).parent / "frameworks.txt").read_text("utf-8"),
        re.MULTILINE | re.DOTALL,
    )
]
LIVE = [
    pytest.param(text, id=f"{name} {at}") for at, (name, kind, text) in enumerate(CASES) if kind == "live"
]
REACHING = [
    pytest.param(text, id=f"{name} {at}") for at, (name, kind, text) in enumerate(CASES) if kind != "live"
]


def rewrite(gate: Gate, markup: str, cut: Cut) -> str:
    rewriter = Rewriter(gate.page(NOTHING, host="www.news.example", path="/", renderer=Markers()))
    page = f"<!doctype html><html lang=en><head><title>x</title></head><body>{markup}</body></html>"
    out = b"".join([*map(rewriter.feed, cut(page.encode())), rewriter.close()]).decode()
    return out.partition("<body>")[2].removesuffix("</body></html>")


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("gate", GATES.values(), ids=GATES.keys())
@pytest.mark.parametrize("markup", LIVE)
def test_a_frameworks_own_scripts_stay_live(markup: str, gate: Gate, cut: Cut) -> None:
    assert rewrite(gate, markup, cut) == markup


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("markup", REACHING)
def test_what_reaches_a_vendor_among_them_is_inert(markup: str, cut: Cut) -> None:
    gated = rewrite(GATE, markup, cut)
    assert gated.endswith(markup.replace("<script", "<script type=text/plain", 1))
    assert "<script" not in gated.replace("<script type=text/plain", "")
