"""The host of a URL is the one that Chromium finds, whatever code point stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.catalog.host_recorder import ANSWERS, BLOCK, digest, find

RECORDED: dict[str, Any] = json.loads(ANSWERS.read_text())
REFUSED = {
    code
    for first, last in (run.split("-") for run in RECORDED["refused"].split())
    for code in range(int(first, 16), int(last, 16) + 1)
}


@pytest.mark.parametrize("block", RECORDED["taken"])
def test_what_chromium_takes_for_a_host_is_read_as_that_host(block: str) -> None:
    first = int(block, 16)
    hosts = [find(code) for code in range(first, first + BLOCK) if code not in REFUSED]
    assert digest(hosts) == RECORDED["taken"][block]


def test_all_other_code_points_are_refused() -> None:
    taken = {int(block, 16) // BLOCK for block in RECORDED["taken"]}
    assert {code // BLOCK for code in range(0x110000) if code not in REFUSED} == taken
