"""The comparison with other rewriters compares the same decisions, and runs."""

from __future__ import annotations

import pytest

from bench import peers, rewrite
from bench.corpus import NO_PAGES, Page, cut, paths

NAMES = ("cnet.html", "ehow-2.html", "lemonde-1.html")


@pytest.fixture
def corpus() -> list[Page]:
    found = [cut(path.read_bytes(), rewrite.CHUNK) for path in paths() if path.name in NAMES]
    if not found:
        pytest.skip(NO_PAGES)
    return found


def test_peers_take_the_decisions_of_the_gate(corpus: list[Page]) -> None:
    contest = rewrite.Contest(corpus)
    decider = contest.decider()
    run = peers.html_parser_decide(decider)
    for page in corpus:
        run(page)
    assert decider.gated == contest.edited() > 0


def test_every_entry_has_a_time_for_every_page(corpus: list[Page]) -> None:
    times = rewrite.measure(corpus[:2], passes=1, others=False)
    assert {"look consentkit", "warm consentkit", "cold consentkit", "warm memo"} <= times.keys()
    assert all(len(pages) == 2 and min(pages) > 0 for pages in times.values())
