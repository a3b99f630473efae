"""Whom Chromium asks when it runs a script, the gate has found in it; and what asks nobody stays live."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator
from itertools import islice, takewhile
from random import Random

import pytest
from playwright.sync_api import Browser

from fuzz.mutating import mutate
from fuzz.programs import (
    ADDRESS,
    AROUND,
    TOKENS,
    TRAPS,
    Grammar,
    Program,
    idle_of_each,
    one_of_each,
    parts,
)
from fuzz.scripts import Outcome, Runner, ends, fits, runner, vendors

LIMITS = frozenset(parts("limits"))
"""Parts by which an address reaches a loader unseen: limits of the gate."""
HELD = frozenset(parts("held"))
"""Parts that are held back although they load nothing."""
KNOWN = tuple(trap for trap in TRAPS if trap not in LIMITS)
"""Traps at which the gate does not stumble."""
EACH = tuple(dict.fromkeys(one_of_each()))
SAMPLE = 128
PROGRAMS = 600
CHANGED = 400
MOST = 0.06
"""The share of the grammar's programs that leak, at most."""
LONGEST = 600
PLAIN = (
    f"fetch('{ADDRESS}')",
    f"new Image().src='{ADDRESS}'",
    f"import('{ADDRESS}')",
    f"var u='{ADDRESS}';fetch(u)",
    f"document.write('<img src=\"{ADDRESS}\">')",
)
SOAKS = bool(os.environ.get("CONSENTKIT_SOAK"))
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))
SHOWN = 3
"""Leaks that are made as short as they can be before they are shown."""


@pytest.fixture(scope="module")
def scripts(chromium: Browser) -> Iterator[Runner]:
    with runner(chromium) as programs:
        yield programs


def test_each_part_is_found() -> None:
    unseen = {program.means[0] for program in EACH if not vendors(program.text)}
    assert unseen == LIMITS


def test_each_idle_part_stays_live() -> None:
    held = {program.means[0] for program in idle_of_each() if vendors(program.text)}
    assert held == HELD


@pytest.mark.browser
def test_parts_ask(scripts: Runner) -> None:
    """What the gate is held against above is what a browser does."""
    assert _silent(scripts, Random(5).sample(EACH, SAMPLE)) == []


@pytest.mark.browser
def test_idle_parts_ask_nobody(scripts: Runner) -> None:
    outcomes = list(scripts.outcomes(idle_of_each()))
    assert [_shown(outcome) for outcome in outcomes if outcome.asked or "SyntaxError" in outcome.error] == []


@pytest.mark.browser
def test_programs_of_the_grammar(scripts: Runner) -> None:
    """Most of what leaks is a piece of text that one method made and another took."""
    programs = islice(_made(Random(11)), PROGRAMS)
    leaks = _leaks(scripts, programs)
    assert len(leaks) <= PROGRAMS * MOST, leaks


@pytest.mark.browser
def test_changed_bytes(scripts: Runner) -> None:
    assert _leaks(scripts, islice(_changed(Random(12)), CHANGED)) == []


@pytest.mark.soak
@pytest.mark.browser
def test_all_parts_ask(scripts: Runner) -> None:
    assert _silent(scripts, EACH) == []


@pytest.mark.soak
@pytest.mark.browser
def test_programs_of_the_grammar_for_long(scripts: Runner) -> None:
    count = 20 * SECONDS
    leaks = _leaks(scripts, islice(_made(Random()), count))
    assert len(leaks) <= count * MOST, leaks


@pytest.mark.soak
@pytest.mark.browser
def test_changed_bytes_for_long(scripts: Runner) -> None:
    end = time.monotonic() + SECONDS
    assert _leaks(scripts, takewhile(lambda _: time.monotonic() < end, _changed(Random()))) == []


def _leaks(scripts: Runner, programs: Iterable[Program]) -> list[str]:
    """Run those that the gate lets through, and return what leaks, the first ones as short as they can be."""
    live = (program for program in programs if not vendors(program.text))
    leaks = [outcome.program for outcome in scripts.outcomes(live) if outcome.leaked]
    texts = [scripts.shrink(program).text for program in leaks[:SHOWN]] if SOAKS else []
    texts += [program.text for program in leaks[len(texts) :]]
    return [json.dumps(text.decode("utf-8", "replace")) for text in texts]


def _made(choice: Random) -> Iterator[Program]:
    grammar = Grammar(choice)
    while True:
        program = grammar.program()
        if fits(program.text) and LIMITS.isdisjoint(program.means):
            yield program


def _changed(choice: Random) -> Iterator[Program]:
    """Change bytes of programs that load plainly, so that only the reading of the words around matters."""
    while True:
        around = choice.choice(AROUND).replace("@", choice.choice(PLAIN))
        text = choice.choice(KNOWN) + choice.choice(KNOWN) + around + choice.choice(KNOWN)
        data = mutate(text.encode(), LONGEST, choice, TOKENS)
        if fits(data) and ends(data):
            yield Program(data, choice.random() < 0.2)


def _silent(scripts: Runner, programs: list[Program] | tuple[Program, ...]) -> list[str]:
    return [_shown(outcome) for outcome in scripts.outcomes(programs) if not outcome.asked]


def _shown(outcome: Outcome) -> str:
    return f"{outcome.program.text.decode('utf-8', 'replace')}  {outcome.error}"
