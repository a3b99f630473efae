"""Whom Chromium asks when it runs a script, the gate has found in it; and what asks nobody stays live."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from itertools import chain, islice
from random import Random

import pytest
from playwright.sync_api import Browser

from fuzz.mutating import mutate
from fuzz.programs import (
    ADDRESS,
    AROUND,
    LOADERS,
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
EACH = tuple(dict.fromkeys(one_of_each()))
SAMPLE = 128
LONGEST = 600
SHOWN = 12
"""Leaks after which a long run ends; each is made as short as it can be before it is shown."""


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
    """Several parts at once may still hide an address: the gate finds nine in ten of those that ask."""
    outcomes = list(scripts.outcomes(islice(_made(Random(11)), SAMPLE)))
    asked, leaked = (
        sum(map(bool, some)) for some in zip(*((o.asked, o.leaked) for o in outcomes), strict=True)
    )
    assert asked > SAMPLE // 2
    assert leaked <= asked // 10, [_shown(outcome) for outcome in outcomes if outcome.leaked]


@pytest.mark.soak
@pytest.mark.browser
def test_all_parts_ask(scripts: Runner) -> None:
    assert _silent(scripts, EACH) == []


@pytest.mark.soak
@pytest.mark.browser
def test_programs_for_a_long_time(scripts: Runner) -> None:
    """Run what the gate lets through: programs of the grammar, and plain ones of which bytes were changed."""
    end = time.monotonic() + int(os.environ.get("FUZZ_SECONDS", "60"))
    choice = Random()
    made = chain.from_iterable(zip(_made(choice), _changed(choice), strict=True))
    leaks: list[Program] = []
    for outcome in scripts.outcomes(program for program in made if not vendors(program.text)):
        if outcome.leaked:
            leaks.append(outcome.program)
        if time.monotonic() > end or len(leaks) == SHOWN:
            break
    assert [json.dumps(scripts.shrink(program).text.decode("utf-8", "replace")) for program in leaks] == []


def _made(choice: Random) -> Iterator[Program]:
    grammar = Grammar(choice)
    while True:
        program = grammar.program()
        if fits(program.text) and LIMITS.isdisjoint(program.means):
            yield program


def _changed(choice: Random) -> Iterator[Program]:
    """Change bytes of programs with a plain address, so that all that matters is how they are read."""
    loaders = [loader for loader in LOADERS if loader not in LIMITS]
    while True:
        loader = choice.choice(loaders).replace("@", f"'{ADDRESS}'").replace("#", "n")
        around = choice.choice(AROUND).replace("@", loader)
        text = choice.choice(TRAPS) + choice.choice(TRAPS) + around + choice.choice(TRAPS)
        data = mutate(text.encode(), LONGEST, choice, TOKENS)
        if fits(data) and ends(data):
            yield Program(data, choice.random() < 0.2)


def _silent(scripts: Runner, programs: list[Program] | tuple[Program, ...]) -> list[str]:
    return [_shown(outcome) for outcome in scripts.outcomes(programs) if not outcome.asked]


def _shown(outcome: Outcome) -> str:
    return f"{outcome.program.text.decode('utf-8', 'replace')}  {outcome.error}"
